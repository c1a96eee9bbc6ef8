"""Zip archives, read so that every reader would see the same: `parse_zip(view, limits)`.

Guarantees for what it returns: the members fill the view from byte 0 up to the central directory,
without gap or overlap; every local header repeats its directory entry (name, method, flags, and crc32
and sizes, or zeros with a data descriptor that holds them); and all that `formats.zip_directory` and
`formats.zip_names` guarantee. No byte of the view is unaccounted for. Member data is not read:
`check_crc` and `member_view` in `formats.zip_data` do that.

Specification: https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT, sections 4.3.7 to 4.3.9.
Deviations, all stricter: members in the order of the directory, a data descriptor has its signature,
its sizes take 64 bits exactly where the local header carries a zip64 field. One that is more lenient,
since torch writes so: that zip64 field may stand beside sizes of zero and hold the compressed size 0
and the offset of the header itself.
"""

from __future__ import annotations

from struct import Struct
from typing import TYPE_CHECKING, NamedTuple

from safeload.errors import FormatError
from safeload.formats.archive import AmbiguousArchive
from safeload.formats.view import expect
from safeload.formats.zip_directory import (
    DEFLATE,
    FLAG_DESCRIPTOR,
    MASK_32,
    STORED,
    Entry,
    check_flags,
    parse_directory,
)
from safeload.formats.zip_extra import EXTRA_ZIP64, ExtraBroken, split_extra

if TYPE_CHECKING:
    from safeload.core import View
    from safeload.limits import Limits

__all__ = [
    "DEFLATE", "STORED", "AmbiguousArchive", "DescriptorDiffers", "FlagsDiffer", "GapBetweenMembers",
    "LeadingBytes", "LocalHeaderBroken", "MembersOverlap", "MethodDiffers", "NameDiffers", "SizesDiffer",
    "ZipArchive", "ZipMember", "parse_zip",
]  # fmt: skip

_LOCAL_SIZE = 30
_DESCRIPTOR_64 = Struct("<4sIQQ")
_NO_SIZES = bytes(12)
_PADDINGS = frozenset(b"FB" + size.to_bytes(2, "little") + b"Z" * size for size in range(64))
"""The local extra fields that torch writes below 4 GiB."""
_PAGE = 4_096
_SPARSE_BLOCK = 512
_DENSE_BLOCK = 1 << 20
_DENSE_MOST = 32 << 20


class LocalHeaderBroken(FormatError):
    """A directory entry that points at no local header, or at one that is cut short."""


class LeadingBytes(AmbiguousArchive):
    """Bytes before the first member."""


class GapBetweenMembers(AmbiguousArchive):
    """Bytes between two members, or between the last one and the central directory."""


class MembersOverlap(AmbiguousArchive):
    """A member begins inside another one, or before it in the order of the directory."""


class NameDiffers(AmbiguousArchive):
    """The local header names the member differently from the central directory."""


class MethodDiffers(AmbiguousArchive):
    """Local header and central directory name different compression methods."""


class FlagsDiffer(AmbiguousArchive):
    """Local header and central directory carry different flags."""


class SizesDiffer(AmbiguousArchive):
    """Local header and central directory disagree about crc32 or sizes."""


class DescriptorDiffers(AmbiguousArchive):
    """The data descriptor is missing, or disagrees with the central directory."""


class ZipMember(NamedTuple):
    """One member; a named tuple, since an archive may hold 200,000."""

    name: str
    offset: int
    """Byte position of its data."""
    compressed: int
    """Bytes that it takes in the archive."""
    size: int
    """Bytes that it holds."""
    crc32: int
    method: int
    """STORED or DEFLATE."""
    header_offset: int
    """Byte position of its local header."""


class ZipArchive(NamedTuple):
    """All members in the order of the file, and where the central directory begins."""

    members: tuple[ZipMember, ...]
    directory_offset: int


class _Window:
    """Reads ahead, so that 20,000 small reads become few.

    Where members are smaller than a page, a page would be read anyway, and whole blocks are read. Else
    only headers are, with what happens to lie in the same 512 bytes: a view of a file keeps what it reads.
    """

    __slots__ = ("_base", "_block", "_data", "_end", "_view")

    def __init__(self, view: View, end: int, members: int) -> None:
        self._view = view
        self._end = end
        dense = end <= min(members * _PAGE, _DENSE_MOST)
        self._block = _DENSE_BLOCK if dense else _SPARSE_BLOCK
        self._base = 0
        self._data = b""

    def read(self, offset: int, length: int) -> bytes:
        """Up to `length` bytes from `offset`: fewer where the members' part of the view ends."""
        start = offset - self._base
        if start < 0 or start + length > len(self._data):
            available = max(0, self._end - offset)
            self._data = (
                self._view.read(offset, min(max(length, self._block), available)) if available else b""
            )
            self._base = offset
            start = 0
        return self._data[start : start + length]


