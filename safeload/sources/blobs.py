"""One opened file, held so that what was judged is what is handed on.

Three ways to hold it, by size and use:

    MemoryBlob   a small file, read whole once
    FileBlob     a large file of an audit: read in ranges, interpreted ranges are remembered, and the
                 digest is taken over the remembered bytes plus the rest of the file
    SealedBlob   weights of a load: copied once into a sealed memfd, so that nobody can change them;
                 parsed, digested and lent out as private copy-on-write mappings of that very memory

See docs/adr/0003-judged-bytes-stay-bound.md.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import mmap
import os
import sys
from bisect import bisect_right
from typing import TYPE_CHECKING, Protocol

from safeload.core import Digest
from safeload.errors import FormatError
from safeload.formats.view import check_range

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CHUNK = 1 << 18
"""Bytes per read of streamed data: large enough to amortise the call, small enough for the L2 cache."""

_SEALS = (
    getattr(fcntl, "F_SEAL_SHRINK", 0)
    | getattr(fcntl, "F_SEAL_GROW", 0)
    | getattr(fcntl, "F_SEAL_WRITE", 0)
    | getattr(fcntl, "F_SEAL_SEAL", 0)
)


class ChangedWhileRead(FormatError):
    """The file was written to, or replaced, between two reads of it."""


class Unreadable(FormatError):
    """The operating system refused to read the file."""


class NotFetched(Unreadable):
    """Bytes that a server did not send, or that nobody asked it for."""


class Blob(Protocol):
    """The bytes of one file."""

    @property
    def size(self) -> int:
        """Length in bytes."""
        ...

    def read(self, offset: int, length: int) -> bytes:
        """Exactly `length` bytes, the same on every call."""
        ...

    def stream(self, offset: int, length: int) -> Iterator[bytes | memoryview]:
        """The range in chunks, for data that is digested or compared but not interpreted."""
        ...

    def digest(self, progress: Callable[[int], None] | None = None) -> Digest:
        """sha256 of exactly what `read` has returned and would return."""
        ...

    def content(self) -> bytes:
        """All bytes."""
        ...

    def lend(self) -> memoryview:
        """Fresh private writable memory that holds all bytes."""
        ...

    def close(self) -> None:
        """Give back what the operating system lent. A closed blob is not read again."""
        ...


class MemoryBlob:
    """A small file that was read whole."""

    __slots__ = ("_data",)

    def __init__(self, data: bytes) -> None:
        self._data = data

    @property
    def size(self) -> int:
        """Length in bytes."""
        return len(self._data)

    def read(self, offset: int, length: int) -> bytes:
        """Exactly `length` bytes.

        Raises:
            Truncated: the blob does not hold that range.
        """
        check_range(offset, length, len(self._data))
        if length == len(self._data):
            return self._data
        return self._data[offset : offset + length]

    def stream(self, offset: int, length: int) -> Iterator[bytes | memoryview]:
        """The range in one chunk.

        Raises:
            Truncated: the blob does not hold that range.
        """
        check_range(offset, length, len(self._data))
        yield memoryview(self._data)[offset : offset + length]

    def digest(self, progress: Callable[[int], None] | None = None) -> Digest:
        """sha256 of the content."""
        if progress is not None:
            progress(len(self._data))
        return Digest(hex=hashlib.sha256(self._data).hexdigest())

    def content(self) -> bytes:
        """All bytes."""
        return self._data

    def lend(self) -> memoryview:
        """A fresh writable copy."""
        return memoryview(bytearray(self._data))

    def close(self) -> None:
        """Nothing to give back."""


class FileBlob:
    """A large file, read in ranges through one descriptor that was opened once.

    Where the process may not hold another descriptor, the file is opened again for each read and must
    be the very same one (device, inode, size, modification and change time), or reading fails.
    """

    __slots__ = ("_fd", "_reopen", "_segments", "_starts", "_stat", "size")

    def __init__(self, fd: int, reopen: Callable[[], int] | None = None) -> None:
        """Take over `fd`. With `reopen`, the descriptor is closed between reads."""
        self._stat = _identity(os.fstat(fd))
        self.size = self._stat[2]
        self._reopen = reopen
        self._fd: int | None = fd
        self._starts: list[int] = []
        self._segments: list[bytes] = []
        if reopen is not None:
            self.close()

    def read(self, offset: int, length: int) -> bytes:
        """Exactly `length` bytes; the range is remembered.

        Raises:
            Truncated: the file does not hold that range.
            ChangedWhileRead: the file shrank or was replaced.
            Unreadable: the operating system failed to read.
        """
        check_range(offset, length, self.size)
        at = bisect_right(self._starts, offset) - 1
        if at >= 0:
            start, segment = self._starts[at], self._segments[at]
            if offset + length <= start + len(segment):
                return segment[offset - start : offset - start + length]
        return self._remember(offset, length)

    def stream(self, offset: int, length: int) -> Iterator[memoryview]:
        """The range in chunks: remembered bytes where there are any, the file's elsewhere.

        Raises:
            Truncated: the file does not hold that range.
            ChangedWhileRead: the file shrank or was replaced.
            Unreadable: the operating system failed to read.
        """
        check_range(offset, length, self.size)
        end = offset + length
        buffer = memoryview(bytearray(min(CHUNK, max(length, 1))))
        with self._descriptor() as fd:
            while offset < end:
                at = bisect_right(self._starts, offset) - 1
                if at >= 0 and offset < self._starts[at] + len(self._segments[at]):
                    known = memoryview(self._segments[at])[offset - self._starts[at] :][: end - offset]
                    yield known
                    offset += len(known)
                    continue
                stop = min(end, offset + len(buffer))
                if at + 1 < len(self._starts):
                    stop = min(stop, self._starts[at + 1])
                got = _pread_into(fd, buffer[: stop - offset], offset)
                yield buffer[:got]
                offset += got

    def digest(self, progress: Callable[[int], None] | None = None) -> Digest:
        """sha256 of the remembered ranges and, between them, of the file.

        Raises:
            ChangedWhileRead: the file was modified since it was opened.
            Unreadable: the operating system failed to read.
        """
        state = hashlib.sha256()
        done = 0
        for chunk in self.stream(0, self.size):
            state.update(chunk)
            done += len(chunk)
            if progress is not None:
                progress(done)
        self.confirm()
        return Digest(hex=state.hexdigest())

    def confirm(self) -> None:
        """Raise unless the file still is what was opened.

        Raises:
            ChangedWhileRead: size, modification or change time differ.
        """
        with self._descriptor() as fd:
            if _identity(os.fstat(fd)) != self._stat:
                raise ChangedWhileRead("the file was modified while it was read")

    @contextlib.contextmanager
    def descriptor(self) -> Iterator[int]:
        """The open file, for a child process that reads it. What was read there is not remembered here.

        Raises:
            ChangedWhileRead: the file was replaced or modified.
            Unreadable: the operating system refused to open it again.
        """
        with self._descriptor() as fd:
            yield fd

    def content(self) -> bytes:
        """All bytes, remembered from here on."""
        return self.read(0, self.size)

    def lend(self) -> memoryview:
        """A fresh writable copy."""
        return memoryview(bytearray(self.content()))

    def seal(self) -> SealedBlob:
        """Copy the whole file into sealed memory.

        Raises:
            ChangedWhileRead: the file was modified while it was copied.
            Unreadable: the operating system failed to read, or has no memory for it.
        """
        with self._descriptor() as fd:
            sealed = SealedBlob(fd, self.size)
        self.confirm()
        return sealed

    def close(self) -> None:
        """Close the descriptor."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    def __del__(self) -> None:
        self.close()

    @contextlib.contextmanager
    def _descriptor(self) -> Iterator[int]:
        if self._fd is not None:
            yield self._fd
            return
        if self._reopen is None:
            raise Unreadable("the file was closed")
        try:
            fd = self._reopen()
        except OSError as error:
            raise Unreadable(f"could not be opened again: {error.strerror}") from None
        try:
            if _identity(os.fstat(fd)) != self._stat:
                raise ChangedWhileRead("the file was replaced or modified between two reads")
            yield fd
        finally:
            os.close(fd)

    def _remember(self, offset: int, length: int) -> bytes:
        """Read a range, keeping the parts that are known already, and remember it as one segment."""
        parts = [bytes(part) for part in self.stream(offset, length)]
        data = parts[0] if len(parts) == 1 else b"".join(parts)
        # Segments that the new one touches give way to it; known bytes outside it stay.
        first = bisect_right(self._starts, offset) - 1
        if first < 0 or self._starts[first] + len(self._segments[first]) <= offset:
            first += 1
        last = bisect_right(self._starts, offset + length - 1) if length else first
        start = offset
        if first < last:
            head = self._segments[first][: max(0, offset - self._starts[first])]
            tail_start = self._starts[last - 1]
            tail = self._segments[last - 1][max(0, offset + length - tail_start) :]
            start = min(offset, self._starts[first])
            data = head + data + tail
        if data:
            self._starts[first:last] = [start]
            self._segments[first:last] = [data]
        return data[offset - start : offset - start + length]


