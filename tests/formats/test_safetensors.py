"""formats.safetensors: every byte belongs to one tensor, and the reference reader agrees."""

from __future__ import annotations

import struct
from typing import Any

import pytest
import safetensors
from hypothesis import given, settings
from hypothesis import strategies as st

from safeload.errors import FormatError
from safeload.formats.safetensors import DTYPES, Safetensors, parse_safetensors
from safeload.formats.tensors import ITEM_BITS
from safeload.formats.view import BytesView
from safeload.limits import DEFAULT_LIMITS, Limits
from tests.forge.safetensors import forge, tensor, two_tensors


def parse(data: bytes, limits: Limits = DEFAULT_LIMITS) -> Safetensors:
    return parse_safetensors(BytesView(data), limits)


def ours(data: bytes) -> dict[str, tuple[str, list[int], bytes]]:
    """Name -> torch dtype, shape, bytes as our record has them."""
    found = {}
    for name, entry in parse(data).tensors.items():
        count = 1
        for size in entry.shape:
            count *= size
        length = count * ITEM_BITS[entry.dtype] // 8
        found[name] = (entry.dtype, list(entry.shape), data[entry.offset : entry.offset + length])
    return found


def theirs(data: bytes) -> dict[str, tuple[str, list[int], bytes]]:
    """The same from the reference implementation."""
    return {
        name: (DTYPES[value["dtype"]], value["shape"], bytes(value["data"]))
        for name, value in safetensors.deserialize(data)
    }


def test_an_honest_file() -> None:
    """Names, dtypes, shapes and absolute offsets come out; metadata too."""
    data = two_tensors()
    record = parse(data)
    assert list(record.tensors) == ["a", "b"]
    entry = record.tensors["b"]
    assert (entry.dtype, entry.shape, data[entry.offset :]) == ("uint8", (3,), b"abc")
    assert record.metadata == {"format": "pt"}
    assert record.data_offset == len(data) - 11
    assert ours(data) == theirs(data)


def test_every_dtype_of_the_table() -> None:
    """Our table gives each dtype the width that the reference implementation gives it."""
    for name, dtype in DTYPES.items():
        width = ITEM_BITS[dtype] // 8
        data = forge({"t": tensor(0, 2 * width, [2], name)}, bytes(2 * width))
        assert ours(data) == theirs(data)


OK = tensor(0, 2, [2])


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"\x02\x00\x00", "HeaderTooShort"),
        (forge(b"", length=0), "HeaderStart"),
        (forge(b"{}", length=10**12), "HeaderTooLarge"),
        (forge(b"{}", length=3), "HeaderPastEnd"),
        (forge(b" {}"), "HeaderStart"),
        (forge(b"[]"), "HeaderStart"),
        (forge(b"{}", padding=b"\n"), "HeaderPadding"),
        (forge(b"{}", padding=b"\x00"), "HeaderPadding"),
        (forge(b"{} {}"), "JsonTrailingData"),
        (forge(b'{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"a":{"dtype":"U8","shape":[1],'
               b'"data_offsets":[0,1]}}', b"x"), "JsonDuplicateKey"),
        (forge({"__metadata__": {"a": 1}}), "MetadataNotStrings"),
        (forge({"__metadata__": None}), "MetadataNotStrings"),
        (forge({"a": [1]}), "TensorFields"),
        (forge({"a": {**OK, "x": 1}}, b"xx"), "TensorFields"),
        (forge({"a": {"dtype": "U8", "shape": [0]}}), "TensorFields"),
        (forge({"a": tensor(0, 2, [2], "U9")}, b"xx"), "UnknownDtype"),
        (forge({"a": tensor(0, 2, [2], ["U8"])}, b"xx"), "UnknownDtype"),
        (forge({"a": {**OK, "shape": 2}}, b"xx"), "BadShape"),
        (forge({"a": tensor(0, 1, [True])}, b"x"), "BadShape"),
        (forge({"a": tensor(0, 1, [1.0])}, b"x"), "BadShape"),
        (forge({"a": tensor(0, 1, [-1, -1])}, b"x"), "BadShape"),
        (forge({"a": tensor(0, 0, [2**63])}), "BadShape"),
        (forge({"a": tensor(0, 0, [2**62, 2**62, 0])}), "BadShape"),
        (forge({"a": {**OK, "data_offsets": [0]}}, b"xx"), "BadOffsets"),
        (forge({"a": {**OK, "data_offsets": [2, 0]}}, b"xx"), "BadOffsets"),
        (forge({"a": {**OK, "data_offsets": [-2, 0]}}, b"xx"), "BadOffsets"),
        (forge({"a": tensor(0, 1, [2])}, b"x"), "SizeMismatch"),
        (forge({"a": OK, "b": tensor(1, 2, [1])}, b"xx"), "OffsetsOverlap"),
        (forge({"a": OK, "b": OK}, b"xx"), "OffsetsOverlap"),
        (forge({"a": tensor(1, 3, [2])}, b"xxx"), "OffsetsGap"),
        (forge({"a": OK}, b"xxPK"), "OffsetsGap"),
        (forge({"a": OK}, b"x"), "OffsetsGap"),
        (forge(b'{"a":{"dtype":"U8","shape":[-0],"data_offsets":[0,0]}}'), "JsonMinusZero"),
    ],
)  # fmt: skip
def test_each_way_to_be_wrong(data: bytes, code: str) -> None:
    """Each fault ends in its own FormatError."""
    with pytest.raises(FormatError) as caught:
        parse(data)
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("header", "limits", "code"),
    [
        ({"a": OK}, Limits(safetensors_header_bytes=10), "HeaderTooLarge"),
        ({"a": OK, "b": tensor(2, 2, [0])}, Limits(safetensors_tensors=1), "TooManyTensors"),
        ({"aa": OK}, Limits(tensor_name_bytes=1), "NameTooLong"),
        ({"a": tensor(0, 2, [1, 2])}, Limits(tensor_rank=1), "RankTooLarge"),
    ],
)
def test_each_budget(header: dict[str, Any], limits: Limits, code: str) -> None:
    """A file inside the default budgets is refused under a smaller one, with the budget's name."""
    data = forge(header, b"xx")
    parse(data)
    with pytest.raises(FormatError) as caught:
        parse(data, limits)
    assert caught.value.code == code


