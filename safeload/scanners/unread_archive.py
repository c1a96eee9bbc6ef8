"""Archives and compressed files that no reader here opens: named, with the reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.core import Coverage, Fact
from safeload.formats.families import UNREAD_ARCHIVES
from safeload.scanners import ScanResult, Subject

if TYPE_CHECKING:
    from safeload.limits import Limits

FORMATS = tuple(sorted(UNREAD_ARCHIVES))


def scan(subject: Subject, limits: Limits) -> ScanResult:  # noqa: ARG001 - the protocol of scanners
    """State what the file is. Its content counts as unknown, never as clean."""
    kind = subject.format
    facts: tuple[Fact, ...] = ()
    if subject.depth:
        facts = (Fact(kind="archive.nested", location=subject.location, data={"format": kind}),)
    return ScanResult(
        coverage=Coverage.UNRECOGNISED,
        reason=f"{kind}: no loader of a checkpoint reads it, and nothing here opens it",
        facts=facts,
    )
