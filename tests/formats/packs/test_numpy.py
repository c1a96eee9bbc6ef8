"""The pack `numpy`: structured dtypes and states of random generators, one step beside honest ones."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from safeload.formats.pickle_machine import run_pickle
from safeload.formats.pickle_trace import StreamStatus, Trace
from safeload.limits import DEFAULT_LIMITS
from tests.forge.pickle_assembler import Operand, assemble

NUMPY = frozenset({"numpy"})
BITS = ("GLOBAL", ("numpy.random._pickle", "__bit_generator_ctor"))
SEED = ("GLOBAL", ("numpy.random.bit_generator", "__pyx_unpickle_SeedSequence"),
        "GLOBAL", ("numpy.random.bit_generator", "SeedSequence"), "BININT", 7, "NONE", "TUPLE3",
        "REDUCE")  # fmt: skip


def run(*listing: Operand | bytes) -> Trace:
    return run_pickle(assemble("PROTO", 2, *listing, "STOP"), DEFAULT_LIMITS, packs=NUMPY)


def refused(trace: Trace) -> bool:
    return trace.status is StreamStatus.UNLISTED and bool(trace.rejected_calls)


def body(value: object) -> bytes:
    """A value as the real pickler writes it, without PROTO and STOP and without memo."""
    stream = pickle.dumps(value, 2)
    import pickletools

    return pickletools.optimize(stream)[2:-1]


KEY = body(np.arange(624, dtype="u4"))


def state_of(
    name: str, inner: tuple[Operand | bytes, ...], *more: Operand | bytes
) -> tuple[Operand | bytes, ...]:
    return (
        "EMPTY_DICT", "MARK", "BINUNICODE", "bit_generator", "BINUNICODE", name, "BINUNICODE", "state",
        *inner,
        *more, "SETITEMS",
    )  # fmt: skip


def mersenne(pos: int = 624, key: bytes = KEY) -> tuple[Operand | bytes, ...]:
    return ("EMPTY_DICT", "MARK", "BINUNICODE", "key", key, "BINUNICODE", "pos", "BININT", pos, "SETITEMS")


def build(name: str, state: tuple[Operand | bytes, ...]) -> tuple[Operand | bytes, ...]:
    return (*BITS, "BINUNICODE", name, "TUPLE1", "REDUCE", *state, "BUILD")


def test_assembled_states_are_honest() -> None:
    """The near misses below differ from this in one place each."""
    assert run(*build("MT19937", state_of("MT19937", mersenne()))).inert
    assert run(*build("PCG64", state_of("PCG64", ("EMPTY_DICT", "MARK", "BINUNICODE", "state", "BININT1", 1,
               "BINUNICODE", "inc", "BININT1", 1, "SETITEMS")))).inert  # fmt: skip


def test_generators_of_numpy_before_2() -> None:
    """A name and what makes a bit generator of it, then the state: the maker is not kept."""
    for owner in ("__generator_ctor", "__randomstate_ctor"):
        made = ("GLOBAL", ("numpy.random._pickle", owner), "BINUNICODE", "MT19937")
        state = state_of("MT19937", mersenne(), "BINUNICODE", "has_gauss", "BININT1", 0)
        assert run(*made, *BITS, "TUPLE2", "REDUCE", *state, "BUILD").inert
        assert run(*made, "TUPLE1", "REDUCE", *state, "BUILD").inert
    old = ("GLOBAL", ("numpy.random", "__RandomState_ctor"), "EMPTY_TUPLE", "REDUCE", "MARK")
    state = ("BINUNICODE", "MT19937", KEY, "BININT", 624, "BININT1", 0, "BINFLOAT", 0.0, "TUPLE", "BUILD")
    assert run(*old, *state).inert


@pytest.mark.parametrize(
    "listing",
    [
        build("MT19937", state_of("MT19937", mersenne(pos=625))),
        build("MT19937", state_of("MT19937", mersenne(pos=-1))),
        build("MT19937", state_of("MT19937", mersenne(key=body(np.arange(623, dtype="u4"))))),
        build("MT19937", state_of("MT19937", mersenne(key=body(np.arange(624, dtype="u8"))))),
        build("MT19937", state_of("MT19937", mersenne(key=body(list(range(624)))))),
        build("MT19937", state_of("PCG64", mersenne())),
        build("PCG64", state_of("PCG64", mersenne())),
        build("MT19937", state_of("MT19937", mersenne(), "BINUNICODE", "buffer_pos", "BININT1", 5)),
        build("MT19937", state_of("MT19937", mersenne(), "BINUNICODE", "other", "NONE")),
        build("MT19937", (*state_of("MT19937", mersenne()), "NONE", "TUPLE2", "BINUNICODE", "x", "TUPLE2")),
        build("MT19937", ("NONE",)),
        (*BITS, "BINUNICODE", "os", "TUPLE1", "REDUCE"),
        (*BITS, "GLOBAL", ("numpy", "ndarray"), "TUPLE1", "REDUCE"),
        (*BITS, "GLOBAL", ("numpy.random.bit_generator", "SeedSequence"), "TUPLE1", "REDUCE"),
        (*BITS, "EMPTY_TUPLE", "REDUCE"),
        ("GLOBAL", ("numpy.random._pickle", "__generator_ctor"), "BINUNICODE", "PCG64", "GLOBAL",
         ("numpy", "dtype"), "TUPLE2", "REDUCE"),
        ("GLOBAL", ("numpy.random._pickle", "__randomstate_ctor"), "BINUNICODE", "x", "TUPLE1", "REDUCE"),
        ("GLOBAL", ("numpy.random._mt19937", "MT19937"), "BININT1", 3, "TUPLE1", "REDUCE"),
        (*SEED, "NONE", "BUILD"),
        (*SEED, "MARK", "BININT1", 0, "BININT1", 0, body(np.zeros(4, "u4")), "BININT1", 5, "EMPTY_TUPLE",
        "TUPLE",
         "BUILD"),
        (*SEED, "MARK", "BININT1", 0, "BININT1", 0, body(np.zeros(4, "u4")), "BININT", 1 << 30, "EMPTY_TUPLE",
         "TUPLE", "BUILD"),
        (*SEED[:2], "GLOBAL", ("numpy", "ndarray"), *SEED[4:]),
    ],
)  # fmt: skip
def test_random_generators_near_misses(listing: tuple[Operand | bytes, ...]) -> None:
    """Positions outside the block, blocks of another size, another generator's state, another maker."""
    assert refused(run(*listing))


