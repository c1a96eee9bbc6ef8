"""Pictures, sound and documents of well-known types: named, not decoded, handed to nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.core import Coverage
from safeload.formats.families import MEDIA
from safeload.scanners import ScanResult
from safeload.scanners._misplaced import misplaced

if TYPE_CHECKING:
    from safeload.limits import Limits
    from safeload.scanners import Subject

FORMATS = tuple(sorted(MEDIA))


def scan(subject: Subject, limits: Limits) -> ScanResult:  # noqa: ARG001 - the protocol of scanners
    """No loader of ours reads it, and its kind runs nothing. In place of weights it is refused."""
    reason = misplaced(subject)
    if reason is not None:
        return ScanResult(coverage=Coverage.MALFORMED, reason=reason)
    return ScanResult(coverage=Coverage.SCANNED)
