"""HDF5 sections III.A.1, III.B, III.C, III.D and IV.A.2.g: the links of a group.

Old groups keep names in a local heap and entries in the leaves of a B-tree; new ones keep link messages
in their header. Guarantees for both: names are unique, plain, and valid UTF-8; for the tree also that a
lookup through its keys finds what a listing of its leaves finds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from safeload.formats.hdf5_blocks import UNDEFINED, WIDTH
from safeload.formats.hdf5_errors import (
    DenseGroup,
    ExternalLink,
    FieldsPastEnd,
    LinkName,
    LinkOrder,
    LinkTwice,
    PathTooLong,
    SoftLink,
    TreeShape,
    UserLink,
)

if TYPE_CHECKING:
    from safeload.formats.hdf5_blocks import Blocks, Fields

_CACHED_GROUP, _CACHED_SOFT_LINK = 1, 2
_SCRATCH = 16
_ENTRY = 2 * WIDTH + 8 + _SCRATCH
_NODE_HEAD, _LEAF_HEAD, _HEAP_HEAD = 8, 8, 32
_HARD, _SOFT, _EXTERNAL = 0, 1, 64
_HAS_ORDER, _HAS_TYPE, _HAS_CHARSET, _LINK_FLAGS = 1 << 2, 1 << 3, 1 << 4, 0x1F
_SHOWN = 200
"""Bytes of a file name that a message carries."""
_LINK_INFO_ORDER, _LINK_INFO_INDEX = 1 << 0, 1 << 1


class TreeSizes(NamedTuple):
    """Half of the most entries of a node, as the superblock has it."""

    leaf: int
    internal: int


class SymbolEntry(NamedTuple):
    """III.C, a symbol table entry."""

    name_offset: int
    address: int
    """The object's header."""
    cached: tuple[int, int] | None
    """Tree and heap of a group, which the entry repeats."""


class Link(NamedTuple):
    """A name in a group, and the object it leads to."""

    name: str
    address: int
    cached: tuple[int, int] | None = None


def symbol_entry(fields: Fields) -> SymbolEntry:
    """III.C, one entry.

    Raises:
        SoftLink: it leads to a path.
        TreeShape: it caches something unknown.
    """
    at = fields.position
    name_offset, address, cache = fields.number(WIDTH), fields.number(WIDTH), fields.number(4)
    fields.take(4)  # reserved
    scratch = fields.part(_SCRATCH)
    if cache == _CACHED_SOFT_LINK:
        raise SoftLink("a link to another path", offset=at)
    if cache not in {0, _CACHED_GROUP}:
        raise TreeShape(f"a symbol table entry of cache type {cache}", offset=at)
    cached = (scratch.number(WIDTH), scratch.number(WIDTH)) if cache else None
    return SymbolEntry(name_offset, address, cached)


class _Heap:
    """III.D, a local heap: the names of one group."""

    def __init__(self, blocks: Blocks, address: int) -> None:
        head = blocks.read(address, _HEAP_HEAD, "local heap")
        head.signature(b"HEAP")
        head.version("a local heap", 0)
        head.take(3)
        size = head.number(WIDTH)
        head.take(WIDTH)  # first free block: free space, which nothing refers to
        start = head.number(WIDTH)
        self._blocks = blocks
        self._data = blocks.read(start, size, "local heap data").take(size)
        self._start = start

    def text(self, offset: int) -> bytes:
        """The bytes from `offset` to the NUL that ends them."""
        most = self._blocks.limits.tensor_name_bytes
        if offset >= len(self._data):
            raise FieldsPastEnd("a name behind the end of its heap", offset=self._start)
        end = self._data.find(b"\0", offset, offset + most + 1)
        if end < 0:
            if len(self._data) - offset > most:
                raise PathTooLong(f"a name longer than {most} bytes", offset=self._start + offset)
            raise LinkName("a name without its NUL", offset=self._start + offset)
        self._blocks.charge(end - offset)
        return self._data[offset:end]


def tree_links(blocks: Blocks, sizes: TreeSizes, tree: int, heap_address: int) -> list[Link]:
    """Links of an old group, in the order of its leaves.

    1. read the tree level by level, from the root down; each node knows its neighbours
    2. read the leaves (symbol table nodes)
    3. names ascend strictly, each above the key before its leaf and not above the key behind it

    Raises:
        FormatError: tree, heap or leaves break the specification.
    """
    heap = _Heap(blocks, heap_address)
    leaves = _leaves(blocks, sizes, heap, tree)
    links: list[Link] = []
    last = b""
    for address, low, high in leaves:
        node = blocks.read(address, _LEAF_HEAD + 2 * sizes.leaf * _ENTRY, "symbol table node")
        node.signature(b"SNOD")
        node.version("a symbol table node", 1)
        node.take(1)
        count = node.number(2)
        if count > 2 * sizes.leaf:
            raise TreeShape(f"a symbol table node with {count} entries", offset=address)
        for _ in range(count):
            entry = symbol_entry(node)
            name = heap.text(entry.name_offset)
            if not max(low, last) < name <= high:
                raise LinkOrder("names that are not in the order of their tree", offset=address)
            last = name
            links.append(Link(link_name(name, address), entry.address, entry.cached))
    return links


