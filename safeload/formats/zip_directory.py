"""The end records and the central directory of a zip archive: `parse_directory(view, limits)`.

Guarantees: the end of central directory record is the last thing in the view, the zip64 records (where
there are any) stand directly before it and agree with it, and the central directory fills the space
between the members and these records without a byte to spare. Names are plain, relative, and unique
even for a file system that folds case or normalises Unicode. What the local headers say is not looked
at here: see `formats.zip`.

Specification: https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT, sections 4.3.12 to 4.3.16
and 4.5. Stricter than it on purpose: where the specification lets a reader choose, two readers choose
differently, and one of them is the loader.
"""

from __future__ import annotations

from struct import Struct
from typing import TYPE_CHECKING, NamedTuple

from safeload.errors import FormatError, LimitExceeded
from safeload.formats.archive import AmbiguousArchive
from safeload.formats.zip_extra import EXTRA_ZIP64, ExtraBroken, split_extra
from safeload.formats.zip_names import FLAG_UTF8, member_names

if TYPE_CHECKING:
    from safeload.core import View
    from safeload.limits import Limits

STORED = 0
DEFLATE = 8
FLAG_DESCRIPTOR = 0x0008
FLAG_DEFLATE_LEVEL = 0x0006
MASK_16 = 0xFFFF
MASK_32 = 0xFFFFFFFF

_END = Struct("<4s4H2IH")
_LOCATOR = Struct("<4sIQI")
_END_64 = Struct("<4sQ4xIIQQQQ")
CENTRAL = Struct("<4sHBxHHxxxxIIIHHHHxxII")

_NEWEST = 63
"""6.3, the newest version that Python's zipfile reads."""
_EMPTY_DEFLATED = 2
"""Bytes that the deflate stream of nothing takes."""
_UNIX_TYPE = 0o170000
_REGULAR = 0o100000
_DIRECTORY = 0o040000
_DOS_DIRECTORY = 0x10


class NoEndRecord(FormatError):
    """The view does not end with an end of central directory record."""


class TrailingBytes(AmbiguousArchive):
    """An end record is found, but bytes stand behind it."""


class ArchiveComment(AmbiguousArchive):
    """The end record announces a comment, in which a second end record may hide."""


class SplitArchive(FormatError):
    """A record names another disk."""


class EndRecordsDisagree(AmbiguousArchive):
    """The zip64 records and the end record differ, or do not stand next to each other."""


class DirectoryMisplaced(AmbiguousArchive):
    """The central directory does not reach from the last member to the end records."""


class DirectoryBroken(FormatError):
    """An entry of the central directory lacks its signature or reaches past the end."""


class TooManyMembers(LimitExceeded):
    """More members than the budget allows."""


class DirectoryTooLarge(LimitExceeded):
    """A central directory above the budget."""


class MemberComment(FormatError):
    """A member carries a comment, which no writer of checkpoints leaves."""


class EncryptedMember(AmbiguousArchive):
    """The encryption bit is set: some readers stop there, others ignore it."""


class NewerVersion(AmbiguousArchive):
    """A version of the format that some readers refuse, and others do not look at."""


class UnlistedFlags(AmbiguousArchive):
    """Flag bits other than data descriptor, UTF-8 and the level of deflate."""


class UnlistedMethod(FormatError):
    """A compression method other than stored and deflate."""


class SizesImpossible(AmbiguousArchive):
    """A stored member whose compressed and plain size differ."""


class SpecialMember(FormatError):
    """A link or device by its Unix mode, or a directory with the name of a file."""


class DirectoryWithData(FormatError):
    """A directory entry that holds bytes."""


class Entry(NamedTuple):
    """One entry of the central directory, but for its name."""

    flags: int
    method: int
    crc32: int
    compressed: int
    size: int
    header_offset: int
    fields: bytes
    """`version needed` to `uncompressed size` as written: a local header repeats these 22 bytes."""


class Directory(NamedTuple):
    """The central directory in columns, since an archive may hold 200,000 members; and its place."""

    names: list[str]
    raw_names: list[bytes]
    entries: list[tuple[int, int, int, int, int, int, bytes]]
    """The fields of `Entry`."""
    offset: int


