"""A file on a server of which only ranges are read: what a load does not want, or has not decided on.

Its structure is judged like that of any file. Its data is never asked for, and nothing of it is handed
out: whatever is, is fetched whole first, and judged again as it is then.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, NoReturn

from safeload.formats.view import check_range
from safeload.sources.blobs import CHUNK, NotFetched

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from safeload.core import Digest

_PAGE = 1 << 12
_FIRST = 1 << 18
"""Bytes of the first request: headers of most weight files come with it."""
_LEAST = 1 << 14
_MOST = 1 << 22
"""Bytes of a request: more where reading goes on where it ended, twice as much each time."""
_THREADS = 8


class RangedBlob:
    """Ranges of one remote file, each fetched once."""

    __slots__ = ("_ahead", "_fetch", "_left", "_most", "_next", "_pages", "problem", "size")

    def __init__(self, size: int, fetch: Callable[[int, int], bytes], most: int) -> None:
        """Fetch nothing yet.

        Args:
            size: of the file in bytes, as the server says.
            fetch: exactly `length` bytes from `offset`, or raises NotFetched. Called from several threads.
            most: bytes that may be fetched in all.
        """
        self.size = size
        self._fetch = fetch
        self._most = self._left = most
        self.problem = ""
        """Why some range was asked for and did not come: whoever asked may have gone on without it."""
        self._pages: dict[int, bytes] = {}
        self._next = 0
        """The page after the last one that was fetched."""
        self._ahead = _FIRST
        """Bytes of the next request, where it goes on there."""

    def read(self, offset: int, length: int) -> bytes:
        """Exactly `length` bytes.

        Raises:
            Truncated: the file does not hold that range.
            NotFetched: the server did not send it, or it would be more than was allowed.
        """
        check_range(offset, length, self.size)
        if not length:
            return b""
        first, last = offset // _PAGE, (offset + length - 1) // _PAGE
        missing = [page for page in range(first, last + 1) if page not in self._pages]
        if missing:
            with self._noted():
                self._go_on(missing[0], missing[-1] + 1)
        if first == last:
            return self._pages[first][offset - first * _PAGE :][:length]
        data = b"".join(self._pages[page] for page in range(first, last + 1))
        return data[offset - first * _PAGE :][:length]

    def stream(self, offset: int, length: int) -> Iterator[bytes]:
        """The range in chunks.

        Raises:
            Truncated: the file does not hold that range.
            NotFetched: as for `read`.
        """
        check_range(offset, length, self.size)
        for start in range(offset, offset + length, CHUNK):
            yield self.read(start, min(CHUNK, offset + length - start))

    def expect(self, ranges: Iterable[tuple[int, int]]) -> None:
        """Fetch several ranges at once, since they will be read.

        Args:
            ranges: offsets and lengths, in any order. What lies outside of the file is left out.

        Raises:
            NotFetched: as for `read`.
        """
        wanted = {
            page
            for offset, length in ranges
            if 0 <= offset < self.size
            for page in range(offset // _PAGE, (min(offset + length, self.size) - 1) // _PAGE + 1)
        }
        runs: list[list[int]] = []
        for page in sorted(wanted - self._pages.keys()):
            # a gap as long as a request is worth the bytes in it
            if runs and page - runs[-1][1] <= _LEAST // _PAGE:
                runs[-1][1] = page + 1
            else:
                runs.append([page, page + 1])
        if not runs:
            return
        from concurrent.futures import ThreadPoolExecutor

        with self._noted(), ThreadPoolExecutor(_THREADS) as pool:
            self._spend(sum(stop - start for start, stop in runs))
            for start, data in zip(
                [start for start, _ in runs], pool.map(self._take, *zip(*runs, strict=True)), strict=True
            ):
                self._keep(start, data)

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
        self._pages.clear()

    @contextlib.contextmanager
    def _noted(self) -> Iterator[None]:
        """Remember the first failure."""
        try:
            yield
        except NotFetched as error:
            self.problem = self.problem or error.detail
            raise

    def _whole(self) -> NoReturn:
        raise NotFetched("the file was not downloaded")

    def _go_on(self, start: int, stop: int) -> None:
        """Fetch pages, and more where reading goes on where it ended."""
        self._ahead = min(2 * self._ahead, _MOST) if start == self._next and start else self._ahead
        least = self._ahead if start == self._next else _LEAST
        if start != self._next:
            self._ahead = _LEAST
        stop = min(max(stop, start + least // _PAGE), -(-self.size // _PAGE))
        self._spend(stop - start)
        self._keep(start, self._take(start, stop))
        self._next = stop

    def _spend(self, pages: int) -> None:
        self._left -= pages * _PAGE
        if self._left < 0:
            raise NotFetched(f"not downloaded: more than {self._most} bytes of it would have to be read")

    def _take(self, start: int, stop: int) -> bytes:
        return self._fetch(start * _PAGE, min(stop * _PAGE, self.size) - start * _PAGE)

    def _keep(self, start: int, data: bytes) -> None:
        for at in range(0, len(data), _PAGE):
            self._pages.setdefault(start + at // _PAGE, data[at : at + _PAGE])
