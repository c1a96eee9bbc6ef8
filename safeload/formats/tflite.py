"""TFLite: the operators of a model, and the place of every buffer.

The FlatBuffers file of https://github.com/tensorflow/tensorflow/blob/master/tensorflow/compiler/mlir/lite/
schema/schema.fbs (schema version 3), read by https://flatbuffers.dev/internals/. Guarantees for a record:
every table and vector that is followed lies inside the file, with its own table of fields; each operator and
tensor names one of the operator codes and buffers that there are; buffers outside the tables lie behind
them and inside the file. FlatBuffers may share what they point to: each is counted each time.

Options of operators, quantisation and names of tensors are not followed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.errors import FormatError, LimitExceeded
from safeload.record import record

if TYPE_CHECKING:
    from collections.abc import Iterator

    from safeload.core import View
    from safeload.limits import Limits

_MAGIC = b"TFL3"
_VERSION = 3
_CUSTOM = 32
"""The operator code of what is no operator of TFLite itself."""
_LONGEST_NAME = 1_024
_WINDOW = 1 << 14

_MODEL_VERSION, _MODEL_CODES, _MODEL_GRAPHS, _MODEL_BUFFERS = 0, 1, 2, 4
_CODE_OLD, _CODE_CUSTOM, _CODE_BUILTIN = 0, 1, 3
_GRAPH_TENSORS, _GRAPH_OPERATORS = 0, 3
_TENSOR_BUFFER = 2
_OPERATOR_CODE, _OPERATOR_LARGE_OFFSET, _OPERATOR_LARGE_SIZE = 0, 9, 10
_BUFFER_DATA, _BUFFER_OFFSET, _BUFFER_SIZE = 0, 1, 2


class NoMagic(FormatError):
    """A file without the identifier of TFLite."""


class UnsupportedVersion(FormatError):
    """A schema version other than 3."""


class OffsetOutside(FormatError):
    """An offset that leads out of the file, or nowhere."""


class IndexOutOfRange(FormatError):
    """An operator or tensor that names a code or buffer that is not there."""


class BadOperatorName(FormatError):
    """A custom operator without a name, or with one that is no text."""


class TooManyItems(LimitExceeded):
    """More tables and vectors than the budget."""


@record
class Tflite:
    """A model."""

    operators: tuple[int, ...]
    """Codes of TFLite's own operators."""
    custom: tuple[str, ...]
    """Names of other operators; those of TensorFlow begin with `Flex`."""
    graphs: int
    buffers: int


