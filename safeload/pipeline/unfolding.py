"""What the archives of one audit may cost together: bytes, members, child processes.

Each scanner keeps the budgets of its one archive. A small file can hold many archives that stay below
them, so what they unfold into is counted over the whole audit, beside what a source of that size may
honestly hold.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.core import Coverage
from safeload.formats.view import Inflated
from safeload.record import replace

if TYPE_CHECKING:
    from safeload.limits import Limits
    from safeload.scanners import Errand, ScanResult

_BYTES_PER_MEMBER = 1 << 10
"""Bytes of the source for which one more member is looked into."""
_COSTS = {"unpack-7z": 3}
"""Tasks whose child costs as much as several others."""


class Unfolding:
    """The count of one audit."""

    def __init__(self, limits: Limits, source_bytes: int) -> None:
        self._limits = limits
        self._most_bytes = limits.inflated_bytes + limits.unpacked_total_factor * source_bytes
        self._most_members = limits.members + source_bytes // _BYTES_PER_MEMBER
        self._bytes = self._members = self._errands = 0

    @property
    def limits(self) -> Limits:
        """The budgets of the next archive: it may unfold into no more than is left for all of them."""
        left = self._most_bytes - self._bytes
        if left >= self._limits.inflated_bytes:
            return self._limits
        return replace(self._limits, inflated_bytes=max(0, left))

    def within(self, result: ScanResult) -> ScanResult:
        """The result with as many children as may still be looked into, which are counted."""
        self._bytes += sum(child.view.size for child in result.children if isinstance(child.view, Inflated))
        left = self._most_members - self._members
        self._members += min(len(result.children), left)
        if len(result.children) <= left:
            return result
        return replace(
            result,
            coverage=Coverage.LIMIT_EXCEEDED,
            reason=f"the archives hold more than {self._most_members} members that would be looked into",
            children=result.children[:left],
        )

    def refuses(self, errand: Errand) -> bool:
        """Whether no more children may start for members of archives; this one is counted."""
        self._errands += _COSTS.get(errand.task, 1)
        return self._errands > self._limits.member_errands
