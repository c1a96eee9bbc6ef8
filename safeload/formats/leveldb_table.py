"""LevelDB's table: sorted keys with values, in blocks, as TensorFlow keeps the index of a checkpoint.

https://github.com/google/leveldb/blob/main/doc/table_format.md. Guarantees: each block lies inside the file
and has the sum that stands behind it; keys rise strictly, over all blocks, so that none stands twice; no key
is longer than the budget, whatever it shares with the one before. The filter block is not read: it only
makes a lookup faster.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.errors import FormatError, LimitExceeded
from safeload.formats.crc32c import masked_crc32c
from safeload.formats.snappy import decompress

if TYPE_CHECKING:
    from collections.abc import Iterator

    from safeload.core import View
    from safeload.limits import Limits

MAGIC = (0xDB4775248B80FB57).to_bytes(8, "little")
_FOOTER = 48
_TRAILER = 5
_PLAIN, _SNAPPY = 0, 1


class NoTable(FormatError):
    """A file that does not end as a table."""


class BlockPastEnd(FormatError):
    """A block that does not lie inside the file."""


class BlockSumMismatch(FormatError):
    """A block that has another sum than the one behind it."""


class UnknownCompression(FormatError):
    """A block that is compressed in a way the format does not have."""


class BadBlock(FormatError):
    """A block whose entries do not fit into it."""


class KeysOutOfOrder(FormatError):
    """Keys that do not rise."""


class TableTooLarge(LimitExceeded):
    """A table longer than the budget, in the file or out of its blocks."""


class KeyTooLong(LimitExceeded):
    """A key longer than the budget."""


def table_entries(view: View, limits: Limits) -> Iterator[tuple[bytes, bytes]]:
    """Keys and values in their order.

    Raises:
        FormatError: one subclass per way to be wrong.
        LimitExceeded: a budget does not hold.
    """
    size = view.size
    if size < _FOOTER or (footer := view.read(size - _FOOTER, _FOOTER))[-8:] != MAGIC:
        raise NoTable("the file does not end with a table's magic")
    if size > limits.tf_index_bytes:
        raise TableTooLarge(f"{size} bytes, more than {limits.tf_index_bytes}")
    _, at = _handle(footer, 0)
    (start, length), _ = _handle(footer, at)
    left = limits.tf_index_bytes
    last: bytes | None = None
    behind = 0
    for _, handle in _entries(_block(view, start, length, left), limits):
        (start, length), used = _handle(handle, 0)
        if used != len(handle):
            raise BadBlock("the place of a block has more to it")
        if start < behind:
            # blocks that share bytes would let a small file stand for a large table
            raise BlockPastEnd("a block starts inside the one before", offset=start)
        behind = start + length
        block = _block(view, start, length, left)
        left -= len(block)
        for key, value in _entries(block, limits):
            if last is not None and key <= last:
                raise KeysOutOfOrder("a key does not come behind the one before", offset=start)
            last = key
            yield key, value


def _block(view: View, start: int, length: int, most: int) -> bytes:
    """A block's bytes, after its sum was compared."""
    if length > view.size or start + length + _TRAILER > view.size - _FOOTER:
        raise BlockPastEnd(f"a block of {length} bytes", offset=start)
    data = view.read(start, length + _TRAILER)
    kind = data[length]
    if masked_crc32c(memoryview(data)[: length + 1]) != int.from_bytes(data[length + 1 :], "little"):
        raise BlockSumMismatch("a block has another sum", offset=start)
    if kind == _SNAPPY:
        return decompress(data[:length], most)
    if kind != _PLAIN:
        raise UnknownCompression(f"compression {kind}", offset=start + length)
    if length > most:
        raise TableTooLarge("the blocks are longer than the budget", offset=start)
    return data[:length]


def _entries(block: bytes, limits: Limits) -> Iterator[tuple[bytes, bytes]]:
    """Entries of one block: each shares the first part of its key with the one before."""
    if len(block) < 4:
        raise BadBlock("a block has no room for its restarts")
    end = len(block) - 4 - 4 * int.from_bytes(block[-4:], "little")
    if end < 0:
        raise BadBlock("a block has more restarts than bytes")
    key, at = b"", 0
    while at < end:
        shared, at = _number(block, at, end)
        fresh, at = _number(block, at, end)
        length, at = _number(block, at, end)
        if shared > len(key) or at + fresh + length > end:
            raise BadBlock("an entry leads out of its block", offset=at)
        if shared + fresh > limits.tensor_name_bytes:
            raise KeyTooLong(f"a key of {shared + fresh} bytes", offset=at)
        key = key[:shared] + block[at : at + fresh]
        at += fresh + length
        yield key, block[at - length : at]


def _handle(data: bytes, at: int) -> tuple[tuple[int, int], int]:
    """Where a block lies, and where the next thing starts."""
    start, at = _number(data, at, len(data))
    length, at = _number(data, at, len(data))
    return (start, length), at


def _number(data: bytes, at: int, end: int) -> tuple[int, int]:
    value = shift = 0
    while at < end and shift < 64:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
    raise BadBlock("a number has no end", offset=at)
