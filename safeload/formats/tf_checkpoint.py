"""The index of a TensorFlow checkpoint: which tensor lies where in which of its data files.

The table (`leveldb_table`) of https://github.com/tensorflow/tensorflow/blob/master/tensorflow/core/protobuf/
tensor_bundle.proto. Guarantees for a record: each tensor lies in one of the shards that the header counts and
takes as many bytes as its shape times its type; tensors of a shard do not overlap. Whether the shards are
there and long enough is a relation between files.

Tensors of strings and variants have no width. Their ranges are kept, and nobody here reads into them.
"""

from __future__ import annotations

import itertools
from types import MappingProxyType
from typing import TYPE_CHECKING

from safeload.errors import FormatError, LimitExceeded
from safeload.formats.leveldb_table import table_entries
from safeload.formats.protobuf import integer, signed, walk
from safeload.formats.tf_schema import SCHEMA
from safeload.formats.view import BytesView
from safeload.record import record

if TYPE_CHECKING:
    from collections.abc import Mapping

    from safeload.core import View
    from safeload.formats.protobuf import Values
    from safeload.limits import Limits

_WIDTHS = MappingProxyType(
    {
        1: 4, 2: 8, 3: 4, 4: 1, 5: 2, 6: 1, 8: 8, 9: 8, 10: 1, 11: 1, 12: 1, 13: 4, 14: 2, 15: 2, 16: 2, 17:
        2,
        18: 16, 19: 2, 22: 4, 23: 8, 24: 1, 25: 1, 26: 1, 27: 1, 28: 1, 29: 1, 30: 1, 31: 1, 32: 1,
    }
)  # fmt: skip
"""Type number -> bytes of one element; types below a byte take one each."""
_STRING, _RESOURCE, _VARIANT = 7, 20, 21
_MOST_BYTES = (1 << 63) - 1
_MOST_SHARDS = 100_000
"""Five digits, as the names of shards have them."""
_SHOWN = 100


class NoHeader(FormatError):
    """An index whose first entry is not its header."""


class BigEndian(FormatError):
    """A checkpoint of machines with the other byte order."""


class UnknownTensorType(FormatError):
    """A tensor of a type that is not in the table."""


class BadShape(FormatError):
    """A shape with a negative size, or with more elements than 63 bits can count."""


class SizeMismatch(FormatError):
    """A tensor that takes other than its shape times its type."""


class ShardOutOfRange(FormatError):
    """A tensor in a shard that the header does not count."""


class TensorsOverlap(FormatError):
    """Two tensors that share bytes."""


class TooManyTensors(LimitExceeded):
    """More tensors than the budget."""


class UnlistedField(FormatError):
    """A field that the schema here lacks."""


@record
class TfCheckpoint:
    """The parsed index."""

    shards: int
    tensors_in: Mapping[int, tuple[tuple[int, int], ...]]
    """Shard to the ranges of its tensors, in order."""
    opaque: tuple[str, ...]
    """Tensors without a width: strings, variants."""
    prefix: str
    """What the names of the data files begin with."""

    @property
    def claims(self) -> Mapping[str, tuple[tuple[int, int], ...]]:
        """What the tensors take from which file."""
        return {
            f"{self.prefix}.data-{shard:05d}-of-{self.shards:05d}": self.tensors_in.get(shard, ())
            for shard in range(self.shards)
            if shard in self.tensors_in
        }


def parse_tf_checkpoint(view: View, prefix: str, limits: Limits) -> TfCheckpoint:
    """Read an index.

    Args:
        view: the file.
        prefix: its base name without `.index`: the data files are called after it.
        limits: budgets.

    Raises:
        FormatError: one subclass per way to be wrong; `UnlistedField` where the file is valid, but newer.
        LimitExceeded: a budget does not hold.
    """
    shards = 0
    ranges: dict[int, list[tuple[int, int]]] = {}
    opaque: list[str] = []
    count = -1
    for key, value in table_entries(view, limits):
        count += 1
        if count > limits.safetensors_tensors:
            raise TooManyTensors(f"more than {limits.safetensors_tensors} tensors")
        name = key[:_SHOWN].decode("utf-8", "replace")
        if not count:
            shards = _header(key, value, limits)
            continue
        entry = _message(value, "BundleEntryProto", limits)
        begin, length = signed(integer(entry, "offset")), signed(integer(entry, "size"))
        shard = signed(integer(entry, "shard_id"))
        _check_size(entry, name, length)
        if not 0 <= shard < shards or begin < 0:
            raise ShardOutOfRange(f"tensor {name} lies at {begin} of shard {shard} of {shards}")
        if integer(entry, "dtype") not in _WIDTHS:
            opaque.append(name)
        ranges.setdefault(shard, []).append((begin, begin + length))
    if count < 0:
        raise NoHeader("the index is empty")
    for shard, found in ranges.items():
        found.sort()
        for (_, end), (begin, _) in itertools.pairwise(found):
            if begin < end:
                raise TensorsOverlap(f"two tensors share byte {begin} of shard {shard}")
    return TfCheckpoint(
        shards=shards,
        tensors_in=MappingProxyType({shard: tuple(found) for shard, found in ranges.items()}),
        opaque=tuple(opaque[:_SHOWN]),
        prefix=prefix,
    )


def _message(data: bytes, name: str, limits: Limits) -> Mapping[str, object]:
    finish = {"Dim": lambda values, _: signed(integer(values, "size")), "TensorSliceProto": _slice}
    walked = walk(BytesView(data), SCHEMA, name, limits, finish)
    if walked.unknown is not None:
        raise UnlistedField(f"{walked.unknown} is none that this version reads")
    return walked.values


def _slice(_values: Values, _start: int) -> bool:
    """That there is one is all that matters: its own entry says where it lies."""
    return True


def _header(key: bytes, value: bytes, limits: Limits) -> int:
    """How many shards there are."""
    if key:
        raise NoHeader("the first key is not the empty one")
    header = _message(value, "BundleHeaderProto", limits)
    if integer(header, "endianness"):
        raise BigEndian("the byte order is big-endian")
    shards = signed(integer(header, "num_shards"))
    if not 0 < shards < _MOST_SHARDS:
        raise NoHeader(f"the header counts {shards} shards")
    return shards


def _check_size(entry: Mapping[str, object], name: str, length: int) -> None:
    """Raise unless a tensor takes what its shape and type need."""
    kind = integer(entry, "dtype")
    if kind not in _WIDTHS and kind not in {_STRING, _RESOURCE, _VARIANT}:
        raise UnknownTensorType(f"tensor {name} has data type {kind}")
    shape = entry.get("shape")
    sizes = shape.get("dim", []) if isinstance(shape, dict) else []
    elements = 1
    for size in sizes:
        elements *= size or 1
        if size < 0 or elements > _MOST_BYTES:
            raise BadShape(f"tensor {name} has a dimension of {size}")
    if 0 in sizes:
        elements = 0
    if "slices" in entry and not length:
        return  # a variable in parts, each of which has an entry of its own
    if kind in _WIDTHS and length != elements * _WIDTHS[kind]:
        raise SizeMismatch(f"tensor {name} takes {length} bytes, not {elements * _WIDTHS[kind]}")
    if length < 0:
        raise SizeMismatch(f"tensor {name} takes {length} bytes")
