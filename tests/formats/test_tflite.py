"""formats.tflite: every offset inside the file, and names of what is outside TFLite."""

from __future__ import annotations

import struct

import pytest

from safeload.errors import FormatError, LimitExceeded
from safeload.formats import tflite
from safeload.formats.tflite import Tflite, parse_tflite
from safeload.formats.view import BytesView
from safeload.limits import DEFAULT_LIMITS, Limits
from safeload.record import replace
from tests.forge.tflite import Builder, model


def parse(data: bytes, limits: Limits = DEFAULT_LIMITS) -> Tflite:
    return parse_tflite(BytesView(data), limits)


def test_an_honest_model() -> None:
    """Operators of its own by number, others by name."""
    record = parse(model("FlexErf", "Mine"))
    assert (record.operators, record.custom, record.graphs, record.buffers) == (
        (9,),
        ("FlexErf", "Mine"),
        1,
        2,
    )


def test_data_behind_the_tables() -> None:
    """A buffer outside the tables has to lie in the file; the numbers that mean nothing are let be."""
    assert parse(model(outside=(1, 1))).buffers == 2
    assert parse(model(outside=(100, 20))).buffers == 2


def cut(data: bytes, at: int, value: int, layout: str = "<I") -> bytes:
    """The model with one number changed."""
    changed = bytearray(data)
    struct.pack_into(layout, changed, at, value)
    return bytes(changed)


def nameless() -> bytes:
    """A custom operator without a name."""
    build = Builder()
    root = build.table(f0=("I", 3), f1=("I", 0))
    struct.pack_into("<I", build.data, 0, root)
    codes = build.vector(bytes(4), 1)
    build.point(build.place(root, 1), codes)
    build.point(codes + 4, build.table(f0=("b", 32)))
    return bytes(build.data)


ROOT = struct.unpack_from("<I", model())[0]


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"", tflite.NoMagic),
        (b"\0\0\0\0TFL2", tflite.NoMagic),
        (b"\0\0\0\0TFL3", tflite.OffsetOutside),
        (b"\xff\xff\xff\xffTFL3", tflite.OffsetOutside),
        (model(version=2), tflite.UnsupportedVersion),
        (model(buffer=2), tflite.IndexOutOfRange),
        (model(code=1), tflite.IndexOutOfRange),
        (model(outside=(100, 1 << 40)), tflite.OffsetOutside),
        (cut(model(), ROOT, 1 << 30), tflite.OffsetOutside),
        (cut(model(), ROOT + 8, 0), tflite.OffsetOutside),
        (cut(model(), ROOT + 8, 1 << 30), tflite.OffsetOutside),
        (model()[:-20], tflite.OffsetOutside),
        (nameless(), tflite.BadOperatorName),
        (model("x" * 2_000), tflite.BadOperatorName),
        (model("x").replace(b"x\0", b"\xff\0"), tflite.BadOperatorName),
    ],
)
def test_each_way_to_be_wrong(data: bytes, error: type[FormatError]) -> None:
    """Models with one thing wrong."""
    with pytest.raises(FormatError) as caught:
        parse(data)
    assert type(caught.value) is error


def test_shared_tables_count_each_time() -> None:
    """A vector whose entries all lead to one table is as long as it says, and the budget ends it."""
    with pytest.raises(LimitExceeded):
        parse(model(), replace(DEFAULT_LIMITS, flatbuffer_items=5))


def test_every_prefix() -> None:
    """A part of a model is a FormatError, or is read."""
    data = model("Mine")
    for end in range(len(data)):
        try:
            parse(data[:end])
        except FormatError:
            continue
