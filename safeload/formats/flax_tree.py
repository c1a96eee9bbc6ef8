"""What Flax means by a tree of maps: named arrays, chunked arrays, and everything else.

Transcribes the layout of https://flax.readthedocs.io/en/latest/api_reference/flax.serialization.html:
items of a list are named by their index, and an array of more than 2**30 bytes is a map with the key
`__msgpack_chunked_array__`, its shape, and flat pieces of it that are numbered from 0.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, TypeAlias

from safeload.errors import FormatError, LimitExceeded
from safeload.formats.tensors import TensorEntry
from safeload.record import record

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from safeload.limits import Limits

CHUNKED = "__msgpack_chunked_array__"
_MOST_ELEMENTS = (1 << 63) - 1
_SHOWN = 100


class FlaxError(FormatError):
    """Base of the errors that say: not what Flax writes, though another program may have."""


class ArrayFields(FlaxError):
    """An array extension that is no triple of shape, dtype name and bytes."""


class BadComplex(FlaxError):
    """A complex extension that is no pair of floats."""


class RankTooLarge(LimitExceeded):
    """An array with more dimensions than the budget."""


class BadChunks(FormatError):
    """A chunked array whose pieces do not make up its shape."""


class NamesCollide(FormatError):
    """Two leaves with the same name, since a key holds a dot."""


class NameTooLong(LimitExceeded):
    """The name of a leaf longer than the budget."""


class NamesTooLong(LimitExceeded):
    """All names together longer than the budget."""


class Empty(Enum):
    """A container without entries."""

    MAP = "map"
    LIST = "list"


@record
class ByteRange:
    """Bytes of the file that no layout describes."""

    offset: int
    length: int


@record
class NdArray:
    """An array in the tree."""

    entry: TensorEntry


@record
class NpScalar:
    """A numpy scalar in the tree."""

    entry: TensorEntry


@record
class ChunkedTensor:
    """An array that lies in pieces: their elements, one piece after the other, are its own."""

    dtype: str
    shape: tuple[int, ...]
    chunks: tuple[TensorEntry, ...]
    """Flat pieces in order; at least two."""


Leaf: TypeAlias = "str | int | float | complex | bool | ByteRange | Empty | None"
"""A value that is no array."""
Node: TypeAlias = "dict[str, Node] | list[Node] | NdArray | NpScalar | Leaf"


class Flat:
    """The leaves of a tree by name."""

    __slots__ = ("chunked", "metadata", "scalars", "tensors")

    def __init__(self) -> None:
        self.tensors: dict[str, TensorEntry] = {}
        self.chunked: dict[str, ChunkedTensor] = {}
        self.scalars: dict[str, TensorEntry] = {}
        self.metadata: dict[str, Leaf] = {}


def flatten(root: Mapping[str, Node], limits: Limits) -> Flat:
    """Name every leaf, in file order.

    Raises:
        FormatError: names collide, or a chunked array does not fit together.
        LimitExceeded: a name, or all of them, are longer than a budget.
    """
    if CHUNKED in root:
        raise BadChunks("the whole file is one chunked array, which has no name")
    flat = Flat()
    seen: set[str] = set()
    characters = limits.msgpack_text_bytes
    stack: list[tuple[str, Node]] = list(reversed(list(root.items())))
    while stack:
        name, node = stack.pop()
        if len(name) > limits.tensor_name_bytes:
            raise NameTooLong(f"a name has {len(name)} characters, more than {limits.tensor_name_bytes}")
        if (isinstance(node, dict) and node and CHUNKED not in node) or (isinstance(node, list) and node):
            # Each child repeats the name: checked before the names are built.
            characters -= (len(name) + 1) * len(node)
            if characters < 0:
                raise NamesTooLong(f"all names have more than {limits.msgpack_text_bytes} characters")
            items = node.items() if isinstance(node, dict) else _numbered(node)
            stack.extend(reversed([(f"{name}.{key}", child) for key, child in items]))
            continue
        if name in seen:
            raise NamesCollide(f"two leaves are called {name[:_SHOWN]}")
        seen.add(name)
        _place(flat, name, node, limits)
    return flat


def _numbered(items: list[Node]) -> Iterable[tuple[str, Node]]:
    return ((str(at), item) for at, item in enumerate(items))


def _place(flat: Flat, name: str, node: Node, limits: Limits) -> None:
    """Put one leaf where it belongs."""
    if isinstance(node, NdArray):
        flat.tensors[name] = node.entry
    elif isinstance(node, NpScalar):
        flat.scalars[name] = node.entry
    elif isinstance(node, list):
        flat.metadata[name] = Empty.LIST
    elif not isinstance(node, dict):
        flat.metadata[name] = node
    elif not node:
        flat.metadata[name] = Empty.MAP
    else:
        array = _join(name, node, limits)
        if len(array.chunks) == 1:
            flat.tensors[name] = TensorEntry(array.dtype, array.shape, array.chunks[0].offset)
        else:
            flat.chunked[name] = array


def _join(name: str, node: Mapping[str, Node], limits: Limits) -> ChunkedTensor:
    """A chunked array, its pieces checked against its shape."""
    shape, pieces = node.get("shape"), node.get("chunks")
    if node.keys() != {CHUNKED, "shape", "chunks"} or node[CHUNKED] is not True:
        raise BadChunks(f"{name[:_SHOWN]} does not have exactly shape and chunks")
    if not isinstance(shape, dict) or not isinstance(pieces, dict) or not pieces:
        raise BadChunks(f"shape or chunks of {name[:_SHOWN]} are no maps")
    if len(shape) > limits.tensor_rank:
        raise RankTooLarge(f"{name[:_SHOWN]} has {len(shape)} dimensions")
    count, sizes = 1, []
    for size in _in_order(name, shape):
        if type(size) is not int or not 0 <= size <= _MOST_ELEMENTS:
            raise BadChunks(f"{name[:_SHOWN]} has a size that is no count")
        count *= size
        if count > _MOST_ELEMENTS:
            raise BadChunks(f"{name[:_SHOWN]} has more elements than 63 bits can count")
        sizes.append(size)
    chunks = [piece.entry for piece in _in_order(name, pieces) if isinstance(piece, NdArray)]
    if len(chunks) != len(pieces) or any(len(chunk.shape) != 1 for chunk in chunks):
        raise BadChunks(f"a piece of {name[:_SHOWN]} is no flat array")
    if len({chunk.dtype for chunk in chunks}) != 1 or sum(chunk.shape[0] for chunk in chunks) != count:
        raise BadChunks(f"the pieces of {name[:_SHOWN]} do not make up its shape")
    return ChunkedTensor(dtype=chunks[0].dtype, shape=tuple(sizes), chunks=tuple(chunks))


def _in_order(name: str, items: Mapping[str, Node]) -> list[Node]:
    """The values under `0`, `1` and so on."""
    if any(str(at) not in items for at in range(len(items))):
        raise BadChunks(f"shape or chunks of {name[:_SHOWN]} are not numbered from 0")
    return [items[str(at)] for at in range(len(items))]
