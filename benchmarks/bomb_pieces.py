"""What honest and hostile files are put together from."""

from __future__ import annotations

import io
import struct
import zipfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

PROTO = b"\x80\x04"


def fill(piece: bytes, size: int, *, head: bytes = PROTO, tail: bytes = b"N.") -> bytes:
    """`piece` as often as it fits."""
    return head + piece * ((size - len(head) - len(tail)) // len(piece)) + tail


def each(piece: Callable[[int], bytes], size: int, *, head: bytes = PROTO, tail: bytes = b"N.") -> bytes:
    """A different piece every time."""
    out = [head]
    left = size - len(head) - len(tail)
    number = 0
    while (next_one := piece(number)) and len(next_one) <= left:
        out.append(next_one)
        left -= len(next_one)
        number += 1
    return b"".join([*out, tail])


def u4(number: int) -> bytes:
    """Four bytes, little-endian."""
    return struct.pack("<I", number)


def npy(header: str, data: bytes = b"") -> bytes:
    """An array with this header."""
    padded = header.encode() + b" " * (-(len(header) + 11) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(padded)) + padded + data


def counted(text: bytes) -> bytes:
    """A text of GGUF."""
    return struct.pack("<Q", len(text)) + text


def gguf(pairs: list[bytes], infos: list[bytes] | None = None, *, data: bytes = b"") -> bytes:
    """A file of these metadata and tensors."""
    tensors = infos or []
    head = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(pairs)) + b"".join([*pairs, *tensors])
    return head + bytes(-len(head) % 32) + data


def archive(files: list[tuple[str, bytes]], method: int) -> bytes:
    """A zip archive."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, data in files:
            archive.writestr(zipfile.ZipInfo(name), data, method)
    return file.getvalue()


def measured(text: bytes) -> bytes:
    """A header of safetensors."""
    return struct.pack("<Q", len(text)) + text
