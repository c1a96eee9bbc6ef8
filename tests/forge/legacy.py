"""Torch's format before 1.6, part by part, so that each part can lie."""

from __future__ import annotations

import pickle
import struct
from typing import Any

from tests.forge.pickle_assembler import HOOKS, Operand, assemble

MAGIC = 0x1950A86A20F9469CFC6C
SYSTEM = {
    "protocol_version": 1001,
    "little_endian": True,
    "type_sizes": {"short": 2, "int": 4, "long": 4},
}
TWO_FLOATS = struct.pack("<2f", 1.0, 2.0)


def storage(*, key: str = "7", numel: int = 2, more: tuple[Operand, ...] = ("NONE",)) -> bytes:
    """A persistent id; `more` is what stands behind the number of elements."""
    return assemble(
        "MARK", "BINUNICODE", "storage", "GLOBAL", ("torch", "FloatStorage"), "BINUNICODE", key,
        "BINUNICODE", "cpu", "BININT", numel, *more, "TUPLE", "BINPERSID",
    )  # fmt: skip


def state(where: bytes | None = None, *, offset: int = 0, size: int = 2) -> bytes:
    """`{"a": tensor}`, a pickle of protocol 2."""
    return assemble(
        "PROTO", 2, "EMPTY_DICT", "BINUNICODE", "a",
        "GLOBAL", ("torch._utils", "_rebuild_tensor_v2"), "MARK", storage() if where is None else where,
        "BININT", offset, "BININT", size, "TUPLE1", "BININT", 1, "TUPLE1", "NEWFALSE", HOOKS,
        "TUPLE", "REDUCE", "SETITEM", "STOP",
    )  # fmt: skip


def table(*rows: tuple[int, bytes]) -> bytes:
    """Number of elements and data of each storage."""
    return b"".join(struct.pack("<q", count) + data for count, data in rows)


def legacy(
    *,
    magic: Any = MAGIC,
    version: Any = 1001,
    system: Any = SYSTEM,
    state: Any = state(),  # noqa: B008 - bytes
    keys: Any = ("7",),
    rows: bytes = table((2, TWO_FLOATS)),
) -> bytes:
    """A file. Bytes in the place of a value are its pickle; `keys` as a tuple become a list."""
    parts = (magic, version, system, state, list(keys) if isinstance(keys, tuple) else keys)
    return b"".join(part if isinstance(part, bytes) else pickle.dumps(part, 2) for part in parts) + rows