STRUCTURED = pickle.dumps(np.zeros(2, [("a", "<f4"), ("b", "<i8")]), 2)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"K\x04\x86", b"K\x05\x86"),  # offset 5 of 8 bytes in 12
        (b"K\x04\x86", b"K\xff\x86"),
        (b"K\x0cK\x01", b"K\x0dK\x01"),  # size
        (b"X\x03\0\0\0V12", b"X\x03\0\0\0V16"),
        (b"X\x02\0\0\0f4", b"X\x02\0\0\0O8"),
        (b"X\x02\0\0\0f4", b"X\x02\0\0\0V4"),
        (b"X\x01\0\0\0bq", b"X\x01\0\0\0aq"),
        (b"K\x10t", b"K\x3ft"),  # flags with objects
    ],
)
def test_structured_dtypes_near_misses(old: bytes, new: bytes) -> None:
    """Fields outside the item, of objects, under one name; another size."""
    assert run_pickle(STRUCTURED, DEFAULT_LIMITS, packs=NUMPY).inert
    assert old in STRUCTURED
    assert not run_pickle(STRUCTURED.replace(old, new), DEFAULT_LIMITS, packs=NUMPY).inert


def test_void_without_fields_is_refused() -> None:
    """Bytes without a meaning."""
    assert refused(run("GLOBAL", ("numpy", "dtype"), "BINUNICODE", "V4", "NEWFALSE", "NEWTRUE", "TUPLE3",
    "REDUCE",
                       "BINPUT", 0, "POP", "GLOBAL", ("numpy._core.multiarray", "scalar"), "BINGET", 0,
                       "GLOBAL", ("_codecs", "encode"), "BINUNICODE", "abcd", "BINUNICODE", "latin1",
                       "TUPLE2",
                       "REDUCE", "TUPLE2", "REDUCE"))  # fmt: skip