class _File:
    """Numbers, tables and vectors at offsets, all of them checked."""

    def __init__(self, view: View, limits: Limits) -> None:
        self._view = view
        self._size = view.size
        self._left = self._most = limits.flatbuffer_items
        self._window = b""
        self._base = 0

    def number(self, at: int, width: int, *, signed: bool = False) -> int:
        """A number at `at`."""
        if at < 0 or at + width > self._size:
            raise OffsetOutside(f"a number of {width} bytes", offset=at)
        start = at - self._base
        if start < 0 or start + width > len(self._window):
            begin = max(0, at - _WINDOW // 2)
            self._window = self._view.read(begin, min(_WINDOW, self._size - begin))
            self._base, start = begin, at - begin
        return int.from_bytes(self._window[start : start + width], "little", signed=signed)

    def table(self, at: int) -> Table:
        """The table at `at`."""
        self._left -= 1
        if self._left < 0:
            raise TooManyItems(f"more than {self._most} tables and vectors", offset=at)
        fields = at - self.number(at, 4, signed=True)
        length = self.number(fields, 2)
        if length < 4 or length % 2 or fields + length > self._size:
            raise OffsetOutside("a table of fields that is none", offset=fields)
        return Table(self, at, fields, length)

    def vector(self, at: int, width: int) -> tuple[int, int]:
        """First byte and number of items of the vector at `at`."""
        self._left -= 1
        count = self.number(at, 4)
        if self._left < 0:
            raise TooManyItems(f"more than {self._most} tables and vectors", offset=at)
        if at + 4 + count * width > self._size:
            raise OffsetOutside(f"a vector of {count} items", offset=at)
        return at + 4, count

    def text(self, at: int) -> str:
        """The string at `at`."""
        start, count = self.vector(at, 1)
        if count > _LONGEST_NAME:
            raise BadOperatorName(f"a name of {count} bytes", offset=at)
        try:
            return self._view.read(start, count).decode("utf-8")
        except UnicodeDecodeError:
            raise BadOperatorName("a name that is no UTF-8", offset=at) from None


class Table:
    """One table: its fields by their number."""

    __slots__ = ("_at", "_fields", "_file", "_length")

    def __init__(self, file: _File, at: int, fields: int, length: int) -> None:
        self._file = file
        self._at = at
        self._fields = fields
        self._length = length

    def place(self, field: int) -> int | None:
        """Where a field lies, or None where it has its default."""
        entry = 4 + 2 * field
        if entry + 2 > self._length:
            return None
        offset = self._file.number(self._fields + entry, 2)
        return self._at + offset if offset else None

    def integer(self, field: int, width: int, *, signed: bool = False) -> int:
        """A number, 0 by default."""
        at = self.place(field)
        return 0 if at is None else self._file.number(at, width, signed=signed)

    def follow(self, field: int) -> int | None:
        """Where what a field points to lies."""
        at = self.place(field)
        if at is None:
            return None
        offset = self._file.number(at, 4)
        if not offset:
            raise OffsetOutside("an offset that leads nowhere", offset=at)
        return at + offset

    def tables(self, field: int) -> Iterator[Table]:
        """The tables of a vector."""
        at = self.follow(field)
        if at is None:
            return
        start, count = self._file.vector(at, 4)
        for place in range(start, start + 4 * count, 4):
            yield self._file.table(place + self._file.number(place, 4))

    def length(self, field: int) -> int:
        """Bytes of a vector of bytes; 0 where there is none."""
        at = self.follow(field)
        return 0 if at is None else self._file.vector(at, 1)[1]


def parse_tflite(view: View, limits: Limits) -> Tflite:
    """Read a model. The data of buffers is not read.

    Raises:
        FormatError: one subclass per way to be wrong.
        LimitExceeded: a budget does not hold.
    """
    file = _File(view, limits)
    if view.size < 8 or view.read(4, 4) != _MAGIC:
        raise NoMagic("the identifier is not TFL3", offset=4)
    model = file.table(file.number(0, 4))
    version = model.integer(_MODEL_VERSION, 4)
    if version != _VERSION:
        raise UnsupportedVersion(f"schema version {version}")
    codes = [_code(file, table) for table in model.tables(_MODEL_CODES)]
    buffers = 0
    for table in model.tables(_MODEL_BUFFERS):
        buffers += 1
        table.length(_BUFFER_DATA)
        _check_range(view, table.integer(_BUFFER_OFFSET, 8), table.integer(_BUFFER_SIZE, 8))
    graphs = 0
    for graph in model.tables(_MODEL_GRAPHS):
        graphs += 1
        _check_graph(view, graph, len(codes), buffers)
    return Tflite(
        operators=tuple(sorted({code for code in codes if isinstance(code, int)})),
        custom=tuple(sorted({code for code in codes if isinstance(code, str)})),
        graphs=graphs,
        buffers=buffers,
    )


def _code(file: _File, table: Table) -> int | str:
    """One operator code: a number of TFLite's own, or a name."""
    # the first field is a byte and was full at 127: readers take the larger of the two
    code = max(table.integer(_CODE_OLD, 1, signed=True), table.integer(_CODE_BUILTIN, 4, signed=True))
    name = table.follow(_CODE_CUSTOM)
    if code != _CUSTOM:
        return code
    if name is None:
        raise BadOperatorName("a custom operator without a name")
    return file.text(name)


def _check_graph(view: View, graph: Table, codes: int, buffers: int) -> None:
    """Raise unless tensors and operators name what is there."""
    for tensor in graph.tables(_GRAPH_TENSORS):
        number = tensor.integer(_TENSOR_BUFFER, 4)
        if number and number >= buffers:
            raise IndexOutOfRange(f"a tensor names buffer {number} of {buffers}")
    for operator in graph.tables(_GRAPH_OPERATORS):
        number = operator.integer(_OPERATOR_CODE, 4)
        if number >= codes:
            raise IndexOutOfRange(f"an operator names code {number} of {codes}")
        _check_range(
            view, operator.integer(_OPERATOR_LARGE_OFFSET, 8), operator.integer(_OPERATOR_LARGE_SIZE, 8)
        )


def _check_range(view: View, offset: int, size: int) -> None:
    """Raise unless a range outside the tables lies in the file; writers of the tables alone leave 0 or 1."""
    if offset > 1 and offset + size > view.size:
        raise OffsetOutside(f"data of {size} bytes", offset=offset)
