"""Encodes Protocol Buffers field by field: right ones, and wrong ones written out by hand."""

from __future__ import annotations

import struct


def varint(value: int) -> bytes:
    """A number, seven bits at a time; negative ones as 64 bits."""
    value &= (1 << 64) - 1
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes((*out, value))


def number(field: int, value: int) -> bytes:
    """A field with a varint."""
    return varint(field << 3) + varint(value)


def block(field: int, data: bytes | str, *, length: int | None = None) -> bytes:
    """A field with a string or message, whose length may lie."""
    data = data.encode() if isinstance(data, str) else data
    return varint(field << 3 | 2) + varint(len(data) if length is None else length) + data


def fixed32(field: int, value: float) -> bytes:
    """A field with a float."""
    return varint(field << 3 | 5) + struct.pack("<f", value)


def fixed64(field: int, value: float) -> bytes:
    """A field with a double."""
    return varint(field << 3 | 1) + struct.pack("<d", value)
