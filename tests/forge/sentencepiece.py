"""Builds SentencePiece models."""

from __future__ import annotations

import struct

from tests.forge.protobuf import block, fixed32, number

NORMAL, UNKNOWN, CONTROL, USER, UNUSED, BYTE = range(1, 7)


def piece(text: str | bytes, score: float = 0.0, kind: int = NORMAL) -> bytes:
    """One piece, laid out as every writer does it."""
    body = block(1, text) + fixed32(2, score) + (number(3, kind) if kind != NORMAL else b"")
    return block(1, body)


def charsmap(units: list[int] | None = None, texts: bytes = b"a\0", size: int | None = None) -> bytes:
    """A normalisation table of one block of units."""
    array = struct.pack("<256I", *(units or []), *[0] * (256 - len(units or [])))
    return struct.pack("<I", len(array) if size is None else size) + array + texts


def normalizer(table: bytes, field: int = 3) -> bytes:
    """A specification with a table."""
    return block(field, block(1, "nmt_nfkc") + block(2, table) + number(3, 1))


def vocabulary(*more: bytes) -> bytes:
    """The pieces that every model has, and some."""
    return piece("<unk>", 0, UNKNOWN) + piece("<s>", 0, CONTROL) + piece("▁a", -1.5) + b"".join(more)


def small_model() -> bytes:
    """Pieces, training settings, a table."""
    trainer = block(2, block(1, "corpus.txt") + number(3, 1) + number(4, 3) + fixed32(10, 0.9995))
    return vocabulary(piece("é", -2), piece("<0x0A>", 0, BYTE)) + trainer + normalizer(charsmap())
