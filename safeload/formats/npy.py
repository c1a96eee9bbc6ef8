"""Arrays as `numpy.save` writes them: `parse_npy(view, limits)`.

Guarantees: the dtype is made of plain numbers, texts, dates and bytes, without Python objects anywhere in
it; the data is exactly as long as dtype and shape say. Data is not read here.

Transcribed from https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html (versions 1.0, 2.0
and 3.0). Stricter than numpy: see `npy_literal` for the header's syntax; a dtype is written as
`dtype.str` or `dtype.descr` write it and not in the other ways that `numpy.dtype` takes; nothing may
stand behind the data.
"""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from safeload.errors import FormatError, LimitExceeded
from safeload.formats.npy_literal import read_literal
from safeload.formats.tensors import TensorEntry
from safeload.record import record

if TYPE_CHECKING:
    from collections.abc import Mapping

    from safeload.core import View
    from safeload.limits import Limits

_MAGIC = b"\x93NUMPY"
_LENGTH_BYTES: Mapping[tuple[int, int], int] = MappingProxyType({(1, 0): 2, (2, 0): 4, (3, 0): 4})
_KEYS = frozenset({"descr", "fortran_order", "shape"})
_PLAIN = re.compile(
    r"(?:[<>|](?:b1|[iu]1|[SV](?P<bytes>0|[1-9][0-9]{0,9}))"
    r"|[<>](?:[iu][248]|f(?:2|4|8|16)|c(?:8|16|32)|U(?P<letters>0|[1-9][0-9]{0,8})"
    r"|[Mm]8(?:\[(?:[1-9][0-9]{0,8})?(?:[YMWDhms]|ms|us|ns|ps|fs|as)\])?))"
)
_OBJECT = re.compile(r"[<>|=]?O[0-9]{0,2}")
_ITEM_MOST = (1 << 31) - 1
"""Numpy's own bound for the size of one element."""
_INT64_MAX = (1 << 63) - 1
_SUBARRAY_RANK = 32
_TORCH_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "b1": "bool", "i1": "int8", "u1": "uint8", "i2": "int16", "u2": "uint16", "i4": "int32",
        "u4": "uint32", "i8": "int64", "u8": "uint64", "f2": "float16", "f4": "float32", "f8": "float64",
        "c8": "complex64", "c16": "complex128",
    }
)  # fmt: skip


class NotAnArray(FormatError):
    """Bytes that do not start with the magic."""


class VersionUnlisted(FormatError):
    """A version of the format that does not exist."""


class HeaderTruncated(FormatError):
    """A header that reaches past the end of the file."""


class HeaderTooLarge(LimitExceeded):
    """A header above the budget."""


class HeaderEncoding(FormatError):
    """A header that is not in the encoding of its version."""


class DtypeUnlisted(FormatError):
    """A dtype that numpy.save does not write."""


class ObjectArray(FormatError):
    """A dtype with Python objects in it: the data is a pickle."""


class ItemTooLarge(LimitExceeded):
    """Elements larger than numpy's own have."""


class OrderInvalid(FormatError):
    """A `fortran_order` that is no bool."""


class ShapeInvalid(FormatError):
    """A shape that is no tuple of counts, or has too many dimensions or elements."""


class DataSizeDiffers(FormatError):
    """Data of another length than dtype and shape say."""


class NpyStart(NamedTuple):
    """Where the header and the data are."""

    version: tuple[int, int]
    header: int
    data: int


@record
class NpyArray:
    """One array: where its elements are, and what they are."""

    version: tuple[int, int]
    dtype: str
    """As numpy writes it (`<f4`), or `fields` for a structured one."""
    item_bytes: int
    shape: tuple[int, ...]
    fortran_order: bool
    """True where the first dimension is the fastest."""
    offset: int
    """Byte position of element 0."""
    entry: TensorEntry | None
    """The same as a tensor, where torch has such elements in little-endian order."""


def parse_npy(view: View, limits: Limits) -> NpyArray:
    """The array of a file.

    Raises:
        FormatError: one subclass per way to be wrong.
    """
    return parse_array(view, parse_start(view), limits)


def parse_start(view: View) -> NpyStart:
    """The magic, the version, and the length of the header.

    Raises:
        FormatError: `NotAnArray`, `VersionUnlisted` or `HeaderTruncated`.
    """
    head = view.read(0, min(view.size, 12))
    if head[:6] != _MAGIC:
        raise NotAnArray("does not start with the magic of an array", offset=0)
    if len(head) < 8:
        raise HeaderTruncated("the file ends inside the version", offset=6)
    version = (head[6], head[7])
    width = _LENGTH_BYTES.get(version)
    if width is None:
        raise VersionUnlisted(f"version {version[0]}.{version[1]} does not exist", offset=6)
    start = 8 + width
    end = start + int.from_bytes(head[8:start], "little")
    if len(head) < start or end > view.size:
        raise HeaderTruncated("the header reaches past the end of the file", offset=8)
    return NpyStart(version, start, end)


