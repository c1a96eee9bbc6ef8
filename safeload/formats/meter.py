"""What the deflated members of one file may grow to, however deep they nest: `Meter`.

One meter serves a file and every archive inside it, so that a hundred small bombs are not each given what
one of them may have. What is only measured (arrays, pictures) is cheap by the byte; what is interpreted
(pickles, JSON, text) is dear, and has the smaller budget.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.errors import LimitExceeded

if TYPE_CHECKING:
    from safeload.limits import Limits

_CHEAP_TIMES, _CHEAP_LEAST = 32, 64 << 20
_DEAR_TIMES, _DEAR_LEAST = 8, 8 << 20


class InflatedTotal(LimitExceeded):
    """Deflated members that together grow past the budget of their file."""


class Meter:
    """Two budgets in bytes, from the size of the outermost file. Honest JSON deflates five- to eightfold."""

    __slots__ = ("_left",)

    def __init__(self, size: int, limits: Limits) -> None:
        most = limits.inflated_bytes
        self._left = {
            True: min(most, max(_DEAR_LEAST, _DEAR_TIMES * size)),
            False: min(most, max(_CHEAP_LEAST, _CHEAP_TIMES * size)),
        }

    def take(self, size: int, *, dear: bool) -> None:
        """Account for `size` bytes before they are looked at.

        Raises:
            InflatedTotal: they exceed what is left. Nothing is taken then.
        """
        if size > self._left[dear]:
            raise InflatedTotal(f"{size} inflated bytes more exceed the budget of their file")
        self._left[dear] -= size
