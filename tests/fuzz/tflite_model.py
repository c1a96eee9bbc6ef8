"""Any bytes give a TFLite model or a FormatError.

The invariant holds within the limits and under the seal.
A model that we accept names every custom operator, and holds no more graphs than the file has room for.
"""

from __future__ import annotations

import io
import zipfile

from safeload.errors import FormatError
from safeload.formats.appended_zip import read_appended
from safeload.formats.tflite import NoMagic, OffsetOutside, Tflite, parse_tflite
from safeload.formats.view import BytesView, SubView
from safeload.limits import DEFAULT_LIMITS
from safeload.record import replace
from tests.forge.tflite import model

LIMITS = replace(DEFAULT_LIMITS, flatbuffer_items=2_000)


def seeds() -> list[bytes]:
    """Models with and without custom operators, with data behind the tables, with a file behind the model."""
    target = io.BytesIO(model())
    with zipfile.ZipFile(target, "a") as archive:
        archive.writestr("labels.txt", "cat\ndog\n")
    return [
        model(),
        model("FlexReadFile", "Mine"),
        model(outside=(64, 8)),
        model(code=0, buffer=0),
        target.getvalue(),
    ]


def read(data: bytes) -> object:
    """The model, or the error that is allowed."""
    view = BytesView(data)
    try:
        end, members = read_appended(view)
        assert all(end <= item.offset <= item.offset + item.size <= len(data) for item in members)
        return parse_tflite(SubView(view, 0, end), LIMITS)
    except FormatError as error:
        return error


def check(data: bytes, result: object) -> None:
    """What has to hold of a model."""
    if isinstance(result, Tflite):
        assert result.graphs + result.buffers + len(result.custom) <= LIMITS.flatbuffer_items
        assert all(isinstance(name, str) for name in result.custom)


def deep(result: object) -> bool:
    """Whether it got past the identifier and the first table."""
    return not isinstance(result, (NoMagic, OffsetOutside))