def _leaves(blocks: Blocks, sizes: TreeSizes, heap: _Heap, root: int) -> list[tuple[int, bytes, bytes]]:
    """III.A.1: address of each leaf with the keys around it."""
    length = _NODE_HEAD + 2 * WIDTH + 2 * sizes.internal * WIDTH + (2 * sizes.internal + 1) * WIDTH
    level: int | None = None
    nodes: list[tuple[int, bytes, bytes]] = [(root, b"", b"\xff")]
    while True:
        below: list[tuple[int, bytes, bytes]] = []
        depth = 0
        for index, (address, low, high) in enumerate(nodes):
            node = blocks.read(address, length, "B-tree node")
            node.signature(b"TREE")
            kind, depth, count = node.number(1), node.number(1), node.number(2)
            neighbours = (node.number(WIDTH), node.number(WIDTH))
            expected = (
                nodes[index - 1][0] if index else UNDEFINED,
                nodes[index + 1][0] if index + 1 < len(nodes) else UNDEFINED,
            )
            if kind or count > 2 * sizes.internal or neighbours != expected:
                raise TreeShape("a B-tree node that does not fit its place", offset=address)
            if level is not None and depth != level - 1:
                raise TreeShape(f"a B-tree node of level {depth} below {level}", offset=address)
            key = heap.text(node.number(WIDTH)) if count else low
            if level is not None and key != low:
                raise LinkOrder("a B-tree node whose first key is not its parent's", offset=address)
            for _ in range(count):
                child, before = node.number(WIDTH), key
                key = heap.text(node.number(WIDTH))
                below.append((child, before, key))
            if level is not None and key != high:
                raise LinkOrder("a B-tree node whose last key is not its parent's", offset=address)
        if not depth:
            return below
        level, nodes = depth, below
        if not nodes:
            raise TreeShape("an inner B-tree node without children", offset=root)


def message_links(blocks: Blocks, info: Fields, messages: list[Fields]) -> list[Link]:
    """Links of a new group, in the order of its messages.

    Raises:
        FormatError: a message breaks the specification, or leads to something else than an object.
    """
    at = info.position
    info.version("a link info message", 0)
    flags = info.number(1)
    if flags & _LINK_INFO_ORDER:
        info.take(8)
    # The heap and its indexes; readers look into an index without asking for the heap.
    places = [info.number(WIDTH) for _ in range(3 if flags & _LINK_INFO_INDEX else 2)]
    info.end("link info message")
    if any(place != UNDEFINED for place in places):
        raise DenseGroup("links in a fractal heap", offset=at)
    links = [_link(blocks, fields) for fields in messages]
    if len({link.name for link in links}) != len(links):
        raise LinkTwice("two links of the same name")
    return links


def _link(blocks: Blocks, fields: Fields) -> Link:
    """IV.A.2.g, one link message."""
    at = fields.position
    fields.version("a link message", 1)
    flags = fields.number(1)
    if flags & ~_LINK_FLAGS:
        raise UserLink(f"a link with flags {flags}", offset=at)
    kind = fields.number(1) if flags & _HAS_TYPE else _HARD
    if flags & _HAS_ORDER:
        fields.take(8)
    if flags & _HAS_CHARSET and fields.number(1) > 1:
        raise LinkName("a name in an unknown character set", offset=at)
    length = fields.number(1 << (flags & 3))
    if length > blocks.limits.tensor_name_bytes:
        raise PathTooLong(f"a name of {length} bytes", offset=at)
    name = fields.take(length)
    blocks.charge(length)
    if kind == _SOFT:
        raise SoftLink("a link to another path", offset=at)
    if kind == _EXTERNAL:
        where = fields.part(fields.number(2))
        where.take(1)  # version and flags
        file = where.take(where.left).partition(b"\0")[0][:_SHOWN].decode("utf-8", "backslashreplace")
        raise ExternalLink(f"a link to an object in the file {file}", offset=at)
    if kind != _HARD:
        raise UserLink(f"a link of type {kind}", offset=at)
    address = fields.number(WIDTH)
    fields.end("link message")
    return Link(link_name(name, at), address)


def link_name(raw: bytes, at: int) -> str:
    """A name as text.

    Raises:
        LinkName: it could not be one part of a path.
    """
    try:
        name = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise LinkName("a name that is not UTF-8", offset=at) from None
    if name in {"", "."} or "/" in name or "\0" in name:
        raise LinkName("a name that is no part of a path", offset=at)
    return name
