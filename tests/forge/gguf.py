"""Builds GGUF files field by field, right ones and wrong ones."""

from __future__ import annotations

import struct

ALIGNMENT = 32


def string(text: str | bytes) -> bytes:
    """Length and bytes."""
    data = text.encode() if isinstance(text, str) else text
    return struct.pack("<Q", len(data)) + data


def pair(key: str | bytes, kind: int, value: bytes) -> bytes:
    """One metadata entry: `value` as its type wants it."""
    return string(key) + struct.pack("<I", kind) + value


def array(kind: int, *items: bytes, count: int | None = None) -> bytes:
    """The value of an array, whose count may lie."""
    return struct.pack("<IQ", kind, len(items) if count is None else count) + b"".join(items)


def info(name: str | bytes, dimensions: list[int], kind: int, offset: int) -> bytes:
    """One entry of the tensor table."""
    head = string(name) + struct.pack("<I", len(dimensions))
    return head + struct.pack(f"<{len(dimensions)}Q", *dimensions) + struct.pack("<IQ", kind, offset)


def forge(
    pairs: tuple[bytes, ...] = (),
    infos: tuple[bytes, ...] = (),
    data: bytes = b"",
    *,
    magic: bytes = b"GGUF",
    version: int = 3,
    tensors: int | None = None,
    keys: int | None = None,
    alignment: int = ALIGNMENT,
    padding: bytes = b"\x00",
) -> bytes:
    """A file; the counts are those of the tuples unless they are given."""
    counts = (len(infos) if tensors is None else tensors, len(pairs) if keys is None else keys)
    head = magic + struct.pack("<I2Q", version, *counts) + b"".join(pairs) + b"".join(infos)
    return head + padding * (-len(head) % alignment) + data


TEMPLATE = "{% for m in messages %}{{ m.content }}{% endfor %}"


def small_model() -> bytes:
    """An honest file: every type of value, plain and quantised tensors, a template."""
    pairs = (
        pair("general.architecture", 8, string("llama")),
        pair("u8", 0, b"\xff"), pair("i8", 1, b"\xff"), pair("u16", 2, b"\x01\x02"),
        pair("i16", 3, b"\xfe\xff"), pair("u32", 4, b"\x01\0\0\0"), pair("i32", 5, b"\xff" * 4),
        pair("f32", 6, struct.pack("<f", 0.5)), pair("yes", 7, b"\x01"), pair("no", 7, b"\x00"),
        pair("u64", 10, b"\xff" * 8), pair("i64", 11, b"\xff" * 8), pair("f64", 12, struct.pack("<d", 0.1)),
        pair("tokenizer.ggml.tokens", 9, array(8, string("<s>"), string("é"), string(""))),
        pair("tokenizer.ggml.scores", 9, array(6, bytes(4), bytes(4))),
        pair("flags", 9, array(7, b"\x00", b"\x01")),
        pair("tokenizer.chat_template", 8, string(TEMPLATE)),
    )  # fmt: skip
    infos = (
        info("norm.weight", [3], 0, 0),
        info("embed.weight", [2, 3], 30, 32),
        info("blk.0.weight", [64, 2], 8, 64),
    )
    plain = struct.pack("<3f", 1, 2, 3) + bytes(20) + bytes(range(12)) + bytes(20)
    return forge(pairs, infos, plain + bytes(2 * 2 * 34) + bytes(24))
