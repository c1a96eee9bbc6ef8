"""formats.protobuf: every field lies where its length says, and stands as often as the schema has it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safeload.errors import FormatError, LimitExceeded
from safeload.formats import protobuf
from safeload.formats.protobuf import Schema, Walked, signed, walk
from safeload.formats.view import BytesView
from safeload.limits import DEFAULT_LIMITS
from safeload.record import replace
from tests.forge.protobuf import block, fixed32, fixed64, number, varint

SCHEMA: Schema = {
    "Root": {
        1: ("number", protobuf.INT), 2: ("text", protobuf.TEXT), 3: ("child", "Child"),
        4: ("children", "Child*"), 5: ("data", protobuf.BYTES), 6: ("sizes", protobuf.INTS),
        7: ("floats", protobuf.COUNT_F32), 8: ("doubles", protobuf.COUNT_F64),
        9: ("integers", protobuf.COUNT_INTS), 10: ("strings", protobuf.COUNT_BYTES),
        11: ("texts", protobuf.TEXTS), 12: ("nothing", protobuf.SKIP), 13: ("float", protobuf.F32),
        14: ("again", "Root"),
    },
    "Child": {1: ("id", protobuf.INT)},
}  # fmt: skip


def read(data: bytes, limits=DEFAULT_LIMITS) -> Walked:
    finish = {"Child": lambda values, _start: values.get("id", 0)}
    return walk(BytesView(data), SCHEMA, "Root", limits, finish)


def test_every_kind() -> None:
    """Values, packed or not, nested messages in order, byte strings by their place."""
    data = (
        number(1, -1) + block(2, "é") + block(3, number(1, 7)) + block(4, b"") + block(4, number(1, 300))
        + block(5, b"abc") + number(6, 1) + block(6, b"\x02\xac\x02") + fixed32(7, 1) + block(7, bytes(8))
        + fixed64(8, 1) + block(8, bytes(16)) + number(9, 1) + block(9, b"\x01\xac\x02") + block(10, "x")
        + block(11, "a") + block(11, "b") + block(12, b"\xff\xff") + fixed32(13, 1.0)
    )  # fmt: skip
    walked = read(data)
    values = walked.values
    assert walked.unknown is None
    assert signed(values["number"]) == -1
    assert (values["text"], values["child"], values["children"]) == ("é", 7, [0, 300])
    offset, length = values["data"]
    assert data[offset : offset + length] == b"abc"
    assert values["sizes"] == [1, 2, 300]
    assert (values["floats"], values["doubles"], values["integers"], values["strings"]) == (3, 3, 3, 1)
    assert values["texts"] == ["a", "b"]
    assert values["float"] == 0x3F800000


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"\x08", protobuf.FieldPastEnd),
        (b"\x08\x80", protobuf.FieldPastEnd),
        (b"\x12\x02a", protobuf.FieldPastEnd),
        (b"\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", protobuf.FieldPastEnd),
        (b"\x1a\x02\x08\x80", protobuf.FieldPastEnd),
        (b"\x6d\x00\x00", protobuf.FieldPastEnd),
        (b"\x1a\x03\x0a\x05ab", protobuf.FieldPastEnd),
        (b"\x08" + b"\x80" * 10 + b"\x01", protobuf.VarintTooLong),
        (b"\x08" + b"\xff" * 9 + b"\x02", protobuf.VarintTooLong),
        (b"\x00\x01", protobuf.BadFieldNumber),
        (varint(1 << 32) + b"\x01", protobuf.BadFieldNumber),
        (b"\x0b", protobuf.UnknownWireType),
        (b"\x0c", protobuf.UnknownWireType),
        (b"\x0e", protobuf.UnknownWireType),
        (b"\x0f", protobuf.UnknownWireType),
        (b"\x0a\x00", protobuf.WrongWireType),
        (b"\x10\x01", protobuf.WrongWireType),
        (b"\x18\x01", protobuf.WrongWireType),
        (b"\x08\x01\x08\x01", protobuf.DuplicateField),
        (b"\x12\x00\x12\x00", protobuf.DuplicateField),
        (b"\x1a\x00\x1a\x00", protobuf.DuplicateField),
        (b"\x12\x01\xff", protobuf.BadText),
        (b"\x32\x01\x80", protobuf.PackedCutShort),
        (b"\x3a\x03\0\0\0", protobuf.PackedCutShort),
        (b"\x4a\x01\x80", protobuf.PackedCutShort),
    ],
)
def test_each_way_to_be_wrong(data: bytes, error: type[FormatError]) -> None:
    """The smallest bytes that raise each error."""
    with pytest.raises(FormatError) as caught:
        read(data)
    assert type(caught.value) is error


@pytest.mark.parametrize(
    ("data", "limits", "error"),
    [
        (number(9, 1) * 3, {"protobuf_fields": 2}, protobuf.TooManyFields),
        (block(14, block(14, block(14, b""))), {"protobuf_depth": 2}, protobuf.MessagesTooDeep),
        (block(2, "abc"), {"protobuf_text_bytes": 2}, protobuf.TooMuchText),
        (number(6, 1) * 3, {"tensor_rank": 2}, protobuf.TooManyNumbers),
        (block(6, b"\x01\x01\x01"), {"tensor_rank": 2}, protobuf.TooManyNumbers),
        (block(6, bytes(30)), {"tensor_rank": 2}, protobuf.TooManyNumbers),
    ],
)
def test_each_budget(data: bytes, limits: dict[str, int], error: type[LimitExceeded]) -> None:
    """One item more than a budget allows."""
    with pytest.raises(LimitExceeded) as caught:
        read(data, replace(DEFAULT_LIMITS, **limits))
    assert type(caught.value) is error


def test_a_field_of_a_later_version() -> None:
    """It is stepped over, and the first one is named with its place."""
    walked = read(number(1, 5) + block(99, b"\xff") + number(98, 1))
    assert walked.values == {"number": 5}
    assert walked.unknown == "field 99 of Root at byte 2"


def test_messages_of_any_length() -> None:
    """Windows of a large file fit together, whatever stands at their borders."""
    parts = [number(1, 1)]
    parts += [block(4, number(1, at)) + block(12, bytes(at % 700)) for at in range(400)]
    assert read(b"".join(parts)).values["children"] == list(range(400))


@given(st.lists(st.tuples(st.integers(0, (1 << 64) - 1), st.binary(max_size=40)), max_size=20))
@settings(max_examples=100, deadline=None)
def test_what_is_built_is_read(items: list[tuple[int, bytes]]) -> None:
    """Numbers of any size come back, between byte strings of any length."""
    data = b"".join(block(4, number(1, value)) + block(12, filling) for value, filling in items)
    assert read(data).values.get("children", []) == [value for value, _ in items]


@given(st.binary(max_size=60))
@settings(max_examples=300, deadline=None)
def test_any_bytes(data: bytes) -> None:
    """Any bytes are walked to their end, or are a FormatError."""
    try:
        read(data)
    except FormatError:
        return