def test_a_wrong_value_does_not_fill_the_message() -> None:
    """A message stays short, however long the value that it is about."""
    with pytest.raises(FormatError) as caught:
        parse(forge({"a": tensor(0, 0, [0], ["x" * 100_000])}))
    assert len(str(caught.value)) < 500


def test_empty_tensors_fit_at_any_border() -> None:
    """Tensors without bytes are legal at the start, between others and at the end."""
    header = {"z": tensor(0, 0, [0]), "a": OK, "y": tensor(2, 2, [3, 0]), "s": tensor(2, 3, [])}
    data = forge(header, b"abc")
    assert ours(data) == theirs(data)


SIZES = st.integers(0, 3) | st.sampled_from([2**31, 2**62, 2**63, 2**64, True, -1, 1.0])
ENTRIES = st.fixed_dictionaries(
    {
        "dtype": st.sampled_from(["U8", "F16", "F32", "F4", "U9"]),
        "shape": st.lists(SIZES, max_size=3),
        "data_offsets": st.tuples(st.integers(0, 12), st.integers(0, 12)).map(list),
    }
)


@st.composite
def files(draw: st.DrawFn) -> bytes:
    """Honest files in any order of data, and some with one wild entry."""
    header: dict[str, object] = {}
    position = 0
    for name in draw(st.lists(st.text(max_size=3), unique=True, max_size=4)):
        shape = draw(st.lists(st.integers(0, 3), max_size=3))
        length = draw(st.sampled_from([("U8", 1), ("BF16", 2), ("F64", 8)]))
        size = length[1]
        for number in shape:
            size *= number
        header[name] = tensor(position, position + size, list(shape), length[0])
        position += size
    if draw(st.booleans()):
        header["wild"] = draw(ENTRIES)
    items = draw(st.permutations(list(header.items())))
    return forge(dict(items), bytes(range(position % 251)) + bytes(position - position % 251))


@given(files())
@settings(max_examples=150, deadline=None)
def test_the_reference_reader_sees_the_same(data: bytes) -> None:
    """Whatever we accept the reference accepts, with the same names, dtypes, shapes and bytes."""
    try:
        found = ours(data)
    except FormatError:
        return
    assert found == theirs(data)


@given(st.data())
@settings(max_examples=200, deadline=None)
def test_mutations(choice: st.DataObject) -> None:
    """A flipped, cut or spliced file gives a record that the reference confirms, or a FormatError."""
    data = bytearray(two_tensors())
    for _ in range(choice.draw(st.integers(1, 3))):
        at = choice.draw(st.integers(0, max(0, len(data) - 1)))
        match choice.draw(st.integers(0, 2)):
            case 0 if data:
                data[at] ^= 1 << choice.draw(st.integers(0, 7))
            case 1:
                del data[at:]
            case _:
                data[at:at] = choice.draw(st.binary(max_size=6))
    try:
        found = ours(bytes(data))
    except FormatError:
        return
    assert found == theirs(bytes(data))


@pytest.mark.parametrize("cut", range(0, len(two_tensors()), 7))
def test_every_prefix_is_refused(cut: int) -> None:
    """A file that was cut short is never a shorter file."""
    with pytest.raises(FormatError):
        parse(two_tensors()[:cut])


def test_the_place_of_a_json_fault_counts_from_the_start_of_the_file() -> None:
    """The 8 bytes of the length are part of the offset."""
    with pytest.raises(FormatError) as caught:
        parse(forge(b'{"a" 1}'))
    assert caught.value.offset == struct.calcsize("<Q") + 5
