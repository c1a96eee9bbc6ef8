"""What the scanners of compressed files share: the content as a child, and what was wrong as facts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.core import Coverage, Fact
from safeload.errors import FormatError, LimitExceeded
from safeload.formats.archive import AmbiguousArchive
from safeload.formats.magic import strong_format
from safeload.formats.unpack import BytesBehindStream
from safeload.formats.view import InflatedBytes, SubView
from safeload.scanners import Child, ScanResult

if TYPE_CHECKING:
    from safeload.scanners import Subject

_SHORT = {"tgz": ".tar", "tbz": ".tar", "tbz2": ".tar", "txz": ".tar", "tlz": ".tar", "tzst": ".tar"}
_PLAIN = frozenset({"gz", "gzip", "z", "zz", "zlib", "bz2", "xz", "lzma", "zst", "zstd", "lz4"})
_COMPRESSED = frozenset({"gzip", "bzip2", "xz", "zstd", "lz4"})
_HEAD = 1 << 10
_PEEK = 1 << 20
"""Bytes that are looked at of content which is too large: the danger is named, not only the size."""


def inner_name(subject: Subject) -> str:
    """What tools call the content: the name without the codec's extension, if it has one."""
    base = subject.base_name
    stem, dot, extension = base.rpartition(".")
    extension = extension.lower()
    if not dot or not stem:
        return base
    if extension in _SHORT:
        return stem + _SHORT[extension]
    return stem if extension in _PLAIN else base


def unpacked(subject: Subject, data: bytes | bytearray, error: FormatError | None) -> ScanResult:
    """The content as a child, whole or as far as it came, and what was wrong.

    Args:
        subject: the compressed file.
        data: its content, or the start of it.
        error: why that is not all, or not right.
    """
    name = inner_name(subject)
    facts: list[Fact] = []
    children: list[Child] = []
    coverage, reason = Coverage.SCANNED, ""
    if error is not None:
        coverage, reason = Coverage.MALFORMED, str(error)
        if isinstance(error, LimitExceeded):
            coverage, data = Coverage.LIMIT_EXCEEDED, bytes(data[:_PEEK])
        if isinstance(error, AmbiguousArchive):
            facts.append(ambiguous(subject, error))
    if data or error is None:
        kind = strong_format(bytes(data[:_HEAD]), len(data))
        if kind in _COMPRESSED:
            where = subject.location.within(name)
            facts.append(Fact(kind="archive.nested", location=where, data={"format": kind}))
        children.append(Child(name=name, view=InflatedBytes(data), wrapped=True))
    if isinstance(error, BytesBehindStream) and error.offset is not None:
        rest = SubView(subject.view, error.offset, subject.view.size - error.offset)
        children.append(Child(name=f"{name} (behind the stream)", view=rest))
    return ScanResult(coverage=coverage, reason=reason, facts=tuple(facts), children=tuple(children))


def ambiguous(subject: Subject, error: FormatError) -> Fact:
    """The fact that two readers would see different content."""
    return Fact(
        kind="archive.ambiguous",
        location=subject.location.at(offset=error.offset),
        data={"problem": error.code, "detail": error.detail},
    )


def nested(subject: Subject) -> tuple[Fact, ...]:
    """The fact that an archive lies in an archive; a compressed file around its only content is none."""
    if not subject.depth:
        return ()
    return (Fact(kind="archive.nested", location=subject.location, data={"format": subject.format}),)


def unread(subject: Subject, limits_bytes: int) -> ScanResult | None:
    """What `--quick` makes of a large file: nothing is unfolded."""
    if subject.read_data or subject.view.size <= limits_bytes:
        return None
    return ScanResult(coverage=Coverage.NOT_READ, reason="--quick does not unfold large compressed files")
