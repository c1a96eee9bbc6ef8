"""GGUF: typed metadata and a table of tensors, in front of the data that the table names.

Implements versions 2 and 3 of https://github.com/ggml-org/ggml/blob/master/docs/gguf.md. Guarantees for
a record: every tensor lies inside the file at a multiple of the alignment and holds exactly its
dimensions times its type; tensors do not overlap, and between and behind them stands zero padding only;
no key and no tensor name stands twice. All sizes are Python integers, so that none of them wraps.

Stricter than the specification: big-endian files and version 1 are errors, and strings have to be UTF-8.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from safeload.formats.gguf_errors import (
    AlignmentTooLarge,
    BadAlignment,
    OffsetNotAligned,
    OffsetPastEnd,
    OffsetsGap,
    OffsetsOverlap,
    PaddingNotZero,
    TooManyKeys,
    TooManyTensors,
)
from safeload.formats.gguf_header import (
    ALIGNMENT_KEY,
    HeaderReader,
    is_template,
)
from safeload.formats.gguf_types import (
    PLAIN,
    QUANTISED,
)
from safeload.formats.tensors import TensorEntry
from safeload.record import record

if TYPE_CHECKING:
    from collections.abc import Mapping

    from safeload.core import View
    from safeload.formats.gguf_header import Value
    from safeload.limits import Limits

_DEFAULT_ALIGNMENT = 32
_LEAST_ALIGNMENT = 8
_SHOWN = 100


@record
class QuantisedTensor:
    """A tensor in blocks, which are no elements of a torch dtype."""

    type: str
    """Name in ggml: `Q4_K`."""
    shape: tuple[int, ...]
    """Elements per dimension, the last one fastest."""
    offset: int
    length: int
    """Bytes."""


@record
class Gguf:
    """The parsed header."""

    version: int
    alignment: int
    metadata: Mapping[str, Value]
    tensors: Mapping[str, TensorEntry]
    """Those that are not quantised, in table order; offsets count from the start of the file."""
    quantised: Mapping[str, QuantisedTensor]
    data_offset: int
    """First byte of the data section."""
    size: int
    """Bytes of the whole file."""

    @property
    def templates(self) -> Mapping[str, str]:
        """Chat templates by key."""
        return {
            key: value for key, value in self.metadata.items() if is_template(key) and isinstance(value, str)
        }


def parse_gguf(view: View, limits: Limits) -> Gguf:
    """Read metadata and tensor table and check them against the file. Tensor data is not read.

    Raises:
        FormatError: one subclass per way to be wrong.
        LimitExceeded: a budget does not hold.
    """
    reader = HeaderReader(view, limits)
    version = reader.version()
    tensor_count, key_count = reader.unsigned(8), reader.unsigned(8)
    if tensor_count > limits.gguf_tensors:
        raise TooManyTensors(f"{tensor_count} tensors, more than {limits.gguf_tensors}", offset=8)
    if key_count > limits.gguf_keys:
        raise TooManyKeys(f"{key_count} metadata keys, more than {limits.gguf_keys}", offset=16)
    metadata = reader.metadata(key_count)
    alignment = _alignment(metadata, limits)
    table = reader.table(tensor_count)
    header_end = reader.cursor.position
    data_offset = -(-header_end // alignment) * alignment
    tensors: dict[str, TensorEntry] = {}
    quantised: dict[str, QuantisedTensor] = {}
    spans = []
    for name, (kind, shape, length, relative) in table.items():
        if relative % alignment:
            raise OffsetNotAligned(f"tensor {name[:_SHOWN]} starts at {relative}, alignment is {alignment}")
        offset = data_offset + relative
        if offset + length > view.size:
            raise OffsetPastEnd(f"tensor {name[:_SHOWN]} ends at {offset + length}, the file at {view.size}")
        spans.append((offset, offset + length, name))
        if kind in PLAIN:
            tensors[name] = TensorEntry(PLAIN[kind], shape, offset)
        else:
            type_name = QUANTISED[kind][0]
            quantised[name] = QuantisedTensor(type=type_name, shape=shape, offset=offset, length=length)
    _check_tiling(view, header_end, spans, alignment)
    return Gguf(
        version=version,
        alignment=alignment,
        metadata=MappingProxyType(metadata),
        tensors=MappingProxyType(tensors),
        quantised=MappingProxyType(quantised),
        data_offset=data_offset,
        size=view.size,
    )


def _alignment(metadata: Mapping[str, Value], limits: Limits) -> int:
    value = metadata.get(ALIGNMENT_KEY, _DEFAULT_ALIGNMENT)
    if not isinstance(value, int) or value < _LEAST_ALIGNMENT or value & (value - 1):
        raise BadAlignment(f"{ALIGNMENT_KEY} is {value}")
    if value > limits.gguf_alignment:
        raise AlignmentTooLarge(f"{ALIGNMENT_KEY} is {value}, more than {limits.gguf_alignment}")
    return value


def _check_tiling(view: View, at: int, spans: list[tuple[int, int, str]], alignment: int) -> None:
    """Raise unless the tensors follow each other with nothing but padding around them."""
    spans.sort()
    for begin, end, name in spans:
        if begin < at:
            raise OffsetsOverlap(f"tensor {name[:_SHOWN]} starts at {begin}, inside what is before it")
        _check_padding(view, at, begin, alignment)
        at = end
    _check_padding(view, at, view.size, alignment)


def _check_padding(view: View, begin: int, end: int, alignment: int) -> None:
    if end - begin >= alignment:
        raise OffsetsGap(f"bytes {begin} to {end} belong to no tensor", offset=begin)
    if view.read(begin, end - begin).strip(b"\x00"):
        raise PaddingNotZero(f"the padding from {begin} to {end} is not zero", offset=begin)
