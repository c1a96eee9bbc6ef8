"""formats.npy: what numpy.save writes is read as numpy reads it, and nothing with objects is."""

from __future__ import annotations

import io
import random
import warnings
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from safeload.errors import FormatError, LimitExceeded
from safeload.formats.npy import NpyArray, parse_npy
from safeload.formats.view import BytesView
from safeload.limits import DEFAULT_LIMITS, Limits
from tests.forge.npy import header, npy
from tests.formats.test_torch_zip import rebuilt
from tests.fuzz.mutate import mutated


def parse(data: bytes, limits: Limits = DEFAULT_LIMITS) -> NpyArray:
    return parse_npy(BytesView(data), limits)


def saved(array: Any, version: tuple[int, int] | None = None) -> bytes:
    sink = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        np.lib.format.write_array(sink, np.asanyarray(array), version=version, allow_pickle=True)
    return sink.getvalue()


def same(data: bytes) -> NpyArray:
    """The record, once it agrees with numpy in everything it says."""
    record = parse(data)
    array = np.load(io.BytesIO(data), allow_pickle=False)
    assert record.shape == array.shape
    assert record.item_bytes == array.dtype.itemsize
    raw = array.tobytes(order="F" if record.fortran_order else "C")
    assert data[record.offset :] == raw
    if record.entry is not None:
        assert torch.equal(
            rebuilt(data, record.entry).nan_to_num(7), torch.from_numpy(array.copy()).nan_to_num(7)
        )
    return record


PLAIN = (
    "?", "i1", "u1", "<i2", "<u2", "<i4", "<u4", "<i8", "<u8", "<f2", "<f4", "<f8", "<c8", "<c16",
)  # fmt: skip
OTHER = (
    ">i2", ">f4", ">f8", ">c16", "<f16", "<c32", "S1", "S7", "<U1", "<U5", ">U2", "V3", "V16", "<M8",
    "<M8[s]", ">m8[25us]", "<M8[D]",
)  # fmt: skip


@pytest.mark.parametrize("version", [(1, 0), (2, 0), (3, 0)])
@pytest.mark.parametrize("dtype", PLAIN + OTHER)
def test_dtypes(dtype: str, version: tuple[int, int]) -> None:
    """Every plain dtype in every version, in either order; those that torch has, as a tensor."""
    base = np.arange(24, dtype="u1").repeat(np.dtype(dtype).itemsize).view(dtype)
    if dtype[-2:-1] == "U" or dtype == "?":
        base = (np.arange(24) % 3).astype(dtype)
    for array in (
        base.reshape(2, 3, 4),
        np.asfortranarray(base.reshape(4, 6)),
        base[5:6].reshape(()),
        base[:0],
    ):
        record = same(saved(array, version))
        assert record.version == version
        assert (record.entry is not None) == (dtype in PLAIN)


@pytest.mark.parametrize(
    "dtype",
    [
        [("a", "<f4"), ("b", "i1")],
        [("a", "<f4", (2, 3)), ("b", [("c", "<i2"), ("d", ">U3")])],
        [("a", "<f4", 3)],
        [("a", [("b", [("c", [("d", "i1")])])])],
        [(("title", "a"), "<f4")],
        [("é", "<f4")],
        [("漢", "<f4")],
        [('it"s', "<f4"), ("it's", "<f4")],
        {"names": ["a", "b"], "formats": ["i1", "<f8"], "offsets": [0, 8], "itemsize": 24},
        [],
    ],
)
def test_fields(dtype: Any) -> None:
    """Structured dtypes with their padding, titles, nested and repeated fields."""
    record = same(saved(np.zeros(3, np.dtype(dtype))))
    assert (record.dtype, record.entry) == ("fields", None)


def test_headers_of_python_2() -> None:
    """Counts with an L, in the versions that Python 2 wrote."""
    data = npy(header("'<f4'", "(2L, 3L)"), bytes(24))
    assert parse(data).shape == (2, 3)
    with pytest.raises(FormatError, match="holds something else"):
        parse(npy(header("'<f4'", "(2L, 3L)"), bytes(24), version=(3, 0)))


def test_order_of_keys() -> None:
    """The specification: a reader must not depend on it."""
    assert parse(npy("{'shape':(2,),'descr':\"<f4\" , 'fortran_order':True}", bytes(8))).fortran_order