def parse_directory(view: View, limits: Limits) -> Directory:
    """Read the end records and the central directory.

    Raises:
        FormatError: one subclass per way to be wrong; `AmbiguousArchive` where readers disagree.
    """
    count, length, offset = _end_records(view)
    if count > limits.zip_members:
        raise TooManyMembers(f"archive holds {count} members, the budget is {limits.zip_members}")
    if length > limits.zip_directory_bytes:
        raise DirectoryTooLarge(f"central directory of {length} bytes exceeds {limits.zip_directory_bytes}")
    if count * CENTRAL.size > length:
        raise DirectoryBroken(f"{length} bytes cannot hold {count} directory entries", offset=offset)
    return _entries(view.read(offset, length), count, offset, limits)


def _end_records(view: View) -> tuple[int, int, int]:
    """Count, length and offset of the central directory, from records that all agree."""
    size = view.size
    tail_size = min(size, _END.size + _LOCATOR.size + _END_64.size)
    tail = view.read(size - tail_size, tail_size)
    at = tail_size - _END.size
    if at < 0 or tail[at : at + 4] != b"PK\x05\x06":
        raise _no_end(view)
    end = size - _END.size
    _, disk, start_disk, here, count, length, offset, comment = _END.unpack_from(tail, at)
    if comment:
        raise ArchiveComment(f"the end record announces a comment of {comment} bytes", offset=end)
    if disk or start_disk:
        raise SplitArchive("the end record names another disk", offset=end)
    if here != count:
        raise EndRecordsDisagree(f"{here} members on this disk, {count} in all", offset=end)
    if tail[at - _LOCATOR.size : at - _LOCATOR.size + 4] == b"PK\x06\x07" and at >= _LOCATOR.size:
        wide = _zip64(tail, at, end)
        for name, short, long, mask in zip(
            ("count", "size", "offset"),
            (count, length, offset),
            wide,
            (MASK_16, MASK_32, MASK_32),
            strict=True,
        ):
            if short not in (long, mask):
                raise EndRecordsDisagree(f"directory {name} is {short} and, in zip64, {long}", offset=end)
        count, length, offset = wide
        end -= _LOCATOR.size + _END_64.size
    if offset + length != end:
        raise DirectoryMisplaced(
            f"the directory covers bytes {offset} to {offset + length}, the end records begin at {end}",
            offset=offset,
        )
    return count, length, offset


def _no_end(view: View) -> FormatError:
    """Why the last 22 bytes are no end record: bytes behind it, or none at all."""
    reach = min(view.size, MASK_16 + _END.size)
    found = view.read(view.size - reach, reach).rfind(b"PK\x05\x06")
    if found < 0 or reach - found < _END.size:
        return NoEndRecord("no end of central directory record at the end")
    at = view.size - reach + found
    behind = reach - found - _END.size
    if behind == int.from_bytes(view.read(at + _END.size - 2, 2), "little"):
        return ArchiveComment(f"a comment of {behind} bytes stands behind the end record", offset=at)
    return TrailingBytes(f"{behind} bytes stand behind the end record", offset=at)


def _zip64(tail: bytes, at: int, end: int) -> tuple[int, int, int]:
    """Count, length and offset from the zip64 records before the end record at `at` of `tail`."""
    start = at - _LOCATOR.size - _END_64.size
    where = end - _LOCATOR.size - _END_64.size
    if start < 0 or tail[start : start + 4] != b"PK\x06\x06":
        raise EndRecordsDisagree("a zip64 locator without its record directly before it", offset=end)
    _, locator_disk, record, disks = _LOCATOR.unpack_from(tail, at - _LOCATOR.size)
    _, rest, disk, start_disk, here, count, length, offset = _END_64.unpack_from(tail, start)
    if locator_disk or disk or start_disk or disks != 1:
        raise SplitArchive("a zip64 record names another disk", offset=where)
    if record != where or rest != _END_64.size - 12 or here != count:
        raise EndRecordsDisagree("zip64 locator and record do not point at each other", offset=where)
    return count, length, offset


