"""msgpack as Flax writes it: a map of maps whose leaves are arrays, each a range of the file's bytes.

Implements https://github.com/msgpack/msgpack/blob/master/spec.md and, for what the extension types and
chunked arrays mean, https://flax.readthedocs.io/en/latest/api_reference/flax.serialization.html.
Guarantees for a record: every array's range lies inside the file and holds exactly its shape times its
dtype, every byte of the file belongs to the one value in it, and each name stands for one leaf. Array
data is stepped over, never read or copied.

Errors below `FlaxError` say that the file may be good msgpack of another program. The others say that it
is no msgpack, or that readers could differ about it. Stricter than Flax: dtypes by the names that it
writes only, keys are text, duplicate keys are errors.
"""

from __future__ import annotations

import struct
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeAlias, cast

from safeload.errors import FormatError, LimitExceeded
from safeload.formats.cursor import Cursor
from safeload.formats.flax_tree import (
    ArrayFields,
    BadComplex,
    ByteRange,
    ChunkedTensor,
    FlaxError,
    Leaf,
    NdArray,
    NpScalar,
    RankTooLarge,
    flatten,
)
from safeload.formats.tensors import ITEM_BITS, TensorEntry
from safeload.record import record

if TYPE_CHECKING:
    from collections.abc import Mapping

    from safeload.core import View
    from safeload.formats.flax_tree import Node
    from safeload.limits import Limits

DTYPES = frozenset(ITEM_BITS) - {"float4_e2m1fn_x2", "complex32"}
"""numpy and ml_dtypes call these as torch does."""

_NDARRAY, _COMPLEX, _SCALAR = 1, 2, 3
_MOST_ELEMENTS = (1 << 63) - 1
_SHOWN = 100
_DTYPE_CHARACTERS = 64
_FIXED = MappingProxyType({0xC0: None, 0xC2: False, 0xC3: True})
_FLOATS = MappingProxyType({0xCA: ">f", 0xCB: ">d"})
_INTEGERS = MappingProxyType(
    {0xCC: (1, False), 0xCD: (2, False), 0xCE: (4, False), 0xCF: (8, False),
     0xD0: (1, True), 0xD1: (2, True), 0xD2: (4, True), 0xD3: (8, True)}
)  # fmt: skip
"""First byte: width of the number behind it, and whether it is signed."""
_SIZED = MappingProxyType(
    {0xC4: ("bin", 1), 0xC5: ("bin", 2), 0xC6: ("bin", 4), 0xC7: ("ext", 1), 0xC8: ("ext", 2),
     0xC9: ("ext", 4), 0xD9: ("str", 1), 0xDA: ("str", 2), 0xDB: ("str", 4), 0xDC: ("array", 2),
     0xDD: ("array", 4), 0xDE: ("map", 2), 0xDF: ("map", 4)}
)  # fmt: skip
"""First byte: kind, and the width of the length behind it."""
_FIXED_EXT = MappingProxyType({0xD4: 1, 0xD5: 2, 0xD6: 4, 0xD7: 8, 0xD8: 16})

_Head: TypeAlias = "tuple[str, object]"
"""Kind and value of what starts at a byte: for `scalar` the value itself, else the length."""


class ReservedByte(FormatError):
    """0xc1, which the specification never uses."""


class CountPastEnd(FormatError):
    """More items than bytes are left."""


class BadText(FormatError):
    """A string that is no UTF-8."""


class DuplicateKey(FormatError):
    """A key that stands twice in one map: readers keep the first or the last."""


class TrailingData(FormatError):
    """Bytes behind the value."""


class ExtensionTrailing(FormatError):
    """Bytes inside an extension behind its value."""


class TooManyItems(LimitExceeded):
    """More keys and values than the budget."""


class TooDeep(LimitExceeded):
    """Containers that nest deeper than the budget."""


class TooMuchText(LimitExceeded):
    """Keys and strings longer than the budget."""


class NotMap(FlaxError):
    """A file whose value is no map."""


class KeyNotText(FlaxError):
    """A key of a map that is no string."""


class UnknownExtension(FlaxError):
    """An extension type other than the three of Flax."""


class UnknownDtype(FlaxError):
    """A dtype that the table lacks."""


class BadShape(FormatError):
    """A shape that is no list of sizes, or has more elements than 63 bits can count."""


