"""A position that moves forward through a view: for formats whose structure lies between their data.

Guarantees: no read past `end`, no more than one small window in memory besides what is asked for, and
data that is stepped over is never read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.formats.view import Truncated

if TYPE_CHECKING:
    from collections.abc import Iterator

    from safeload.core import View

_WINDOW = 1 << 14
"""Bytes of one read: structure comes in small pieces, and each read of a file is a system call."""


class Cursor:
    """Reads a view from `position` to `end`."""

    __slots__ = ("_view", "_window", "_window_start", "end", "position")

    def __init__(self, view: View) -> None:
        self._view = view
        self._window = b""
        self._window_start = 0
        self.position = 0
        """The next byte, counted from the start of the view."""
        self.end = view.size
        """Where reading stops: the end of the view, or of a part of it that the caller checked."""

    @property
    def left(self) -> int:
        """Bytes up to the end."""
        return self.end - self.position

    def take(self, length: int) -> bytes:
        """The next `length` bytes, which the caller has bounded.

        Raises:
            Truncated: there are fewer.
        """
        start = self.position
        self.skip(length)
        at = start - self._window_start
        if at < 0 or at + length > len(self._window):
            size = min(max(length, _WINDOW), self._view.size - start)
            self._window, self._window_start, at = self._view.read(start, size), start, 0
        return self._window[at : at + length]

    def peek(self, most: int) -> bytes:
        """The next bytes, up to `most` and to the end, without moving."""
        return self._view.read(self.position, min(most, self.left))

    def skip(self, length: int) -> None:
        """Step over `length` bytes.

        Raises:
            Truncated: there are fewer.
        """
        if length > self.end - self.position:
            raise Truncated(
                f"needs bytes {self.position} to {self.position + length} of {self.end}", offset=self.position
            )
        self.position += length

    def rest(self) -> Iterator[bytes | memoryview]:
        """What is left, in chunks, without moving."""
        return self._view.stream(self.position, self.left)

    def unsigned(self, width: int) -> int:
        """A little-endian integer of `width` bytes.

        Raises:
            Truncated: there are fewer.
        """
        return int.from_bytes(self.take(width), "little")
