"""What some reader might find in a broken archive: `find_members(view, limits)`.

For messages only. An archive that `formats.zip` refuses never loads, but whoever reads the report should
learn what was hidden in it. So every local header signature counts here, wherever it stands, and a member
reaches as far as its header says, or to the next signature. Nothing is guaranteed beyond the bounds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.formats.zip import ZipMember
from safeload.formats.zip_directory import DEFLATE, MASK_32, STORED

if TYPE_CHECKING:
    from safeload.core import View
    from safeload.limits import Limits

_SIGNATURE = b"PK\x03\x04"
_HEADER_SIZE = 30
_MOST = 1_000
"""Members reported of a broken archive."""


def find_members(view: View, limits: Limits, *, reach: int) -> tuple[ZipMember, ...]:
    """Members by local header alone, at most a thousand, among the first `reach` bytes; and what is before.

    Names are made unique with the position of the header.

    Raises:
        FormatError: the view cannot be read.
    """
    starts = _signatures(view, min(reach, view.size))
    if not starts:
        return ()
    ends = [*starts[1:], view.size]
    members = []
    if starts[0]:
        members.append(ZipMember("bytes before the archive@0", 0, starts[0], starts[0], 0, STORED, 0))
    for start, end in zip(starts, ends, strict=True):
        if start + _HEADER_SIZE > view.size:
            continue
        head = view.read(start, _HEADER_SIZE)
        method, crc32, compressed, size, name_size, extra_size = (
            int.from_bytes(head[at : at + width], "little")
            for at, width in ((8, 2), (14, 4), (18, 4), (22, 4), (26, 2), (28, 2))
        )
        data = start + _HEADER_SIZE + name_size + extra_size
        if data >= end or name_size > limits.zip_name_bytes or method not in (STORED, DEFLATE):
            continue
        name = view.read(start + _HEADER_SIZE, name_size).decode("utf-8", "backslashreplace")
        if not 0 < compressed <= view.size - data or compressed == MASK_32:
            compressed = end - data
        if method == STORED:
            size = compressed
        members.append(ZipMember(f"{name}@{start}", data, compressed, size, crc32, method, start))
    return tuple(members)


def _signatures(view: View, reach: int) -> list[int]:
    """Positions of local header signatures, also across the edges of chunks."""
    found: list[int] = []
    tail = b""
    position = 0
    for chunk in view.stream(0, reach):
        block = tail + bytes(chunk)
        base = position - len(tail)
        at = block.find(_SIGNATURE)
        while at >= 0 and len(found) < _MOST:
            found.append(base + at)
            at = block.find(_SIGNATURE, at + 1)
        position += len(chunk)
        tail = block[-3:]
    return found
