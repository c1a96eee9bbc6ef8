"""Builds ONNX models, honest ones and others."""

from __future__ import annotations

import struct

from tests.forge.protobuf import block, number, varint

FLOAT, INT64, STRING = 1, 7, 8


def dims(*sizes: int) -> bytes:
    """The dimensions of a tensor, packed."""
    return block(1, b"".join(map(varint, sizes)))


def tensor(name: str, *parts: bytes, kind: int = FLOAT) -> bytes:
    """A TensorProto."""
    return b"".join(parts) + number(2, kind) + block(8, name)


def floats(name: str, *values: float) -> bytes:
    """A tensor with raw values."""
    return tensor(name, dims(len(values)), block(9, struct.pack(f"<{len(values)}f", *values)))


def entry(key: str, value: str) -> bytes:
    """A StringStringEntryProto."""
    return block(1, key) + block(2, value)


def external(name: str, size: int, **places: object) -> bytes:
    """A tensor of `size` floats that lies elsewhere."""
    pairs = (block(13, entry(key, str(value))) for key, value in places.items())
    return tensor(name, dims(size), *pairs, number(14, 1))


def node(op_type: str, domain: str = "", *attributes: bytes) -> bytes:
    """A NodeProto."""
    more = b"".join(block(5, item) for item in attributes)
    return block(1, "x") + block(2, "y") + block(4, op_type) + (block(7, domain) if domain else b"") + more


def attribute(name: str, *parts: bytes) -> bytes:
    """An AttributeProto."""
    return block(1, name) + b"".join(parts)


def graph(*nodes: bytes, initializers: tuple[bytes, ...] = ()) -> bytes:
    """A GraphProto."""
    return (
        b"".join(block(1, item) for item in nodes)
        + block(2, "g")
        + b"".join(block(5, item) for item in initializers)
    )


def model(body: bytes | None = None, *parts: bytes, version: int = 8) -> bytes:
    """A ModelProto around a graph."""
    body = graph(node("MatMul"), initializers=(floats("w", 1, 2),)) if body is None else body
    head = number(1, version) + block(2, "forge") + block(8, block(1, "") + number(2, 17))
    return head + block(7, body) + b"".join(parts)
