"""Snappy's raw block format, as LevelDB's tables compress their blocks with it.

https://github.com/google/snappy/blob/main/format_description.txt. Bounded: the length that the block states
is checked first, and no copy makes it longer.
"""

from __future__ import annotations

from safeload.errors import FormatError, LimitExceeded

_MOST_VARINT = 5


class SnappyBroken(FormatError):
    """A compressed block that breaks the format."""


class SnappyTooLarge(LimitExceeded):
    """A compressed block that is to grow past the budget."""


def decompress(data: bytes, most: int) -> bytes:
    """What the block holds.

    Args:
        data: the compressed block.
        most: bytes that it may grow to.

    Raises:
        SnappyBroken: it breaks the format.
        SnappyTooLarge: it is to grow further.
    """
    length = at = 0
    for at in range(min(_MOST_VARINT, len(data))):
        length |= (data[at] & 0x7F) << 7 * at
        if data[at] < 0x80:
            break
    else:
        raise SnappyBroken("the block has no length")
    if length > most:
        raise SnappyTooLarge(f"the block is to have {length} bytes, more than {most}")
    out, at = bytearray(), at + 1
    while at < len(data):
        tag = data[at]
        at += 1
        if tag & 3:
            width = (0, 1, 2, 4)[tag & 3]
            distance = int.from_bytes(data[at : at + width], "little")
            size = (tag >> 2) + 1
            if width == 1:
                distance, size = distance | (tag >> 5) << 8, (tag >> 2 & 7) + 4
            at += width
            if not 0 < distance <= len(out) or at > len(data) or len(out) + size > length:
                raise SnappyBroken("a copy leads out of the block", offset=at)
            start = len(out) - distance
            # a copy may overlap what it makes
            piece = bytes(out[start : start + size])
            out += (piece * (size // len(piece) + 1))[:size]
            continue
        size = (tag >> 2) + 1
        if size > 60:
            width = size - 60
            size = int.from_bytes(data[at : at + width], "little") + 1
            at += width
        if at + size > len(data) or len(out) + size > length:
            raise SnappyBroken("a literal leads out of the block", offset=at)
        out += data[at : at + size]
        at += size
    if len(out) != length:
        raise SnappyBroken(f"the block holds {len(out)} bytes, not {length}")
    return bytes(out)
