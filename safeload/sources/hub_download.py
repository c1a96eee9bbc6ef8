"""Downloads whole files into the cache of huggingface_hub, where its users find them as well.

https://huggingface.co/docs/huggingface_hub/guides/manage-cache

huggingface_hub fetches the bytes, with its session, retries and progress bars. Where they go is decided
here, since a server may not say it: a blob is called by an id that was checked to be one, a file by a path
that was checked, and no header names either. What the server sends beyond the size that it listed is not
written. A blob appears whole or not at all, by a rename; whether it is the right one is found out by whoever
compares it with the commit.

Xet's protocol is not spoken: its client is native code that would read what nobody has judged. The server
has every file over plain HTTP too.
"""

from __future__ import annotations

import contextlib
import os
import uuid
from typing import TYPE_CHECKING, NamedTuple

from safeload.errors import FormatError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import BinaryIO


class TooLong(FormatError):
    """A server that sends more than it listed."""


class Wanted(NamedTuple):
    """One file to be fetched."""

    path: str
    """In the repository; relative, and checked."""
    name: str
    """Of its blob in the cache: hex digits."""
    size: int
    """Bytes, as they were listed."""


def fetch(
    url: str, headers: Mapping[str, str], wanted: Wanted, home: str, commit: str, *, force: bool
) -> None:
    """Bring one file into the cache.

    Args:
        url: of the file.
        headers: of the request. Authorization goes to the origin of `url` only.
        wanted: the file.
        home: folder of the repository in the cache.
        commit: 40 hex.
        force: fetch it even where the cache has a blob of that name.

    Raises:
        TooLong: the server sends more than it listed.
        OSError: it cannot be written.
        Exception: whatever huggingface_hub stumbles over.
    """
    from huggingface_hub.utils import WeakFileLock  # type: ignore[attr-defined]  # lazily exported

    blob = f"{home}/blobs/{wanted.name}"
    place = f"{home}/snapshots/{commit}/{wanted.path}"
    cache, _, folder = home.rpartition("/")
    locks = f"{cache}/.locks/{folder}"
    for each in (os.path.dirname(blob), os.path.dirname(place), locks):
        os.makedirs(each, exist_ok=True)
    # the lock that huggingface_hub takes: who comes second finds the file there, and nobody's open file is
    # replaced, which would be a change of it
    with WeakFileLock(f"{locks}/{wanted.name}.lock"):
        if force or _size(blob) != wanted.size:
            part = f"{blob}.{uuid.uuid4().hex[:8]}.incomplete"
            try:
                _receive(url, headers, wanted, part)
                # replaces a link into the store that repositories share, and never writes through it
                os.replace(part, blob)
            finally:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(part)
        if force or not os.path.lexists(place):
            _link(blob, place, f"{blob}.{uuid.uuid4().hex[:8]}.incomplete")


def _receive(url: str, headers: Mapping[str, str], wanted: Wanted, part: str) -> None:
    from huggingface_hub.file_download import http_get

    with open(part, "xb") as file:
        http_get(
            url,
            _Bounded(file, wanted.size),  # type: ignore[arg-type]  # what http_get uses of a file
            headers={**headers, "Accept-Encoding": "identity"},
            expected_size=wanted.size,
            displayed_filename=wanted.path,
        )


class _Bounded:
    """A file that takes no more bytes than it should have."""

    def __init__(self, file: BinaryIO, most: int) -> None:
        self._file = file
        self._most = most

    def write(self, data: bytes) -> int:
        if self._file.tell() + len(data) > self._most:
            raise TooLong(f"the server sends more than the {self._most} bytes that it listed")
        return self._file.write(data)

    def tell(self) -> int:
        return self._file.tell()

    def seek(self, offset: int) -> int:
        return self._file.seek(offset)

    def truncate(self) -> int:
        return self._file.truncate()


def _link(blob: str, place: str, part: str) -> None:
    """Let a file of the snapshot be the blob, as huggingface_hub does: a link, or a copy.

    It is made beside the blobs: what a killed process leaves in a snapshot would be a file of it for ever.
    """
    from huggingface_hub import constants

    try:
        linked = False
        if not getattr(constants, "HF_HUB_DISABLE_SYMLINKS", False):  # newer than the oldest that we support
            with contextlib.suppress(OSError, NotImplementedError):
                os.symlink(os.path.relpath(blob, os.path.dirname(place)), part)
                linked = True
        if not linked:
            import shutil

            shutil.copyfile(blob, part)
        os.replace(part, place)
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(part)


def _size(path: str) -> int:
    try:
        return os.stat(path).st_size
    except OSError:
        return -1