def parse_array(view: View, start: NpyStart, limits: Limits) -> NpyArray:
    """The header's content, and whether the data is as long as it says.

    Raises:
        FormatError: one subclass per way to be wrong.
    """
    length = start.data - start.header
    if length > limits.npy_header_bytes:
        raise HeaderTooLarge(f"the header takes {length} bytes, the budget is {limits.npy_header_bytes}")
    raw = view.read(start.header, length)
    try:
        # Versions 1 and 2 are ASCII by the specification and Latin-1 in fact: names of fields.
        text = raw.decode("utf-8" if start.version == (3, 0) else "latin-1")
    except UnicodeDecodeError:
        raise HeaderEncoding("the header is not UTF-8", offset=start.header) from None
    try:
        fields = read_literal(text, _KEYS, longs=start.version != (3, 0))
    except FormatError as error:
        error.offset = start.header
        raise
    item_bytes, objects = _measure(fields["descr"])
    if objects:
        raise ObjectArray("the elements are Python objects: the data is a pickle", offset=start.data)
    order, shape = fields["fortran_order"], fields["shape"]
    if type(order) is not bool:
        raise OrderInvalid("fortran_order is no bool", offset=start.header)
    if not isinstance(shape, tuple) or not all(type(size) is int for size in shape):
        raise ShapeInvalid("the shape is no tuple of counts", offset=start.header)
    count = _count(shape, limits.tensor_rank)
    if view.size - start.data != count * item_bytes:
        raise DataSizeDiffers(
            f"{view.size - start.data} bytes of data where dtype and shape ask for {count * item_bytes}",
            offset=start.data,
        )
    descr = fields["descr"] if isinstance(fields["descr"], str) else "fields"
    return NpyArray(
        version=start.version,
        dtype=descr,
        item_bytes=item_bytes,
        shape=shape,
        fortran_order=order,
        offset=start.data,
        entry=_entry(descr, shape, start.data, fortran=order),
    )


def _count(shape: tuple[int, ...], rank: int) -> int:
    """Elements of an array."""
    if len(shape) > rank:
        raise ShapeInvalid(f"an array of {len(shape)} dimensions")
    count = 1
    for size in shape:
        count *= size
        if size > _INT64_MAX or count > _INT64_MAX:
            raise ShapeInvalid("more elements than an int64 counts")
    return count


def _measure(descr: object) -> tuple[int, bool]:
    """Bytes of one element, and whether Python objects are among them.

    Nested fields are recursed into: `npy_literal` has bounded their depth.
    """
    if isinstance(descr, str):
        if _OBJECT.fullmatch(descr):
            return 8, True
        match = _PLAIN.fullmatch(descr)
        if match is None:
            raise DtypeUnlisted("a dtype is none of plain numbers, texts, dates and bytes")
        size = 8 if descr[1] in "Mm" else int(descr[2:]) * (4 if match["letters"] else 1)
        if size > _ITEM_MOST:
            raise ItemTooLarge(f"an element of {size} bytes")
        return size, False
    if not isinstance(descr, list):
        raise DtypeUnlisted("a dtype is neither a string nor a list of fields")
    total, objects = 0, False
    names: set[str] = set()
    for field in descr:
        if not isinstance(field, tuple) or len(field) not in (2, 3):
            raise DtypeUnlisted("a field is no tuple of name, dtype and shape")
        size, inner = _measure(field[1])
        _take_names(field[0], names, padding=isinstance(field[1], str) and field[1][1:2] == "V")
        total += size * (_subarray(field[2]) if len(field) == 3 else 1)
        objects |= inner
        if total > _ITEM_MOST:
            raise ItemTooLarge("an element of more than 2 GiB")
    return total, objects


def _take_names(name: object, names: set[str], *, padding: bool) -> None:
    """Note a field's name, or its title and name: no two of them may be equal."""
    if name == "" and padding:
        return
    for part in name if isinstance(name, tuple) and len(name) == 2 else (name,):
        if type(part) is not str or not part or part in names:
            raise DtypeUnlisted("a field has no name, or the name of another one")
        names.add(part)


def _subarray(shape: object) -> int:
    """Elements of a field that holds several."""
    sizes = shape if isinstance(shape, tuple) else (shape,)
    if len(sizes) > _SUBARRAY_RANK or not all(type(size) is int for size in sizes):
        raise DtypeUnlisted("the shape of a field is no tuple of counts")
    count = 1
    for size in sizes:
        count *= size
        if size > _ITEM_MOST or count > _ITEM_MOST:
            raise ItemTooLarge("a field of more than 2 GiB")
    return count


def _entry(descr: str, shape: tuple[int, ...], offset: int, *, fortran: bool) -> TensorEntry | None:
    """The array as a tensor, where torch has its dtype."""
    dtype = _TORCH_NAMES.get(descr[1:])
    if dtype is None or (descr[0] == ">" and descr[-1] != "1"):
        return None
    stride = None
    if fortran and len(shape) > 1:
        step = 1
        steps = []
        for size in shape:
            steps.append(step)
            step *= size
        stride = tuple(steps)
    return TensorEntry(dtype, shape, offset, stride)