class SealedBlob:
    """A copy of a file in memory that nobody can write to any more, this process included.

    On Linux the memory is a memfd with all seals set (fcntl(2), F_ADD_SEALS). Elsewhere it is an
    unlinked temporary file, which only this process can reach.
    """

    __slots__ = ("_fd", "_map", "size")

    def __init__(self, source: int, size: int) -> None:
        """Copy `size` bytes from the descriptor `source`, which stays the caller's.

        Raises:
            ChangedWhileRead: the source holds fewer bytes.
            Unreadable: the operating system failed to read, or has no memory for it.
        """
        self.size = size
        self._map: mmap.mmap | None = None
        self._fd = -1
        try:
            self._fd = _anonymous_file()
            _copy(source, self._fd, size)
            if _SEALS and hasattr(os, "memfd_create"):
                fcntl.fcntl(self._fd, fcntl.F_ADD_SEALS, _SEALS)
            if size:
                # Private, since kernels before 6.7 refuse shared mappings of a write-sealed file.
                self._map = mmap.mmap(self._fd, size, flags=mmap.MAP_PRIVATE, prot=mmap.PROT_READ)
        except OSError as error:
            raise Unreadable(f"could not be copied into memory: {error.strerror}") from None

    def read(self, offset: int, length: int) -> bytes:
        """Exactly `length` bytes.

        Raises:
            Truncated: the blob does not hold that range.
            Unreadable: the blob was closed.
        """
        check_range(offset, length, self.size)
        if self._map is None:
            self._demand_open()
            return b""
        return self._map[offset : offset + length]

    def stream(self, offset: int, length: int) -> Iterator[memoryview]:
        """The range in chunks, without a copy.

        Raises:
            Truncated: the blob does not hold that range.
            Unreadable: the blob was closed.
        """
        check_range(offset, length, self.size)
        if self._map is None:
            self._demand_open()
            return
        whole = memoryview(self._map)
        for start in range(offset, offset + length, CHUNK):
            yield whole[start : min(start + CHUNK, offset + length)]

    def digest(self, progress: Callable[[int], None] | None = None) -> Digest:
        """sha256 of the sealed memory."""
        state = hashlib.sha256()
        done = 0
        for chunk in self.stream(0, self.size):
            state.update(chunk)
            done += len(chunk)
            if progress is not None:
                progress(done)
        return Digest(hex=state.hexdigest())

    @contextlib.contextmanager
    def descriptor(self) -> Iterator[int]:
        """The sealed memory, for a child process that reads it.

        Raises:
            Unreadable: the blob was closed.
        """
        self._demand_open()
        yield self._fd

    def content(self) -> bytes:
        """All bytes, copied."""
        return self.read(0, self.size)

    def lend(self) -> memoryview:
        """A private copy-on-write mapping of the sealed memory: pages are copied when written to.

        Raises:
            Unreadable: the operating system has no room for it, or the blob was closed.
        """
        if not self.size:
            return memoryview(bytearray())
        # to mmap(2), no descriptor means fresh memory: zeros in place of weights
        self._demand_open()
        try:
            return memoryview(mmap.mmap(self._fd, self.size, access=mmap.ACCESS_COPY))
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise Unreadable(f"could not be mapped into memory: {reason.lower()}") from None

    def close(self) -> None:
        """Give the memory back; mappings that were lent out stay valid."""
        self._map = None
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def __del__(self) -> None:
        self.close()

    def _demand_open(self) -> None:
        if self._fd < 0:
            raise Unreadable("the file was closed")