F4 = header("'<f4'")


@pytest.mark.parametrize(
    ("code", "data"),
    [
        ("NotAnArray", b""),
        ("NotAnArray", b"\x93NUMPX\x01\x00" + bytes(80)),
        ("HeaderTruncated", b"\x93NUMPY\x01"),
        ("HeaderTruncated", b"\x93NUMPY\x01\x00\x05"),
        ("HeaderTruncated", b"\x93NUMPY\x02\x00\xff\xff\xff\xff{}"),
        ("HeaderTruncated", npy(F4)[:-1]),
        ("VersionUnlisted", npy(F4, bytes(8), version=(4, 0))),
        ("VersionUnlisted", npy(F4, bytes(8), version=(1, 1))),
        ("HeaderEncoding", npy(b"\xff", version=(3, 0))),
        ("HeaderSyntax", npy("")),
        ("HeaderSyntax", npy("{'descr'")),
        ("HeaderSyntax", npy("{'descr':")),
        ("HeaderSyntax", npy("{'descr': ,")),
        ("HeaderSyntax", npy("{1: 2}")),
        ("HeaderSyntax", npy(header("[('a\0', '<f4')]"), bytes(8))),
        ("HeaderSyntax", npy(header("[('a\r', '<f4')]"), bytes(8))),
        ("HeaderSyntax", npy("[1]")),
        ("HeaderSyntax", npy(F4 + " # comment", bytes(8))),
        ("HeaderSyntax", npy(F4 + F4, bytes(8))),
        ("HeaderSyntax", npy(F4 + " \n ", bytes(8))),
        ("HeaderSyntax", npy(F4.replace("'<f4'", "'<f' '4'"), bytes(8))),
        ("HeaderSyntax", npy(F4.replace("'<f4'", r"'<f\x34'"), bytes(8))),
        ("HeaderSyntax", npy(F4.replace("'<f4'", "'''<f4'''"), bytes(8))),
        ("HeaderSyntax", npy(F4.replace("'<f4'", "b'<f4'"), bytes(8))),
        ("HeaderSyntax", npy(F4.replace("'<f4'", "None"), bytes(8))),
        ("HeaderSyntax", npy(header("'<f4'", "(-2,)"), bytes(8))),
        ("HeaderSyntax", npy(header("'<f4'", "(2.0,)"), bytes(8))),
        ("HeaderSyntax", npy(header("'<f4'", "(0x2,)"), bytes(8))),
        ("HeaderSyntax", npy(header("'<f4'", "(02,)"), bytes(8))),
        ("HeaderSyntax", npy(header("'<f4'", "(1+1,)"), bytes(8))),
        ("HeaderSyntax", npy(header("'<f4'", "(2)"), bytes(8))),
        ("HeaderSyntax", npy(header("'<f4'", "(2 3)"), bytes(24))),
        ("HeaderSyntax", npy(header("'<f4'", "(2,]"), bytes(8))),
        ("HeaderSyntax", npy(header("'<f4'", "(,)"), bytes(4))),
        ("HeaderSyntax", npy(header("'<f4'", "(9" + "9" * 30 + ",)"), bytes(4))),
        ("HeaderSyntax", npy(header("'<f4'", "(x.y(),)"), bytes(8))),
        ("HeaderTooDeep", npy(header("'<f4'", "(" * 9 + ")" * 9))),
        ("HeaderTooDeep", npy(header("'<f4'", "[" * 4_000))),
        ("KeysDiffer", npy("{}")),
        ("KeysDiffer", npy("{'descr': '<f4', 'shape': (2,)}", bytes(8))),
        ("KeysDiffer", npy(F4.replace("{", "{'more': 1, "), bytes(8))),
        ("KeysDiffer", npy(F4.replace("{", "{'descr': '|O', "), bytes(8))),
        ("DtypeUnlisted", npy(header("'f4'"), bytes(8))),
        ("DtypeUnlisted", npy(header("'|f4'"), bytes(8))),
        ("DtypeUnlisted", npy(header("'=f4'"), bytes(8))),
        ("DtypeUnlisted", npy(header("'float32'"), bytes(8))),
        ("DtypeUnlisted", npy(header("'<f4,<f4'"), bytes(16))),
        ("DtypeUnlisted", npy(header("'(2,)<f4'"), bytes(16))),
        ("DtypeUnlisted", npy(header("'<f3'"), bytes(6))),
        ("DtypeUnlisted", npy(header("'<M8[x]'"), bytes(16))),
        ("DtypeUnlisted", npy(header("'<f4\u00b2'"), bytes(8))),
        ("DtypeUnlisted", npy(header("('<f4', (2,))"), bytes(16))),
        ("DtypeUnlisted", npy(header("4"), bytes(8))),
        ("DtypeUnlisted", npy(header("[('a', '<f4'), ('a', '<f4')]"), bytes(16))),
        ("DtypeUnlisted", npy(header("[(('a', 'a'), '<f4')]"), bytes(8))),
        ("DtypeUnlisted", npy(header("[('', '<f4')]"), bytes(8))),
        ("DtypeUnlisted", npy(header("[(1, '<f4')]"), bytes(8))),
        ("DtypeUnlisted", npy(header("['<f4']"), bytes(8))),
        ("DtypeUnlisted", npy(header("[('a', '<f4', True)]"), bytes(8))),
        ("ObjectArray", npy(header("'|O'"))),
        ("ObjectArray", npy(header("'O8'"))),
        ("ObjectArray", npy(header("[('a', '<f4'), ('b', [('c', '|O')])]"))),
        ("ObjectArray", npy(header("[('a', '|O', (0,))]"))),
        ("ItemTooLarge", npy(header("'|S2147483648'"))),
        ("ItemTooLarge", npy(header("'<U999999999'"))),
        ("ItemTooLarge", npy(header("[('a', '<f8', (65536, 65536))]"))),
        ("ItemTooLarge", npy(header("[('a', '|S2000000000'), ('b', '|S2000000000')]"))),
        ("OrderInvalid", npy(header("'<f4'", order="1"), bytes(8))),
        ("ShapeInvalid", npy(header("'<f4'", "2"), bytes(8))),
        ("ShapeInvalid", npy(header("'<f4'", "[2]"), bytes(8))),
        ("ShapeInvalid", npy(header("'<f4'", "(True,)"), bytes(4))),
        ("ShapeInvalid", npy(header("'<f4'", "(1,)").replace("1,", "1," * 65), bytes(4))),
        ("ShapeInvalid", npy(header("'<f4'", "(0, 9999999999999999999)"))),
        ("ShapeInvalid", npy(header("'|S0'", "(4294967296, 4294967296)"))),
        ("DataSizeDiffers", npy(F4, bytes(7))),
        ("DataSizeDiffers", npy(F4, bytes(9))),
        ("DataSizeDiffers", npy(header("'<f4'", "(4611686018427387904,)"))),
    ],
)
def test_fault_is_named(code: str, data: bytes) -> None:
    """Each way in which numpy.save would not have written it raises its own error."""
    with pytest.raises(FormatError) as caught:
        parse(data)
    assert caught.value.code == code