class SizeMismatch(FormatError):
    """An array whose bytes are not exactly its shape times its dtype."""


@record
class Msgpack:
    """A tree of arrays, flattened: names are the keys from the root, joined with dots."""

    tensors: Mapping[str, TensorEntry]
    """In file order; offsets count from the start of the file."""
    chunked: Mapping[str, ChunkedTensor]
    """Arrays that Flax has cut into pieces, between which other bytes stand."""
    scalars: Mapping[str, TensorEntry]
    """numpy scalars."""
    metadata: Mapping[str, Leaf]
    """All other leaves, and empty containers."""
    size: int
    """Bytes of the whole file."""


def parse_msgpack(view: View, limits: Limits) -> Msgpack:
    """Read the structure of the whole file. Array data is not read.

    Raises:
        FormatError: one subclass per way to be wrong.
        FlaxError: it is not what Flax writes.
        LimitExceeded: a budget does not hold.
    """
    reader = _Reader(view, limits)
    root = reader.tree()
    if reader.cursor.left:
        raise TrailingData(f"{reader.cursor.left} bytes behind the value", offset=reader.cursor.position)
    flat = flatten(root, limits)
    return Msgpack(
        tensors=MappingProxyType(flat.tensors),
        chunked=MappingProxyType(flat.chunked),
        scalars=MappingProxyType(flat.scalars),
        metadata=MappingProxyType(flat.metadata),
        size=view.size,
    )


