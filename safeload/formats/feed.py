"""A view read once from front to back, in small pieces: for data whose structure lies in its stream."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.formats.view import Truncated

if TYPE_CHECKING:
    from collections.abc import Iterator

    from safeload.core import View


class Feed:
    """The bytes of a view in order. Nothing of it is held but the chunk at hand."""

    __slots__ = ("_at", "_chunk", "_chunks", "position", "size")

    def __init__(self, view: View) -> None:
        self._chunks: Iterator[bytes | memoryview] = view.stream(0, view.size)
        self._chunk = memoryview(b"")
        self._at = 0
        self.position = 0
        """The next byte, counted from the start of the view."""
        self.size = view.size

    def piece(self, most: int) -> memoryview:
        """The next bytes, at least one and at most `most`; none at the end. Does not move."""
        while self._at == len(self._chunk):
            chunk = next(self._chunks, None)
            if chunk is None:
                return memoryview(b"")
            self._chunk, self._at = memoryview(chunk), 0
        return self._chunk[self._at : self._at + most]

    def advance(self, count: int) -> None:
        """Step behind `count` bytes of the last piece."""
        self._at += count
        self.position += count

    def take(self, length: int) -> bytes:
        """The next `length` bytes, which the caller has bounded.

        Raises:
            Truncated: there are fewer.
        """
        parts = []
        wanted = length
        while wanted:
            part = self.piece(wanted)
            if not part:
                raise Truncated(f"ends {wanted} bytes early", offset=self.position)
            parts.append(bytes(part))
            wanted -= len(part)
            self.advance(len(part))
        return b"".join(parts)
