"""Checkpoints as torch 1.x and 0.4 laid them out, where that differs from what torch writes today.

Facts: torch 1.4 to 1.5 could write the zip format on request, with `version` 1 or 2; 1.6 made it the
default with `version` 3 and neither `byteorder` nor dotted members; a root folder named after the file.
Python 2 wrote `__builtin__`, `copy_reg` and byte strings; torch before 0.4 called `_rebuild_tensor`.
"""

from __future__ import annotations

import struct

from tests.forge.archives import build, padded, torch_parts
from tests.forge.legacy import legacy
from tests.forge.pickle_assembler import HOOKS, Operand, assemble

DATA = struct.pack("<6f", *range(6))


def text(value: str, *, python2: bool = False) -> tuple[Operand, ...]:
    """A text, or the byte string that Python 2 wrote for one."""
    return ("SHORT_BINSTRING" if python2 else "BINUNICODE", value)


def storage(*, view: bool, python2: bool = False, kind: tuple[str, str] = ("torch", "FloatStorage")) -> bytes:
    """The persistent id of six float32. `view` adds the sixth field of the stream format."""
    return assemble(
        "MARK", *text("storage", python2=python2), "GLOBAL", kind, *text("0", python2=python2),
        *text("cpu", python2=python2), "BININT1", 6, *(("NONE",) if view else ()), "TUPLE", "BINPERSID",
    )  # fmt: skip


def old_tensor(where: bytes) -> bytes:
    """`_rebuild_tensor(storage, 0, (2, 3), (3, 1))`, as before torch 0.4."""
    return assemble(
        "GLOBAL", ("torch._utils", "_rebuild_tensor"), "MARK", where, "BININT1", 0, "BININT1", 2,
        "BININT1", 3, "TUPLE2", "BININT1", 3, "BININT1", 1, "TUPLE2", "TUPLE", "REDUCE",
    )  # fmt: skip


def old_parameter(where: bytes) -> bytes:
    """A Parameter around it."""
    return assemble(
        "GLOBAL", ("torch._utils", "_rebuild_parameter"), "MARK", old_tensor(where), "NEWTRUE", HOOKS,
        "TUPLE", "REDUCE",
    )  # fmt: skip


def state_dict(tensor: bytes, *, python2: bool = False) -> bytes:
    """`OrderedDict` with one tensor and `_metadata`, protocol 2; Python 2 wrote a list of pairs."""
    pair = (*text("weight", python2=python2), tensor)
    items: tuple[Operand, ...] = (HOOKS, "MARK", *pair, "SETITEMS")
    if python2:
        items = ("GLOBAL", ("collections", "OrderedDict"), "EMPTY_LIST", "EMPTY_LIST", "MARK", *pair,
        "APPENDS",
                 "APPEND", "TUPLE1", "REDUCE")  # fmt: skip
    return assemble(
        "PROTO", 2, *items,
        "EMPTY_DICT", *text("_metadata", python2=python2), HOOKS, *text("", python2=python2), "EMPTY_DICT",
        *text("version", python2=python2), "BININT1", 1, "SETITEM", "SETITEM", "SETITEM", "BUILD", "STOP",
    )  # fmt: skip


def old_zip(pickle: bytes, *, version: bytes, root: str = "archive") -> bytes:
    """The zip format without what later versions added."""
    parts = torch_parts(pickle, {"0": DATA}, root=root, dotted=False)
    for part in parts:
        if part.name.endswith(b"/version"):
            part.data = version
    return build(padded(parts))


def old_stream(pickle: bytes) -> bytes:
    """The format of five pickles."""
    return legacy(state=pickle, keys=("0",), rows=struct.pack("<q", 6) + DATA)