def memory_bytes() -> int:
    """Bytes of memory that this process can have at all: the machine's, or its control group's."""
    most = sys.maxsize
    with contextlib.suppress(OSError, ValueError):
        most = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    with contextlib.suppress(OSError, ValueError), open("/sys/fs/cgroup/memory.max", "rb") as file:
        most = min(most, int(file.read(32)))
    return most


def _identity(status: os.stat_result) -> tuple[int, int, int, int, int]:
    return (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)


def _anonymous_file() -> int:
    if hasattr(os, "memfd_create"):
        return os.memfd_create("safeload", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    import tempfile  # only on systems without memfds

    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())


def _copy(source: int, target: int, size: int) -> None:
    done = 0
    while done < size:
        try:
            count = os.sendfile(target, source, done, min(size - done, 1 << 24))
        except OSError:
            # Not every file system, and no other system than Linux, can send file to file.
            chunk = os.pread(source, min(size - done, 1 << 20), done)
            count = os.pwrite(target, chunk, done) if chunk else 0
        if count == 0:
            raise ChangedWhileRead("the file shrank while it was copied", offset=done)
        done += count


def _pread_into(fd: int, buffer: memoryview, offset: int) -> int:
    try:
        count = os.preadv(fd, [buffer], offset)
    except OSError as error:
        raise Unreadable(f"could not be read: {error.strerror}", offset=offset) from None
    if count == 0:
        raise ChangedWhileRead("the file shrank while it was read", offset=offset)
    return count
