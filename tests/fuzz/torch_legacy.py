"""Any bytes give a record, the traces of its pickles, or a FormatError.

The invariant holds within the limits and under the seal.
Every tensor of a record lies inside the file, behind the pickles, and each storage lies there once.
"""

from __future__ import annotations

from safeload.errors import FormatError
from safeload.formats.tensors import ITEM_BITS
from safeload.formats.torch_legacy import (
    LegacyPickles,
    MagicDiffers,
    NotLiteral,
    TorchLegacy,
    parse_torch_legacy,
)
from safeload.formats.view import BytesView
from tests.forge.archives import PAYLOAD
from tests.forge.legacy import SYSTEM, TWO_FLOATS, legacy, state, storage, table
from tests.fuzz.pickle_machine import LIMITS

_HEAD = 60
"""The four pickles around the object take more bytes than this."""


def seeds() -> list[bytes]:
    """An honest file, and lies in each of its parts."""
    two = state(storage(key="8", numel=4), offset=1, size=3)
    return [
        legacy(),
        legacy(state=two, keys=("8",), rows=table((4, TWO_FLOATS * 2))),
        legacy(keys=("7", "7")),
        legacy(system={**SYSTEM, "little_endian": False}),
        legacy(rows=table((1 << 62, TWO_FLOATS))),
        legacy(state=PAYLOAD),
        legacy() + PAYLOAD,
    ]


def read(data: bytes) -> object:
    """The record or traces, or the error that is allowed."""
    try:
        return parse_torch_legacy(BytesView(data), LIMITS)
    except FormatError as error:
        return error


def check(data: bytes, result: object) -> None:
    """What has to hold of a record."""
    if not isinstance(result, TorchLegacy):
        assert isinstance(result, (LegacyPickles, FormatError))
        return
    at = _HEAD
    for key, start in result.storages.items():
        held = result.trace.storages[key]
        assert start >= at + 8
        at = start + held.numel * ITEM_BITS[held.dtype] // 8
    assert at == len(data) or not result.storages
    for entry in result.tensors.values():
        stride = entry.stride or _contiguous(entry.shape)
        last = sum((size - 1) * step for size, step in zip(entry.shape, stride, strict=True))
        assert 0 in entry.shape or entry.offset + (last + 1) * ITEM_BITS[entry.dtype] // 8 <= len(data)


def _contiguous(shape: tuple[int, ...]) -> tuple[int, ...]:
    stride = [1]
    for size in reversed(shape[1:]):
        stride.insert(0, stride[0] * size)
    return tuple(stride[: len(shape)])


def deep(result: object) -> bool:
    """Whether it got past magic number and protocol version."""
    return not isinstance(result, (NotLiteral, MagicDiffers))
