"""HDF5 section IV.A.1, object headers: a list of messages in one or more chunks.

Both versions of the specification. Messages that change how others are to be read are refused by name;
those that describe only (comment, modification time, fill value) are passed over.
"""

from __future__ import annotations

import struct
from collections import deque
from typing import TYPE_CHECKING, NamedTuple

from safeload.formats.hdf5_blocks import CHECKSUM_BYTES, WIDTH
from safeload.formats.hdf5_errors import (
    ExternalStorage,
    FieldsPastEnd,
    FilterPipeline,
    MessageCount,
    MessageTwice,
    SharedMessage,
    UnknownMessage,
)

if TYPE_CHECKING:
    from safeload.formats.hdf5_blocks import Blocks, Fields

NIL, DATASPACE, LINK_INFO, DATATYPE = 0x00, 0x01, 0x02, 0x03
LINK, LAYOUT, ATTRIBUTE = 0x06, 0x08, 0x0C
CONTINUATION, SYMBOL_TABLE, ATTRIBUTE_INFO = 0x10, 0x11, 0x15
_FILTERS, _EXTERNAL_FILES = 0x0B, 0x07
_PASSED_OVER = frozenset({NIL, 0x04, 0x05, 0x0A, 0x0D, 0x0E, 0x12, 0x16})
"""NIL, both fill values, group info, comment, both modification times, reference count."""
_ONE_AT_MOST = frozenset({DATASPACE, LINK_INFO, DATATYPE, LAYOUT, SYMBOL_TABLE, ATTRIBUTE_INFO})
_READ = _ONE_AT_MOST | {LINK, ATTRIBUTE}

_SHARED = 1 << 1
_V1_PREFIX = 16
_V1_FRAME = struct.Struct("<HHB3x")
_V2_FRAME, _V2_ORDERED_FRAME = struct.Struct("<BHB"), struct.Struct("<BHB2x")
"""Type, length and flags of a message; a creation order may follow."""
_V2_MAGIC, _V2_CHUNK = b"OHDR", b"OCHK"
_V2_FIXED = 6
_V2_ORDER, _V2_PHASES, _V2_TIMES = 1 << 2, 1 << 4, 1 << 5
_V2_FLAGS = 0x3F


class Header(NamedTuple):
    """The messages of one object that carry meaning."""

    single: dict[int, Fields]
    links: list[Fields]
    attributes: list[Fields]


def read_header(blocks: Blocks, address: int) -> Header:
    """Every message that is read of the object at `address`.

    Raises:
        FormatError: the header breaks the specification, or has a message that is not read.
    """
    header = Header({}, [], [])
    # A look at the first bytes, which are claimed with the block that they start.
    peek = blocks.peek(address, len(_V2_MAGIC), "object header")
    chunks = _version_2(blocks, address) if peek == _V2_MAGIC else _version_1(blocks, address)
    for kind, flags, fields in chunks:
        at = fields.position
        if kind == _FILTERS:
            raise FilterPipeline("a dataset that filters have to restore", offset=at)
        if kind == _EXTERNAL_FILES:
            raise ExternalStorage("a dataset whose data stands in another file", offset=at)
        if kind not in _READ:
            raise UnknownMessage(f"a header message of type {kind}", offset=at)
        if flags & _SHARED:
            raise SharedMessage(f"a message of type {kind} that stands elsewhere", offset=at)
        if kind == LINK:
            header.links.append(fields)
        elif kind == ATTRIBUTE:
            header.attributes.append(fields)
        elif kind in header.single:
            raise MessageTwice(f"a second message of type {kind}", offset=at)
        else:
            header.single[kind] = fields
    return header


def _version_1(blocks: Blocks, address: int) -> list[tuple[int, int, Fields]]:
    """IV.A.1.a: a prefix, then messages of multiples of 8 bytes, the chunks without a frame."""
    # The length stands in the prefix, so the prefix is a block of its own.
    prefix = blocks.read(address, _V1_PREFIX, "object header")
    prefix.version("an object header", 1)
    prefix.take(1)
    count = prefix.number(2)
    prefix.take(4)  # reference count
    pending = deque([(address + _V1_PREFIX, prefix.number(4))])
    messages: list[tuple[int, int, Fields]] = []
    found = 0
    while pending:
        chunk = blocks.read(*pending.popleft(), "object header chunk")
        while chunk.left:
            kind, length, flags = chunk.unpack(_V1_FRAME)
            found += 1
            if kind in _PASSED_OVER:
                chunk.take(length)
                continue
            fields = chunk.part(length)
            if kind == CONTINUATION:
                pending.append((fields.number(WIDTH), fields.number(WIDTH)))
            else:
                messages.append((kind, flags, fields))
        if found > count:
            break
    if found != count:
        raise MessageCount(f"the header states {count} messages and holds others", offset=address)
    return messages


def _version_2(blocks: Blocks, address: int) -> list[tuple[int, int, Fields]]:
    """IV.A.1.b: framed and checksummed chunks; what is too short for a message at an end is a gap."""
    fixed = blocks.peek(address, _V2_FIXED, "object header")
    flags = fixed[5]
    width = 1 << (flags & 3)
    before = (16 if flags & _V2_TIMES else 0) + (4 if flags & _V2_PHASES else 0)
    size_bytes = blocks.peek(address + _V2_FIXED + before, width, "object header")
    prefix_length = _V2_FIXED + before + width
    whole = prefix_length + int.from_bytes(size_bytes, "little") + CHECKSUM_BYTES
    first = blocks.checked(address, whole, "object header")
    first.signature(_V2_MAGIC)
    first.version("an object header", 2)
    if flags & ~_V2_FLAGS:
        raise UnknownMessage(f"an object header with flags {flags}", offset=address)
    first.take(prefix_length - len(_V2_MAGIC) - 1)
    frame = _V2_ORDERED_FRAME if flags & _V2_ORDER else _V2_FRAME
    pending: deque[tuple[int, int]] = deque()
    messages: list[tuple[int, int, Fields]] = []
    chunk = first
    while True:
        while chunk.left >= frame.size:
            kind, length, message_flags = chunk.unpack(frame)
            if kind in _PASSED_OVER:
                chunk.take(length)
                continue
            fields = chunk.part(length)
            if kind == CONTINUATION:
                pending.append((fields.number(WIDTH), fields.number(WIDTH)))
            else:
                messages.append((kind, message_flags, fields))
        if not pending:
            return messages
        at, length = pending.popleft()
        if length < len(_V2_CHUNK) + CHECKSUM_BYTES:
            raise FieldsPastEnd("a continuation too short for its frame", offset=at)
        chunk = blocks.checked(at, length, "object header chunk")
        chunk.signature(_V2_CHUNK)
