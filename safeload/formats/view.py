"""Views over bytes in memory and over a part of another view."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.errors import FormatError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from safeload.core import View


class Truncated(FormatError):
    """A range that the view does not hold."""


def check_range(offset: int, length: int, size: int) -> None:
    """Raise unless `offset` and `length` lie inside `size` bytes.

    Raises:
        Truncated: the range is negative or reaches past the end.
    """
    if offset < 0 or length < 0 or offset + length > size:
        raise Truncated(f"needs bytes {offset} to {offset + length} of {size}", offset=offset)


def expect(view: View, ranges: Iterable[tuple[int, int]]) -> None:
    """Say which ranges will be read, to a view that fetches: many requests at once are as quick as one.

    Args:
        view: any view. Most have no use for it.
        ranges: offsets and lengths, in any order.
    """
    hint = getattr(view, "expect", None)
    if hint is not None:
        hint(ranges)


class BytesView:
    """A view of bytes in memory."""

    __slots__ = ("_data",)

    def __init__(self, data: bytes) -> None:
        self._data = data

    @property
    def size(self) -> int:
        """Length in bytes."""
        return len(self._data)

    def read(self, offset: int, length: int) -> bytes:
        """Exactly `length` bytes from `offset`.

        Raises:
            Truncated: the view does not hold that range.
        """
        check_range(offset, length, len(self._data))
        if offset == 0 and length == len(self._data):
            return self._data
        return self._data[offset : offset + length]

    def stream(self, offset: int, length: int) -> Iterator[bytes | memoryview]:
        """The range in one chunk.

        Raises:
            Truncated: the view does not hold that range.
        """
        check_range(offset, length, len(self._data))
        yield memoryview(self._data)[offset : offset + length]


class Inflated:
    """The mark of a view whose bytes are made by decompression, so that an audit can count them."""

    __slots__ = ()


class InflatedBytes(Inflated):
    """What a compressed file held, in memory once."""

    __slots__ = ("_data",)

    def __init__(self, data: bytes | bytearray) -> None:
        """Take over `data`, which is not changed any more."""
        self._data = memoryview(data)

    @property
    def size(self) -> int:
        """Length in bytes."""
        return len(self._data)

    def read(self, offset: int, length: int) -> bytes:
        """Exactly `length` bytes from `offset`.

        Raises:
            Truncated: the view does not hold that range.
        """
        check_range(offset, length, len(self._data))
        return bytes(self._data[offset : offset + length])

    def stream(self, offset: int, length: int) -> Iterator[bytes | memoryview]:
        """The range in one chunk.

        Raises:
            Truncated: the view does not hold that range.
        """
        check_range(offset, length, len(self._data))
        yield self._data[offset : offset + length]


class SubView:
    """A contiguous part of another view: a stored archive member."""

    __slots__ = ("_offset", "_parent", "_size")

    def __init__(self, parent: View, offset: int, size: int) -> None:
        check_range(offset, size, parent.size)
        self._parent = parent
        self._offset = offset
        self._size = size

    @property
    def size(self) -> int:
        """Length in bytes."""
        return self._size

    def read(self, offset: int, length: int) -> bytes:
        """Exactly `length` bytes from `offset` of this part.

        Raises:
            Truncated: the part does not hold that range.
        """
        check_range(offset, length, self._size)
        return self._parent.read(self._offset + offset, length)

    def stream(self, offset: int, length: int) -> Iterator[bytes | memoryview]:
        """The range of this part in chunks.

        Raises:
            Truncated: the part does not hold that range.
        """
        check_range(offset, length, self._size)
        return self._parent.stream(self._offset + offset, length)


def read_all(view: View) -> bytes:
    """Every byte of a view. The caller has bounded its size."""
    return view.read(0, view.size)
