"""Data formats that this version names but has no reader for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.core import Coverage, Fact
from safeload.formats.families import UNREAD
from safeload.scanners import ScanResult

if TYPE_CHECKING:
    from safeload.limits import Limits
    from safeload.scanners import Subject

FORMATS = tuple(sorted(UNREAD))


def scan(subject: Subject, limits: Limits) -> ScanResult:  # noqa: ARG001 - the protocol of scanners
    """State the format. Its content counts as unknown, never as clean."""
    fact = Fact(kind="format.not-loadable", location=subject.location, data={"format": subject.format})
    return ScanResult(
        coverage=Coverage.UNRECOGNISED,
        reason=f"{subject.format}: this version has no reader for it",
        facts=(fact,),
    )
