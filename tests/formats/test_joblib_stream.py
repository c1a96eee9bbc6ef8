"""Files of joblib: the machine follows joblib's own reader over the arrays, or says what is wrong."""

from __future__ import annotations

import io
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from safeload.formats import joblib_stream as wrong
from safeload.formats.joblib_stream import JoblibFile, parse_joblib
from safeload.formats.pickle_errors import FrameViolation
from safeload.formats.pickle_machine import run_pickle
from safeload.formats.pickle_trace import StreamStatus
from safeload.formats.view import BytesView
from safeload.limits import DEFAULT_LIMITS, Limits
from safeload.record import replace
from tests.forge.joblib import OBJECTS, fields, objects, padded, wrapper
from tests.forge.pickle_assembler import Operand, assemble

if TYPE_CHECKING:
    from collections.abc import Callable

joblib = pytest.importorskip("joblib")
PACKS = frozenset({"numpy"})


def parse(data: bytes, limits: Limits = DEFAULT_LIMITS) -> JoblibFile:
    return parse_joblib(BytesView(data), limits, PACKS)


def dumped(value: object, protocol: int = 4) -> bytes:
    file = io.BytesIO()
    joblib.dump(value, file, protocol=protocol)
    return file.getvalue()


def listed(*parts: bytes | Operand) -> bytes:
    """A list with these parts in it; `APPEND` is for the caller to say."""
    return assemble("PROTO", 2, "EMPTY_LIST", *parts, "STOP")


ARRAYS: dict[str, np.ndarray[Any, Any]] = {
    **{name: np.arange(6).astype(name) for name in ("?", "i1", "u2", "<i4", ">i8", "f2", "f4", "f8", "c16")},
    "empty": np.zeros((0, 3)),
    "no dimensions": np.array(5),
    "three dimensions": np.zeros((2, 3, 4), "f4"),
    "fortran": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    "strided": np.arange(20)[::2],
    "texts": np.array(["a", "bcd"]),
    "byte strings": np.array([b"a", b"bcd"]),
    "more than a buffer": np.arange(100_000),
}


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
@pytest.mark.parametrize("name", ARRAYS)
def test_what_joblib_writes_is_inert_and_every_array_is_found(name: str, protocol: int) -> None:
    """Each array's bytes lie where the reading says."""
    array = ARRAYS[name]
    data = dumped({"first": [array, 1.5], "again": array, "x": (array.copy(),)}, protocol)
    found = parse(data)
    assert found.inert, found.trace
    assert len(found.arrays) == 3
    for inline in found.arrays:
        assert data[inline.offset :][: inline.size] == array.tobytes(inline.order)  # type: ignore[arg-type]
        assert inline.shape == array.shape


def test_objects_are_pickles_of_their_own() -> None:
    """An array of Python objects is a nested pickle, judged like any other."""
    data = dumped([np.array(["a", None, (1, 2)], dtype=object), np.arange(3), OrderedDict(a=1)])
    found = parse(data)
    assert found.inert
    assert len(found.nested) == len(found.arrays) == 1
    assert found.nested[0].opcodes > 10


def test_memory_map_and_matrix() -> None:
    """The other types that joblib writes in the same way."""
    matrix = np.arange(4).view(np.matrix)
    assert parse(dumped([matrix])).inert


def test_written_before_the_alignment() -> None:
    """Written by joblib 1.1 or earlier: the array stands behind BUILD at once, and the field is missing."""
    data = listed(wrapper(*fields(alignment=None)), b"\x00\x01\x02\x03", "APPEND", "NONE", "APPEND")
    found = parse(data)
    assert found.inert
    assert found.arrays[0].offset == data.index(b"\x00\x01\x02\x03a")


def test_the_old_place_in_scikit_learn() -> None:
    """The class as scikit-learn's own copy of joblib had it."""
    old = wrapper(*fields(), module="sklearn.externals.joblib.numpy_pickle")
    assert parse(listed(old, padded(b"abcd"), "APPEND")).inert


def test_a_record_without_the_reader_is_a_value() -> None:
    """To pickle.load the record is an instance with fields: inert, as far as its pack is switched on."""
    trace = run_pickle(listed(wrapper(), "APPEND"), DEFAULT_LIMITS, packs=PACKS)
    assert trace.status is StreamStatus.INERT
    assert run_pickle(listed(wrapper(), "APPEND"), DEFAULT_LIMITS).status is not StreamStatus.INERT


