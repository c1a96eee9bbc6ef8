"""Pickles that ask for much: memory and time of the machine, of CPython, or of the second reader."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from benchmarks.bomb_pieces import PROTO, each, fill, u4

if TYPE_CHECKING:
    from benchmarks.bombs import Make

_ORDERED = b"ccollections\nOrderedDict\nq\x00"
_SYSTEM = b"cposix\nsystem\nq\x00"


_FOUR_OF_IT = b"(h\x00h\x00h\x00h\x00tq\x00"
"""A tuple that names the one before it four times."""


def _numbers(size: int, digits: int, *, head: bytes = b"[", tail: bytes = b"1]") -> bytes:
    return fill(b"9" * digits + b",", size, head=head, tail=tail)


def _collisions(size: int) -> bytes:
    """Integers that CPython gives the same hash, since it reckons modulo 2**61 - 1."""

    def item(number: int) -> bytes:
        raw = (number * ((1 << 61) - 1)).to_bytes(10, "little")
        return b"\x8a\x0a" + raw + b"N"

    return each(item, size, head=PROTO + b"}(", tail=b"u.")


def _same_low_bits(size: int) -> bytes:
    def item(number: int) -> bytes:
        return b"\x8a\x08" + ((number & 0x7FFFF) << 40).to_bytes(8, "little") + b"N"

    return each(item, size, head=PROTO + b"}(", tail=b"u.")


PICKLES: dict[str, Make] = {
    "memo index 2**31": lambda size: fill(b"N0", size, head=PROTO + b"Nr\x00\x00\x00\x80"),
    "memo: one value, many places": lambda size: each(lambda n: b"r" + u4(n), size, head=PROTO + b"N"),
    "memo: MEMOIZE alone": lambda size: fill(b"\x94", size, head=PROTO + b"N"),
    "memo: empty lists": lambda size: fill(b"]\x94", size),
    "memo: far apart": lambda size: each(lambda n: b"r" + u4(n * 37), size, head=PROTO + b"N"),
    "nesting: lists": lambda size: b"]" * (size // 2) + b"a" * (size // 2 - 1) + b".",
    "nesting: tuples": lambda size: fill(b"\x85", size, head=PROTO + b")", tail=b"."),
    "nesting: marks": lambda size: b"(" * (size // 2) + b"l" * (size // 2 - 1) + b".",
    "nesting: pairs of marks": lambda size: fill(b"(1", size),
    "nesting: dicts": lambda size: fill(b"}K\x00", size),
    "4**40 shared nodes": lambda size: fill(_FOUR_OF_IT, min(size, 460), head=PROTO + b"Nq\x00", tail=b"."),
    "2 million NONE and POP": lambda size: fill(b"N0", size),
    "values left on the stack": lambda size: fill(b"N", size),
    "empty lists": lambda size: fill(b"]", size),
    "empty dicts": lambda size: fill(b"}", size),
    "empty sets": lambda size: fill(b"\x8f", size),
    "empty tuples": lambda size: fill(b")", size),
    "small tuples": lambda size: fill(b"N\x85", size),
    "small lists": lambda size: fill(b"]Na", size),
    "small dicts": lambda size: fill(b"}NNs", size),
    "small dicts of texts": lambda size: fill(b"}U\x01aNs", size),
    "small sets": lambda size: fill(b"\x8f(N\x90", size),
    "small frozen sets": lambda size: fill(b"(N\x91", size),
    "small bytearrays": lambda size: fill(b"\x96" + bytes(8), size),
    "small texts": lambda size: fill(b"U\x02ab", size),
    "small bytes": lambda size: fill(b"C\x02ab", size),
    "small numbers": lambda size: fill(b"M\x01\x02", size),
    "small floats": lambda size: fill(b"F1\n", size),
    "imports: one again and again": lambda size: fill(b"ca\nb\n", size),
    "imports: all different": lambda size: each(lambda n: b"c%x\nb\n" % n, size),
    "imports: gadgets": lambda size: each(lambda n: b"cos\n%x\n" % n, size),
    "imports: dotted": lambda size: each(lambda n: b"cos\na.%x\n" % n, size),
    "imports: one long name": lambda size: (
        b"c" + b"a" * (size // 2) + b"\n" + b"b" * (size // 2 - 9) + b"\n."
    ),
    "imports: long names": lambda size: each(lambda n: b"c" + b"%05d" % n * 200 + b"\nb\n", size),
    "refused: calls of a gadget": lambda size: fill(b"h\x00)R0", size, head=PROTO + _SYSTEM),
    "refused: calls outside a contract": lambda size: fill(b"h\x00K\x01\x85R0", size, head=PROTO + _ORDERED),
    "refused: calls left on the stack": lambda size: fill(b"h\x00(tR", size, head=PROTO + _SYSTEM),
    "refused: persistent ids": lambda size: fill(b"NQ0", size),
    "refused: textual persistent ids": lambda size: fill(b"Pa\n0", size),
    "refused: extensions": lambda size: fill(b"\x82\x010", size),
    "refused: BUILD": lambda size: fill(b"Nb", size, head=PROTO + _ORDERED + b"h\x00)R", tail=b"."),
    "refused: writes": lambda size: fill(b"Na", size, head=PROTO + _ORDERED + b"h\x00)R", tail=b"."),
    "refused: INST": lambda size: fill(b"(ios\nsystem\n", size),
    "refused: OBJ": lambda size: fill(b"(h\x00o", size, head=PROTO + _SYSTEM),
    "calls: OrderedDict": lambda size: fill(b"h\x00)R", size, head=PROTO + _ORDERED),
    "calls: OrderedDict, dropped": lambda size: fill(b"h\x00)R0", size, head=PROTO + _ORDERED),
    "calls: empty sets": lambda size: fill(b"h\x00)R", size, head=PROTO + b"cbuiltins\nset\nq\x00"),
    "calls: records": lambda size: fill(b"h\x00)\x81", size, head=PROTO + b"cargparse\nNamespace\nq\x00"),
    "calls: arrays": lambda size: fill(
        b"h\x00h\x01R",
        size,
        head=PROTO + b"cnumpy.core.multiarray\n_reconstruct\nq\x00cnumpy\nndarray\nK\x00\x85C\x01b\x87q\x01",
    ),
    "calls: bytes of one long text": lambda size: fill(
        b"h\x00h\x01h\x02\x86R0",
        size,
        head=PROTO
        + b"c_codecs\nencode\nq\x00X"
        + u4(size // 2)
        + b"a" * (size // 2)
        + b"q\x01X\x06\0\0\0latin1q\x02",
    ),
    "calls: sets of one long list": lambda size: fill(
        b"h\x00h\x01\x85R0",
        size,
        head=PROTO
        + b"cbuiltins\nset\nq\x00]q\x01("
        + b"".join(b"M" + struct.pack("<H", n) for n in range(60_000))
        + b"e",
    ),
    "keys that collide": _collisions,
    "keys with the same low bits": _same_low_bits,
    "keys: tuples": lambda size: each(
        lambda n: b"M" + struct.pack("<H", n & 65535) + b"K\x00\x86N", size, head=PROTO + b"}(", tail=b"u."
    ),
    "members that collide": lambda size: (
        _collisions(size).replace(b"}(", b"\x8f(").replace(b"N\x8a", b"\x8a")[:-3] + b"\x90."
    ),
    "number of 4 MB, decimal": lambda size: b"L" + b"9" * (size - 4) + b"L\n.",
    "number of 4 MB, binary": lambda size: b"\x8b" + u4(size - 6) + b"\x7f" * (size - 6) + b".",
    "numbers of 1,000 digits": lambda size: fill(b"L" + b"9" * 1_000 + b"L\n", size),
    "numbers of 255 bytes": lambda size: fill(b"\x8a\xff" + b"\x7f" * 255, size),
    "text of 4 MB": lambda size: b"X" + u4(size - 6) + "\U0001f600".encode() * ((size - 6) // 4) + b".",
    "text of escapes": lambda size: b"V" + b"\\U0001f600" * ((size - 3) // 10) + b"\n.",
    "string of escapes": lambda size: b"S'" + b"\\n" * ((size - 6) // 2) + b"'\n.",
    "lines without an end": lambda size: fill(b"I1\n", size // 2, tail=b"") + b"c" + b"a" * (size // 2),
    "streams in one file": lambda size: fill(b"N.", size, head=b"\x80\x04"),
    "streams with findings": lambda size: fill(_SYSTEM + b")R.", size),
    "streams of one long text": lambda size: (
        (PROTO + b"X" + u4(size // 20) + b"a" * (size // 20) + b"0N.") * 20
    ),
    "frames": lambda size: fill(b"\x95" + bytes(8), size),
    "frames of one opcode": lambda size: fill(b"\x95\x01" + bytes(7) + b"]", size),
    "protocols": lambda size: fill(b"\x80\x04", size),
    "text that is opcodes": lambda size: fill(b"I1\n0", size, head=b"", tail=b"abc"),
    "gadget and 10,000 opcodes": lambda size: fill(b"N0", min(size, 9_900), head=PROTO + _SYSTEM + b"0"),
    "gadget and many BUILD": lambda size: fill(b"NbN0", min(size, 9_900), head=PROTO + _SYSTEM, tail=b"."),
    "gadget and a deep tuple": lambda size: fill(b"\x85", min(size, 9_900), head=PROTO + _SYSTEM, tail=b"."),
    "gadget and a chain of calls": lambda size: fill(
        b"q\x01h\x00h\x01\x85R", min(size, 15_900), head=PROTO + _SYSTEM, tail=b"."
    ),
    "gadget and many imports": lambda size: each(
        lambda n: b"c%x\nb\n" % n, min(size, 70_000), head=PROTO + _SYSTEM
    ),
    "gadget and a long text": lambda size: PROTO + _SYSTEM + b"X" + u4(size) + b"a" * size + b"\x85R.",
    "gadget and shared nodes": lambda size: fill(
        _FOUR_OF_IT, min(size, 480), head=PROTO + _SYSTEM + b"0Nq\x00", tail=b"."
    ),
    "gadget and many dicts": lambda size: fill(b"}U\x01aNs", min(size, 19_900), head=PROTO + _SYSTEM + b"0"),
}


def _joblib(array: bytes, size: int) -> bytes:
    from tests.forge.joblib import wrapper

    return fill(wrapper() + array + b"0", size, head=b"\x80\x02")


def _joblib_objects(size: int) -> bytes:
    from tests.forge.joblib import OBJECTS, fields, objects, wrapper

    return fill(wrapper(*fields(dtype=OBJECTS)) + objects("NONE") + b"0", size, head=b"\x80\x02")


JOBLIBS: dict[str, Make] = {
    "joblib: small arrays": lambda size: _joblib(b"\x01\xffabcd", size),
    "joblib: small arrays of objects": _joblib_objects,
}
