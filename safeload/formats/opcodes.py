"""The opcodes of pickle protocols 0 to 5: one table for the machine, the tests and the messages.

Transcribed from CPython's `Lib/pickletools.py` and `Modules/_pickle.c` (the same set from 3.8 to 3.14):
https://github.com/python/cpython/blob/3.14/Lib/pickletools.py
"""

from __future__ import annotations

from enum import Enum
from types import MappingProxyType
from typing import TYPE_CHECKING

from safeload.record import record

if TYPE_CHECKING:
    from collections.abc import Mapping

HIGHEST_PROTOCOL = 5


class Argument(Enum):
    """How an opcode's argument is written behind it. Numbers are little-endian but for FLOAT8."""

    NONE = "none"
    UINT1 = "1 byte"
    UINT2 = "2 bytes"
    UINT4 = "4 bytes"
    INT4 = "4 bytes, signed"
    UINT8 = "8 bytes"
    FLOAT8 = "8 bytes, big-endian double"
    LINE = "text up to a newline"
    LINE_PAIR = "two texts, each up to a newline"
    COUNTED1 = "1-byte length, then that many bytes"
    COUNTED4 = "4-byte length, then that many bytes"
    COUNTED4_SIGNED = "signed 4-byte length, then that many bytes"
    COUNTED8 = "8-byte length, then that many bytes"


@record(kw_only=False)
class Opcode:
    """One row of the table."""

    name: str
    code: int
    argument: Argument
    protocol: int
    """The first protocol whose writers use it; readers accept all opcodes in any stream."""


OPCODES: tuple[Opcode, ...] = tuple(
    Opcode(*row)
    for row in (
        ("INT", 0x49, Argument.LINE, 0),
        ("BININT", 0x4A, Argument.INT4, 1),
        ("BININT1", 0x4B, Argument.UINT1, 1),
        ("BININT2", 0x4D, Argument.UINT2, 1),
        ("LONG", 0x4C, Argument.LINE, 0),
        ("LONG1", 0x8A, Argument.COUNTED1, 2),
        ("LONG4", 0x8B, Argument.COUNTED4_SIGNED, 2),
        ("STRING", 0x53, Argument.LINE, 0),
        ("BINSTRING", 0x54, Argument.COUNTED4_SIGNED, 1),
        ("SHORT_BINSTRING", 0x55, Argument.COUNTED1, 1),
        ("BINBYTES", 0x42, Argument.COUNTED4, 3),
        ("SHORT_BINBYTES", 0x43, Argument.COUNTED1, 3),
        ("BINBYTES8", 0x8E, Argument.COUNTED8, 4),
        ("BYTEARRAY8", 0x96, Argument.COUNTED8, 5),
        ("NEXT_BUFFER", 0x97, Argument.NONE, 5),
        ("READONLY_BUFFER", 0x98, Argument.NONE, 5),
        ("NONE", 0x4E, Argument.NONE, 0),
        ("NEWTRUE", 0x88, Argument.NONE, 2),
        ("NEWFALSE", 0x89, Argument.NONE, 2),
        ("UNICODE", 0x56, Argument.LINE, 0),
        ("SHORT_BINUNICODE", 0x8C, Argument.COUNTED1, 4),
        ("BINUNICODE", 0x58, Argument.COUNTED4, 1),
        ("BINUNICODE8", 0x8D, Argument.COUNTED8, 4),
        ("FLOAT", 0x46, Argument.LINE, 0),
        ("BINFLOAT", 0x47, Argument.FLOAT8, 1),
        ("EMPTY_LIST", 0x5D, Argument.NONE, 1),
        ("APPEND", 0x61, Argument.NONE, 0),
        ("APPENDS", 0x65, Argument.NONE, 1),
        ("LIST", 0x6C, Argument.NONE, 0),
        ("EMPTY_TUPLE", 0x29, Argument.NONE, 1),
        ("TUPLE", 0x74, Argument.NONE, 0),
        ("TUPLE1", 0x85, Argument.NONE, 2),
        ("TUPLE2", 0x86, Argument.NONE, 2),
        ("TUPLE3", 0x87, Argument.NONE, 2),
        ("EMPTY_DICT", 0x7D, Argument.NONE, 1),
        ("DICT", 0x64, Argument.NONE, 0),
        ("SETITEM", 0x73, Argument.NONE, 0),
        ("SETITEMS", 0x75, Argument.NONE, 1),
        ("EMPTY_SET", 0x8F, Argument.NONE, 4),
        ("ADDITEMS", 0x90, Argument.NONE, 4),
        ("FROZENSET", 0x91, Argument.NONE, 4),
        ("POP", 0x30, Argument.NONE, 0),
        ("DUP", 0x32, Argument.NONE, 0),
        ("MARK", 0x28, Argument.NONE, 0),
        ("POP_MARK", 0x31, Argument.NONE, 1),
        ("GET", 0x67, Argument.LINE, 0),
        ("BINGET", 0x68, Argument.UINT1, 1),
        ("LONG_BINGET", 0x6A, Argument.UINT4, 1),
        ("PUT", 0x70, Argument.LINE, 0),
        ("BINPUT", 0x71, Argument.UINT1, 1),
        ("LONG_BINPUT", 0x72, Argument.UINT4, 1),
        ("MEMOIZE", 0x94, Argument.NONE, 4),
        ("EXT1", 0x82, Argument.UINT1, 2),
        ("EXT2", 0x83, Argument.UINT2, 2),
        ("EXT4", 0x84, Argument.INT4, 2),
        ("GLOBAL", 0x63, Argument.LINE_PAIR, 0),
        ("STACK_GLOBAL", 0x93, Argument.NONE, 4),
        ("REDUCE", 0x52, Argument.NONE, 0),
        ("BUILD", 0x62, Argument.NONE, 0),
        ("INST", 0x69, Argument.LINE_PAIR, 0),
        ("OBJ", 0x6F, Argument.NONE, 1),
        ("NEWOBJ", 0x81, Argument.NONE, 2),
        ("NEWOBJ_EX", 0x92, Argument.NONE, 4),
        ("PROTO", 0x80, Argument.UINT1, 2),
        ("STOP", 0x2E, Argument.NONE, 0),
        ("FRAME", 0x95, Argument.UINT8, 4),
        ("PERSID", 0x50, Argument.LINE, 0),
        ("BINPERSID", 0x51, Argument.NONE, 1),
    )
)

BY_NAME: Mapping[str, Opcode] = MappingProxyType({row.name: row for row in OPCODES})
BY_CODE: Mapping[int, Opcode] = MappingProxyType({row.code: row for row in OPCODES})
