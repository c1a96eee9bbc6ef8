"""Any bytes give a Flax checkpoint or a FormatError.

The invariant holds within the limits and under the seal.
What we accept, the msgpack package accepts, and every array has the bytes that it reads there.
"""

from __future__ import annotations

import math

import msgpack
import numpy as np

from safeload.errors import FormatError
from safeload.formats.msgpack import Msgpack, NotMap, parse_msgpack
from safeload.formats.tensors import ITEM_BITS
from safeload.formats.view import BytesView
from safeload.limits import DEFAULT_LIMITS
from safeload.record import replace
from tests.forge.flax import bfloat16, chunked, pack, params

LIMITS = replace(DEFAULT_LIMITS, msgpack_items=4_096, msgpack_text_bytes=1 << 15, msgpack_depth=16)


def seeds() -> list[bytes]:
    """Parameters, a train state, chunked arrays, scalars, and broken ones."""
    array = np.arange(6, dtype=np.int16).reshape(2, 3)
    return [
        pack(params(1)),
        pack({"p": {"w": array, "n": 1.5}, "s": np.int8(1), "c": 1j, "l": [1, {}, -7], "b": b"x", "t": "é"}),
        pack({"p": chunked(array, 4), "q": chunked(array, 6)}),
        pack({"p": bfloat16((2,), b"abcd")}),
        b"\x82\xa1a\xc0\xa1a\xc0",
        b"\x80",
        b"\xdf\xff\xff\xff\xff",
    ]


def read(data: bytes) -> object:
    """The checkpoint, or the error that is allowed."""
    try:
        return parse_msgpack(BytesView(data), LIMITS)
    except FormatError as error:
        return error


def check(data: bytes, result: object) -> None:
    """What has to hold of a checkpoint."""
    if not isinstance(result, Msgpack):
        return
    found: list[bytes] = []

    def extension(code: int, raw: bytes) -> None:
        if code != 2:
            found.append(msgpack.unpackb(raw, raw=False)[2])

    msgpack.unpackb(data, ext_hook=extension, raw=False)
    entries = [*result.tensors.values(), *result.scalars.values()]
    entries += [piece for array in result.chunked.values() for piece in array.chunks]
    ours = []
    for entry in sorted(entries, key=lambda entry: entry.offset):
        length = math.prod(entry.shape) * ITEM_BITS[entry.dtype] // 8
        ours.append(data[entry.offset : entry.offset + length])
    assert sorted(ours) == sorted(found)


def deep(result: object) -> bool:
    """Whether it got past a file that is no map."""
    return not isinstance(result, NotMap)