DTYPE_LIST: tuple[Operand, ...] = ("EMPTY_LIST",)
REFUSED: dict[str, Callable[[], bytes]] = {
    "another field": lambda: wrapper(*fields(more=("BINUNICODE", "read", "NONE"))),
    "no fields": lambda: wrapper("EMPTY_DICT"),
    "fields in slots": lambda: wrapper(*fields(), "EMPTY_DICT", "TUPLE2"),
    "another class": lambda: wrapper(*fields(subclass=("builtins", "object"))),
    "no dtype": lambda: wrapper(*fields(dtype=DTYPE_LIST)),
    "another order": lambda: wrapper(*fields(order="K")),
    "a negative count": lambda: wrapper(*fields(size=-1)),
    "built twice": lambda: (
        assemble("GLOBAL", ("joblib.numpy_pickle", "NumpyArrayWrapper"), "EMPTY_TUPLE", "NEWOBJ")
        + assemble("BINPUT", 0, *fields(), "BUILD")
        + padded(b"abcd")
        + assemble("POP", "BINGET", 0, *fields(), "BUILD")
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_fields_that_joblib_does_not_write(name: str) -> None:
    """The record is refused, and so is the rest of the file: where the array ends nobody can tell."""
    found = parse(listed(REFUSED[name](), padded(b"abcd"), "APPEND"))
    assert found.trace.status is StreamStatus.UNLISTED
    assert isinstance(found.trace.error, wrong.WrapperInvalid)
    assert found.trace.rejected_calls[0].opcode == "BUILD"


def test_an_array_is_no_record_any_more() -> None:
    """It has taken the record's place on the stack, and BUILD brings it nothing that an array can take."""
    found = parse(listed(wrapper(), padded(b"abcd"), *fields(), "BUILD", "APPEND"))
    assert found.trace.status is StreamStatus.UNLISTED
    assert found.trace.rejected_calls[0].opcode == "BUILD"


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (listed(wrapper(), b"\x00abcd", "APPEND"), wrong.PaddingInvalid),
        (listed(wrapper(), b"\x02\xff\x00abcd", "APPEND"), wrong.PaddingInvalid),
        (listed(wrapper(), b"\x11" + b"\xff" * 17 + b"abcd", "APPEND"), wrong.PaddingInvalid),
        (assemble("PROTO", 2, wrapper()), wrong.PaddingInvalid),
        (assemble("PROTO", 2, wrapper(), padded(b"abc")), wrong.ArrayTruncated),
        (listed(wrapper(*fields(size=2**31 - 1)), padded(b"abcd"), "APPEND"), wrong.ArrayTruncated),
        (
            listed(wrapper(*fields(dtype=OBJECTS)), objects("NONE", "POP", "POP"), "APPEND"),
            wrong.NestedBroken,
        ),
        (listed(wrapper(*fields(dtype=OBJECTS)), b"N.", "APPEND"), wrong.NestedNotArray),
        (
            assemble("PROTO", 4, "FRAME", len(wrapper()) + 1, wrapper(), "STOP", padded(b"abcd"), "STOP"),
            FrameViolation,
        ),
    ],
)
def test_arrays_that_are_not_there(data: bytes, error: type[Exception]) -> None:
    """Each way in which what stands behind a record is wrong."""
    trace = parse(data).trace
    assert trace.status is StreamStatus.MALFORMED
    assert type(trace.error) is error


def test_only_so_many_arrays_of_objects(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is a pickle of its own."""
    monkeypatch.setattr(wrong, "_NESTED", 2)
    nested = wrapper(*fields(dtype=OBJECTS)) + objects("NONE") + assemble("APPEND")
    assert parse(listed(nested, nested)).inert
    assert isinstance(parse(listed(nested, nested, nested)).trace.error, wrong.TooManyNested)


def test_nested_pickles_share_the_budget_of_opcodes() -> None:
    """A thousand small pickles count as one large one."""
    nested = wrapper(*fields(dtype=OBJECTS)) + objects(*["NONE"] * 100) + assemble("APPEND")
    found = parse(listed(*[nested] * 20), replace(DEFAULT_LIMITS, pickle_opcodes=2_500))
    assert found.nested[-1].status is StreamStatus.LIMIT_EXCEEDED


@pytest.mark.parametrize("budget", [700, 1_000, 2_000])
def test_a_file_beyond_the_budget_of_a_pickle_is_read_in_pieces(budget: int) -> None:
    """The pieces between its arrays count, not the arrays; places are those of the whole file."""
    value = [np.arange(1_000.0), np.array([None], dtype=object), np.arange(3), {"a": np.ones(5_000, "f4")}]
    data = dumped(value)
    found = parse(data, replace(DEFAULT_LIMITS, pickle_bytes=budget))
    assert found.inert, found.trace
    whole = parse(data)
    assert (found.arrays, found.starts, found.opcode_bytes) == (
        whole.arrays,
        whole.starts,
        whole.opcode_bytes,
    )
    assert found.trace.globals == whole.trace.globals
    assert (found.trace.end, found.trace.opcodes) == (whole.trace.end, whole.trace.opcodes)
    assert [trace.globals for trace in found.nested] == [trace.globals for trace in whole.nested]


def test_a_piece_beyond_the_budget() -> None:
    """Opcodes in a row that are longer than a pickle may be."""
    data = dumped([np.arange(1_000.0), "x" * 2_000])
    found = parse(data, replace(DEFAULT_LIMITS, pickle_bytes=1_000))
    assert found.trace.status is StreamStatus.LIMIT_EXCEEDED
    assert not found.inert


def test_the_opcodes_alone_are_a_pickle() -> None:
    """What the second reader gets: the same opcodes, without the bytes between them."""
    found = parse(dumped({"a": np.arange(3), "b": [np.ones(2)]}))
    again = run_pickle(found.opcode_bytes, DEFAULT_LIMITS, packs=PACKS, objects=True)
    assert (again.status, again.opcodes) == (StreamStatus.INERT, found.trace.opcodes)
