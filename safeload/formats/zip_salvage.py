"""What some reader might find in a broken archive: `find_members(view, limits)`.

For messages only. An archive that `formats.zip` refuses never loads, but whoever reads the report should
learn what was hidden in it. So every local header signature counts here, wherever it stands, and a member
reaches as far as its header says, or to the next signature of any record. Nothing is guaranteed beyond
the bounds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.formats.pickle_probe import looks_like_pickle
from safeload.formats.view import SubView
from safeload.formats.zip import ZipMember
from safeload.formats.zip_directory import DEFLATE, MASK_32, STORED

if TYPE_CHECKING:
    from safeload.core import View
    from safeload.limits import Limits

_MEMBER = b"PK\x03\x04"
_SIGNATURES = frozenset({_MEMBER, b"PK\x07\x08", b"PK\x01\x02", b"PK\x06\x06", b"PK\x05\x06"})
_HEADER_SIZE = 30
_OVERLAP_TIMES = 2
"""How often the same bytes may be part of several members, on average."""
_MOST = 1_000
"""Members reported of a broken archive."""


def find_members(view: View, limits: Limits, *, reach: int) -> tuple[ZipMember, ...]:
    """Members by local header alone, at most a thousand, among the first `reach` bytes; and what is before.

    Names are made unique with the position of the header.

    Raises:
        FormatError: the view cannot be read.
    """
    marks = _marks(view, min(reach, view.size))
    if not marks:
        return ()
    ends = [*(at for at, _ in marks[1:]), view.size]
    members = []
    first = marks[0][0]
    room = _OVERLAP_TIMES * view.size
    if first:
        members.append(ZipMember("bytes before the archive@0", 0, first, first, 0, STORED, 0))
    for (start, signature), end in zip(marks, ends, strict=True):
        if signature != _MEMBER or start + _HEADER_SIZE > view.size:
            continue
        head = view.read(start, _HEADER_SIZE)
        method, crc32, compressed, size, name_size, extra_size = (
            int.from_bytes(head[at : at + width], "little")
            for at, width in ((8, 2), (14, 4), (18, 4), (22, 4), (26, 2), (28, 2))
        )
        data = start + _HEADER_SIZE + name_size + extra_size
        if len(members) > _MOST or data >= end or name_size > limits.zip_name_bytes:
            continue
        name = view.read(start + _HEADER_SIZE, name_size).decode("utf-8", "backslashreplace")
        if not 0 < compressed <= view.size - data or compressed == MASK_32:
            compressed = end - data
        if compressed > end - data:
            if compressed > room:
                compressed = end - data
            else:
                room -= compressed
        if method == DEFLATE:
            members.append(ZipMember(f"{name}@{start}", data, compressed, size, crc32, method, start))
            if not looks_like_pickle(SubView(view, data, end - data), text=False):
                continue
            name += " as it stands"
        # by the directory it may be stored, and reach further
        size = max(compressed, end - data) if method == STORED else end - data
        members.append(ZipMember(f"{name}@{start}", data, size, size, crc32, STORED, start))
    return tuple(members)


def _marks(view: View, reach: int) -> list[tuple[int, bytes]]:
    """Positions of record signatures with what stands there, also across the edges of chunks."""
    found: list[tuple[int, bytes]] = []
    tail = b""
    position = 0
    for chunk in view.stream(0, reach):
        block = tail + bytes(chunk)
        base = position - len(tail)
        at = block.find(b"PK")
        while at >= 0 and len(found) < 3 * _MOST:
            if (signature := block[at : at + 4]) in _SIGNATURES:
                found.append((base + at, signature))
            at = block.find(b"PK", at + 1)
        position += len(chunk)
        tail = block[-3:]
    return found
