"""The parent's side of `isolation = "all"`: one forked child per file, and a conversation with it.

The child gets its request, may ask for errands, and answers; see fork_server.py for where it comes from.
Nothing is kept from one child to the next. Whatever a child does ends here as an answer or as a
ChildFailure, within the time and memory that were granted.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import socket
import time
from typing import TYPE_CHECKING

from safeload.isolation import frames, runner
from safeload.isolation.runner import ChildFailure

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

    from safeload.core import Json

    Message = tuple[dict[str, Json], bytes]
    Serve = Callable[[dict[str, Json], bytes], Message]

ERRAND = "errand"
"""Key of a message that asks for an errand."""
BOOTSTRAP = (
    "import sys;n=int(sys.argv[1]);sys.path+=sys.argv[2:2+n];"
    "from safeload.pipeline.apart_child import main;raise SystemExit(main())"
)
START_SECONDS = 20


class Rooms:
    """Children of one audit, or of another purpose. Close it.

    Args:
        bootstrap: the code that the server starts with; None: that of an audit.
        libraries: top-level packages whose folders the server may import from, the first of them needed.
    """

    def __init__(self, bootstrap: str | None = None, libraries: tuple[str, ...] = ()) -> None:
        self._bootstrap = bootstrap
        self._libraries = libraries
        self._server: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None

    def close(self) -> None:
        """End the server and with it every child."""
        if self._control is not None:
            self._control.close()
            self._control = None
        if self._server is not None:
            runner.end(self._server)
            self._server = None

    def forget(self) -> None:
        """Let go of a server that another process has started, over a fork: it is not ours to end."""
        if self._control is not None:
            self._control.close()
            self._control = None
        if self._server is not None:
            self._server.returncode = 0  # else its object would warn that our child is still running
            self._server = None

    def converse(
        self,
        request: Message,
        serve: Serve,
        *,
        file: int | None,
        memory: int,
        seconds: int,
        most: int,
    ) -> Message | ChildFailure:
        """Have a child read one file.

        Args:
            request: what the child is told, and the file's bytes where it gets them.
            serve: answers the child's errands.
            file: descriptor of the file, where the child reads from it. It cannot write to it.
            memory: address space of the child, in bytes.
            seconds: CPU time of the child; on the clock it has twice as much, without its errands.
            most: raw bytes that one message of the child may hold.
        """
        try:
            self._start()
            reading, writing = self._order(file, memory, seconds)
        except OSError as error:
            self.close()
            return ChildFailure(kind="start", detail=f"the child did not start: {error.strerror}")
        # the first child waits for the server to have imported everything
        deadline = time.monotonic() + 2 * seconds + START_SECONDS
        try:
            pipes = _Pipes(reading, writing, most, deadline)
            with contextlib.closing(pipes):
                outcome = pipes.talk(request, serve)
        except frames.FrameError as error:
            self.close()
            return ChildFailure(kind="answer", detail=f"the answer {error}")
        if outcome is None:
            self.close()
            return ChildFailure(kind="time", detail=f"no answer within {2 * seconds + START_SECONDS} s")
        failure = self._status(seconds, pipes.deadline)
        if failure is not None:
            return failure
        message, payload = outcome
        if not message:
            return ChildFailure(kind="answer", detail="the child ended without an answer")
        if message.get("error") == "MemoryError":
            return ChildFailure(kind="memory", detail=f"needs more than {memory} bytes of memory")
        return message, payload

    def _start(self) -> None:
        if self._server is None:
            self._control, theirs = socket.socketpair()
            with theirs:
                self._server = runner.start_server(
                    self._bootstrap or BOOTSTRAP, theirs.fileno(), self._libraries
                )

    def _order(self, file: int | None, memory: int, seconds: int) -> tuple[int, int]:
        """Tell the server to fork; our ends of the child's two pipes."""
        assert self._control is not None  # noqa: S101  started above
        request, writing = os.pipe()
        reading, answer = os.pipe()
        try:
            order = frames.encode({"memory": memory, "seconds": seconds})
            socket.send_fds(self._control, [order], [request, answer, *([] if file is None else [file])])
        except OSError:
            os.close(reading)
            os.close(writing)
            raise
        finally:
            os.close(request)
            os.close(answer)
        return reading, writing

    def _status(self, seconds: int, deadline: float) -> ChildFailure | None:
        """How the child ended, as the server says; None where it ended well."""
        assert self._control is not None  # noqa: S101  started above
        try:
            self._control.settimeout(max(0.1, deadline - time.monotonic()))
            data = self._control.recv(frames.MOST_REQUEST_BYTES)
            status = frames.decode(data, frames.MOST_REQUEST_BYTES).get("status")
        except TimeoutError:
            self.close()
            return ChildFailure(kind="time", detail="the child answered and did not end")
        except (OSError, frames.FrameError):
            self.close()
            return ChildFailure(kind="crash", detail="the server of child processes ended")
        if status == 0:
            return None
        if status == -signal.SIGXCPU:
            return ChildFailure(kind="time", detail=f"used up {seconds} s of CPU time")
        how = f"by signal {-status}" if isinstance(status, int) and status < 0 else f"with status {status}"
        return ChildFailure(kind="crash", detail=f"ended {how}")