class _Reader:
    """Turns bytes into a tree, with its own stack."""

    def __init__(self, view: View, limits: Limits) -> None:
        self.cursor = Cursor(view)
        self._limits = limits
        self._items = limits.msgpack_items
        self._text = limits.msgpack_text_bytes

    def tree(self) -> dict[str, Node]:
        """The map that the file starts with, and all that is in it."""
        kind, count = self._head()
        if kind != "map":
            raise NotMap(f"the file holds a {kind}, not a map", offset=0)
        root: dict[str, Node] = {}
        stack: list[tuple[dict[str, Node] | list[Node], int]] = [(root, self._count(count, 2))]
        while stack:
            container, left = stack.pop()
            if not left:
                continue
            stack.append((container, left - 1))
            key = self._key(container) if isinstance(container, dict) else ""
            kind, value = self._head()
            node: Node
            if kind in {"map", "array"}:
                inner: dict[str, Node] | list[Node] = {} if kind == "map" else []
                stack.append((inner, self._count(value, 2 if kind == "map" else 1)))
                node = inner
            else:
                node = self._leaf(kind, value)
            if len(stack) > self._limits.msgpack_depth:
                raise TooDeep(
                    f"containers nest more than {self._limits.msgpack_depth} deep",
                    offset=self.cursor.position,
                )
            if isinstance(container, dict):
                container[key] = node
            else:
                container.append(node)
        return root

    def _head(self) -> _Head:
        """The first byte of a value, with its length or, for numbers, nil and booleans, the value."""
        take = self.cursor.take
        at = self.cursor.position
        first = take(1)[0]
        if first < 0x80:
            return "scalar", first
        if first >= 0xE0:
            return "scalar", first - 0x100
        if first < 0xC0:
            kind, mask = ("map", 0x0F) if first < 0x90 else ("array", 0x0F) if first < 0xA0 else ("str", 0x1F)
            return kind, first & mask
        if first in _SIZED:
            kind, width = _SIZED[first]
            return kind, int.from_bytes(take(width), "big")
        if first in _INTEGERS:
            width, signed = _INTEGERS[first]
            return "scalar", int.from_bytes(take(width), "big", signed=signed)
        if first in _FLOATS:
            layout = _FLOATS[first]
            return "scalar", struct.unpack(layout, take(struct.calcsize(layout)))[0]
        if first in _FIXED_EXT:
            return "ext", _FIXED_EXT[first]
        if first in _FIXED:
            return "scalar", _FIXED[first]
        raise ReservedByte("byte 0xc1 starts no value", offset=at)

    def _count(self, value: object, width: int) -> int:
        """The number of entries of a container, `width` values each, within what can be there."""
        count = cast("int", value)
        if count * width > self.cursor.left:
            raise CountPastEnd(f"{count} entries in {self.cursor.left} bytes", offset=self.cursor.position)
        self._items -= count
        if self._items < 0:
            raise TooManyItems(f"more than {self._limits.msgpack_items} entries", offset=self.cursor.position)
        return count

    def _key(self, container: dict[str, Node]) -> str:
        at = self.cursor.position
        kind, length = self._head()
        if kind != "str":
            raise KeyNotText(f"a key of a map is a {kind}", offset=at)
        key = self._string(length)
        if key in container:
            raise DuplicateKey(f"the key {key[:_SHOWN]} stands twice", offset=at)
        return key

    def _string(self, value: object) -> str:
        length, at = cast("int", value), self.cursor.position
        self._text -= length
        if self._text < 0:
            raise TooMuchText(
                f"more than {self._limits.msgpack_text_bytes} bytes of keys and strings", offset=at
            )
        try:
            return self.cursor.take(length).decode("utf-8")
        except UnicodeDecodeError:
            raise BadText("a string is no UTF-8", offset=at) from None

    def _leaf(self, kind: str, value: object) -> Node:
        if kind == "scalar":
            return cast("Leaf", value)
        if kind == "str":
            return self._string(value)
        length = cast("int", value)
        if kind == "bin":
            start = self.cursor.position
            self.cursor.skip(length)
            return ByteRange(offset=start, length=length)
        return self._extension(length)

    def _extension(self, length: int) -> Node:
        """The value of one of Flax's three extension types: msgpack inside msgpack, one level of it."""
        cursor, at = self.cursor, self.cursor.position
        code = int.from_bytes(cursor.take(1), "big", signed=True)
        if code not in {_NDARRAY, _COMPLEX, _SCALAR}:
            raise UnknownExtension(f"extension type {code}", offset=at)
        if length > cursor.left:
            cursor.skip(length)
        outer, cursor.end = cursor.end, cursor.position + length
        node: Node
        if code == _COMPLEX:
            node = self._complex()
        else:
            entry = self._array()
            node = NdArray(entry=entry) if code == _NDARRAY else NpScalar(entry=entry)
        if cursor.left:
            raise ExtensionTrailing(f"{cursor.left} bytes behind the value of an extension", offset=at)
        cursor.end = outer
        return node

    def _complex(self) -> complex:
        at = self.cursor.position
        if self._head() == ("array", 2):
            (one, real), (two, imaginary) = self._head(), self._head()
            if one == two == "scalar" and type(real) is float and type(imaginary) is float:
                return complex(real, imaginary)
        raise BadComplex("a complex number is no pair of floats", offset=at)

    def _array(self) -> TensorEntry:
        """Shape, dtype and where the bytes are."""
        at = self.cursor.position
        if self._head() != ("array", 3):
            raise ArrayFields("an array is no triple of shape, dtype and bytes", offset=at)
        kind, rank = self._head()
        if kind != "array":
            raise BadShape("the shape of an array is no list", offset=at)
        shape, count = self._shape(cast("int", rank), at)
        kind, length = self._head()
        if kind != "str":
            raise ArrayFields(f"the dtype of an array is a {kind}", offset=at)
        if cast("int", length) > _DTYPE_CHARACTERS or (dtype := self._string(length)) not in DTYPES:
            raise UnknownDtype("an array has a dtype that the table lacks", offset=at)
        kind, length = self._head()
        if kind != "bin":
            raise ArrayFields(f"the data of an array is a {kind}", offset=at)
        if length != count * ITEM_BITS[dtype] // 8:
            raise SizeMismatch(f"an array of shape {shape} and {dtype} has {length} bytes", offset=at)
        start = self.cursor.position
        self.cursor.skip(length)
        return TensorEntry(dtype, shape, start)

    def _shape(self, rank: int, at: int) -> tuple[tuple[int, ...], int]:
        """The sizes, and the number of elements."""
        if rank > self._limits.tensor_rank:
            raise RankTooLarge(f"an array has {rank} dimensions", offset=at)
        shape: list[int] = []
        count = 1
        for _ in range(rank):
            kind, size = self._head()
            if kind != "scalar" or type(size) is not int or not 0 <= size <= _MOST_ELEMENTS:
                raise BadShape("an array has a size that is no count", offset=at)
            # A size of 0 makes an empty array, but must not hide an overflow of the other sizes.
            count *= size or 1
            if count > _MOST_ELEMENTS:
                raise BadShape("an array has more elements than 63 bits can count", offset=at)
            shape.append(size)
        return tuple(shape), 0 if 0 in shape else count