def parse_zip(view: View, limits: Limits) -> ZipArchive:
    """Read the structure of an archive: headers, not data.

    Raises:
        FormatError: one subclass per way to be wrong; `AmbiguousArchive` where readers would disagree.
    """
    names, raw_names, entries, end = parse_directory(view, limits)
    expect(view, ((entry[5], _SPARSE_BLOCK) for entry in entries))
    window = _Window(view, end, len(entries))
    read = window.read
    members: list[ZipMember] = []
    cursor = 0
    for name, raw_name, entry in zip(names, raw_names, entries, strict=True):
        flags, method, crc32, compressed, size, offset, fields = entry
        if offset != cursor:
            raise _misplaced(offset, cursor)
        # version, flags, method, time, date | crc32, sizes | name length, extra length | name | extra
        head_size = _LOCAL_SIZE + len(raw_name)
        head = read(offset, head_size + 96)
        if head[:4] != b"PK\x03\x04" or len(head) < head_size:
            raise LocalHeaderBroken(f"no local header of {name}", offset=offset)
        if head[26] | head[27] << 8 != len(raw_name) or head[_LOCAL_SIZE:head_size] != raw_name:
            raise NameDiffers(f"the local header of {name} has another name", offset=offset)
        if head[4:14] != fields[:10]:
            _compare(head, name, Entry._make(entry))
        extra_size = head[28] | head[29] << 8
        data = head_size + extra_size
        wide = False
        if extra_size:
            extra = head[head_size:data]
            if len(extra) < extra_size:
                extra = read(offset + head_size, extra_size)
            if extra not in _PADDINGS:
                wide = _check_extra(extra, head, name, Entry._make(entry), offset + head_size)
        data += offset
        cursor = data + compressed
        sizes = head[14:26]
        described = flags & FLAG_DESCRIPTOR
        if not wide and (size >= MASK_32 or compressed >= MASK_32):
            raise SizesDiffer(f"{name} exceeds 4 GiB without a zip64 field", offset=offset)
        if sizes != fields[10:] and not wide and not (described and sizes == _NO_SIZES):
            raise SizesDiffer(f"local header and directory disagree about {name}", offset=offset)
        if described:
            descriptor = b"PK\x07\x08" + fields[10:]
            if wide:
                descriptor = _DESCRIPTOR_64.pack(b"PK\x07\x08", crc32, compressed, size)
            if read(cursor, len(descriptor)) != descriptor:
                raise DescriptorDiffers(
                    f"the data descriptor of {name} is missing or disagrees", offset=cursor
                )
            cursor += len(descriptor)
        if cursor > end:
            raise MembersOverlap(f"{name} reaches into the central directory", offset=offset)
        members.append(ZipMember(name, data, compressed, size, crc32, method, offset))
    if cursor != end:
        raise _misplaced(end, cursor)
    return ZipArchive(tuple(members), end)


def _misplaced(found: int, expected: int) -> FormatError:
    """Why something begins at `found`, where what precedes it ends at `expected`."""
    if found < expected:
        return MembersOverlap(
            f"a member begins inside or before the one that ends at {expected}", offset=found
        )
    if expected == 0:
        return LeadingBytes(f"{found} bytes stand before the first member", offset=0)
    return GapBetweenMembers(f"{found - expected} bytes belong to no member", offset=expected)


def _compare(head: bytes, name: str, entry: Entry) -> None:
    """Flags and method of a local header; its times are nobody's business."""
    flags = int.from_bytes(head[6:8], "little")
    method = int.from_bytes(head[8:10], "little")
    check_flags(head[4], flags, method, entry.header_offset)
    if flags != entry.flags:
        raise FlagsDiffer(
            f"flags of {name}: {flags:#06x} locally, {entry.flags:#06x} in the directory",
            offset=entry.header_offset,
        )
    if method != entry.method:
        raise MethodDiffers(
            f"method of {name}: {method} locally, {entry.method} in the directory",
            offset=entry.header_offset,
        )


def _check_extra(extra: bytes, head: bytes, name: str, entry: Entry, where: int) -> bool:
    """Check a local extra field; True where it holds a zip64 field that agrees with the directory."""
    body = split_extra(extra, where).get(EXTRA_ZIP64)
    if body is None:
        return False
    if not body or len(body) % 8:
        raise ExtraBroken(f"a zip64 field of {len(body)} bytes", offset=where)
    found = [int.from_bytes(body[at : at + 8], "little") for at in range(0, len(body), 8)]
    size, compressed, offset = entry.size, entry.compressed, entry.header_offset
    described = bool(entry.flags & FLAG_DESCRIPTOR)
    crc32, *sizes = (int.from_bytes(head[at : at + 4], "little") for at in (14, 18, 22))
    if sizes == [MASK_32, MASK_32]:  # as Python writes it: forced, or for a member above 4 GiB
        agrees = found == [size, compressed] and crc32 == entry.crc32
        agrees = agrees or (described and found == [0, 0] and crc32 == 0)
    else:  # as torch writes it: zeros with a descriptor, the compressed size not yet known
        agrees = described and sizes == [0, 0] and crc32 == 0
        agrees = agrees and found in (
            [offset],
            [size, 0],
            [size, compressed],
            [size, 0, offset],
            [size, compressed, offset],
        )
    if not agrees:
        raise SizesDiffer(f"the zip64 field of {name} disagrees with the directory", offset=where)
    return True
