"""The process that child processes of `isolation = "all"` are forked from: started once, reads no file.

A child needs a Python with every scanner in it, which takes longer to start than a small file to read.
So one process imports them, and forks for each file. It gets orders of ours and descriptors over a
socket, never bytes of a checkpoint, so each child starts from the same clean state; what a child does to
its own memory ends with it. Runs in the child processes only.

    order      a frame, with the descriptors of the request, the answer and, for large files, the file
    status     a frame back, once the child has ended: how it ended
"""

from __future__ import annotations

import fcntl
import os
import signal
import socket
from typing import TYPE_CHECKING

from safeload.isolation import frames, room

if TYPE_CHECKING:
    from collections.abc import Callable

    from safeload.core import Json

    Work = Callable[[list[str]], None]

FILE = 3
"""The descriptor of a large file in the child."""
CHUNK = 1 << 20
_ABOVE = 64
_MOST_OPEN = 256
_MOST_FILES = 3


def serve(work: Work, *, dies_with_thread: bool = True) -> int:
    """Fork for each order, until the parent hangs up.

    Args:
        work: what the child does once the room is closed. It gets the layers that hold, and talks with
            `receive` and `send`.
        dies_with_thread: whether this process ends with the thread that started it, rather than with the
            last process that holds the other end of the socket.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if dies_with_thread:
        room.die_with_parent()
    control = socket.socket(fileno=0)
    while True:
        data, files, _, _ = socket.recv_fds(control, frames.MOST_REQUEST_BYTES, _MOST_FILES)
        if not data:
            return 0
        order = frames.decode(data, frames.MOST_REQUEST_BYTES)
        child = os.fork()
        if child == 0:
            _live(work, order, files)
        for fd in files:
            os.close(fd)
        _, status = os.waitpid(child, 0)
        control.sendall(frames.encode({"status": os.waitstatus_to_exitcode(status)}))


def _live(work: Work, order: dict[str, Json], files: list[int]) -> None:
    """A child's whole life; it never returns."""
    status = 1
    try:
        memory, seconds = order["memory"], order["seconds"]
        assert isinstance(memory, int)  # noqa: S101  an order is ours
        assert isinstance(seconds, int)  # noqa: S101
        high = [fcntl.fcntl(fd, fcntl.F_DUPFD, _ABOVE) for fd in files]
        for target, fd in zip((0, 1, FILE), high, strict=False):
            os.dup2(fd, target)
        reads_file = len(files) > FILE - 1
        os.closerange(FILE + reads_file, _MOST_OPEN)
        held = room.enter(memory_bytes=memory, cpu_seconds=seconds, reads_file=reads_file)
        work(held)
        status = 0
    finally:
        os._exit(status)


def receive(most: int) -> tuple[dict[str, Json], bytes]:
    """The next message from the parent, and the raw bytes behind it.

    Raises:
        FrameError: the pipe ends, or holds no message.
    """
    prefix = _exactly(frames.PREFIX_BYTES)
    message = frames.decode(prefix + _exactly(frames.body_length(prefix)))
    size = message.pop(frames.PAYLOAD, 0)
    if not isinstance(size, int) or size > most:
        raise frames.FrameError("announces more than it may")
    return message, _exactly(size)


def send(message: dict[str, Json], payload: bytes) -> None:
    """One message to the parent, with raw bytes behind it."""
    for part in (frames.encode({**message, frames.PAYLOAD: len(payload)}), payload):
        left = memoryview(part)
        while left:
            left = left[os.write(1, left[:CHUNK]) :]


def _exactly(length: int) -> bytes:
    parts = []
    while length:
        part = os.read(0, min(length, CHUNK))
        if not part:
            raise frames.FrameError("ends early")
        parts.append(part)
        length -= len(part)
    return b"".join(parts)
