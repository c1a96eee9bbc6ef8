"""Files as `joblib.dump` writes them, assembled opcode by opcode, and where they may lie."""

from __future__ import annotations

from tests.forge.pickle_assembler import Operand, assemble

DTYPE: tuple[Operand, ...] = (
    "GLOBAL", ("numpy", "dtype"), "BINUNICODE", "u1", "NEWFALSE", "NEWTRUE", "TUPLE3", "REDUCE",
    "MARK", "BININT1", 3, "BINUNICODE", "|", "NONE", "NONE", "NONE", "BININT", -1, "BININT", -1,
    "BININT1", 0, "TUPLE", "BUILD",
)  # fmt: skip
"""Bytes: unsigned, of one byte each."""
OBJECTS: tuple[Operand, ...] = (
    "GLOBAL", ("numpy", "dtype"), "BINUNICODE", "O8", "NEWFALSE", "NEWTRUE", "TUPLE3", "REDUCE",
    "MARK", "BININT1", 3, "BINUNICODE", "|", "NONE", "NONE", "NONE", "BININT", -1, "BININT", -1,
    "BININT1", 63, "TUPLE", "BUILD",
)  # fmt: skip
"""Python objects, whose array is a pickle."""
SYSTEM = assemble("GLOBAL", ("posix", "system"), "BINUNICODE", "id", "TUPLE1", "REDUCE")
"""What must not go unseen."""


def fields(
    *,
    size: int = 4,
    dtype: tuple[Operand, ...] = DTYPE,
    order: str = "C",
    subclass: tuple[str, str] = ("numpy", "ndarray"),
    alignment: int | None = 16,
    more: tuple[Operand, ...] = (),
) -> tuple[Operand, ...]:
    """The dict of a record's fields."""
    aligned: tuple[Operand, ...] = ()
    if alignment is not None:
        aligned = ("BINUNICODE", "numpy_array_alignment_bytes", "BININT1", alignment)
    return (
        "EMPTY_DICT", "MARK",
        "BINUNICODE", "subclass", "GLOBAL", subclass,
        "BINUNICODE", "shape", "BININT", size, "TUPLE1",
        "BINUNICODE", "order", "BINUNICODE", order,
        "BINUNICODE", "dtype", *dtype,
        "BINUNICODE", "allow_mmap", "NEWTRUE",
        *aligned, *more,
        "SETITEMS",
    )  # fmt: skip


def wrapper(*listing: Operand, module: str = "joblib.numpy_pickle") -> bytes:
    """A record with these fields, up to its BUILD."""
    start: tuple[Operand, ...] = ("GLOBAL", (module, "NumpyArrayWrapper"), "EMPTY_TUPLE", "NEWOBJ")
    return assemble(*start, *(listing or fields()), "BUILD")


def padded(data: bytes, length: int = 5) -> bytes:
    """An array behind its padding."""
    return bytes([length]) + b"\xff" * length + data


def objects(*members: bytes | Operand) -> bytes:
    """An array of Python objects as a pickle, with members that each push one value."""
    return assemble(
        "PROTO", 5, "GLOBAL", ("numpy._core.multiarray", "_reconstruct"), "GLOBAL", ("numpy", "ndarray"),
        "BININT1", 0, "TUPLE1", "SHORT_BINBYTES", "b", "TUPLE3", "REDUCE",
        "MARK", "BININT1", 1, "BININT1", len(members), "TUPLE1", *OBJECTS, "NEWFALSE",
        "MARK", *members, "LIST", "TUPLE", "BUILD", "STOP",
    )  # fmt: skip
