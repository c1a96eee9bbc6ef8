"""Protocol Buffers: the wire format, walked by the tables of a format's own schema.

https://protobuf.dev/programming-guides/encoding/. Guarantees for a walk that comes back: every field lies
inside its message, has a number that is one, and, where the schema names it, the wire type that the schema
gives it; what a schema lists as one text is UTF-8 and stands once. Nested messages are walked with a stack
of our own and in file order, so that each byte is read once at most; the bytes of `SKIP` and `BYTES` are
stepped over and never read.

Stricter than the specification: groups, which no format here uses, are errors, and so is a field that
stands twice where the schema has one. Readers differ on those: most take the last, some the first, and for
messages they merge. Integers of more than 64 bits are errors, too. Fields that the schema lacks are legal,
since writers of later versions add them: they are stepped over, and the first one is named (`unknown`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from safeload.errors import FormatError, LimitExceeded
from safeload.record import record

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from safeload.core import View
    from safeload.limits import Limits

VARINT, FIXED64, LENGTH, FIXED32 = 0, 1, 2, 5
"""Wire types."""

INT = "int"
"""One varint, kept as an unsigned number of 64 bits."""
INTS = "ints"
"""Varints, packed or not, kept."""
TEXT = "text"
"""One string, kept."""
TEXTS = "texts"
"""Strings, kept."""
BYTES = "bytes"
"""One byte string, kept as its place: `(offset, length)`."""
SKIP = "skip"
"""Byte strings or messages that nobody looks into."""
FIRST = "first"
"""Byte strings, of which the place of the first is kept."""
F32, F64 = "f32", "f64"
"""One number of fixed width, kept as its bits."""
COUNT_INTS, COUNT_F32, COUNT_F64, COUNT_BYTES = "count-ints", "count-f32", "count-f64", "count-bytes"
"""Repeated values, packed or not, of which the number is kept."""

_WIRE = {
    INT: VARINT, TEXT: LENGTH, TEXTS: LENGTH, BYTES: LENGTH, SKIP: LENGTH, F32: FIXED32, F64: FIXED64,
    INTS: VARINT, COUNT_INTS: VARINT, COUNT_F32: FIXED32, COUNT_F64: FIXED64, COUNT_BYTES: LENGTH,
    FIRST: LENGTH,
}  # fmt: skip
_WITH_NUMBER = frozenset({VARINT, LENGTH})
_WITH_WIDTH = {FIXED32: 4, FIXED64: 8}
_PACKED = frozenset({INTS, COUNT_INTS, COUNT_F32, COUNT_F64})
_WIDTHS = {COUNT_F32: 4, COUNT_F64: 8}
_WINDOW = 1 << 14
_LONGEST_HEAD = 20
"""Bytes of a tag and a varint."""
_PAD = bytes(_LONGEST_HEAD)
_MOST_FIELD = (1 << 29) - 1
_CONTINUED = bytes(range(0x80, 0x100))

Values: TypeAlias = "dict[str, object]"
Schema: TypeAlias = "Mapping[str, Mapping[int, tuple[str, str]]]"
"""Message -> field number -> name and kind: a constant above, or a message; with `*` behind it, many."""
Finish: TypeAlias = "Callable[[Values, int], object]"
"""What to make of a message, given its fields and where it starts; None is not kept."""


class FieldPastEnd(FormatError):
    """A field that reaches past the end of its message."""


class VarintTooLong(FormatError):
    """A number of more than 64 bits."""


class BadFieldNumber(FormatError):
    """A field number that is 0 or too large."""


class UnknownWireType(FormatError):
    """A group, or a wire type that is reserved."""


class WrongWireType(FormatError):
    """A known field that is encoded as something else."""


class DuplicateField(FormatError):
    """A field of which there is one, twice."""


class BadText(FormatError):
    """A string that is no UTF-8."""


class PackedCutShort(FormatError):
    """Packed numbers that end inside one."""


class TooManyFields(LimitExceeded):
    """More fields than the budget."""


class MessagesTooDeep(LimitExceeded):
    """Messages that nest deeper than the budget."""


class TooMuchText(LimitExceeded):
    """Strings that are kept, longer than the budget."""


class TooManyNumbers(LimitExceeded):
    """Repeated numbers that are kept, more than the budget."""


@record
class Walked:
    """The root message."""

    values: Mapping[str, object]
    unknown: str | None
    """The first field that the schema lacks, in words, or None."""


class _Frame:
    """A message that is open."""

    __slots__ = ("end", "field", "many", "message", "start", "values")

    def __init__(self, message: str, field: str, start: int, end: int, *, many: bool) -> None:
        self.message = message
        self.field = field
        """Under which name its result goes into the parent."""
        self.start = start
        self.end = end
        self.many = many
        self.values: Values = {}


def signed(value: int) -> int:
    """A varint as the int64 that it stands for."""
    return value - (1 << 64) if value >> 63 else value


def walk(  # noqa: PLR0917 - a view, what it is, and what to do about it
    view: View,
    schema: Schema,
    root: str,
    limits: Limits,
    finish: Mapping[str, Finish],
    place: tuple[int, int] | None = None,
) -> Walked:
    """Walk a message and everything inside it that the schema names.

    A message without a function in `finish` is kept as its fields where it stands once, and not at all
    where it is one of many.

    Args:
        view: the file.
        schema: the messages.
        root: which of them the file is.
        limits: budgets of fields, depth and text.
        finish: what to make of each message.
        place: offset and length of the root message; None for the whole view.

    Raises:
        FormatError: one subclass per way to be wrong, and what `finish` raises.
        LimitExceeded: a budget does not hold.
    """
    return _Walk(view, schema, limits, finish).run(root, place or (0, view.size))


class _Walk:
    def __init__(self, view: View, schema: Schema, limits: Limits, finish: Mapping[str, Finish]) -> None:
        self._view = view
        self._schema = schema
        self._limits = limits
        self._finish = finish
        self._text = limits.protobuf_text_bytes
        self._unknown: str | None = None
        self._window = b""
        self._base = 0
        self._have = 0

    def run(self, root: str, place: tuple[int, int]) -> Walked:
        schema, size = self._schema, self._view.size
        left = self._limits.protobuf_fields
        position = place[0]
        frame = _Frame(root, "", position, position + place[1], many=False)
        stack: list[_Frame] = []
        fields, end, values = schema[root], frame.end, frame.values
        while True:
            if position >= end:
                if not stack:
                    return Walked(values=values, unknown=self._unknown)
                closed, frame = frame, stack.pop()
                self._close(closed, frame)
                fields, end, values = schema[frame.message], frame.end, frame.values
                continue
            left -= 1
            if left < 0:
                most = self._limits.protobuf_fields
                raise TooManyFields(f"more than {most} fields", offset=position)
            at = position - self._base
            if at + _LONGEST_HEAD > self._have and self._base + self._have < size:
                self._read(position)
                at = 0
            window = self._window
            tag = window[at]
            at += 1
            if tag >= 0x80:
                tag, at = _varint(window, at - 1, position)
            wire, known = tag & 7, fields.get(tag >> 3)
            if wire in _WITH_NUMBER:
                number = window[at]
                at += 1
                if number >= 0x80:
                    number, at = _varint(window, at - 1, position)
                start = self._base + at
                stop = start + number if wire == LENGTH else start
            elif wire in _WITH_WIDTH:
                width = _WITH_WIDTH[wire]
                number = int.from_bytes(window[at : at + width], "little")
                start = stop = self._base + at + width
            else:
                raise UnknownWireType(f"wire type {wire}", offset=position)
            if stop > end:
                raise FieldPastEnd(f"field {tag >> 3} of {frame.message} ends behind it", offset=position)
            if known is None:
                self._note(frame, tag >> 3, position)
                position = stop
                continue
            name, kind = known
            if kind in _WIRE:
                if wire != _WIRE[kind] and not (wire == LENGTH and kind in _PACKED):
                    raise WrongWireType(f"{frame.message}.{name} has wire type {wire}", offset=position)
                if kind != SKIP:
                    self._value(values, frame, name, kind, wire, number, start)
                position = stop
                continue
            if wire != LENGTH:
                raise WrongWireType(f"{frame.message}.{name} has wire type {wire}", offset=position)
            many = kind[-1] == "*"
            if not many:
                if name in values:
                    raise DuplicateField(f"{frame.message}.{name} stands twice", offset=position)
                values[name] = None
            stack.append(frame)
            if len(stack) > self._limits.protobuf_depth:
                most = self._limits.protobuf_depth
                raise MessagesTooDeep(f"messages nest more than {most} deep", offset=position)
            frame = _Frame(kind.rstrip("*"), name, start, stop, many=many)
            fields, end, values = schema[frame.message], stop, frame.values
            position = start

    def _read(self, position: int) -> None:
        """A window from `position`, padded so that a number at its end ends somewhere."""
        piece = self._view.read(position, min(_WINDOW, self._view.size - position))
        self._window, self._base, self._have = piece + _PAD, position, len(piece)

    def _close(self, closed: _Frame, parent: _Frame) -> None:
        """Put what came of a message into the one around it."""
        finish = self._finish.get(closed.message)
        if finish is not None:
            result = finish(closed.values, closed.start)
        else:
            result = None if closed.many else closed.values
        if closed.many:
            if result is not None:
                _append(parent.values, closed.field, result)
        else:
            parent.values[closed.field] = result

    def _note(self, frame: _Frame, number: int, position: int) -> None:
        """A field that the schema lacks."""
        if not 0 < number <= _MOST_FIELD:
            raise BadFieldNumber(f"field number {number}", offset=position)
        if self._unknown is None:
            self._unknown = f"field {number} of {frame.message} at byte {position}"

    def _value(  # noqa: PLR0917 - called for every field: names would cost a third of it
        self, values: Values, frame: _Frame, name: str, kind: str, wire: int, number: int, start: int
    ) -> None:
        """Keep one value as its kind wants it."""
        if kind in (INT, F32, F64, TEXT, BYTES):
            if name in values:
                raise DuplicateField(f"{frame.message}.{name} stands twice", offset=start)
            if kind == TEXT:
                values[name] = self._string(start, number)
            else:
                values[name] = (start, number) if kind == BYTES else number
        elif kind == FIRST:
            values.setdefault(name, (start, number))
        elif kind == TEXTS:
            _append(values, name, self._string(start, number))
        elif kind == INTS:
            if wire == VARINT:
                self._number(values, name, number, start)
            else:
                self._packed(values, name, start, number)
        else:
            count = self._count(kind, start, number) if wire == LENGTH and kind in _PACKED else 1
            known = values.get(name, 0)
            values[name] = count + (known if isinstance(known, int) else 0)

    def _string(self, start: int, length: int) -> str:
        self._text -= length
        if self._text < 0:
            most = self._limits.protobuf_text_bytes
            raise TooMuchText(f"more than {most} bytes of strings", offset=start)
        at = start - self._base
        inside = at + length <= self._have
        data = self._window[at : at + length] if inside else self._view.read(start, length)
        try:
            return data.decode("utf-8")
        except UnicodeDecodeError:
            raise BadText("a string is no UTF-8", offset=start) from None

    def _number(self, values: Values, name: str, number: int, start: int) -> None:
        kept = _append(values, name, number)
        if len(kept) > self._limits.tensor_rank:
            raise TooManyNumbers(f"more than {self._limits.tensor_rank} numbers in {name}", offset=start)

    def _packed(self, values: Values, name: str, start: int, length: int) -> None:
        if length > 10 * self._limits.tensor_rank:
            raise TooManyNumbers(f"more than {self._limits.tensor_rank} numbers in {name}", offset=start)
        data = self._view.read(start, length) + _PAD
        at = 0
        while at < length:
            number, at = _varint(data, at, start)
            if at > length:
                raise PackedCutShort(f"packed numbers of {name} end inside one", offset=start)
            self._number(values, name, number, start)

    def _count(self, kind: str, start: int, length: int) -> int:
        """How many packed numbers there are."""
        if kind != COUNT_INTS:
            if length % _WIDTHS[kind]:
                raise PackedCutShort("packed numbers end inside one", offset=start)
            return length // _WIDTHS[kind]
        count, last = 0, 0
        for chunk in self._view.stream(start, length):
            data = bytes(chunk)
            count += len(data.translate(None, _CONTINUED))
            last = data[-1] if data else last
        if last >= 0x80:
            raise PackedCutShort("packed numbers end inside one", offset=start)
        return count


def _append(values: Values, name: str, item: object) -> list[object]:
    kept = values.setdefault(name, [])
    if not isinstance(kept, list):  # a schema gives one name to one kind
        kept = values[name] = [kept]
    kept.append(item)
    return kept


def _varint(window: bytes, at: int, position: int) -> tuple[int, int]:
    """A number at `at`, and where the next byte is. The window is padded with zeros."""
    value = shift = 0
    while True:
        byte = window[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            break
        shift += 7
        if shift > 63:
            raise VarintTooLong("a number has more than ten bytes", offset=position)
    if value >> 64:
        raise VarintTooLong("a number has more than 64 bits", offset=position)
    return value, at


def texts(values: Mapping[str, object], name: str) -> list[str]:
    """The strings of a repeated field."""
    found = values.get(name)
    return [item for item in found if isinstance(item, str)] if isinstance(found, list) else []


def text(values: Mapping[str, object], name: str) -> str:
    """A string, or the empty one that an absent field stands for."""
    found = values.get(name)
    return found if isinstance(found, str) else ""


def integer(values: Mapping[str, object], name: str) -> int:
    """A number, or the 0 that an absent field stands for."""
    found = values.get(name)
    return found if isinstance(found, int) else 0
