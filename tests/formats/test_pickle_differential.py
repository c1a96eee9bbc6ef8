"""The machine against CPython's C unpickler, on assembled streams that mix every opcode."""

from __future__ import annotations

import random

from safeload.formats.opcodes import OPCODES, Argument
from safeload.formats.pickle_machine import run_pickle
from safeload.formats.pickle_trace import StreamStatus, Trace
from safeload.isolation.second_reader import canonical
from safeload.limits import DEFAULT_LIMITS
from tests.forge.pickle_assembler import Operand, assemble
from tests.forge.structured_streams import structured_stream
from tests.forge.unpickler_child import ask, show

_PUSHING = (
    "NONE", "NEWTRUE", "BININT1", "BININT1", "SHORT_BINUNICODE", "SHORT_BINUNICODE", "EMPTY_LIST",
    "EMPTY_DICT",
    "EMPTY_TUPLE", "EMPTY_SET", "GLOBAL", "BINFLOAT", "MARK", "MARK", "BINGET", "MEMOIZE", "TUPLE1", "TUPLE2",
    "SHORT_BINBYTES",
)  # fmt: skip
_CLOSING = ("TUPLE", "LIST", "DICT", "SETITEMS", "APPENDS", "ADDITEMS", "FROZENSET", "POP_MARK", "OBJ",
            "SETITEM",
            "APPEND", "REDUCE", "NEWOBJ", "BUILD", "STACK_GLOBAL", "POP", "DUP")  # fmt: skip
_LINES: dict[str, tuple[str, ...]] = {
    "INT": ("0", "01", "00", "-5", "010", "0x1", " 1", "1_0", "x", "-0"),
    "LONG": ("5L", "5", "-7L", "L", "1e3"),
    "FLOAT": ("1.5", "1e400", "nan", "-inf", "1_0.0", ".5", "abc"),
    "STRING": ("'a'", '"b\\n"', "'\\x41'", "'\\q'", "a", "'a", "'"),
    "UNICODE": ("abc", "\\u0041", "\\u00", "é"),
    "GET": ("0", "1", "+1", "-1", "99"),
    "PUT": ("0", "1", "-1", "x"),
    "PERSID": ("p",),
}  # fmt: skip


def _operand(rng: random.Random, name: str, kind: Argument) -> Operand:
    if kind is Argument.LINE:
        return rng.choice(_LINES[name])
    if kind is Argument.LINE_PAIR:
        return rng.choice([("pkg", "f"), ("pkg.sub", "C"), ("collections", "OrderedDict")])
    if kind is Argument.FLOAT8:
        return rng.choice([0.5, -1.0])
    if name == "PROTO":
        return rng.choice([0, 2, 4, 5])
    if name in ("BINGET", "LONG_BINGET", "BINPUT", "LONG_BINPUT"):
        return rng.randrange(4)
    if name == "FRAME":
        return rng.randrange(40)
    if kind.name.startswith("COUNTED"):
        return rng.choice(["", "ab", "pkg", "f"])
    return rng.randrange(120)


def _stream(seed: int) -> bytes:
    rng = random.Random(seed)
    listing: list[Operand] = []
    if rng.random() < 0.7:
        listing += ["PROTO", rng.choice([2, 3, 4])]
    by_name = {row.name: row for row in OPCODES}
    for _ in range(rng.choice([rng.randrange(1, 8), rng.randrange(3, 40)])):
        pool = rng.random()
        if pool < 0.62:
            row = by_name[rng.choice(_PUSHING)]
        elif pool < 0.93:
            row = by_name[rng.choice(_CLOSING)]
        else:
            row = rng.choice(OPCODES)
        if row.name == "STOP" or (row.name == "FRAME" and rng.random() < 0.5):
            continue
        listing.append(row.name)
        if row.argument is not Argument.NONE:
            listing.append(_operand(rng, row.name, row.argument))
    return assemble(*listing, "STOP")


def _events(trace: Trace) -> list[list[str]]:
    """Imports, calls and persistent ids, of what is unlisted: the oracle's OrderedDict records no calls."""
    found = []
    for event in trace.events:
        if event[0] in ("global", "persistent"):
            found.append([str(part) for part in event])
        elif event[0] in ("REDUCE", "NEWOBJ", "NEWOBJ_EX", "INST", "OBJ") and event[1] != "collections":
            found.append(["call", str(event[1]), str(event[2])])
    return _one_spelling(found)


def _one_spelling(events: list[list[str]]) -> list[list[str]]:
    """A `find_class` that is written in Python gets the names of Python 2 as they are."""
    return [[event[0], *canonical(event[1], event[2])] if len(event) == 3 else event for event in events]


STRICTER = {
    "BadArgument": "numbers that are not plain decimal, texts outside ASCII in STRING",
    "FrameViolation": "frames that nest, or that an opcode crosses",
    "StreamTruncated": "a last line without its newline, a frame longer than the stream",
    "ValueTooDeep": "a value that holds itself",
    "WrongOperand": "BUILD of a constant with nothing, keyword arguments in a subclass of dict",
}
"""Where CPython ends with a value and we with an error."""


def test_imports_calls_and_values_agree_with_cpython() -> None:
    """Inert here: CPython accepts it, with the same value and the same imports and calls.

    Otherwise the longer of both logs begins with the shorter, and ours is shorter only with an error.
    """
    streams = [_stream(seed) for seed in range(6_000)]
    seen = dict.fromkeys(StreamStatus, 0)
    complete = 0
    for stream, theirs in zip(streams, ask(streams), strict=True):
        trace = run_pickle(stream, DEFAULT_LIMITS, log=True)
        seen[trace.status] += 1
        ours, other = _events(trace), _one_spelling(theirs["events"])
        if trace.status is StreamStatus.INERT:
            assert theirs["ok"], (stream, theirs)
            assert show(trace.value) == theirs["value"], stream
            assert ours == other, stream
        elif trace.error is None:
            assert ours[: len(other)] == other, (stream, ours, theirs)
            if theirs["ok"]:
                complete += 1
                assert ours == other, stream
        else:
            short, long = sorted((ours, other), key=len)
            assert long[: len(short)] == short, (stream, ours, theirs)
    assert seen[StreamStatus.INERT] > 100
    assert complete > 30
    assert seen[StreamStatus.MALFORMED] > 100


def test_structured_streams_agree_with_cpython() -> None:
    """As above, over streams of which most are valid: never laxer, and stricter only in stated ways."""
    streams = [structured_stream(seed) for seed in range(6_000)]
    seen = dict.fromkeys(StreamStatus, 0)
    accepted = 0
    for stream, theirs in zip(streams, ask(streams), strict=True):
        trace = run_pickle(stream, DEFAULT_LIMITS, log=True)
        seen[trace.status] += 1
        accepted += theirs["ok"]
        ours, other = _events(trace), _one_spelling(theirs["events"])
        if trace.status is StreamStatus.INERT:
            assert theirs["ok"], (stream, theirs)
            assert show(trace.value) == theirs["value"], stream
        elif trace.error is not None:
            short, long = sorted((ours, other), key=len)
            assert long[: len(short)] == short, (stream, ours, theirs)
            assert not theirs["ok"] or trace.error.code in STRICTER, (stream, trace.error)
            continue
        assert ours[: len(other)] == other, (stream, ours, theirs)
        assert not theirs["ok"] or ours == other, stream
    assert accepted > 3_000
    assert seen[StreamStatus.INERT] > 1_000
