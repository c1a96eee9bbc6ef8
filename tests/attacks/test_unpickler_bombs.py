"""Data that exhausts an unpickler or a loader: caps hold before memory is taken."""

from __future__ import annotations

import pickle
import tracemalloc

import pytest

from safeload.formats.pickle_errors import MemoTooLarge, TooManyOpcodes, TooManySets
from safeload.formats.pickle_machine import run_pickle
from safeload.formats.pickle_trace import StreamStatus
from safeload.limits import DEFAULT_LIMITS
from safeload.record import replace
from tests.forge.pickle_assembler import assemble, tensor

LIMITS = replace(DEFAULT_LIMITS, pickle_stack=100_000)

BOMBS = {
    "memo index 2**31": b"Nr\x00\x00\x00\x80.",
    "LONG4 of 2 GB": b"\x8b\xff\xff\xff\x7f" + b"\x01" * 100 + b".",
    "BINBYTES8 of 2**62": b"\x8e" + (1 << 62).to_bytes(8, "little") + b"abc.",
    "BYTEARRAY8 of 2**62": b"\x96" + (1 << 62).to_bytes(8, "little") + b"abc.",
    "bytearray(2**31)": b"cbuiltins\nbytearray\nJ\xff\xff\xff\x7f\x85R.",
    "list(range(2**31))": b"cbuiltins\nlist\ncbuiltins\nrange\nJ\xff\xff\xff\x7f\x85R\x85R.",
    "4**40 shared nodes": b"Nq\x00" + b"(h\x00h\x00h\x00h\x00tq\x00" * 40 + b".",
    "values that nothing takes": b"N" * 120_000 + b".",
}


@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS.keys())
def test_refused_within_little_memory(bomb: bytes) -> None:
    """Not inert, and no more memory than a few times the stream."""
    tracemalloc.start()
    try:
        trace = run_pickle(bomb, LIMITS, packs=frozenset({"numpy", "trainer"}))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert trace.status is not StreamStatus.INERT
    assert peak < 2_000_000 + 20 * len(bomb)


@pytest.mark.parametrize("bomb", [b"\x8f" * 250_000 + b".", b"(\x91\x940" * 250_000 + b"N."])
def test_sets_take_memory_in_proportion(bomb: bytes) -> None:
    """An empty set is one byte of stream and two hundred of memory."""
    assert isinstance(run_pickle(bomb, DEFAULT_LIMITS).error, TooManySets)


def test_many_small_sets_are_honest() -> None:
    """The shortest set that a pickler writes, again and again."""
    stream = pickle.dumps([{n % 3} for n in range(50_000)], protocol=4)
    assert run_pickle(stream, DEFAULT_LIMITS).status is StreamStatus.INERT


def test_two_million_pairs_of_none_and_pop() -> None:
    """Opcodes that do nothing are counted: no honest stream of this length has as many."""
    trace = run_pickle(b"N0" * 1_000_000 + b"N.", DEFAULT_LIMITS)
    assert isinstance(trace.error, TooManyOpcodes)
    assert run_pickle(b"N0" * 800_000 + b"N.", DEFAULT_LIMITS).status is StreamStatus.INERT


def test_a_memo_of_nothing_but_references() -> None:
    """One byte of stream and a hundred of memory each."""
    trace = run_pickle(b"]" + b"\x94" * 1_100_000 + b".", DEFAULT_LIMITS)
    assert isinstance(trace.error, MemoTooLarge)


def test_a_checkpoint_of_many_small_tensors_has_room() -> None:
    """Near miss: a hundred thousand tensors, and lists of the smallest values that are common."""
    bools = pickle.dumps([True] * 1_500_000, protocol=4)
    assert run_pickle(bools, DEFAULT_LIMITS).status is StreamStatus.INERT
    rows = pickle.dumps([{"a": [n], "b": (n,)} for n in range(100_000)], protocol=4)
    assert run_pickle(rows, DEFAULT_LIMITS).status is StreamStatus.INERT


@pytest.mark.parametrize(
    "items",
    [
        ("BININT1", 0, "BINFLOAT", 1.0, "SETITEM"),
        ("MARK", "BININT1", 0, "BINFLOAT", 1.0, "SETITEMS"),
        ("NONE", "APPEND"),
        ("EMPTY_DICT", "BUILD"),
    ],
)
def test_GHSA_63cw_57p8_fm3p_writes_to_a_tensor(items: tuple[str | int | float, ...]) -> None:  # noqa: N802 - identifier
    """CVE-2026-24747: SETITEM on something that is no dict writes into tensor memory."""
    trace = run_pickle(assemble("PROTO", 2, tensor(), *items, "STOP"), DEFAULT_LIMITS, persistent="torch")
    assert trace.status is StreamStatus.UNLISTED
    assert trace.rejected_calls[0].callable == "a TensorSpec"


@pytest.mark.parametrize("name", ["_rebuild_qtensor", "_rebuild_sparse_tensor", "_rebuild_nested_tensor",
                                  "_rebuild_wrapper_subclass",
                                  "_rebuild_meta_tensor_no_storage"])  # fmt: skip
def test_pytorch_184652_quantised_and_other_tensors(name: str) -> None:
    """Their rebuild functions trust strides and indices of the stream: so called, and even kept, refused."""
    for tail in (("STOP",), ("EMPTY_TUPLE", "REDUCE", "STOP"), ("EMPTY_TUPLE", "NEWOBJ", "STOP")):
        stream = assemble("PROTO", 2, "GLOBAL", ("torch._utils", name), *tail)
        trace = run_pickle(stream, DEFAULT_LIMITS, persistent="torch")
        assert trace.status is StreamStatus.UNLISTED
        assert trace.rejected_calls[0].callable == f"torch._utils.{name}"


def test_CVE_2026_1839_rng_state_is_judged_like_any_other() -> None:  # noqa: N802 - identifier
    """A side file of the Trainer that would run a command is refused with the packs on."""
    stream = assemble("PROTO", 2, "EMPTY_DICT", "BINUNICODE", "python", "GLOBAL", ("posix", "system"),
                      "BINUNICODE", "id", "TUPLE1", "REDUCE", "SETITEM", "STOP")  # fmt: skip
    trace = run_pickle(stream, DEFAULT_LIMITS, packs=frozenset({"trainer", "numpy"}), persistent="torch")
    assert trace.status is StreamStatus.DANGEROUS
    assert trace.globals[0].gadget == "runs a shell command or starts a program"
