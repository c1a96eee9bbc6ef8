"""HDF5 section II.A, the superblock: where the root group is, and that the file is one plain file.

Version 1 differs from 0 by a setting for chunks, which are not read, so it is refused with the rest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from safeload.formats.hdf5_blocks import UNDEFINED, WIDTH, Fields
from safeload.formats.hdf5_errors import (
    NoSignature,
    NotClosed,
    SuperblockExtension,
    SuperblockVersion,
    UserBlock,
    WrongEnd,
)
from safeload.formats.hdf5_groups import SymbolEntry, TreeSizes, symbol_entry

if TYPE_CHECKING:
    from safeload.formats.hdf5_blocks import Blocks

SIGNATURE = b"\x89HDF\r\n\x1a\n"
_FIXED = len(SIGNATURE) + 1
_V0_BYTES, _V2_BYTES = 96, 48
_DEFAULT_SIZES = TreeSizes(leaf=4, internal=16)
"""What a superblock without these fields implies."""


class Superblock(NamedTuple):
    """What the rest of the file is read with."""

    root: SymbolEntry
    sizes: TreeSizes


def parse_superblock(blocks: Blocks) -> Superblock:
    """Read the superblock at byte 0.

    Raises:
        FormatError: it is none that is read, or does not fit the file.
    """
    if blocks.view.size < _FIXED or blocks.view.read(0, len(SIGNATURE)) != SIGNATURE:
        raise NoSignature("the file does not start with the signature of HDF5", offset=0)
    version = blocks.view.read(len(SIGNATURE), 1)[0]
    if version == 0:
        return _version_0(blocks, blocks.read(0, _V0_BYTES, "superblock"))
    if version in {2, 3}:
        return _version_2(blocks, blocks.checked(0, _V2_BYTES, "superblock"))
    raise SuperblockVersion(f"a superblock of version {version}", offset=len(SIGNATURE))


def _version_0(blocks: Blocks, fields: Fields) -> Superblock:
    fields.take(_FIXED)
    for what in ("free space", "root group", "reserved field", "shared message"):
        if fields.number(1):
            raise SuperblockVersion(f"the superblock states another version of the {what}")
    _widths(fields)
    fields.take(1)  # reserved
    sizes = TreeSizes(leaf=fields.number(2), internal=fields.number(2))
    if not (sizes.leaf and sizes.internal):
        raise SuperblockVersion("group nodes without room for entries")
    _closed(fields.number(4))
    _base(fields.number(WIDTH))
    free_space, end, driver = (fields.number(WIDTH) for _ in range(3))
    if free_space != UNDEFINED or driver != UNDEFINED:
        raise SuperblockExtension("a driver block or a free space index")
    _end(end, blocks)
    return Superblock(symbol_entry(fields), sizes)


def _version_2(blocks: Blocks, fields: Fields) -> Superblock:
    fields.take(_FIXED)
    _widths(fields)
    _closed(fields.number(1))
    _base(fields.number(WIDTH))
    extension, end, root = (fields.number(WIDTH) for _ in range(3))
    if extension != UNDEFINED:
        raise SuperblockExtension("a superblock extension")
    _end(end, blocks)
    return Superblock(SymbolEntry(name_offset=0, address=root, cached=None), _DEFAULT_SIZES)


def _widths(fields: Fields) -> None:
    at = fields.position
    if fields.take(2) != bytes((WIDTH, WIDTH)):
        raise SuperblockVersion(f"addresses or lengths that are not {WIDTH} bytes wide", offset=at)


def _closed(flags: int) -> None:
    if flags:
        raise NotClosed(f"consistency flags {flags}: the writer did not close the file")


def _base(address: int) -> None:
    if address:
        raise UserBlock(f"addresses count from byte {address}")


def _end(address: int, blocks: Blocks) -> None:
    # Bytes behind the stated end would belong to nobody, and to the reader of another format.
    if address != blocks.view.size:
        raise WrongEnd(f"the superblock ends the file at byte {address}, it has {blocks.view.size}")
