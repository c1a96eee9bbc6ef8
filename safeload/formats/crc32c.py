"""CRC-32C (Castagnoli), and the masked form in which TensorFlow's files and LevelDB's tables store it.

https://datatracker.ietf.org/doc/html/rfc3720#appendix-B.4; the mask is that of
https://github.com/google/leveldb/blob/main/doc/log_format.md.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_POLYNOMIAL = 0x82F63B78
_ALL = 0xFFFFFFFF
_MASK = 0xA282EAD8


@functools.cache
def _table() -> tuple[int, ...]:
    """One entry per byte, made at first use."""
    entries = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ (_POLYNOMIAL if value & 1 else 0)  # noqa: PLW2901 - shifted in place
        entries.append(value)
    return tuple(entries)


def crc32c(data: Iterable[int]) -> int:
    """The sum over some bytes."""
    table, value = _table(), _ALL
    for byte in data:
        value = value >> 8 ^ table[(value ^ byte) & 0xFF]
    return value ^ _ALL


def masked_crc32c(data: Iterable[int]) -> int:
    """The sum as it is stored: rotated and shifted, so that sums over sums stay apart."""
    value = crc32c(data)
    return ((value >> 15 | value << 17) + _MASK) & _ALL
