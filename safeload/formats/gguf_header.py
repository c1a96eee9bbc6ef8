"""What stands in front of the data of a GGUF file: magic bytes, metadata, table of tensors.

Reads each part in its order and checks it by itself; `gguf` checks the table against the file.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, TypeAlias

from safeload.formats.cursor import Cursor
from safeload.formats.gguf_errors import (
    ArrayTooDeep,
    BadAlignment,
    BadBool,
    BadShape,
    BadText,
    BigEndian,
    CountPastEnd,
    DuplicateKey,
    DuplicateTensor,
    HeaderTooLarge,
    NameTooLong,
    NoMagic,
    PartialBlock,
    TemplateNotText,
    TooManyDimensions,
    TooManyItems,
    TooMuchText,
    UnknownTensorType,
    UnknownValueType,
    UnsupportedVersion,
)
from safeload.formats.gguf_types import (
    ARRAY,
    BOOL,
    FLOATS,
    INTEGERS,
    PLAIN,
    QUANTISED,
    STRING,
    UINT32,
    VALUE_NAMES,
    WIDTHS,
)
from safeload.formats.tensors import ITEM_BITS
from safeload.record import record

if TYPE_CHECKING:
    from safeload.core import View
    from safeload.limits import Limits

ALIGNMENT_KEY = "general.alignment"
TEMPLATE_KEY = "tokenizer.chat_template"
"""The template itself, and with `.NAME` behind it, further ones."""

_MAGIC, _MAGIC_SWAPPED = b"GGUF", b"FUGG"
_VERSIONS = frozenset({2, 3})
_RANK = 4
"""GGML_MAX_DIMS."""
_MOST = (1 << 63) - 1
_SHOWN = 100
_CHUNK = 1 << 16
_USUAL_STRING = 64
"""Bytes that are read ahead per string."""


@record
class GgufArray:
    """An array in the metadata, where it stands: checked, and not copied."""

    item_type: str
    count: int
    offset: int
    """First byte of the first item, from the start of the file."""
    length: int
    """Bytes of all items."""


Value: TypeAlias = "int | float | bool | str | GgufArray"


TensorInfo: TypeAlias = "tuple[int, tuple[int, ...], int, int]"
"""Type, shape, bytes, and offset from the start of the data."""


class HeaderReader:
    """What stands in front of the data, in order."""

    def __init__(self, view: View, limits: Limits) -> None:
        self.cursor = Cursor(view)
        self._limits = limits
        self._items = limits.gguf_items
        self._text = limits.gguf_text_bytes

    def version(self) -> int:
        """The version, behind the magic bytes."""
        magic = self.cursor.take(4)
        if magic == _MAGIC_SWAPPED:
            raise BigEndian("the magic bytes are those of a big-endian file", offset=0)
        if magic != _MAGIC:
            raise NoMagic("the file does not start with GGUF", offset=0)
        version = self.unsigned(4)
        if version and not version & 0xFFFF:
            raise BigEndian("the version is that of a big-endian file", offset=4)
        if version not in _VERSIONS:
            raise UnsupportedVersion(f"version {version}", offset=4)
        return version

    def unsigned(self, width: int) -> int:
        """A number without sign."""
        self._within(width)
        return self.cursor.unsigned(width)

    def metadata(self, count: int) -> dict[str, Value]:
        """All keys with their values."""
        found: dict[str, Value] = {}
        for _ in range(count):
            at = self.cursor.position
            key = self._name()
            if key in found:
                raise DuplicateKey(f"the key {key[:_SHOWN]} stands twice", offset=at)
            kind = self.unsigned(4)
            if key == ALIGNMENT_KEY and kind != UINT32:
                raise BadAlignment(f"{ALIGNMENT_KEY} has value type {kind}", offset=at)
            if is_template(key) and kind != STRING:
                raise TemplateNotText(f"{key[:_SHOWN]} has value type {kind}", offset=at)
            found[key] = self._value(kind)
        return found

    def table(self, count: int) -> dict[str, TensorInfo]:
        """Type, shape, bytes and relative offset of every tensor."""
        found: dict[str, TensorInfo] = {}
        for _ in range(count):
            at = self.cursor.position
            name = self._name()
            if name in found:
                raise DuplicateTensor(f"the tensor {name[:_SHOWN]} stands twice", offset=at)
            rank = self.unsigned(4)
            if rank > _RANK:
                raise TooManyDimensions(f"tensor {name[:_SHOWN]} has {rank} dimensions", offset=at)
            dimensions = [self.unsigned(8) for _ in range(rank)]
            kind, offset = self.unsigned(4), self.unsigned(8)
            length = _length(name, kind, dimensions, at)
            found[name] = (kind, tuple(reversed(dimensions)), length, offset)
        return found

    def _within(self, length: int) -> None:
        """Raise where the next bytes exceed the budget of the header."""
        if self.cursor.position + length > self._limits.gguf_header_bytes and length <= self.cursor.left:
            most = self._limits.gguf_header_bytes
            raise HeaderTooLarge(f"the header has more than {most} bytes", offset=self.cursor.position)

    def _name(self) -> str:
        at, length = self.cursor.position, self.unsigned(8)
        if length > self._limits.tensor_name_bytes and length <= self.cursor.left:
            raise NameTooLong(f"a name has {length} bytes", offset=at)
        return self._string(length)

    def _string(self, length: int) -> str:
        """A string that the record keeps."""
        self._within(length)
        at = self.cursor.position
        if length <= self.cursor.left:
            self._text -= length
            if self._text < 0:
                most = self._limits.gguf_text_bytes
                raise TooMuchText(f"more than {most} bytes of keys, names and strings", offset=at)
        return _decoded(self.cursor.take(length), at)

    def _value(self, kind: int) -> Value:
        at = self.cursor.position
        if kind in INTEGERS:
            width, signed = INTEGERS[kind]
            self._within(width)
            return int.from_bytes(self.cursor.take(width), "little", signed=signed)
        if kind == STRING:
            return self._string(self.unsigned(8))
        if kind == ARRAY:
            return self._array()
        if kind in FLOATS:
            layout, width = FLOATS[kind]
            self._within(width)
            value: float = struct.unpack(layout, self.cursor.take(width))[0]
            return value
        if kind == BOOL:
            if (number := self.unsigned(1)) > 1:
                raise BadBool(f"a boolean is {number}", offset=at)
            return bool(number)
        raise UnknownValueType(f"value type {kind}", offset=at)

    def _array(self) -> GgufArray:
        """An array, with its own stack for those inside it. Each item is checked, none is kept."""
        item_type, count = self._array_head()
        start = self.cursor.position
        stack = [(item_type, count)]
        while stack:
            kind, left = stack.pop()
            if kind != ARRAY:
                self._flat_items(kind, left)
            elif left:
                stack.append((kind, left - 1))
                stack.append(self._array_head())
                if len(stack) > self._limits.gguf_depth:
                    raise ArrayTooDeep("arrays nest too deep", offset=self.cursor.position)
        return GgufArray(
            item_type=VALUE_NAMES[item_type], count=count, offset=start, length=self.cursor.position - start
        )

    def _array_head(self) -> tuple[int, int]:
        at = self.cursor.position
        kind, count = self.unsigned(4), self.unsigned(8)
        if kind >= len(VALUE_NAMES):
            raise UnknownValueType(f"an array of value type {kind}", offset=at)
        least = WIDTHS.get(kind, {BOOL: 1, STRING: 8}.get(kind, 12))
        if count * least > self.cursor.left:
            raise CountPastEnd(f"{count} items in {self.cursor.left} bytes", offset=at)
        if kind in {STRING, ARRAY}:
            self._items -= count
            if self._items < 0:
                raise TooManyItems(f"more than {self._limits.gguf_items} strings in arrays", offset=at)
        return kind, count

    def _flat_items(self, kind: int, count: int) -> None:
        """Step over the items of an array that holds no arrays."""
        if kind in WIDTHS:
            self._within(count * WIDTHS[kind])
            self.cursor.skip(count * WIDTHS[kind])
        elif kind == BOOL:
            self._within(count)
            while count:
                size = min(count, _CHUNK)
                if self.cursor.take(size).strip(b"\x00\x01"):
                    raise BadBool("a boolean in an array is neither 0 nor 1", offset=self.cursor.position)
                count -= size
        else:
            while count:
                count -= self._some_strings(count)

    def _some_strings(self, most: int) -> int:
        """Step over strings that one read holds, and at least over one: a vocabulary has many short ones."""
        cursor = self.cursor
        start, done, at = cursor.position, 0, 0
        chunk = cursor.peek(min(_CHUNK, most * _USUAL_STRING))
        while done < most and (end := at + 8 + int.from_bytes(chunk[at : at + 8], "little")) <= len(chunk):
            _decoded(chunk[at + 8 : end], start + at)
            done += 1
            at = end
        self._within(at)
        cursor.skip(at)
        if not done:
            length = self.unsigned(8)
            self._within(length)
            _decoded(cursor.take(length), start)
            done = 1
        return done


def _decoded(data: bytes, at: int) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise BadText("a string is no UTF-8", offset=at) from None


def is_template(key: str) -> bool:
    """Whether programs look for a chat template under this key."""
    return key == TEMPLATE_KEY or key.startswith(f"{TEMPLATE_KEY}.")


def _length(name: str, kind: int, dimensions: list[int], at: int) -> int:
    """Bytes of one tensor."""
    if kind in PLAIN:
        block, width = 1, ITEM_BITS[PLAIN[kind]] // 8
    elif kind in QUANTISED:
        _, block, width = QUANTISED[kind]
    else:
        raise UnknownTensorType(f"tensor {name[:_SHOWN]} has type {kind}", offset=at)
    count = 1
    for size in dimensions:
        # A size of 0 makes an empty tensor, but must not hide an overflow of the other sizes.
        count *= size or 1
        if count > _MOST:
            raise BadShape(f"tensor {name[:_SHOWN]} has more elements than 63 bits can count", offset=at)
    # The first dimension is the fastest: blocks do not reach across rows.
    if (dimensions[0] if dimensions else 1) % block:
        raise PartialBlock(f"a row of tensor {name[:_SHOWN]} is no multiple of {block} elements", offset=at)
    return 0 if 0 in dimensions else count // block * width
