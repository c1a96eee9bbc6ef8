"""Opcodes by name, so that a hostile stream reads like a listing.

assemble("PROTO", 2, "GLOBAL", ("os", "system"), "MARK", "BINUNICODE", "id", "TUPLE", "REDUCE", "STOP")
"""

from __future__ import annotations

import struct

from safeload.formats.opcodes import BY_NAME, Argument

Operand = str | int | float | bytes | tuple[str, str]


def _encode(kind: Argument, value: Operand) -> bytes:
    if kind is Argument.LINE_PAIR:
        module, name = value  # type: ignore[misc]  # a pair by the opcode's kind
        return f"{module}\n{name}\n".encode()
    if kind is Argument.LINE:
        return (value if isinstance(value, bytes) else str(value).encode()) + b"\n"
    number = {
        Argument.UINT1: "<B", Argument.UINT2: "<H", Argument.UINT4: "<I", Argument.INT4: "<i",
        Argument.UINT8: "<Q", Argument.FLOAT8: ">d",
    }.get(kind)  # fmt: skip
    if number:
        return struct.pack(number, value)
    body = value.encode("utf-8", "surrogatepass") if isinstance(value, str) else bytes(value)  # type: ignore[arg-type]
    length = {Argument.COUNTED1: "<B", Argument.COUNTED8: "<Q"}.get(kind, "<I")
    return struct.pack(length, len(body)) + body


def assemble(*listing: Operand) -> bytes:
    """The bytes of a listing: opcode names, each followed by its argument where it has one.

    Bytes in the place of an opcode stand for themselves.
    """
    out = bytearray()
    items = iter(listing)
    for item in items:
        if isinstance(item, bytes):
            out += item
            continue
        row = BY_NAME[str(item)]
        out.append(row.code)
        if row.argument is not Argument.NONE:
            out += _encode(row.argument, next(items))
    return bytes(out)


def call(module: str, name: str, *texts: str) -> bytes:
    """`module.name(*texts)` in protocol 2, as the published attacks write it."""
    listing: list[Operand] = ["PROTO", 2, "GLOBAL", (module, name), "MARK"]
    for text in texts:
        listing += ["BINUNICODE", text]
    return assemble(*listing, "TUPLE", "REDUCE", "STOP")


STORAGE = assemble(
    "MARK", "BINUNICODE", "storage", "GLOBAL", ("torch", "FloatStorage"), "BINUNICODE", "0",
    "BINUNICODE", "cpu", "BININT1", 6, "TUPLE", "BINPERSID",
)  # fmt: skip
"""A storage of six float32."""

HOOKS = assemble("GLOBAL", ("collections", "OrderedDict"), "EMPTY_TUPLE", "REDUCE")


def tensor(
    *, storage: bytes = STORAGE, offset: int = 0, size: int = 6, stride: int = 1, hooks: bytes = HOOKS
) -> bytes:
    """One tensor of one dimension, without PROTO and STOP."""
    return assemble(
        "GLOBAL", ("torch._utils", "_rebuild_tensor_v2"), "MARK", storage,
        *("LONG" if abs(offset) > 2**31 - 1 else "BININT", offset),
        *("LONG" if abs(size) > 2**31 - 1 else "BININT", size), "TUPLE1",
        *("LONG" if abs(stride) > 2**31 - 1 else "BININT", stride), "TUPLE1",
        "NEWFALSE", hooks, "TUPLE", "REDUCE",
    )  # fmt: skip
