"""HDF5 sections III.E and IV.A.2.m: attributes, and the global heap that holds their strings."""

from __future__ import annotations

import math
import struct
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeAlias

from safeload.formats.hdf5_blocks import UNDEFINED, WIDTH, Fields
from safeload.formats.hdf5_errors import (
    AttributeName,
    AttributeTwice,
    DenseAttributes,
    HeapObject,
    PathTooLong,
    SharedMessage,
    StringContent,
    UnusualNumber,
)
from safeload.formats.hdf5_types import (
    FIXED_TEXT,
    NULL_TERMINATED,
    SPACE_PADDED,
    VARIABLE_TEXT,
    parse_dataspace,
    parse_datatype,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from safeload.formats.hdf5_blocks import Blocks
    from safeload.formats.hdf5_types import Datatype

Value: TypeAlias = "str | int | float | tuple[str | int | float, ...]"
"""A scalar, or the elements of an array in C order without their shape."""

_CODES: Mapping[str, str] = MappingProxyType(
    {
        "int8": "b", "uint8": "B", "int16": "h", "uint16": "H", "int32": "i", "uint32": "I",
        "int64": "q", "uint64": "Q", "float16": "e", "float32": "f", "float64": "d",
    }
)  # fmt: skip
_ATTRIBUTE_COST, _ELEMENT_COST = 128, 16
"""Bytes of budget beside those of the file: two-byte floats become Python objects of 24 bytes."""
_HEAP_HEAD, _OBJECT_HEAD, _ALIGNMENT = 16, 16, 8
_ORDER_TRACKED, _ORDER_INDEXED = 1 << 0, 1 << 1


class GlobalHeap:
    """III.E: collections of byte strings, each read when first asked for."""

    def __init__(self, blocks: Blocks) -> None:
        self._blocks = blocks
        self._collections: dict[int, dict[int, bytes]] = {}

    def get(self, address: int, index: int, length: int) -> bytes:
        """One object of the collection at `address`.

        Raises:
            FormatError: there is none of that index and length.
        """
        collection = self._collections.get(address)
        if collection is None:
            collection = self._collections[address] = self._read(address)
        value = collection.get(index)
        if value is None or len(value) != length:
            raise HeapObject(f"no object {index} of {length} bytes in the global heap", offset=address)
        # The same object may be asked for many times, which costs each time.
        self._blocks.charge(length)
        return value

    def _read(self, address: int) -> dict[int, bytes]:
        head = self._blocks.peek(address, _HEAP_HEAD, "global heap")
        size = int.from_bytes(head[_ALIGNMENT:], "little")
        if size < _HEAP_HEAD:
            raise HeapObject("no global heap collection", offset=address)
        block = self._blocks.read(address, size, "global heap")
        block.signature(b"GCOL")
        block.version("a global heap", 1)
        block.take(3 + WIDTH)
        objects: dict[int, bytes] = {}
        # Less than an object's head is unused space; index 0 is the free space up to the end.
        while block.left >= _OBJECT_HEAD:
            at = block.position
            index = block.number(2)
            block.take(6)  # reference count, reserved
            length = block.number(WIDTH)
            if not index:
                if length != block.left + _OBJECT_HEAD:
                    raise HeapObject("free space that does not fill the global heap", offset=at)
                break
            if index in objects:
                raise HeapObject(f"a second object {index} in the global heap", offset=at)
            objects[index] = block.take(length)
            block.take(-length % _ALIGNMENT)
        return objects


def parse_attributes(
    messages: list[Fields], info: Fields | None, blocks: Blocks, heap: GlobalHeap
) -> Mapping[str, Value]:
    """The attributes of one object.

    Raises:
        FormatError: one breaks the specification, or is of a type that is not read.
    """
    if info is not None:
        _check_compact(info)
    attributes: dict[str, Value] = {}
    for fields in messages:
        at = fields.position
        name, value = _attribute(fields, blocks, heap)
        if name in attributes:
            raise AttributeTwice("two attributes of the same name", offset=at)
        attributes[name] = value
    return MappingProxyType(attributes)


def _check_compact(info: Fields) -> None:
    """IV.A.2.v: that no attributes stand in a fractal heap."""
    at = info.position
    info.version("an attribute info message", 0)
    flags = info.number(1)
    if flags & _ORDER_TRACKED:
        info.take(2)
    # The heap and its indexes; readers look into an index without asking for the heap.
    places = [info.number(WIDTH) for _ in range(3 if flags & _ORDER_INDEXED else 2)]
    info.end("attribute info message")
    if any(place != UNDEFINED for place in places):
        raise DenseAttributes("attributes in a fractal heap", offset=at)


def _attribute(fields: Fields, blocks: Blocks, heap: GlobalHeap) -> tuple[str, Value]:
    """IV.A.2.m: version 1 pads its parts to 8 bytes, 2 does not, 3 adds the name's character set."""
    at = fields.position
    version = fields.version("an attribute", 1, 2, 3)
    if fields.number(1) and version > 1:
        raise SharedMessage("an attribute whose type stands elsewhere", offset=at)
    lengths = [fields.number(2) for _ in range(3)]
    if version > 2 and fields.number(1) > 1:
        raise AttributeName("a name in an unknown character set", offset=at)
    parts = []
    for length in lengths:
        parts.append(fields.part(length))
        if version == 1:
            fields.take(-length % _ALIGNMENT)
    name = _name(parts[0].take(lengths[0]), blocks, at)
    datatype, shape = parse_datatype(parts[1]), parse_dataspace(parts[2], blocks)
    count = math.prod(shape)
    data = fields.part(count * datatype.size)
    fields.end("attribute")
    blocks.charge(lengths[0] + _ATTRIBUTE_COST + _ELEMENT_COST * count)
    values = tuple(_values(datatype, data, count, heap))
    return name, values if shape else values[0]


def _name(raw: bytes, blocks: Blocks, at: int) -> str:
    if len(raw) > blocks.limits.tensor_name_bytes:
        raise PathTooLong(f"an attribute name of {len(raw)} bytes", offset=at)
    try:
        name = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise AttributeName("an attribute name that is not UTF-8", offset=at) from None
    if name.find("\0") != len(name) - 1 or len(name) < 2:
        raise AttributeName("an attribute name that is empty or has no NUL at its end", offset=at)
    return name[:-1]


def _values(datatype: Datatype, data: Fields, count: int, heap: GlobalHeap) -> Iterator[str | int | float]:
    at = data.position
    if datatype.kind == FIXED_TEXT:
        for _ in range(count):
            yield _text(data.take(datatype.size), datatype.padding, at)
    elif datatype.kind == VARIABLE_TEXT:
        for _ in range(count):
            length, address, index = data.number(4), data.number(WIDTH), data.number(4)
            # An empty string has no object; a reader takes none from the length alone.
            yield _text(heap.get(address, index, length) if length else b"", NULL_TERMINATED, at)
    elif datatype.kind in _CODES:
        yield from struct.unpack(f"<{count}{_CODES[datatype.kind]}", data.take(count * datatype.size))
    else:
        raise UnusualNumber(f"an attribute of {datatype.kind}", offset=at)


def _text(raw: bytes, padding: int, at: int) -> str:
    """A string without its padding.

    Raises:
        StringContent: it is not UTF-8, or has a NUL before its end.
    """
    raw = raw.rstrip(b" ") if padding == SPACE_PADDED else raw.rstrip(b"\0")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise StringContent("a string that is not UTF-8", offset=at) from None
    if "\0" in text:
        raise StringContent("a string with a NUL before its end", offset=at)
    return text
