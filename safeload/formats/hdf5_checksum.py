"""The checksum of HDF5's newer blocks: Bob Jenkins' lookup3, as section II names it.

https://burtleburtle.net/bob/c/lookup3.c describes the mixing steps; they are written down here as
tables of word, subtracted word and rotation.
"""

from __future__ import annotations

import struct

_MASK = 0xFFFFFFFF
_START = 0xDEADBEEF
_BLOCK = struct.Struct("<III")


def lookup3(data: bytes) -> int:
    """32 bits over `data`, with initial value 0."""
    length = len(data)
    a = b = c = (_START + length) & _MASK
    if not length:
        return c
    # The last block, full or not, is padded with zeros and mixed in another way.
    last = (length - 1) // _BLOCK.size * _BLOCK.size
    x: int
    y: int
    z: int
    for x, y, z in _BLOCK.iter_unpack(data[:last]):
        a, b, c = (a + x) & _MASK, (b + y) & _MASK, (c + z) & _MASK
        a = ((a - c) ^ (c << 4 | c >> 28)) & _MASK
        c = (c + b) & _MASK
        b = ((b - a) ^ (a << 6 | a >> 26)) & _MASK
        a = (a + c) & _MASK
        c = ((c - b) ^ (b << 8 | b >> 24)) & _MASK
        b = (b + a) & _MASK
        a = ((a - c) ^ (c << 16 | c >> 16)) & _MASK
        c = (c + b) & _MASK
        b = ((b - a) ^ (a << 19 | a >> 13)) & _MASK
        a = (a + c) & _MASK
        c = ((c - b) ^ (b << 4 | b >> 28)) & _MASK
        b = (b + a) & _MASK
    x, y, z = _BLOCK.unpack(data[last:].ljust(_BLOCK.size, b"\0"))
    a, b, c = (a + x) & _MASK, (b + y) & _MASK, (c + z) & _MASK
    c = ((c ^ b) - (b << 14 | b >> 18)) & _MASK
    a = ((a ^ c) - (c << 11 | c >> 21)) & _MASK
    b = ((b ^ a) - (a << 25 | a >> 7)) & _MASK
    c = ((c ^ b) - (b << 16 | b >> 16)) & _MASK
    a = ((a ^ c) - (c << 4 | c >> 28)) & _MASK
    b = ((b ^ a) - (a << 14 | a >> 18)) & _MASK
    return ((c ^ b) - (b << 24 | b >> 8)) & _MASK
