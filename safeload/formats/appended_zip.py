"""Stored files that are appended to another file as a zip archive: how TFLite models carry their labels.

https://ai.google.dev/edge/litert/models/metadata#associated_file_format. The subset that the writers of such
models produce, and nothing else: plain zip behind the model, every member stored, no comment, no zip64. For
what is accepted, local headers, central directory and end record tile the file from the first member on,
agree with each other, and each name stands once; so every reader of zip sees the same members.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.errors import FormatError, LimitExceeded
from safeload.record import record

if TYPE_CHECKING:
    from safeload.core import View

_END, _END_SIZE = b"PK\x05\x06", 22
_CENTRAL, _CENTRAL_SIZE = b"PK\x01\x02", 46
_LOCAL, _LOCAL_SIZE = b"PK\x03\x04", 30
_FLAGS = frozenset({0, 0x800})
"""None, or the one for names in UTF-8."""
_MOST = 100
"""Members; models carry label and vocabulary files."""


class NotAppended(FormatError):
    """Something else than stored members, a directory and an end record, one behind the other."""


class TooManyMembers(LimitExceeded):
    """More members than the budget."""


@record(kw_only=False)
class Stored:
    """One member."""

    name: str
    offset: int
    """First byte of its data."""
    size: int


def read_appended(view: View) -> tuple[int, tuple[Stored, ...]]:
    """Where the first member starts, and the members; the size of the file and nothing where there is none.

    Raises:
        NotAppended: there is an archive, and it is not one of this kind.
        TooManyMembers: a budget does not hold.
    """
    size = view.size
    end = size - _END_SIZE
    if end < 0 or view.read(end, 4) != _END:
        return size, ()
    tail = view.read(end, _END_SIZE)
    numbers = [int.from_bytes(tail[at : at + 2], "little") for at in (4, 6, 8, 10, 20)]
    length, directory = (int.from_bytes(tail[at : at + 4], "little") for at in (12, 16))
    count = numbers[3]
    if numbers != [0, 0, count, count, 0] or directory + length != end or not count:
        raise NotAppended("the end record does not describe one plain archive", offset=end)
    if count > _MOST:
        raise TooManyMembers(f"{count} members, more than {_MOST}", offset=end)
    found: list[Stored] = []
    names: set[str] = set()
    at, first, behind = directory, directory, 0
    for _ in range(count):
        head = view.read(at, _CENTRAL_SIZE) if at + _CENTRAL_SIZE <= end else b""
        name_size = int.from_bytes(head[28:30], "little")
        extra = int.from_bytes(head[30:32], "little")
        comment = int.from_bytes(head[32:34], "little")
        local = int.from_bytes(head[42:46], "little")
        if head[:4] != _CENTRAL or extra or comment or at + _CENTRAL_SIZE + name_size > end:
            raise NotAppended("a directory entry is none, or has more to it", offset=at)
        raw = view.read(at + _CENTRAL_SIZE, name_size)
        member = _member(view, head, raw, local, directory)
        if (found and local != behind) or member.name.casefold() in names:
            raise NotAppended("members do not follow each other, or one stands twice", offset=local)
        names.add(member.name.casefold())
        first = min(first, local)
        behind = member.offset + member.size
        found.append(member)
        at += _CENTRAL_SIZE + name_size
    if at != end or behind != directory:
        raise NotAppended("bytes between the members and the directory, or behind it", offset=at)
    return first, tuple(found)


def _member(view: View, head: bytes, raw: bytes, local: int, directory: int) -> Stored:
    """One member, after both of its headers were compared."""
    size = int.from_bytes(head[24:28], "little")
    start = local + _LOCAL_SIZE + len(raw)
    if start + size > directory:
        raise NotAppended("a member reaches into the directory", offset=local)
    other = view.read(local, _LOCAL_SIZE + len(raw))
    same = other[:4] == _LOCAL and other[6:28] == head[8:30] and not any(other[28:30])
    plain = (
        int.from_bytes(head[8:10], "little") in _FLAGS
        and not any(head[10:12])
        and head[20:24] == head[24:28]
        and raw == other[_LOCAL_SIZE:]
    )
    if not same or not plain:
        raise NotAppended("a member is compressed, or its two headers differ", offset=local)
    try:
        return Stored(raw.decode("utf-8"), start, size)
    except UnicodeDecodeError:
        raise NotAppended("a name is no UTF-8", offset=local) from None
