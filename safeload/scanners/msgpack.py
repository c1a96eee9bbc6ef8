"""Flax checkpoints: the structure is checked; nothing here loads them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.core import Coverage, Fact
from safeload.scanners import ScanResult

if TYPE_CHECKING:
    from safeload.limits import Limits
    from safeload.scanners import Subject

FORMATS = ("msgpack",)


def scan(subject: Subject, limits: Limits) -> ScanResult:
    """State the format. Array data has no structure to judge.

    Other programs write msgpack too, and mean other things by it: that counts as unknown, not as broken.

    Raises:
        FormatError: the file is no msgpack, or readers could differ about it.
    """
    # Most audits do without this reader.
    from safeload.formats.flax_tree import FlaxError
    from safeload.formats.msgpack import parse_msgpack

    fact = Fact(kind="format.not-loadable", location=subject.location, data={"format": subject.format})
    try:
        record = parse_msgpack(subject.view, limits)
    except FlaxError as error:
        reason = f"msgpack that Flax does not write: {error}"
        return ScanResult(coverage=Coverage.UNRECOGNISED, reason=reason, facts=(fact,))
    return ScanResult(coverage=Coverage.SCANNED, facts=(fact,), record=record)
