"""gzip files and zlib streams: `unpack_gzip(view, limits, out)` and `unpack_zlib(view, limits, out)`.

Guarantees: what ends up in `out` came from deflate streams that fill the view, each with the checksum
and the length that its end states; nothing lies behind the last one but, for gzip, zeros, which readers
skip alike. Budgets hold before a byte is inflated. Where something is wrong, `out` keeps what readers
would have handed out until then.

Specifications: RFC 1952, sections 2.2 and 2.3 (reserved flags must be zero there; CPython ignores them,
and the header's crc16); RFC 1950, section 2.2.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

from safeload.formats.feed import Feed
from safeload.formats.unpack import (
    BytesBehindStream,
    DigestDiffers,
    HeaderBroken,
    NotCompressed,
    StreamBroken,
    StreamEndsEarly,
    TooManyStreams,
    UnpacksTooLarge,
    UnsupportedStream,
    most_unpacked,
)
from safeload.formats.view import Truncated
from safeload.record import record

if TYPE_CHECKING:
    from safeload.core import View
    from safeload.limits import Limits

MAGIC = b"\x1f\x8b"
_DEFLATE = 8
_CRC16, _EXTRA, _NAME, _COMMENT, _RESERVED = 0x02, 0x04, 0x08, 0x10, 0xE0
_MOST_TEXT = 1 << 16
"""Bytes of a file name or comment. gzip itself writes the base name."""
_IN, _OUT = 1 << 14, 1 << 20
_NEVER = 1 << 63
_MASK_32 = 0xFFFFFFFF
_ZLIB_DICTIONARY = 0x20
_MOST_WINDOW = 7


@record
class GzipMember:
    """One member: what its header says, and the size of its data."""

    offset: int
    """Of the header, in the file."""
    name: str
    comment: str
    extra: int
    """Bytes of extra fields."""
    size: int
    """Bytes that it inflates to."""


@record
class Gzip:
    """A gzip file. Readers join the data of all members."""

    members: tuple[GzipMember, ...]


def unpack_gzip(view: View, limits: Limits, out: bytearray) -> Gzip:
    """Inflate every member into `out`, which is empty.

    Raises:
        FormatError: one subclass per way to be wrong; `out` holds what came before.
    """
    try:
        return _members(view, limits, out, _NEVER)
    except StreamBroken as error:
        # byte by byte up to the damage: a loader that reads as it inflates has seen what came before
        out.clear()
        return _members(view, limits, out, error.offset or 0)


def unpack_zlib(view: View, limits: Limits, out: bytearray) -> None:
    """Inflate one zlib stream into `out`, which is empty.

    Raises:
        FormatError: one subclass per way to be wrong; `out` holds what came before.
    """
    try:
        _zlib(view, limits, out, _NEVER)
    except StreamBroken as error:
        out.clear()
        _zlib(view, limits, out, error.offset or 0)


def _zlib(view: View, limits: Limits, out: bytearray, slow_from: int) -> None:
    feed = Feed(view)
    try:
        method, flags = feed.take(2)
    except Truncated:
        raise NotCompressed("is shorter than the header of a zlib stream") from None
    if method & 0x0F != _DEFLATE or method >> 4 > _MOST_WINDOW or (method << 8 | flags) % 31:
        raise NotCompressed("does not begin with the header of a zlib stream", offset=0)
    if flags & _ZLIB_DICTIONARY:
        raise UnsupportedStream("needs a preset dictionary", offset=1)
    start, _ = _inflate(feed, out, most_unpacked(view.size, limits), slow_from)
    stated = int.from_bytes(_end(feed, 4), "big")
    if stated != zlib.adler32(memoryview(out)[start:]):
        raise DigestDiffers("the data does not have its adler32", offset=feed.position - 4)
    if feed.piece(1):
        raise BytesBehindStream(f"{feed.size - feed.position} bytes follow the stream", offset=feed.position)


def _members(view: View, limits: Limits, out: bytearray, slow_from: int) -> Gzip:
    feed, most = Feed(view), most_unpacked(view.size, limits)
    members: list[GzipMember] = []
    while True:
        members.append(_member(feed, out, most, slow_from, first=not members))
        if not _another(feed):
            return Gzip(members=tuple(members))
        if len(members) >= limits.compressed_streams:
            raise TooManyStreams(
                f"more than {limits.compressed_streams} members in one file", offset=feed.position
            )


def _member(feed: Feed, out: bytearray, most: int, slow_from: int, *, first: bool) -> GzipMember:
    offset = feed.position
    try:
        name, comment, extra = _header(feed)
    except Truncated:
        if not first:
            raise StreamEndsEarly("ends within the header of a member", offset=offset) from None
        raise HeaderBroken("ends within its header", offset=offset) from None
    except NotCompressed:
        if not first:
            raise BytesBehindStream(
                f"{feed.size - offset} bytes follow the last member", offset=offset
            ) from None
        raise
    start, crc = _inflate(feed, out, most, slow_from)
    end = _end(feed, 8)
    if int.from_bytes(end[:4], "little") != crc:
        raise DigestDiffers("the data of a member does not have its crc32", offset=feed.position - 8)
    if int.from_bytes(end[4:], "little") != (len(out) - start) & _MASK_32:
        raise DigestDiffers("the data of a member does not have its length", offset=feed.position - 4)
    return GzipMember(offset=offset, name=name, comment=comment, extra=extra, size=len(out) - start)


def _header(feed: Feed) -> tuple[str, str, int]:
    """File name, comment, and the size of the extra fields."""
    offset = feed.position
    fixed = feed.take(10)
    if fixed[:2] != MAGIC:
        raise NotCompressed("does not begin like a gzip file", offset=offset)
    flags = fixed[3]
    if fixed[2] != _DEFLATE:
        raise UnsupportedStream(f"compression method {fixed[2]} is not deflate", offset=offset + 2)
    if flags & _RESERVED:
        raise HeaderBroken(f"sets reserved flags: {flags:#04x}", offset=offset + 3)
    crc = zlib.crc32(fixed)
    extra = 0
    if flags & _EXTRA:
        length = feed.take(2)
        extra = int.from_bytes(length, "little")
        crc = zlib.crc32(feed.take(extra), zlib.crc32(length, crc))
    texts = {}
    for flag in (_NAME, _COMMENT):
        texts[flag] = b""
        if flags & flag:
            texts[flag] = _text(feed)
            crc = zlib.crc32(texts[flag] + b"\0", crc)
    if flags & _CRC16 and int.from_bytes(feed.take(2), "little") != crc & 0xFFFF:
        raise HeaderBroken("the header does not have its crc16", offset=feed.position - 2)
    return texts[_NAME].decode("latin-1"), texts[_COMMENT].decode("latin-1"), extra


def _text(feed: Feed) -> bytes:
    """Bytes up to a zero, which is stepped over."""
    parts: list[bytes] = []
    length = 0
    while length <= _MOST_TEXT:
        piece = bytes(feed.piece(_IN))
        if not piece:
            raise Truncated("ends within a text of the header", offset=feed.position)
        text, zero, _ = piece.partition(b"\0")
        parts.append(text)
        length += len(text)
        feed.advance(len(text) + len(zero))
        if zero and length <= _MOST_TEXT:
            return b"".join(parts)
    raise HeaderBroken(f"holds a text of more than {_MOST_TEXT} bytes", offset=feed.position)


def _inflate(feed: Feed, out: bytearray, most: int, slow_from: int) -> tuple[int, int]:
    """One deflate stream, appended to `out`: where its data starts there, and the data's crc32."""
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    start, crc = len(out), 0
    while not inflater.eof:
        piece = feed.piece(min(_IN, max(slow_from - feed.position, 1)))
        room = most - len(out)
        try:
            part = inflater.decompress(piece, min(room + 1, _OUT))
        except zlib.error:
            raise StreamBroken("holds data that is no deflate stream", offset=feed.position) from None
        if len(part) > room:
            out += part[:room]
            raise UnpacksTooLarge(f"unfolds into more than {most} bytes", offset=feed.position)
        feed.advance(len(piece) - len(inflater.unused_data) - len(inflater.unconsumed_tail))
        out += part
        crc = zlib.crc32(part, crc)
        if not piece and not part and not inflater.eof:
            raise StreamEndsEarly("ends within compressed data", offset=feed.position)
    return start, crc


def _end(feed: Feed, length: int) -> bytes:
    try:
        return feed.take(length)
    except Truncated:
        raise StreamEndsEarly("ends before the checksum of its data", offset=feed.position) from None


def _another(feed: Feed) -> bool:
    """Whether another member follows; zeros up to the end are padding."""
    piece = feed.piece(1)
    if not piece:
        return False
    if piece[0] == MAGIC[0]:
        return True
    while piece:
        zeros = len(piece) - len(bytes(piece).lstrip(b"\0"))
        if zeros < len(piece):
            # some readers look for a member here, others have stopped at the zeros
            offset = feed.position + zeros
            raise BytesBehindStream(f"{feed.size - offset} bytes follow the last member", offset=offset)
        feed.advance(len(piece))
        piece = feed.piece(_IN)
    return False
