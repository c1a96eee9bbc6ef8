"""ONNX: a graph of operators, its tensors, and the files that hold some of them.

Implements https://github.com/onnx/onnx/blob/main/docs/IR.md and ExternalData.md of the same folder.
Guarantees for a record: the whole structure was read, subgraphs, functions and training graphs too; each
tensor holds as many values as its dimensions times its type need, in one place; a tensor outside the file
names where it lies. Whether that place is one inside the folder is a fact for the scanner
(`relative_problem`), and whether the file holds the range is a relation between files.

Stricter than the reference checker: a field of which there is one must not stand twice (readers take the
last, the first, or merge), and a tensor must not have its values in two fields.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from safeload.errors import FormatError, LimitExceeded
from safeload.formats.onnx_schema import SCHEMA, STRING, TYPES
from safeload.formats.protobuf import integer, signed, text, walk
from safeload.record import record

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from safeload.core import View
    from safeload.formats.protobuf import Values
    from safeload.limits import Limits

_DATA_FIELDS = (
    "raw_data", "float_data", "int32_data", "string_data", "int64_data", "double_data", "uint64_data",
)  # fmt: skip
_EXTERNAL = 1
_KEYS = frozenset({"location", "offset", "length", "checksum", "basepath"})
_MOST_BYTES = (1 << 63) - 1
_SHOWN = 100


class NoGraph(FormatError):
    """A model without a graph and functions, or without an IR version."""


class UnknownTensorType(FormatError):
    """A tensor of a type that is not in the table."""


class BadDimension(FormatError):
    """A negative dimension, or more elements than 63 bits can count."""


class DataLengthMismatch(FormatError):
    """A tensor whose values are not as many as its dimensions say."""


class DataInTwoPlaces(FormatError):
    """A tensor whose values stand in more than one field, or inside and outside the file."""


class BadExternalData(FormatError):
    """A place outside the file without a location, with a number that is none, or with a key twice."""


class TooManyExternal(LimitExceeded):
    """More tensors outside the file than the budget."""


class UnlistedField(FormatError):
    """A field that the schema here lacks: valid, and read by nobody of ours."""


@record
class ExternalTensor:
    """A tensor whose values lie in another file."""

    name: str
    location: str
    """As written: not yet known to be a plain path."""
    begin: int
    end: int
    """Bytes of that file."""
    base: str = ""
    """Another folder to start from, which no file should name."""


@record
class Onnx:
    """A model."""

    ir_version: int
    producer: str
    opsets: Mapping[str, int]
    """Domain to version."""
    operators: frozenset[tuple[str, str]]
    """Every operator that is used anywhere: domain and type."""
    functions: frozenset[tuple[str, str]]
    """Operators that the model itself defines."""
    external: tuple[ExternalTensor, ...]
    metadata: Mapping[str, str]

    @property
    def claims(self) -> Mapping[str, tuple[tuple[int, int], ...]]:
        """What the tensors outside take from which file."""
        found: dict[str, list[tuple[int, int]]] = {}
        for tensor in self.external:
            found.setdefault(tensor.location, []).append((tensor.begin, tensor.end))
        return {location: tuple(ranges) for location, ranges in found.items()}


def parse_onnx(view: View, limits: Limits) -> Onnx:
    """Read a model. The values of tensors are not read.

    Raises:
        FormatError: one subclass per way to be wrong; `UnlistedField` where the file is valid, but newer.
        LimitExceeded: a budget does not hold.
    """
    model = _Model(limits)
    walked = walk(view, SCHEMA, "ModelProto", limits, model.finish)
    values = walked.values
    if integer(values, "ir_version") < 1 or not ("graph" in values or model.functions):
        raise NoGraph("the model has no IR version or no graph")
    if walked.unknown is not None:
        raise UnlistedField(f"{walked.unknown} is none that this version reads")
    if model.unlisted is not None:
        raise UnlistedField(f"external data has a key that this version does not read: {model.unlisted}")
    opsets, metadata = values.get("opset_import"), values.get("metadata_props")
    return Onnx(
        ir_version=integer(values, "ir_version"),
        producer=text(values, "producer_name"),
        opsets=MappingProxyType(dict(opsets if isinstance(opsets, list) else ())),
        operators=frozenset(model.operators),
        functions=frozenset(model.functions),
        external=tuple(model.external),
        metadata=MappingProxyType(dict(metadata if isinstance(metadata, list) else ())),
    )


class _Model:
    """What comes together during the walk."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self.operators: set[tuple[str, str]] = set()
        self.functions: set[tuple[str, str]] = set()
        self.external: list[ExternalTensor] = []
        self.unlisted: str | None = None
        self.finish: Mapping[str, Callable[[Values, int], object]] = {
            "NodeProto": self._node,
            "FunctionProto": self._function,
            "TensorProto": self._tensor,
            "AttributeProto": _nothing,
            "GraphProto": _nothing,
            "SparseTensorProto": _nothing,
            "OperatorSetIdProto": lambda values, _: (text(values, "domain"), integer(values, "version")),
            "StringStringEntryProto": lambda values, _: (text(values, "key"), text(values, "value")),
        }

    def _node(self, values: Values, _start: int) -> None:
        self.operators.add((text(values, "domain"), text(values, "op_type")))

    def _function(self, values: Values, _start: int) -> None:
        self.functions.add((text(values, "domain"), text(values, "name")))

    def _tensor(self, values: Values, start: int) -> None:
        name = text(values, "name")[:_SHOWN]
        kind = integer(values, "data_type")
        if kind not in TYPES:
            raise UnknownTensorType(f"tensor {name} has data type {kind}", offset=start)
        count = _elements(values, name, start)
        places = [field for field in _DATA_FIELDS if field in values]
        outside = integer(values, "data_location") == _EXTERNAL
        if len(places) + outside > 1:
            raise DataInTwoPlaces(f"tensor {name} has values in two places", offset=start)
        if outside:
            self._outside(values, name, kind, count, start)
        elif "external_data" in values:
            raise DataInTwoPlaces(f"tensor {name} lies inside and names a place outside", offset=start)
        elif "segment" not in values and (problem := _length_problem(values, places, kind, count)):
            raise DataLengthMismatch(f"tensor {name} {problem}", offset=start)

    def _outside(self, values: Values, name: str, kind: int, count: int, start: int) -> None:
        pairs = values.get("external_data")
        entries = dict(pairs) if isinstance(pairs, list) else {}
        if not isinstance(pairs, list) or len(entries) != len(pairs) or "location" not in entries:
            raise BadExternalData(f"tensor {name} names no place, or names it twice", offset=start)
        if kind == STRING:
            raise BadExternalData(f"tensor {name} holds strings, which cannot lie outside", offset=start)
        self.unlisted = self.unlisted or next((key[:_SHOWN] for key in entries if key not in _KEYS), None)
        begin = _decimal(entries.get("offset", "0"), name, start)
        sizes = _sizes(kind, count)
        length = _decimal(entries.get("length", str(sizes[0])), name, start)
        if length not in sizes:
            raise DataLengthMismatch(f"tensor {name} takes {length} bytes, not {sizes[0]}", offset=start)
        if len(self.external) >= self._limits.safetensors_tensors:
            raise TooManyExternal(f"more than {self._limits.safetensors_tensors} tensors", offset=start)
        self.external.append(
            ExternalTensor(
                name=name,
                location=entries["location"],
                begin=begin,
                end=begin + length,
                base=entries.get("basepath", ""),
            )
        )