def test_header_budget() -> None:
    """Numpy refuses longer headers, too, unless it is told to trust the file."""
    data = npy(F4 + " " * 10_000, bytes(8))
    with pytest.raises(LimitExceeded, match="the budget is 10000"):
        parse(data)
    with pytest.raises(ValueError, match="large and may not be safe"):
        np.load(io.BytesIO(data))


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(PLAIN + OTHER),
    st.lists(st.integers(0, 4), max_size=5),
    st.booleans(),
)
def test_build_and_parse(dtype: str, shape: list[int], fortran: bool) -> None:  # noqa: FBT001 - Hypothesis gives it
    """Any array of plain elements is read as it was written."""
    same(saved(np.zeros(shape, dtype, order="F" if fortran else "C")))


def test_mutations_are_read_as_numpy_reads_them() -> None:
    """A thousand mutations: an exception is a FormatError, and a record says what numpy says."""
    rng = random.Random(4)
    seeds = [
        saved(np.arange(3_000.0).reshape(30, 100)),
        saved(np.ones((40, 50), "i2", order="F")),
        saved(np.zeros(2, [("a", "<f4"), ("b", "<U2")])),
        npy(F4, bytes(8)),
    ]
    read = 0
    for _ in range(1_000):
        data = mutated(seeds, rng)
        try:
            parse(data)
        except FormatError:
            continue
        same(data)
        read += 1
    assert read > 50
