"""safetensors: a JSON header that names ranges of the bytes behind it.

Implements the format section of https://github.com/huggingface/safetensors (README, "Format"):
8 bytes little-endian header length, the header, the data. Guarantees for a record: every tensor's range
lies inside the file, holds exactly its shape times its dtype, and the ranges tile the data section
without gap, overlap or remainder.

Stricter than the reference: duplicate keys, and anything else that `json_strict` refuses, are errors.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from safeload.errors import FormatError, LimitExceeded
from safeload.formats.json_strict import parse_json
from safeload.formats.tensors import ITEM_BITS, TensorEntry
from safeload.record import record

if TYPE_CHECKING:
    from collections.abc import Mapping

    from safeload.core import Json, View
    from safeload.limits import Limits

LENGTH_BYTES = 8
METADATA = "__metadata__"

DTYPES: Mapping[str, str] = MappingProxyType(
    {
        "BOOL": "bool", "U8": "uint8", "I8": "int8", "U16": "uint16", "I16": "int16", "U32": "uint32",
        "I32": "int32", "U64": "uint64", "I64": "int64", "F16": "float16", "BF16": "bfloat16",
        "F32": "float32", "F64": "float64", "C64": "complex64", "F8_E4M3": "float8_e4m3fn",
        "F8_E5M2": "float8_e5m2", "F8_E8M0": "float8_e8m0fnu", "F8_E4M3FNUZ": "float8_e4m3fnuz",
        "F8_E5M2FNUZ": "float8_e5m2fnuz",
    }
)  # fmt: skip
"""Names in the header and their torch dtypes. Sub-byte types are left out: no loader of ours builds them."""

_MOST_ELEMENTS = (1 << 63) - 1
_SHOWN = 100
"""Characters of a wrong value that a message carries."""


class HeaderTooShort(FormatError):
    """Fewer than the eight bytes of the header length."""


class HeaderTooLarge(LimitExceeded):
    """A header longer than the budget."""


class HeaderPastEnd(FormatError):
    """A header that would reach past the end of the file."""


class HeaderStart(FormatError):
    """A header that does not start with `{`: the specification demands it as first byte."""


class HeaderPadding(FormatError):
    """A header that is padded with something else than spaces (0x20), or does not end with `}`."""


class HeaderNotObject(FormatError):
    """A header that is no JSON object."""


class MetadataNotStrings(FormatError):
    """`__metadata__` that is no object of strings."""


class TooManyTensors(LimitExceeded):
    """More tensors than the budget."""


class NameTooLong(LimitExceeded):
    """A tensor name longer than the budget."""


class RankTooLarge(LimitExceeded):
    """A tensor with more dimensions than the budget."""


class TensorFields(FormatError):
    """A tensor entry that has other fields than dtype, shape and data_offsets."""


class UnknownDtype(FormatError):
    """A dtype that the table lacks."""


class BadShape(FormatError):
    """A shape that is no list of sizes, or has more elements than 63 bits can count."""


class BadOffsets(FormatError):
    """data_offsets that are not two ordered positions inside the data section."""


class SizeMismatch(FormatError):
    """A range that does not hold exactly shape times dtype."""


class OffsetsOverlap(FormatError):
    """Two tensors that share bytes."""


class OffsetsGap(FormatError):
    """Bytes of the data section that belong to no tensor."""


@record
class Safetensors:
    """The parsed header."""

    tensors: Mapping[str, TensorEntry]
    """In header order; offsets count from the start of the file."""
    metadata: Mapping[str, str]
    data_offset: int
    """First byte of the data section."""
    size: int
    """Bytes of the whole file."""


def parse_safetensors(view: View, limits: Limits) -> Safetensors:
    """Read the header and check it against the size of the file. Tensor data is not read.

    Raises:
        FormatError: one subclass per way to be wrong.
        LimitExceeded: a budget does not hold.
    """
    if view.size < LENGTH_BYTES:
        raise HeaderTooShort(f"{view.size} bytes are too few for a header length")
    length = int.from_bytes(view.read(0, LENGTH_BYTES), "little")
    if length > limits.safetensors_header_bytes:
        raise HeaderTooLarge(
            f"the header has {length} bytes, more than {limits.safetensors_header_bytes}", offset=0
        )
    data_offset = LENGTH_BYTES + length
    if data_offset > view.size:
        raise HeaderPastEnd(f"the header ends at byte {data_offset}, the file at {view.size}", offset=0)
    raw = view.read(LENGTH_BYTES, length)
    if raw[:1] != b"{":
        raise HeaderStart("the header does not start with an opening brace", offset=LENGTH_BYTES)
    if raw.rstrip(b" ")[-1:] != b"}":
        raise HeaderPadding("something else than spaces behind the header", offset=data_offset - 1)
    try:
        header = parse_json(raw, limits)
    except FormatError as error:
        if error.offset is not None:
            error.offset += LENGTH_BYTES
        raise
    if not isinstance(header, dict):
        raise HeaderNotObject("the header is no JSON object", offset=LENGTH_BYTES)
    metadata = _metadata(header.pop(METADATA, {}))
    if len(header) > limits.safetensors_tensors:
        raise TooManyTensors(f"{len(header)} tensors, more than {limits.safetensors_tensors}")
    spans: list[tuple[int, int, str]] = []
    tensors: dict[str, TensorEntry] = {}
    for name, entry in header.items():
        if len(name) > limits.tensor_name_bytes:
            raise NameTooLong(f"a tensor name has {len(name)} characters")
        dtype, shape, begin, end = _entry(name, entry, limits)
        spans.append((begin, end, name))
        tensors[name] = TensorEntry(dtype, shape, data_offset + begin)
    _check_tiling(spans, view.size - data_offset)
    return Safetensors(
        tensors=MappingProxyType(tensors), metadata=metadata, data_offset=data_offset, size=view.size
    )


def _metadata(value: Json) -> Mapping[str, str]:
    if not isinstance(value, dict) or not all(type(text) is str for text in value.values()):
        raise MetadataNotStrings("__metadata__ is no object of strings")
    return MappingProxyType(value)


def _entry(name: str, entry: Json, limits: Limits) -> tuple[str, tuple[int, ...], int, int]:
    """dtype, shape, begin and end of one tensor, each checked."""
    if not isinstance(entry, dict) or entry.keys() != {"dtype", "shape", "data_offsets"}:
        raise TensorFields(f"tensor {name} does not have exactly dtype, shape and data_offsets")
    code, shape, offsets = entry["dtype"], entry["shape"], entry["data_offsets"]
    dtype = DTYPES.get(code) if type(code) is str else None
    if dtype is None:
        raise UnknownDtype(f"tensor {name} has the dtype {str(code)[:_SHOWN]}")
    if type(shape) is not list:
        raise BadShape(f"the shape of tensor {name} is no list")
    if len(shape) > limits.tensor_rank:
        raise RankTooLarge(f"tensor {name} has {len(shape)} dimensions, more than {limits.tensor_rank}")
    count = 1
    for size in shape:
        # A size of 0 makes an empty tensor, but must not hide an overflow of the other sizes.
        if type(size) is not int or not 0 <= size <= _MOST_ELEMENTS:
            raise BadShape(f"tensor {name} has the size {str(size)[:_SHOWN]}")
        count *= size or 1
        if count > _MOST_ELEMENTS:
            raise BadShape(f"the shape of tensor {name} has more elements than 63 bits can count")
    if 0 in shape:
        count = 0
    if type(offsets) is not list or len(offsets) != 2 or not all(type(at) is int for at in offsets):
        raise BadOffsets(f"data_offsets of tensor {name} are not two positions")
    begin, end = offsets
    if not 0 <= begin <= end <= _MOST_ELEMENTS:
        raise BadOffsets(f"data_offsets of tensor {name} are {begin} and {end}")
    if end - begin != count * ITEM_BITS[dtype] // 8:
        raise SizeMismatch(f"tensor {name} has {end - begin} bytes for shape {shape} of {dtype}")
    return dtype, tuple(shape), begin, end


def _check_tiling(spans: list[tuple[int, int, str]], size: int) -> None:
    """Raise unless the ranges follow each other from 0 to `size` when sorted."""
    spans.sort()
    at = 0
    for begin, end, name in spans:
        if begin < at:
            raise OffsetsOverlap(f"tensor {name} starts at {begin}, inside the tensor before it")
        if begin > at:
            raise OffsetsGap(f"bytes {at} to {begin} of the data belong to no tensor")
        at = end
    if at != size:
        what = "reach past the end of" if at > size else "do not fill"
        raise OffsetsGap(f"the tensors end at {at} and {what} the data of {size} bytes")
