"""The pickle machine: errors, limits, frames, verdicts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safeload.formats import pickle_errors as wrong
from safeload.formats.pickle_machine import run_pickle
from safeload.formats.pickle_trace import StreamStatus
from safeload.limits import DEFAULT_LIMITS
from safeload.record import replace
from tests.forge.pickle_assembler import HOOKS, STORAGE, assemble, call, tensor

if TYPE_CHECKING:
    from safeload.errors import FormatError

SMALL = replace(DEFAULT_LIMITS, pickle_opcodes=50, pickle_stack=20, pickle_memo=10, pickle_findings=3)


@pytest.mark.parametrize(
    ("stream", "error"),
    [
        (b"", wrong.StreamTruncated),
        (b"N", wrong.StreamTruncated),
        (b"K", wrong.StreamTruncated),
        (b"J\0\0", wrong.StreamTruncated),
        (b"X\x05\0\0\0ab.", wrong.StreamTruncated),
        (b"I1", wrong.StreamTruncated),
        (b"B\xff\xff\xff\xff.", wrong.StreamTruncated),
        (b"\x8e" + b"\xff" * 8 + b".", wrong.StreamTruncated),
        (b"\x96" + b"\xff" * 7 + b"\x7f.", wrong.StreamTruncated),
        (b"\x95" + b"\xff" * 8 + b"N.", wrong.StreamTruncated),
        (b"\xff", wrong.InvalidOpcode),
        (b"\x80\x06N.", wrong.UnsupportedProtocol),
        (b".", wrong.StackUnderflow),
        (b"(.", wrong.StackUnderflow),
        (b"N(2.", wrong.StackUnderflow),
        (b"K\x01\x86.", wrong.StackUnderflow),
        (b"t.", wrong.MarkMissing),
        (b"h\x00.", wrong.MemoMissing),
        (b"I0x1\n.", wrong.BadArgument),
        (b"F1e999\n.", wrong.BadArgument),
        (b"S'a\n.", wrong.BadArgument),
        (b"U\x01\xff.", wrong.BadArgument),
        (b"X\x01\0\0\0\xff.", wrong.BadArgument),
        (b"T\xff\xff\xff\xff.", wrong.BadArgument),
        (b"cos\n\n.", wrong.BadArgument),
        (b"NNR.", wrong.WrongOperand),
        (b"N)R.", wrong.WrongOperand),
        (b"NNa.", wrong.WrongOperand),
        (b"K\x01K\x02\x93.", wrong.WrongOperand),
        (b"(K\x01d.", wrong.OddItems),
        (b"}]Ns.", wrong.UnhashableKey),
        (b"\x8f(}\x90.", wrong.UnhashableKey),
        (b"\x97.", wrong.OutOfBandBuffer),
        (b"\x95\x03\0\0\0\0\0\0\0NX\x01\0\0\0\0.", wrong.FrameViolation),
        (b"\x95\x0b\0\0\0\0\0\0\0\x95\x01\0\0\0\0\0\0\0N..", wrong.FrameViolation),
        (b"\x95\x03\0\0\0\0\0\0\0N.N", wrong.FrameViolation),
    ],
)
def test_smallest_streams_that_are_malformed(stream: bytes, error: type[FormatError]) -> None:
    """Each way to be wrong has its error, with a place, and the value is withheld."""
    trace = run_pickle(stream, DEFAULT_LIMITS)
    assert type(trace.error) is error
    assert trace.status is StreamStatus.MALFORMED
    assert trace.value is None


@pytest.mark.parametrize(
    ("stream", "error"),
    [
        (b"N0" * 2_000 + b"N.", wrong.TooManyOpcodes),
        (b"Nr\xff\xff\xff\x7f.", wrong.MemoTooLarge),
        (b"Np2147483648\n.", wrong.MemoTooLarge),
        (b"\x8b\x00\x10\x00\x00" + b"\xff" * 4096 + b".", wrong.NumberTooLarge),
        (b"L" + b"9" * 5_000 + b"L\n.", wrong.NumberTooLarge),
    ],
)
def test_budgets_are_checked_before_the_memory_is_taken(stream: bytes, error: type[FormatError]) -> None:
    """Opcodes, memo index, integers."""
    trace = run_pickle(stream, SMALL)
    assert type(trace.error) is error
    assert trace.status is StreamStatus.LIMIT_EXCEEDED


def test_stack_and_marks_are_bounded() -> None:
    """Two million values that are never taken, and marks without end."""
    limits = replace(DEFAULT_LIMITS, pickle_stack=10_000)
    assert type(run_pickle(b"N" * 20_000 + b".", limits).error) is wrong.StackTooLarge
    assert type(run_pickle(b"(" * 20_000 + b".", limits).error) is wrong.StackTooLarge
    assert type(run_pickle(b"N" * 9_000 + b"(" + b"N" * 9_000 + b".", limits).error) is wrong.StackTooLarge


def test_shared_parts_are_counted_as_often_as_they_are_mentioned() -> None:
    """Forty tuples that each mention the one before four times: 4**40 nodes in 200 bytes."""
    trace = run_pickle(b"N" + b"q\x00" + b"(h\x00h\x00h\x00h\x00tq\x00" * 40 + b".", DEFAULT_LIMITS)
    assert type(trace.error) is wrong.ValueTooLarge
    assert trace.status is StreamStatus.LIMIT_EXCEEDED


@pytest.mark.parametrize(
    "stream", [b"]q\x00h\x00a.", b"]q\x00}X\x01\0\0\0ah\x00sa.", b"N" + b"\x85" * 600 + b"."]
)
def test_values_that_hold_themselves_or_nest_too_deep(stream: bytes) -> None:
    """Whoever walks an inert value needs no guard of their own."""
    assert type(run_pickle(stream, DEFAULT_LIMITS).error) is wrong.ValueTooDeep


def test_deep_nesting_ends_without_recursion() -> None:
    """Levels by the hundred thousand are a verdict, not a crash."""
    trace = run_pickle(b"N" + b"\x85" * 200_000 + b".", DEFAULT_LIMITS)
    assert trace.status is StreamStatus.LIMIT_EXCEEDED


def test_keys_that_collide_are_bounded() -> None:
    """Tuples of -1 and -2 all have one digest in a dict: past a budget they are refused."""
    keys = b"".join(b"(" + b"".join(b"J" + bytes([254 + (n >> i & 1)]) + b"\xff\xff\xff" for i in range(11))
                    + b"tN" for n in range(1_100))  # fmt: skip
    assert run_pickle(b"}(" + keys + b"u.", DEFAULT_LIMITS).status is not StreamStatus.INERT
    keys = b"".join(b"\x8a\x09" + (((1 << 61) - 1) * n).to_bytes(9, "little") + b"N" for n in range(2, 1_200))
    assert type(run_pickle(b"}(" + keys + b"u.", DEFAULT_LIMITS).error) is wrong.TooManyKeys


@pytest.mark.parametrize(
    "stream",
    [
        b"cos\nsystem\n.",
        b"cos\nsystem\n0N.",
        b"cos\nsystem\n\xff",
        b"(ios\nsystem\n.",
        b"\x80\x04X\x02\0\0\0osX\x06\0\0\0system\x93.",
        b"\x80\x02c__builtin__\neval\n.",
        b"\x80\x02cos\nsystem\n\x80\x04.",
        b"\x80\x04cos\nsystem\n\x97",
    ],
)
def test_a_global_counts_whether_it_is_used_or_not(stream: bytes) -> None:
    """CPython imports it before anything else can go wrong."""
    trace = run_pickle(stream, DEFAULT_LIMITS)
    assert trace.status is StreamStatus.DANGEROUS
    assert trace.globals[0].gadget
    assert trace.value is None


def test_findings_are_bounded_and_the_rest_is_counted() -> None:
    """A stream that imports a thousand names is reported in three."""
    stream = b"".join(f"cm{n}\nf\n0".encode() for n in range(10)) + b"N."
    trace = run_pickle(stream, SMALL)
    assert len(trace.globals) == 3
    assert trace.truncated_findings == 7


def test_what_stands_behind_stop_is_counted_not_judged() -> None:
    """A container decides whether bytes may follow."""
    trace = run_pickle(b"N.abc", DEFAULT_LIMITS)
    assert (trace.end, trace.trailing, trace.status) == (2, 3, StreamStatus.INERT)
    assert not trace.inert
    assert run_pickle(b"xxK\x07.", DEFAULT_LIMITS, start=2).value == 7


def test_nothing_is_touched(sealed) -> None:
    """Judging opens, imports and runs nothing, whatever the stream says."""
    tensors = b"\x80\x02}(X\x01\0\0\0a" + tensor() + b"u."
    with sealed():
        for stream in (call("os", "system", "id"), tensors, b"Vabc\n.", b"S'a'\n.", b"F1.5\n.", b"\xff"):
            run_pickle(stream, DEFAULT_LIMITS, packs=frozenset({"trainer", "numpy"}), persistent="torch")


_PIECES = [
    assemble("PROTO", 2, tensor(), "STOP"),
    assemble("PROTO", 2, "EMPTY_DICT", "MARK", "BINUNICODE", "w", tensor(), "SETITEMS", "STOP"),
    assemble("PROTO", 4, "FRAME", 4, "EMPTY_LIST", "NONE", "APPEND", "STOP"),
    assemble("PROTO", 2, HOOKS, "BINUNICODE", "k", "BINFLOAT", 0.5, "SETITEM", "STOP"),
    call("os", "system", "id"),
    b"(S'a'\nI01\nL12345L\nF0.5\nVx\n(lp0\n(dg0\nt.",
    b"\x80\x05\x8c\x02os\x94\x8c\x06system\x94\x93\x94\x8c\x02id\x85R.",
]


@settings(max_examples=300, deadline=None)
@given(st.randoms(use_true_random=False))
def test_no_mutation_raises(random) -> None:
    """Bit flips, cuts and splices end in a trace that accounts for the bytes; the same one each time."""
    data = bytearray(random.choice(_PIECES))
    for _ in range(random.randrange(1, 6)):
        at = random.randrange(len(data) + 1)
        kind = random.randrange(4)
        if kind == 0 and at < len(data):
            data[at] ^= 1 << random.randrange(8)
        elif kind == 1:
            data[at:at] = random.choice(_PIECES)[: random.randrange(40)]
        elif kind == 2:
            del data[at : at + random.randrange(1, 8)]
        else:
            data[at : at + 1] = random.randbytes(random.randrange(1, 4))
    for persistent in ("torch", "none"):
        trace = run_pickle(bytes(data), DEFAULT_LIMITS, persistent=persistent)
        again = run_pickle(bytes(data), DEFAULT_LIMITS, persistent=persistent, fast=False)
        assert 0 <= trace.end <= len(data)
        assert (trace.status, trace.opcodes, trace.end) == (again.status, again.opcodes, again.end)
        assert (trace.error is None) or trace.status is not StreamStatus.INERT


@pytest.mark.parametrize(
    "stream",
    [
        tensor(size=7),
        tensor(offset=1),
        tensor(offset=-1),
        tensor(stride=2),
        tensor(stride=-1),
        tensor(stride=2**62),
        tensor(size=2**63),
        tensor(size=2**62, stride=2**62),
        tensor(hooks=b"N"),
        tensor(hooks=b"}"),
        tensor(hooks=HOOKS + b"X\x01\0\0\0aNs"),
        tensor(storage=b"N"),
        tensor(storage=STORAGE[:-1]),
        tensor(storage=STORAGE.replace(b"\x01\0\0\x000", b"\x01\0\0\0/")),
        tensor(storage=STORAGE.replace(b"storage", b"sTorage")),
        tensor(storage=STORAGE.replace(b"K\x06t", b"\x88t")),
        tensor(storage=STORAGE.replace(b"K\x06t", b"J\xff\xff\xff\xfft")),
        tensor(storage=STORAGE + b"0" + STORAGE.replace(b"Float", b"Half")),
        tensor(storage=STORAGE + b"0" + STORAGE.replace(b"K\x06t", b"K\x07t")),
        tensor() + b"q\x00K\x00K\x01s",
        HOOKS + b"q\x000" + tensor(hooks=b"h\x00") + b"0h\x00X\x01\0\0\0aNs",
        HOOKS + b"}X\x01\0\0\0xNsb",
        b"ctorch\nSize\n]\x85R"[:-3] + b"J\xff\xff\xff\xff\x85\x85R",
        b"cbuiltins\nbytearray\nJ\xff\xff\xff\x7f\x85R",
        b"ccollections\ndefaultdict\ncos\nsystem\n\x85R",
    ],
)
def test_contracts_are_about_arguments(stream: bytes) -> None:
    """A listed name under another use is not inert: extents, hooks, persistent ids, states."""
    assert run_pickle(tensor() + b".", DEFAULT_LIMITS, persistent="torch").inert
    trace = run_pickle(b"\x80\x02" + stream + b".", DEFAULT_LIMITS, persistent="torch")
    assert trace.status in (StreamStatus.UNLISTED, StreamStatus.DANGEROUS)
    assert trace.rejected_calls


def test_persistent_ids_need_a_torch_archive() -> None:
    """Elsewhere they would ask the loader for whatever it likes."""
    assert run_pickle(STORAGE + b".", DEFAULT_LIMITS, persistent="torch").inert
    assert run_pickle(STORAGE + b".", DEFAULT_LIMITS).status is StreamStatus.UNLISTED
    assert run_pickle(b"Pp\n.", DEFAULT_LIMITS, persistent="torch").status is StreamStatus.UNLISTED


def test_copies_are_charged() -> None:
    """One long text, encoded again and again: the budget is a few times the stream."""
    text = b"X\x00\x00\x10\x00" + b"a" * 0x100000 + b"q\x000c_codecs\nencode\nq\x01X\x06\0\0\0latin1q\x020"
    once = b"h\x01h\x00h\x02\x86R"
    assert run_pickle(text + once + b".", DEFAULT_LIMITS).inert
    assert not run_pickle(text + once * 50 + b".", DEFAULT_LIMITS).inert
