"""Npy files with any header."""

from __future__ import annotations


def header(descr: str, shape: str = "(2,)", order: str = "False") -> str:
    """A header as numpy writes it, from the source text of its values."""
    return f"{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}, }}"


def npy(text: str | bytes, data: bytes = b"", *, version: tuple[int, int] = (1, 0)) -> bytes:
    """A file with this header, padded to 64 bytes as numpy pads it."""
    width = 2 if version == (1, 0) else 4
    raw = text if isinstance(text, bytes) else text.encode("utf-8" if version == (3, 0) else "latin-1")
    raw += b" " * (-(8 + width + len(raw) + 1) % 64) + b"\n"
    return b"\x93NUMPY" + bytes(version) + len(raw).to_bytes(width, "little") + raw + data