def _entries(directory: bytes, count: int, base: int, limits: Limits) -> Directory:
    """All entries, which fill `directory` exactly. Fast for members without extras and attributes."""
    total = len(directory)
    rows: list[tuple[int, int, int, int, int, int, bytes]] = []
    raw_names: list[bytes] = []
    unpack = CENTRAL.unpack_from
    at = 0
    for _ in range(count):
        if at + 46 > total:
            raise DirectoryBroken("the central directory ends inside an entry", offset=base + at)
        (
            signature, _, version, flags, method, crc32, compressed, size,
            name_length, extra_length, comment_length, disk, attributes, offset,
        ) = unpack(directory, at)  # fmt: skip
        name_end = at + 46 + name_length
        after = name_end + extra_length + comment_length
        if signature != b"PK\x01\x02" or after > total:
            raise DirectoryBroken("not an entry of the central directory", offset=base + at)
        name = directory[at + 46 : name_end]
        if method or extra_length or attributes or comment_length or disk or version or flags & ~0x0808:
            check_flags(version, flags, method, base + at)
            if comment_length:
                raise MemberComment(f"a member comment of {comment_length} bytes", offset=base + name_end)
            if disk not in (0, MASK_16):
                raise SplitArchive("a member is said to start on another disk", offset=base + at)
            if attributes:
                _check_type(attributes, name, base + at)
            if extra_length or disk:
                extra = directory[name_end : name_end + extra_length]
                compressed, size, offset = _widen(extra, (compressed, size, offset), disk, base + name_end)
        if method == STORED and compressed != size:
            raise SizesImpossible(f"a stored member of {size} bytes takes {compressed}", offset=base + at)
        rows.append((flags, method, crc32, compressed, size, offset, directory[at + 6 : at + 28]))
        raw_names.append(name)
        at = after
    if at != total:
        raise DirectoryMisplaced(f"{total - at} bytes follow the last directory entry", offset=base + at)
    names = member_names(raw_names, [row[0] for row in rows], limits)
    for text, row in zip(names, rows, strict=True):
        if text[-1] == "/" and (row[4] or row[3] > _EMPTY_DEFLATED):
            raise DirectoryWithData(f"directory entry {text} holds {row[4]} bytes")
    return Directory(names, raw_names, rows, base)


def check_flags(version: int, flags: int, method: int, offset: int) -> None:
    """Raise unless version, flags and method are among those that every reader takes alike."""
    if version > _NEWEST:
        raise NewerVersion(f"a member asks for version {version / 10} of the format", offset=offset)
    if flags & 0x2041:
        raise EncryptedMember("a member is marked as encrypted", offset=offset)
    if method not in (STORED, DEFLATE):
        raise UnlistedMethod(f"compression method {method}", offset=offset)
    allowed = FLAG_DESCRIPTOR | FLAG_UTF8 | (FLAG_DEFLATE_LEVEL if method == DEFLATE else 0)
    if flags & ~allowed:
        raise UnlistedFlags(f"flag bits {flags & ~allowed:#06x}", offset=offset)


def _widen(extra: bytes, values: tuple[int, int, int], disk: int, offset: int) -> tuple[int, int, int]:
    """Compressed size, size and header offset, with those that are all ones taken from zip64."""
    body = split_extra(extra, offset).get(EXTRA_ZIP64)
    if disk:  # all ones: a zip64 field with a disk number, which only split archives need
        raise SplitArchive("a member is said to start on another disk", offset=offset)
    if body is None:
        return values
    compressed, size, header_offset = values
    wanted = [value == MASK_32 for value in (size, compressed, header_offset)]
    if len(body) != 8 * sum(wanted):
        raise ExtraBroken("a zip64 field does not hold exactly what the entry leaves out", offset=offset)
    wide = iter([int.from_bytes(body[at : at + 8], "little") for at in range(0, len(body), 8)])
    size = next(wide) if wanted[0] else size
    compressed = next(wide) if wanted[1] else compressed
    header_offset = next(wide) if wanted[2] else header_offset
    return compressed, size, header_offset


def _check_type(attributes: int, name: bytes, offset: int) -> None:
    """Whatever system the entry says it was made on: readers differ in whose modes they heed."""
    mode, directory = attributes >> 16, name.endswith(b"/")
    if mode & _UNIX_TYPE not in (0, _DIRECTORY if directory else _REGULAR):
        raise SpecialMember(f"a member of Unix mode {mode:#o} is neither file nor directory", offset=offset)
    if attributes & _DOS_DIRECTORY and not directory:
        raise SpecialMember("a member is marked as a directory and named like a file", offset=offset)
