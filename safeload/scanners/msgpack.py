"""Flax checkpoints: the structure is checked; nothing here loads them.

Other programs write msgpack too: spaCy keeps models, tables and settings in it, and in ranges of bytes the
files of other libraries. Where it is no checkpoint by its name, such a file is walked to its last byte, and
what those ranges hold is judged.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.core import Coverage, Fact
from safeload.formats.extensions import extension_of
from safeload.formats.families import COMPRESSED, NATIVE
from safeload.formats.view import SubView
from safeload.scanners import Child, ScanResult

if TYPE_CHECKING:
    from collections.abc import Iterable

    from safeload.limits import Limits
    from safeload.scanners import Subject

FORMATS = ("msgpack",)
_INSIDE = {"pickle", "zip", "torch-legacy", "msgpack", "hdf5", "safetensors"} | COMPRESSED | NATIVE
"""What bytes in such a file are looked into for; all others are numbers or text."""


def scan(subject: Subject, limits: Limits) -> ScanResult:
    """State the format. Array data has no structure to judge.

    Under the name of a Flax checkpoint what Flax does not write counts as unknown, not as broken.

    Raises:
        FormatError: the file is no msgpack, or readers could differ about it.
    """
    # Most audits do without this reader.
    from safeload.formats.flax_tree import ByteRange, FlaxError
    from safeload.formats.msgpack import TooManyItems, parse_msgpack
    from safeload.formats.msgpack_plain import SHORTEST, TooManyRanges

    fact = Fact(kind="format.not-loadable", location=subject.location, data={"format": subject.format})
    try:
        record = parse_msgpack(subject.view, limits)
    except TooManyItems:
        if extension_of(subject.base_name) == "msgpack":
            raise
        return _of_another_program(subject, fact, limits)
    except FlaxError as error:
        if extension_of(subject.base_name) != "msgpack":
            return _of_another_program(subject, fact, limits)
        reason = f"msgpack that Flax does not write: {error}"
        return ScanResult(coverage=Coverage.UNRECOGNISED, reason=reason, facts=(fact,))
    ranges = [
        (leaf.offset, leaf.length)
        for leaf in record.metadata.values()
        if isinstance(leaf, ByteRange) and leaf.length >= SHORTEST
    ]
    if len(ranges) > limits.msgpack_ranges:
        raise TooManyRanges(f"more than {limits.msgpack_ranges} ranges of bytes")
    children = _inside(subject, ranges) if ranges else ()
    return ScanResult(coverage=Coverage.SCANNED, facts=(fact,), record=record, children=children)


def _of_another_program(subject: Subject, fact: Fact, limits: Limits) -> ScanResult:
    from safeload.formats.msgpack_plain import NotPlain, walk_plain

    try:
        ranges = walk_plain(subject.view, limits)
    except NotPlain as error:
        reason = f"msgpack that is not plain data: {error}"
        return ScanResult(coverage=Coverage.UNRECOGNISED, reason=reason, facts=(fact,))
    return ScanResult(coverage=Coverage.SCANNED, facts=(fact,), children=_inside(subject, ranges))


def _inside(subject: Subject, ranges: Iterable[tuple[int, int]]) -> tuple[Child, ...]:
    """Ranges of bytes that are a file of their own."""
    # the names of formats are needed for such files only
    from safeload.formats.identify import identify

    views = ((offset, SubView(subject.view, offset, length)) for offset, length in ranges)
    return tuple(
        Child(name=f"bytes at {offset}", view=view)
        for offset, view in views
        if identify(view, "").format in _INSIDE
    )
