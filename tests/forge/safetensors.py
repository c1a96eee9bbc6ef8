"""Builds safetensors files, right ones and wrong ones."""

from __future__ import annotations

import json
import struct


def forge(header: object, data: bytes = b"", *, length: int | None = None, padding: bytes = b"") -> bytes:
    """A file from a header and its data.

    Args:
        header: bytes as they are, or a value that is written as JSON.
        data: what stands behind the header.
        length: what the first 8 bytes say in place of the truth.
        padding: what stands behind the JSON, inside the header.
    """
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    text += padding
    return struct.pack("<Q", len(text) if length is None else length) + text + data


def tensor(begin: int, end: int, shape: list[object], dtype: object = "U8") -> dict[str, object]:
    """One entry of a header."""
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


def two_tensors() -> bytes:
    """A small honest file."""
    header = {
        "__metadata__": {"format": "pt"},
        "a": tensor(0, 8, [2, 1], "F32"),
        "b": tensor(8, 11, [3]),
    }
    return forge(header, b"\x00\x00\x80?\x00\x00\x00@abc", padding=b"  ")
