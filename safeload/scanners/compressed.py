"""Compressed files and archives that this version does not open: named, with the reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.core import Coverage, Fact
from safeload.formats.families import COMPRESSED
from safeload.scanners import ScanResult, Subject

if TYPE_CHECKING:
    from safeload.limits import Limits

FORMATS = tuple(sorted(COMPRESSED))

_ARCHIVES = frozenset({"7z", "rar", "tar"})


def scan(subject: Subject, limits: Limits) -> ScanResult:  # noqa: ARG001 - the protocol of scanners
    """State what the file is. Its content counts as unknown, never as clean."""
    kind = subject.format
    what = f"{kind} archive" if kind in _ARCHIVES else f"{kind}-compressed"
    facts: tuple[Fact, ...] = ()
    if subject.depth:
        facts = (Fact(kind="archive.nested", location=subject.location, data={"format": kind}),)
    return ScanResult(
        coverage=Coverage.UNRECOGNISED, reason=f"{what}: not opened by this version", facts=facts
    )
