"""A file on a server of which only ranges are read: what a load does not want, or has not decided on.

Its structure is judged like that of any file. Its data is never asked for, and nothing of it is handed
out: whatever is, is fetched whole first, and judged again as it is then.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from safeload.formats.view import check_range
from safeload.sources.blobs import CHUNK, NotFetched

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from safeload.core import Digest

_BLOCK = 1 << 18
"""Bytes of one request at least: headers of most weight files come with the first."""


class RangedBlob:
    """Ranges of one remote file, each fetched once."""

    __slots__ = ("_blocks", "_fetch", "_left", "_most", "size")

    def __init__(self, size: int, fetch: Callable[[int, int], bytes], most: int) -> None:
        """Fetch nothing yet.

        Args:
            size: of the file in bytes, as the server says.
            fetch: exactly `length` bytes from `offset`, or raises NotFetched.
            most: bytes that may be fetched in all.
        """
        self.size = size
        self._fetch = fetch
        self._most = self._left = most
        self._blocks: dict[int, bytes] = {}

    def read(self, offset: int, length: int) -> bytes:
        """Exactly `length` bytes.

        Raises:
            Truncated: the file does not hold that range.
            NotFetched: the server did not send it, or it would be more than was allowed.
        """
        check_range(offset, length, self.size)
        if not length:
            return b""
        first, last = offset // _BLOCK, (offset + length - 1) // _BLOCK
        missing = [block for block in range(first, last + 1) if block not in self._blocks]
        if missing:
            self._take(missing[0], missing[-1])
        data = b"".join(self._blocks[block] for block in range(first, last + 1))
        start = offset - first * _BLOCK
        return data[start : start + length]

    def stream(self, offset: int, length: int) -> Iterator[bytes]:
        """The range in chunks.

        Raises:
            Truncated: the file does not hold that range.
            NotFetched: as for `read`.
        """
        check_range(offset, length, self.size)
        for start in range(offset, offset + length, CHUNK):
            yield self.read(start, min(CHUNK, offset + length - start))

    def digest(self, progress: Callable[[int], None] | None = None) -> Digest:  # noqa: ARG002
        """There is none.

        Raises:
            NotFetched: always.
        """
        self._whole()

    def content(self) -> bytes:
        """There is none.

        Raises:
            NotFetched: always.
        """
        self._whole()

    def lend(self) -> memoryview:
        """There is none.

        Raises:
            NotFetched: always.
        """
        self._whole()

    def close(self) -> None:
        """Forget what was fetched."""
        self._blocks.clear()

    def _whole(self) -> NoReturn:
        raise NotFetched("the file was not downloaded")

    def _take(self, first: int, last: int) -> None:
        start = first * _BLOCK
        length = min((last + 1) * _BLOCK, self.size) - start
        self._left -= length
        if self._left < 0:
            raise NotFetched(f"not downloaded: more than {self._most} bytes of it would have to be read")
        data = self._fetch(start, length)
        for block in range(first, last + 1):
            self._blocks[block] = data[block * _BLOCK - start :][:_BLOCK]
