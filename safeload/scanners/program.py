"""Native binaries in a checkpoint. Never loaded, never run, only named."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.core import Coverage, Fact
from safeload.formats.families import NATIVE
from safeload.scanners import ScanResult

if TYPE_CHECKING:
    from safeload.limits import Limits
    from safeload.scanners import Subject

FORMATS = tuple(sorted(NATIVE))


def scan(subject: Subject, limits: Limits) -> ScanResult:  # noqa: ARG001 - the protocol of scanners
    """State that the file is a program."""
    fact = Fact(kind="code.native", location=subject.location, data={"format": subject.format})
    return ScanResult(coverage=Coverage.SCANNED, facts=(fact,))
