"""HDF5, the subset that Keras writes weights in: groups, attributes and plain datasets.

Implements the parts that this subset uses of the HDF5 File Format Specification, version 3.0
(https://support.hdfgroup.org/documentation/hdf5/latest/_f_m_t3.html), one module per section:
superblock (II), groups (III.A to III.D), attributes and global heap (III.E, IV.A.2.m), object headers
(IV.A.1), dataspace, datatype and layout (IV.A.2). What the subset lacks is refused by its name.

Guarantees for a record: every object was reached by exactly one path; every block and every dataset lies
inside the file and no two of them share bytes; a dataset's bytes are its shape times its element. Dataset
contents are not read. Nothing outside the file is referred to: external links and storage are errors.

Stricter than the library: addresses are 8 bytes wide, nothing stands before or behind the file's data,
no hard links, soft links, named datatypes, chunks, filters, references.
"""

from __future__ import annotations

import math
from types import MappingProxyType
from typing import TYPE_CHECKING

from safeload.formats.hdf5_attributes import GlobalHeap, parse_attributes
from safeload.formats.hdf5_blocks import WIDTH, Blocks
from safeload.formats.hdf5_errors import (
    CacheDisagrees,
    NamedDatatype,
    ObjectKind,
    ObjectTwice,
    PathTooLong,
    TextDataset,
    TooManyObjects,
)
from safeload.formats.hdf5_groups import Link, message_links, tree_links
from safeload.formats.hdf5_headers import (
    ATTRIBUTE_INFO,
    DATASPACE,
    DATATYPE,
    LAYOUT,
    LINK_INFO,
    SYMBOL_TABLE,
    read_header,
)
from safeload.formats.hdf5_superblock import parse_superblock
from safeload.formats.hdf5_types import parse_dataspace, parse_datatype, parse_layout
from safeload.formats.tensors import ITEM_BITS, TensorEntry
from safeload.record import record

if TYPE_CHECKING:
    from collections.abc import Mapping

    from safeload.core import View
    from safeload.formats.hdf5_attributes import Value
    from safeload.formats.hdf5_groups import TreeSizes
    from safeload.formats.hdf5_headers import Header
    from safeload.limits import Limits

_DATASET = {DATASPACE, DATATYPE, LAYOUT}


@record
class Hdf5:
    """The parsed structure of one file."""

    tensors: Mapping[str, TensorEntry]
    """Datasets by path without a leading slash (`bert/pooler/kernel:0`), in the order of their groups."""
    attributes: Mapping[str, Mapping[str, Value]]
    """Attributes by the path of their object, which is the empty string for the root group."""


def parse_hdf5(view: View, limits: Limits) -> Hdf5:
    """Read the whole structure. Dataset contents are not read.

    Raises:
        FormatError: one subclass per way to be wrong, in hdf5_errors.
        LimitExceeded: a budget does not hold.
    """
    blocks = Blocks(view, limits)
    superblock = parse_superblock(blocks)
    heap = GlobalHeap(blocks)
    tensors: dict[str, TensorEntry] = {}
    attributes: dict[str, Mapping[str, Value]] = {}
    seen: set[int] = set()
    pending = [("", Link("", superblock.root.address, superblock.root.cached))]
    while pending:
        path, link = pending.pop()
        if link.address in seen:
            raise ObjectTwice("an object that two links lead to", offset=link.address)
        seen.add(link.address)
        if len(seen) > limits.hdf5_objects:
            raise TooManyObjects(f"more than {limits.hdf5_objects} groups and datasets")
        header = read_header(blocks, link.address)
        info = header.single.pop(ATTRIBUTE_INFO, None)
        own = parse_attributes(header.attributes, info, blocks, heap)
        if own:
            attributes[path] = own
        if path and header.single.keys() >= _DATASET:
            tensors[path] = _dataset(header, blocks, link)
            continue
        for child in reversed(_links(header, blocks, superblock.sizes, link)):
            where = f"{path}/{child.name}" if path else child.name
            if len(where) > limits.tensor_name_bytes:
                raise PathTooLong(f"a path longer than {limits.tensor_name_bytes} characters")
            blocks.charge(len(where))
            pending.append((where, child))
    blocks.check_overlaps()
    return Hdf5(tensors=MappingProxyType(tensors), attributes=MappingProxyType(attributes))


def _dataset(header: Header, blocks: Blocks, link: Link) -> TensorEntry:
    if header.single.keys() != _DATASET or header.links or link.cached:
        raise ObjectKind("an object that is both a group and a dataset", offset=link.address)
    shape = parse_dataspace(header.single[DATASPACE], blocks)
    datatype = parse_datatype(header.single[DATATYPE])
    if datatype.kind not in ITEM_BITS:
        raise TextDataset("a dataset of strings", offset=link.address)
    start = parse_layout(header.single[LAYOUT], blocks, math.prod(shape) * datatype.size)
    return TensorEntry(datatype.kind, shape, start)


def _links(header: Header, blocks: Blocks, sizes: TreeSizes, link: Link) -> list[Link]:
    kinds = header.single.keys()
    if kinds == {SYMBOL_TABLE} and not header.links:
        table = header.single[SYMBOL_TABLE]
        place = (table.number(WIDTH), table.number(WIDTH))
        table.end("symbol table message")
        _check_cache(link, place)
        return tree_links(blocks, sizes, *place)
    if kinds == {LINK_INFO}:
        links = message_links(blocks, header.single[LINK_INFO], header.links)
        _check_cache(link, None)
        return links
    if kinds == {DATATYPE}:
        raise NamedDatatype("a datatype that is an object of its own", offset=link.address)
    raise ObjectKind("an object that is neither a group nor a dataset", offset=link.address)


def _check_cache(link: Link, place: tuple[int, int] | None) -> None:
    """What a link caches about its group has to be true: readers may take either."""
    if link.cached not in {None, place}:
        raise CacheDisagrees("a link caches another place of its group", offset=link.address)
