"""Streams that a reader without the unpickler's stack misreads, and bombs made of opcodes."""

from __future__ import annotations

from tests.attacks.catalogue import Row
from tests.forge.pickle_assembler import Operand, assemble, call

_SYSTEM = ("SHORT_BINUNICODE", "echo", "TUPLE1", "REDUCE", "STOP")


def _pickle(*listing: Operand) -> dict[str, bytes]:
    return {"model.pkl": assemble(*listing)}


def _shared(depth: int, width: int) -> bytes:
    """`depth` lists, each of which mentions the next one `width` times."""
    parts: list[Operand] = ["PROTO", 2, "EMPTY_LIST"]
    for _ in range(depth):
        parts += ["BINPUT", 1, "POP", "EMPTY_LIST", "MARK", *["BINGET", 1] * width, "APPENDS"]
    return assemble(*parts, "STOP")


ROWS = [
    Row(
        "GHSA-9gvj-pp9x-gcfr picklescan-22 modelscan-85",
        "STACK_GLOBAL takes its operands through the memo",
        "pickle.dangerous-global",
        _pickle(
            "PROTO",
            4,
            "SHORT_BINUNICODE",
            "system",
            "MEMOIZE",
            "POP",
            "SHORT_BINUNICODE",
            "os",
            "BINGET",
            0,
            "STACK_GLOBAL",
            *_SYSTEM,
        ),
    ),
    Row(
        "modelscan-85 modelscan-330",
        "BUILD sets attributes on an imported function",
        "pickle.dangerous-global",
        _pickle(
            "GLOBAL",
            ("numpy", "size"),
            "NONE",
            "EMPTY_DICT",
            "SHORT_BINUNICODE",
            "a",
            "GLOBAL",
            ("os", "system"),
            "SETITEM",
            "TUPLE2",
            "BUILD",
            "STOP",
        ),
    ),
    Row(
        "modelscan-331",
        "a name is built at run time and looked up",
        "pickle.dangerous-global",
        _pickle(
            "GLOBAL",
            ("builtins", "getattr"),
            "GLOBAL",
            ("os", "path"),
            "GLOBAL",
            ("builtins", "str"),
            "SHORT_BINUNICODE",
            "system",
            "TUPLE1",
            "REDUCE",
            "TUPLE2",
            "REDUCE",
            "STOP",
        ),
    ),
    Row(
        "GHSA-5j3x-jp52-966f",
        "a dotted name walks out of an allowed module",
        "pickle.dangerous-global",
        _pickle(
            "PROTO",
            4,
            "SHORT_BINUNICODE",
            "collections",
            "SHORT_BINUNICODE",
            "abc.sys.modules",
            "STACK_GLOBAL",
            "STOP",
        ),
    ),
    Row(
        "GHSA-mxhj-88fx-4pcv GHSA-mhc9-48gj-9gp3",
        "OBJ and POP hide a call from a decompiler",
        "pickle.dangerous-global",
        _pickle(
            "MARK", "GLOBAL", ("os", "system"), "SHORT_BINUNICODE", "echo", "OBJ", "POP", "EMPTY_DICT", "STOP"
        ),
    ),
    Row(
        "GHSA-cffv-grgg-g429",
        "one unlisted name among many benign ones",
        "pickle.unlisted-global",
        _pickle(
            "EMPTY_DICT",
            "MARK",
            *(part for n in range(200) for part in ("SHORT_BINUNICODE", f"k{n}", "BININT1", 1)),
            "GLOBAL",
            ("some.module", "name"),
            "NONE",
            "SETITEMS",
            "STOP",
        ),
    ),
    Row(
        "fickling-317",
        "a frame ends elsewhere than its length says",
        "pickle.malformed",
        _pickle("PROTO", 4, "FRAME", 2, "NONE", "BINUNICODE", "abcdef", "STOP"),
    ),
    Row(
        "CVE-2025-10155 GHSA-jgw4-cr84-mqxg",
        "protocol 0 without a protocol byte, named like torch weights",
        "pickle.dangerous-global",
        {"pytorch_model.bin": b"cos\nsystem\n(S'echo'\ntR.", "b/model.pt": b"(S'echo'\nios\nsystem\n."},
    ),
    Row(
        "modelaudit-623",
        "EXT1 resolves through the process's own registry",
        "pickle.uncontracted-call",
        _pickle("PROTO", 2, "EXT1", 7, "EMPTY_TUPLE", "REDUCE", "STOP"),
    ),
    Row(
        "persistent-id",
        "a persistent id that is no storage",
        "pickle.uncontracted-call",
        _pickle("PROTO", 2, "SHORT_BINUNICODE", "module", "NONE", "NONE", "TUPLE3", "BINPERSID", "STOP"),
    ),
    Row(
        "next-buffer",
        "NEXT_BUFFER asks for data from elsewhere",
        "pickle.malformed",
        _pickle("PROTO", 5, "NEXT_BUFFER", "STOP"),
    ),
    Row(
        "picklescan-26",
        "a module name with a leading blank",
        "pickle.unlisted-global",
        _pickle("PROTO", 2, "GLOBAL", (" os", "system"), "STOP"),
    ),
    Row(
        "concatenated-pickles",
        "a second stream behind the first one's STOP",
        "pickle.dangerous-global",
        {"model.pkl": b"\x80\x02}." + call("os", "system", "echo")},
    ),
    Row(
        "memo-KeyError",
        "a memo index that is missing, which crashed scanners",
        "pickle.malformed",
        {"model.pkl": b"\x80\x02h\x05."},
    ),
    Row(
        "nullifAI",
        "the payload runs before the stream breaks",
        "pickle.dangerous-global",
        {"pytorch_model.bin": call("os", "system", "echo")[:-1] + b"\xff\xff"},
    ),
    Row(
        "memo-resize",
        "LONG_BINPUT with an index of 2**31",
        "limits.exceeded",
        _pickle("PROTO", 2, "NONE", "LONG_BINPUT", (1 << 31) - 1, "STOP"),
    ),
    Row("shared-DAG", "4**40 nodes in 600 bytes", "limits.exceeded", {"model.pkl": _shared(40, 4)}),
    Row(
        "bytearray-size",
        "bytearray(N) allocates N bytes",
        "pickle.uncontracted-call",
        _pickle(
            "PROTO", 2, "GLOBAL", ("__builtin__", "bytearray"), "BININT", 1 << 30, "TUPLE1", "REDUCE", "STOP"
        ),
    ),
    Row(
        "range-list",
        "list(range(N)) allocates N items",
        "pickle.uncontracted-call",
        _pickle(
            "PROTO",
            4,
            "GLOBAL",
            ("builtins", "list"),
            "GLOBAL",
            ("builtins", "range"),
            "BININT",
            1 << 30,
            "TUPLE1",
            "REDUCE",
            "TUPLE1",
            "REDUCE",
            "STOP",
        ),
    ),
    Row(
        "nested-tuples",
        "a million tuples in each other",
        "limits.exceeded",
        {"model.pkl": b"\x80\x02)" + b"\x85" * 1_000_000 + b"."},
    ),
]