class _Pipes:
    """Our ends of one child's pipes."""

    def __init__(self, reading: int, writing: int, most: int, deadline: float) -> None:
        self._reading = reading
        self._writing = writing
        self._most = most
        self.deadline = deadline
        self._buffer = bytearray()
        self._queue: list[memoryview] = []
        self._head: dict[str, Json] | None = None
        self._size = 0

        os.set_blocking(self._writing, False)

    def close(self) -> None:
        for fd in (self._reading, self._writing):
            with contextlib.suppress(OSError):
                os.close(fd)

    def talk(self, request: Message, serve: Serve) -> Message | None:
        """Send the request and serve errands until the last message; empty where none came.

        Raises:
            FrameError: the child sent what is no message, or more than it may.
        """
        self._put(request)
        while True:
            message = self._next()
            if message is None or ERRAND not in message[0]:
                return message
            began = time.monotonic()
            self._put(serve(*message))
            self.deadline += time.monotonic() - began

    def _put(self, message: Message) -> None:
        head, payload = message
        framed = frames.encode({**head, frames.PAYLOAD: len(payload)})
        self._queue += [memoryview(part) for part in (framed, payload) if part]

    def _next(self) -> Message | None:
        """The next whole message; an empty one at the end of the pipe, None where time ran out."""
        while True:
            message = self._parsed()
            if message is not None:
                return message
            remaining = self.deadline - time.monotonic()
            writing = [self._writing] if self._queue else []
            if remaining <= 0:
                return None
            readable, writable = _ready([self._reading], writing, remaining)
            if writable:
                self._write()
            if readable:
                part = os.read(self._reading, runner.CHUNK)
                if not part:
                    return {}, b""
                self._buffer += part

    def _write(self) -> None:
        try:
            sent = os.write(self._writing, self._queue[0][: runner.CHUNK])
        except OSError:  # the child has ended: its status tells why
            self._queue.clear()
            return
        self._queue[0] = self._queue[0][sent:]
        if not self._queue[0]:
            self._queue.pop(0)

    def _parsed(self) -> Message | None:
        """The message that the buffer begins with, taken out of it, or None where it is not whole."""
        if len(self._buffer) < frames.PREFIX_BYTES:
            return None
        end = frames.PREFIX_BYTES + frames.body_length(bytes(self._buffer[: frames.PREFIX_BYTES]))
        if len(self._buffer) < end:
            return None
        if self._head is None:
            self._head = frames.decode(bytes(self._buffer[:end]))
            size = self._head.pop(frames.PAYLOAD, 0)
            if type(size) is not int or not 0 <= size <= self._most:
                raise frames.FrameError("announces more raw bytes than it may hold")
            self._size = size
        if len(self._buffer) < end + self._size:
            return None
        message = self._head, bytes(self._buffer[end : end + self._size])
        del self._buffer[: end + self._size]
        self._head = None
        return message


def _ready(reading: list[int], writing: list[int], seconds: float) -> tuple[bool, bool]:
    with selectors.DefaultSelector() as selector:
        for fd in reading:
            selector.register(fd, selectors.EVENT_READ)
        for fd in writing:
            selector.register(fd, selectors.EVENT_WRITE)
        events = selector.select(seconds)
    kinds = [mask for _, mask in events]
    return selectors.EVENT_READ in kinds, selectors.EVENT_WRITE in kinds
