"""Small files in folders that others may write to as well: caches are shared by users and by processes.

Guarantees: a file that is written appears whole or not at all, under a name that nobody else can have
guessed while it was in the making, and no link is followed to it. One that is read is a regular file, so
that a named pipe in its place cannot hold us up.
"""

from __future__ import annotations

import contextlib
import os
import stat
import uuid


def write_whole(path: str, data: bytes) -> None:
    """Write a file, and the folders above it where there are none.

    Raises:
        OSError: it cannot be written.
    """
    os.makedirs(os.path.dirname(path), exist_ok=True)
    part = f"{path}.{uuid.uuid4().hex}.part"
    try:
        # exclusively: a link that lies there is not written through
        with open(part, "xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    finally:
        with contextlib.suppress(OSError):
            os.unlink(part)


def read_regular(path: str, most: int) -> bytes:
    """The first bytes of a file, at most so many.

    Raises:
        OSError: it cannot be read, or is no regular file.
    """
    opened = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY)
    with open(opened, "rb") as file:
        if not stat.S_ISREG(os.fstat(opened).st_mode):
            raise OSError("no regular file")
        return file.read(most)
