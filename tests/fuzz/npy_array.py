"""Any bytes give an array or a FormatError.

The invariant holds within the limits and under the seal.
What numpy reads from a file that we accept has our shape, element size, order and bytes.
"""

from __future__ import annotations

import io
import math

from safeload.errors import FormatError
from safeload.formats.npy import (
    HeaderTooLarge,
    HeaderTruncated,
    NotAnArray,
    NpyArray,
    VersionUnlisted,
    parse_npy,
)
from safeload.formats.view import BytesView
from safeload.limits import DEFAULT_LIMITS
from safeload.record import replace
from tests.forge.archives import PAYLOAD
from tests.forge.npy import header, npy

LIMITS = replace(DEFAULT_LIMITS, npy_header_bytes=2_000)
_MOST_EMPTY = 1 << 16


def seeds() -> list[bytes]:
    """Arrays of every version, with fields, with objects, and with lies in the header."""
    fields = "[('a', '<f4', (2,)), (('t', 'b'), [('c', '<i2'), ('', '|V2')]), ('d', '<U3')]"
    return [
        npy(header("'<f4'"), bytes(8)),
        npy(header("'|b1'", "(2, 3)", "True"), bytes(6), version=(2, 0)),
        npy(header(fields), bytes(48), version=(3, 0)),
        npy(header("'<M8[25s]'", "()"), bytes(8)),
        npy(header("'|S0'", "(0, 5)")),
        npy(header("'<f8'", "(2L,)"), bytes(16)),
        npy(header("'|O'"), PAYLOAD),
        npy(header("'<f4'", "(" * 50), bytes(8)),
        npy(header("'<f4'", "(99999999999, 99999999999)"), bytes(8)),
    ]


def read(data: bytes) -> object:
    """The array, or the error that is allowed."""
    try:
        return parse_npy(BytesView(data), LIMITS)
    except FormatError as error:
        return error


def check(data: bytes, result: object) -> None:
    """What has to hold of an array."""
    if not isinstance(result, NpyArray):
        return
    count = math.prod(result.shape)
    assert result.offset + count * result.item_bytes == len(data)
    if not result.item_bytes and count > _MOST_EMPTY:
        return  # numpy would take its time over elements without bytes
    import warnings

    import numpy as np

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # headers of Python 2
        array = np.load(io.BytesIO(data), allow_pickle=False)
    assert (array.shape, array.dtype.itemsize) == (result.shape, result.item_bytes)
    if result.dtype != "fields":  # numpy leaves the padding between fields out
        assert array.tobytes("F" if result.fortran_order else "C") == data[result.offset :]


def deep(result: object) -> bool:
    """Whether it got past magic, version and length."""
    return not isinstance(result, (NotAnArray, HeaderTruncated, VersionUnlisted, HeaderTooLarge))