def _nothing(_values: Values, _start: int) -> None:
    """Nothing of the message is kept: what is in it was seen on the way."""


def _elements(values: Values, name: str, start: int) -> int:
    count = 1
    dims = values.get("dims")
    for size in dims if isinstance(dims, list) else ():
        length = signed(size)
        # A size of 0 makes an empty tensor, but must not hide an overflow of the other sizes.
        count *= length or 1
        if length < 0 or count > _MOST_BYTES:
            raise BadDimension(f"tensor {name} has a dimension of {length}", offset=start)
    return 0 if isinstance(dims, list) and 0 in dims else count


def _sizes(kind: int, count: int) -> tuple[int, ...]:
    """Bytes that so many elements may take: types below a byte are packed, or one to a byte."""
    bits = TYPES[kind][1]
    packed = -(-count * bits // 8)
    return (packed, count) if bits < 8 else (packed,)


def _length_problem(values: Values, places: list[str], kind: int, count: int) -> str | None:
    """How the values differ from what the dimensions say, or None."""
    if not places:
        return "has no values" if count else None
    field = places[0]
    found = values[field]
    if isinstance(found, tuple):
        fits = kind != STRING and found[1] in _sizes(kind, count)
        return None if fits else f"holds {found[1]} bytes"
    type_name, bits, own = TYPES[kind]
    wanted = {count * (2 if type_name.startswith("COMPLEX") else 1)}
    if 0 < bits < 8:
        wanted.add(-(-count * bits // 8))
    return None if field == own and found in wanted else f"holds {found} values in {field}"


def _decimal(written: str, name: str, start: int) -> int:
    if not (written.isascii() and written.isdigit() and len(written) < 20):
        raise BadExternalData(f"tensor {name} lies at {written[:_SHOWN]!r}", offset=start)
    return int(written)
