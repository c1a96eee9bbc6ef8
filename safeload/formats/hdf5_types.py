"""HDF5 sections IV.A.2.b, IV.A.2.d and IV.A.2.i: shape, element type and place of data.

Read are little-endian integers and IEEE floats, and strings for attributes. Every other class is refused
by its name, since none stands in the weights that Keras writes.
"""

from __future__ import annotations

import math
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from safeload.formats.hdf5_blocks import UNDEFINED, WIDTH
from safeload.formats.hdf5_errors import (
    ArrayType,
    BadDimensions,
    BadString,
    BigEndian,
    BitFieldType,
    ChunkedLayout,
    CompoundType,
    DataSize,
    EnumerationType,
    MissingData,
    NullDataspace,
    OpaqueType,
    RankTooLarge,
    ReferenceType,
    SequenceType,
    TimeType,
    UnknownType,
    UnusualNumber,
    VirtualDataset,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from safeload.errors import FormatError
    from safeload.formats.hdf5_blocks import Blocks, Fields

FIXED_TEXT, VARIABLE_TEXT = "fixed-text", "variable-text"
NULL_TERMINATED, NULL_PADDED, SPACE_PADDED = 0, 1, 2
VARIABLE_BYTES = 4 + WIDTH + 4
"""A string that stands in a global heap: length, address of the collection, index."""

_MOST_ELEMENTS = (1 << 63) - 1
_UNLIMITED = (1 << 64) - 1
_INTEGER, _FLOAT, _STRING, _VARIABLE = 0, 1, 3, 9
_REFUSED: Mapping[int, type[FormatError]] = MappingProxyType(
    {
        2: TimeType, 4: BitFieldType, 5: OpaqueType, 6: CompoundType, 7: ReferenceType,
        8: EnumerationType, 10: ArrayType,
    }
)  # fmt: skip
_FLOATS: Mapping[tuple[int, ...], str] = MappingProxyType(
    {
        # bytes, sign, bit offset, precision, exponent at, of, mantissa at, of, bias
        (2, 15, 0, 16, 10, 5, 0, 10, 15): "float16",
        (2, 15, 0, 16, 7, 8, 0, 7, 127): "bfloat16",
        (4, 31, 0, 32, 23, 8, 0, 23, 127): "float32",
        (8, 63, 0, 64, 52, 11, 0, 52, 1023): "float64",
    }
)
_IMPLIED_BIT = 2
"""Mantissa normalisation of IEEE floats."""
_COMPACT, _CONTIGUOUS, _CHUNKED, _VIRTUAL = 0, 1, 2, 3


class Datatype(NamedTuple):
    """The type of one element."""

    kind: str
    """A torch dtype, FIXED_TEXT or VARIABLE_TEXT."""
    size: int
    padding: int = NULL_TERMINATED
    """How a fixed string ends."""


def parse_dataspace(fields: Fields, blocks: Blocks) -> tuple[int, ...]:
    """IV.A.2.b: the shape, of which the elements can be counted.

    Raises:
        FormatError: no shape of finitely many elements.
    """
    at = fields.position
    version = fields.version("a dataspace", 1, 2)
    rank, flags = fields.number(1), fields.number(1)
    kind = fields.number(1) if version == 2 else int(rank > 0)
    if version == 1:
        fields.take(5)  # reserved
    if kind == 2:
        raise NullDataspace("a dataspace that stands for no value", offset=at)
    if kind != int(rank > 0) or flags & ~1:
        raise BadDimensions(f"a dataspace of kind {kind}, rank {rank}, flags {flags}", offset=at)
    if rank > blocks.limits.tensor_rank:
        raise RankTooLarge(f"{rank} dimensions, more than {blocks.limits.tensor_rank}", offset=at)
    shape = tuple(fields.number(WIDTH) for _ in range(rank))
    most = tuple(fields.number(WIDTH) for _ in range(rank)) if flags & 1 else shape
    fields.end("dataspace")
    if any(size > maximum for size, maximum in zip(shape, most, strict=True)):
        raise BadDimensions("a dimension above its maximum", offset=at)
    # A size of 0 makes an empty dataset, but must not hide an overflow of the other sizes.
    if math.prod(size or 1 for size in shape) > _MOST_ELEMENTS:
        raise BadDimensions("more elements than 63 bits can count", offset=at)
    return shape


def parse_datatype(fields: Fields) -> Datatype:
    """IV.A.2.d: a number or a string.

    Raises:
        FormatError: another type, by its name.
    """
    at = fields.position
    head = fields.number(1)
    bits, size = fields.number(3), fields.number(4)
    kind, version = head & 15, head >> 4
    if kind in _REFUSED:
        name = _REFUSED[kind]
        raise name(f"elements of the datatype class {kind}", offset=at)
    # Version 3 packs classes that are not read; 4 and 5 add to such classes.
    if version not in {1, 2, 3, 4, 5} or kind not in {_INTEGER, _FLOAT, _STRING, _VARIABLE}:
        raise UnknownType(f"a datatype of class {kind} and version {version}", offset=at)
    if kind == _STRING:
        if not size or bits & 15 > SPACE_PADDED or bits >> 4 > 1:
            raise BadString(f"a string type of size {size} with bits {bits}", offset=at)
        fields.end("datatype")
        return Datatype(FIXED_TEXT, size, bits & 15)
    if kind == _VARIABLE:
        return _variable(fields, bits, size, at)
    return _integer(fields, bits, size, at) if kind == _INTEGER else _float(fields, bits, size, at)


def _integer(fields: Fields, bits: int, size: int, at: int) -> Datatype:
    offset, precision = fields.number(2), fields.number(2)
    fields.end("datatype")
    if bits & 1 and size > 1:
        raise BigEndian("integers in big-endian order", offset=at)
    if size not in {1, 2, 4, 8} or offset or precision != 8 * size or bits & ~0b1001:
        raise UnusualNumber(f"integers of {size} bytes, {precision} bits", offset=at)
    return Datatype(f"{'int' if bits & 0b1000 else 'uint'}{8 * size}", size)


def _float(fields: Fields, bits: int, size: int, at: int) -> Datatype:
    layout = (
        size, bits >> 8 & 0xFF, fields.number(2), fields.number(2), fields.number(1), fields.number(1),
        fields.number(1), fields.number(1), fields.number(4),
    )  # fmt: skip
    fields.end("datatype")
    if bits & 0b100_0001:
        raise BigEndian("floats in big-endian or VAX order", offset=at)
    name = _FLOATS.get(layout)
    if name is None or bits & 0xFF != _IMPLIED_BIT << 4 or bits >> 16:
        raise UnusualNumber(f"floats of {size} bytes in an unusual layout", offset=at)
    return Datatype(name, size)


def _variable(fields: Fields, bits: int, size: int, at: int) -> Datatype:
    if bits & 15 != 1:
        raise SequenceType("a variable-length sequence", offset=at)
    if bits >> 4 & 15 > SPACE_PADDED or bits >> 8 > 1 or size != VARIABLE_BYTES:
        raise BadString(f"a string type of size {size} with bits {bits}", offset=at)
    # The base type: one byte, as an integer or as a string.
    base = fields.number(1) & 15
    fields.take(3)
    if base not in {_INTEGER, _STRING} or fields.number(4) != 1:
        raise BadString("a string of characters that are not bytes", offset=at)
    if base == _INTEGER:
        fields.take(4)
    fields.end("datatype")
    return Datatype(VARIABLE_TEXT, size)


def parse_layout(fields: Fields, blocks: Blocks, size: int) -> int:
    """IV.A.2.i: the byte at which the data of a dataset starts, claimed where it is a block.

    Args:
        fields: the data layout message.
        blocks: the file.
        size: bytes that the data has to have.

    Raises:
        FormatError: the data is stored in pieces, elsewhere, or not at all.
    """
    at = fields.position
    fields.version("a data layout", 3, 4, 5)
    kind = fields.number(1)
    if kind == _CHUNKED:
        raise ChunkedLayout("a dataset stored in chunks", offset=at)
    if kind == _VIRTUAL:
        raise VirtualDataset("a dataset put together from others", offset=at)
    if kind == _COMPACT:
        stored = fields.number(2)
        start = fields.position
        fields.take(stored)
    elif kind == _CONTIGUOUS:
        start, stored = fields.number(WIDTH), fields.number(WIDTH)
        if start == UNDEFINED:
            if size:
                raise MissingData("a dataset with elements but without data", offset=at)
            start = 0
    else:
        raise ChunkedLayout(f"a data layout of class {kind}", offset=at)
    fields.end("data layout")
    if stored != size:
        raise DataSize(f"{stored} bytes are stored for elements of {size} bytes", offset=at)
    if kind == _CONTIGUOUS:
        blocks.claim(start, size, "data")
    return start
