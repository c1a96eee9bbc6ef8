"""A pointer of git LFS or of git-xet where a file should be: the file itself is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.core import Coverage
from safeload.scanners import ScanResult

if TYPE_CHECKING:
    from safeload.limits import Limits
    from safeload.scanners import Subject

FORMATS = ("lfs-pointer",)


def scan(subject: Subject, limits: Limits) -> ScanResult:  # noqa: ARG001 - the protocol of scanners
    """State what is missing. What the pointer stands for is unknown, never clean."""
    return ScanResult(
        coverage=Coverage.UNRECOGNISED,
        reason="a git LFS pointer: the file itself is missing; fetch it with `git lfs pull`",
    )
