"""Any bytes give a record or a FormatError, within the limits and under the seal.

The stated end of the file and most checksums are made right first, or hardly any mutation would get past
them. Where h5py opens a file that we accept, it reads the same datasets (paths, types, shapes, bytes) and the
same attributes from it.
"""

from __future__ import annotations

import functools
import math

from safeload.errors import FormatError
from safeload.formats.hdf5 import Hdf5, parse_hdf5
from safeload.formats.hdf5_errors import (
    NoSignature,
    NotClosed,
    SuperblockExtension,
    SuperblockVersion,
    UserBlock,
    WrongEnd,
)
from safeload.formats.tensors import ITEM_BITS
from safeload.formats.view import BytesView
from safeload.limits import DEFAULT_LIMITS
from safeload.record import replace
from tests.forge import hdf5
from tests.forge.hdf5 import by_h5py, everything, keras_weights, written

LIMITS = replace(DEFAULT_LIMITS, hdf5_objects=256, hdf5_metadata_bytes=1 << 20)


mended = functools.lru_cache(maxsize=1)(hdf5.mended)
"""Reading and checking mend the same bytes."""


def seeds() -> list[bytes]:
    """Old and new layouts, with and without groups, attributes and data; small, since sums take time."""
    layouts: list[dict[str, object]] = [{}, {"libver": "latest"}]
    builders = (
        lambda **options: keras_weights(0, **options),
        lambda **options: everything(("<f4", "u1"), **options),
        lambda **options: everything(("<i8",), **options),
        lambda **options: written(lambda _: None, **options),
    )
    return [build(**options) for options in layouts for build in builders]


def read(data: bytes) -> object:
    """The record, or the error that is allowed."""
    try:
        return parse_hdf5(BytesView(mended(data)), LIMITS)
    except FormatError as error:
        return error


def check(data: bytes, result: object) -> None:
    """What has to hold of a record."""
    if not isinstance(result, Hdf5):
        return
    data = mended(data)
    tensors = {}
    for path, entry in result.tensors.items():
        end = entry.offset + math.prod(entry.shape) * ITEM_BITS[entry.dtype] // 8
        assert end <= len(data)
        tensors[path] = (entry.dtype, entry.shape, data[entry.offset : end])
    try:
        theirs = by_h5py(data)
    except (OSError, ValueError, RuntimeError, KeyError, TypeError, UnicodeDecodeError):
        # It looks into messages that we pass over, such as fill values.
        return
    attributes = {path: dict(values) for path, values in result.attributes.items()}
    assert _sorted(*theirs) == _sorted(tensors, attributes)


def _sorted(tensors: dict[str, object], attributes: dict[str, dict[str, object]]) -> list[str]:
    """All that was read, in one order, and by text: a NaN is equal to itself."""
    return sorted(
        [f"{path!r} {value!r}" for path, value in tensors.items()]
        + [f"{path!r} {name!r} {value!r}" for path, own in attributes.items() for name, value in own.items()]
    )


def deep(result: object) -> bool:
    """Whether it got past signature and superblock."""
    return not isinstance(
        result, (NoSignature, SuperblockVersion, SuperblockExtension, NotClosed, UserBlock, WrongEnd)
    )
