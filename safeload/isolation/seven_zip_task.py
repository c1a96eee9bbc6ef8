"""The child's task `unpack-7z`: the members of a 7z archive, by py7zr.

Runs in the child only; nothing is written to disk. What comes back is a list of members with their
places in one run of bytes, and why it stopped.

py7zr's own extraction needs paths and renames members of one name; here each member of its listing gets
a sink of its own, in order (https://py7zr.readthedocs.io/en/latest/api.html).
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, NoReturn

import py7zr
import py7zr.compressor
import py7zr.py7zr
from py7zr.exceptions import PasswordRequired, UnsupportedCompressionMethodError
from py7zr.io import MemIO, Py7zIO, WriterFactory

if TYPE_CHECKING:
    from collections.abc import Mapping

    from safeload.core import Json

    Options = Mapping[str, Json]

_BLOCK = 1 << 20
_SAMPLE = bytes.fromhex(
    "377abcaf271c0004d58c19d4430000000000000014000000000000000b6c29c4686901003c0104060001090200070b01"
    "000101000c0200080a01ac2a93d80000050119010011050061000000140a0100401bd4cf0e7cdd011506010020808081"
    "00000017060201094100070b010001212101180c3d0000"
)
"""One member of two bytes, and a listing that is compressed itself."""


class _Full(Exception):
    """The members hold more than the caller wants."""


class _Sink(Py7zIO):
    """Where one member's bytes go: the end of the run that all members share."""

    def __init__(self, run: bytearray, most: int) -> None:
        self._run, self._most = run, most
        self.start = len(run)
        self.length = 0

    def write(self, s: bytes | bytearray) -> int:
        room = self._most - len(self._run)
        self._run += s[:room]
        self.length = len(self._run) - self.start
        if len(s) > room:
            raise _Full
        return len(s)

    def read(self, size: int | None = None) -> bytes:  # noqa: ARG002 - the library's interface
        return b""

    def seek(self, offset: int, whence: int = 0) -> int:  # noqa: ARG002 - likewise
        return 0

    def flush(self) -> None:
        """Nothing is buffered."""

    def size(self) -> int:
        return self.length


class _Factory(WriterFactory):
    """One sink, made when its member is reached."""

    def __init__(self, run: bytearray, most: int) -> None:
        self._run, self._most = run, most
        self.sink: _Sink | None = None

    def create(self, filename: str) -> Py7zIO:  # noqa: ARG002 - likewise
        self.sink = _Sink(self._run, self._most)
        return self.sink


def load() -> None:
    """Use the library once, so that nothing is imported later; it would ask the machine for its memory."""
    vars(py7zr.py7zr)["get_memory_limit"] = lambda: _BLOCK
    setattr(py7zr.compressor.PpmdDecompressor, "decompress", _refuse)  # noqa: B010 - replaces a method
    unpack(_SAMPLE, {"most": 1 << 10, "members": 4})


def unpack(data: bytes, options: Options) -> tuple[dict[str, Json], bytes]:
    """All members of one archive.

    Args:
        data: the archive.
        options: `most` bytes of all members together; `members` at most.

    Returns:
        `problem`, a word that is empty where all was read; `members`, each as name, kind, offset and
        length in the bytes that come with it, and whether it was read whole.
    """
    most, members = options["most"], options["members"]
    if type(most) is not int or type(members) is not int:
        raise ValueError("options")
    run = bytearray()
    found: list[tuple[str, str, _Factory | None]] = []
    problem = ""
    try:
        with py7zr.SevenZipFile(io.BytesIO(data), "r") as archive:
            if len(archive.files) > members:
                return {"problem": "members", "members": []}, b""
            for item in archive.files:
                kind = _kind(item)
                factory = None
                if kind in {"file", "link"}:
                    factory = _Factory(run, most)
                    archive.worker.register_filelike(item.id, MemIO(item.filename, factory))
                found.append((item.filename, kind, factory))
            if any(archive.header.files_info.antifiles or ()):
                problem = "anti"
            archive.worker.extract(archive.fp, None, parallel=False, skip_notarget=False)
    except MemoryError:
        raise
    except _Full:
        problem = "too-large"
    except PasswordRequired:
        problem = "encrypted"
    except UnsupportedCompressionMethodError:
        problem = "method"
    except Exception:  # noqa: BLE001  a library on hostile bytes may raise anything
        problem = "broken"
    listed: list[Json] = []
    for name, kind, factory in found:
        sink = None if factory is None else factory.sink
        listed.append([name, kind, sink.start if sink else 0, sink.length if sink else 0, sink is not None])
    return {"problem": problem, "members": listed}, bytes(run)


def _refuse(*_arguments: object, **_options: object) -> NoReturn:
    # its decoder starts a thread, which the closed room forbids, and then waits for it
    raise UnsupportedCompressionMethodError(None, "PPMd is not read")


def _kind(item: py7zr.py7zr.ArchiveFile) -> str:
    if item.is_symlink or item.is_junction:
        return "link"
    if item.is_directory:
        return "folder"
    if item.is_socket or not item.is_file:
        return "other"
    return "file"
