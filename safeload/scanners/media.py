"""Pictures, sound and documents of well-known types: named, not decoded, handed to nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.core import Coverage
from safeload.formats.families import MEDIA
from safeload.scanners import ScanResult

if TYPE_CHECKING:
    from safeload.limits import Limits
    from safeload.scanners import Subject

FORMATS = tuple(sorted(MEDIA))


def scan(subject: Subject, limits: Limits) -> ScanResult:  # noqa: ARG001 - the protocol of scanners
    """No loader of ours reads it, and its kind runs nothing."""
    return ScanResult(coverage=Coverage.SCANNED)
