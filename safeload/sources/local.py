"""Source: a local folder, one file, or a snapshot in the Hub cache.

Every file is opened once, component by component without following links, and stays what was opened.

Links: inside a plain folder a link may name another regular file of the same folder. Inside a Hub
cache (`<cache>/models--org--name/snapshots/<commit>/`, the layout of huggingface_hub 2.x) it may name
a file in that repository's `blobs/`, which may itself be a link into the cache-wide
`<cache>/blobs/<xx>/`. At most two hops, ending in a regular file. Everything else is a fact.
"""

from __future__ import annotations

import os
import resource
import stat
from typing import TYPE_CHECKING, NamedTuple

from safeload.core import Fact, Location, Manifest, ManifestEntry, Role
from safeload.errors import FormatError, UsageError
from safeload.formats.file_names import folded, strangeness
from safeload.formats.layout import role_of
from safeload.sources.blobs import FileBlob, MemoryBlob, Unreadable
from safeload.sources.hub_name import hub_hint

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator
    from pathlib import Path

    from safeload.core import Json
    from safeload.limits import Limits
    from safeload.sources.blobs import Blob

MOST_HOPS = 2
EXCLUDED = frozenset({".git"})
"""git's own store beside a working tree: no tree can contain that name, and no loader reads it."""

# Without O_NONBLOCK a named pipe that was swapped in would block for ever.
_OPEN = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY
_RESERVED_DESCRIPTORS = 64
"""Descriptors left to the rest of the process."""


class _Entry(NamedTuple):
    """One name of a folder, as it was when the folder was listed."""

    name: str
    mode: int
    """As lstat(2) gives it: the file type. 0 where the name was gone before it could be asked for."""
    size: int
    """Bytes."""


class LocalSource:
    """The files of one folder, or one file."""

    def __init__(self, path: str | Path, limits: Limits, *, only: Container[str] | None = None) -> None:
        """List the files under `path` and open each one.

        Args:
            path: a folder or a file.
            limits: `files`, `path_bytes`, `directory_depth` and how much stays in memory.
            only: paths that are opened, where not every one is wanted. The others are left out.

        Raises:
            UsageError: there is no such file or folder, or it cannot be read.
        """
        self._limits = limits
        self._only = only
        self._resident = 0
        self._open = 0
        self._most_open = _descriptor_budget()
        self.blobs: dict[str, Blob] = {}
        self.broken: dict[str, FormatError] = {}
        """Files that are listed but could not be opened or read."""
        self.facts: list[Fact] = []
        self._excluded: list[str] = []
        self._folders: list[str] = []
        given = os.fspath(path)
        try:
            root = os.path.realpath(given, strict=True)
            status = os.stat(root)
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or "not a path"
            hint = hub_hint(given) if isinstance(error, FileNotFoundError) else ""
            raise UsageError(f"{given}: {reason.lower()}{hint}") from None
        self.root = root
        self._jail, self._blob_homes = _jail(root)
        if stat.S_ISDIR(status.st_mode):
            self._walk("", 0)
        elif stat.S_ISREG(status.st_mode):
            # a snapshot of the Hub cache names its files by links: the name is the one that was given
            self.root, target = os.path.split(root)
            self._take(os.path.basename(os.path.abspath(given)), status.st_size, target)
        else:
            raise UsageError(f"{given}: neither a folder nor a regular file")
        self.facts.extend(collisions((*self.blobs, *self.broken), self._folders))
        self.manifest = Manifest(
            uri=f"file:{root}",
            entries=tuple(
                ManifestEntry(path=name, size=self._size(name), role=role_of(name))
                for name in sorted({*self.blobs, *self.broken})
            ),
            excluded=tuple(sorted(self._excluded)),
        )

    def close(self) -> None:
        """Close every file that is still open."""
        for blob in self.blobs.values():
            blob.close()

    def close_files(self) -> None:
        """Close the files that were read in ranges; what is in memory stays."""
        for blob in self.blobs.values():
            if isinstance(blob, FileBlob):
                blob.close()

    def _size(self, name: str) -> int:
        blob = self.blobs.get(name)
        return blob.size if blob is not None else 0

    def _walk(self, folder: str, depth: int) -> None:
        try:
            listed = open_beneath(self.root, folder or ".", os.O_DIRECTORY)
        except OSError as error:
            self._unlisted(folder, error)
            return
        try:
            self._walk_listed(folder, listed, depth)
        finally:
            os.close(listed)

    def _walk_listed(self, folder: str, listed: int, depth: int) -> None:
        """What an opened folder holds. Its own files are opened through it, by their last names."""
        for entry in self._entries(folder, listed):
            name = f"{folder}/{entry.name}" if folder else entry.name
            if len(self.blobs) + len(self.broken) >= self._limits.files:
                raise UsageError(
                    f"more than {self._limits.files} files: raise limits.files to audit this folder"
                )
            if self._only is not None and not stat.S_ISDIR(entry.mode) and name not in self._only:
                continue
            if not _encodable(name) or len(name.encode()) > self._limits.path_bytes:
                self._refuse(name, "name", "the name is not valid UTF-8, or longer than the limit")
            elif stat.S_ISLNK(entry.mode):
                self._follow(name)
            elif stat.S_ISDIR(entry.mode):
                if not folder and entry.name in EXCLUDED:
                    self._excluded.append(name)
                elif depth >= self._limits.directory_depth:
                    self._refuse(name, "depth", f"folders nest deeper than {self._limits.directory_depth}")
                else:
                    self._folders.append(name)
                    self._walk(name, depth + 1)
            elif stat.S_ISREG(entry.mode):
                self._take(name, entry.size, name, listed=listed)
            elif entry.mode:
                self._refuse(name, "special", "a device, socket or named pipe")
            else:
                self.broken[name] = Unreadable("the file was gone before it could be opened")

    def _entries(self, folder: str, listed: int) -> list[_Entry]:
        try:
            with os.scandir(listed) as entries:
                return sorted(_entry(entry) for entry in entries)
        except OSError as error:
            self._unlisted(folder, error)
            return []

    def _unlisted(self, folder: str, error: OSError) -> None:
        reason = (error.strerror or "error").lower()
        if not folder:
            raise UsageError(f"{self.root}: {reason}") from None
        self.broken[folder] = Unreadable(f"the folder could not be listed: {reason}")

    def _refuse(self, name: str, problem: str, detail: str, target: str = "") -> None:
        shown = name.encode("utf-8", "backslashreplace").decode("utf-8")
        self.broken[shown] = Unreadable(f"not opened: {detail}")
        self.facts.append(
            Fact(
                kind="artifact.link",
                location=Location(artifact=shown),
                data={"problem": problem, "detail": detail, "target": target},
            )
        )

    def _follow(self, name: str) -> None:
        """Resolve a link hop by hop, and take the file that it ends at."""
        place = os.path.join(self.root, name)
        target = ""
        for hop in range(1, MOST_HOPS + 1):
            try:
                target = os.readlink(place)
            except OSError as error:
                self._refuse(name, "unreadable", f"the link could not be read: {error.strerror}")
                return
            place = os.path.normpath(os.path.join(os.path.dirname(place), target))
            if not self._permitted(place, hop):
                self._refuse(name, "escape", "a link that leaves the snapshot", target)
                return
            try:
                status = os.lstat(place)
            except OSError as error:
                reason = (error.strerror or "error").lower()
                self._refuse(name, "broken", f"a link to a missing file: {reason}", target)
                return
            if stat.S_ISREG(status.st_mode):
                self._take(name, status.st_size, os.path.relpath(place, self._jail), jailed=True)
                return
            if not stat.S_ISLNK(status.st_mode):
                self._refuse(name, "special", "a link to something that is not a regular file", target)
                return
        self._refuse(name, "escape", f"a link over more than {MOST_HOPS} hops", target)

    def _permitted(self, place: str, hop: int) -> bool:
        if not self._blob_homes:
            return place.startswith(self._jail + os.sep)
        home = self._blob_homes[hop - 1]
        inside = place.removeprefix(home + os.sep)
        # blobs/<etag> of the repository, then blobs/<xx>/<digest> of the whole cache.
        return inside != place and inside.count(os.sep) == hop - 1

    def _take(
        self, name: str, size: int, target: str, *, jailed: bool = False, listed: int | None = None
    ) -> None:
        """Open the file beneath the jail without following any link, and hold its bytes.

        Args:
            name: under which it is held.
            size: in bytes, as it was listed.
            target: path below the jail, or below the root.
            jailed: whether it is below the jail.
            listed: the opened folder that it lies in, where there is one.
        """
        base = self._jail if jailed else self.root

        def reopen() -> int:
            return open_beneath(base, target)

        try:
            fd = reopen() if listed is None else os.open(target.rpartition("/")[2], _OPEN, dir_fd=listed)
        except OSError as error:
            self.broken[name] = Unreadable(f"could not be opened: {(error.strerror or 'error').lower()}")
            return
        try:
            if not stat.S_ISREG(os.fstat(fd).st_mode):
                os.close(fd)
                self._refuse(name, "special", "no regular file any more when it was opened")
                return
            small = size <= self._limits.small_file_bytes
            if small and self._resident + size <= self._limits.resident_bytes:
                self.blobs[name] = MemoryBlob(_read_whole(fd, size, self._limits.small_file_bytes))
                self._resident += self.blobs[name].size
            elif self._open < self._most_open:
                self.blobs[name] = FileBlob(fd)
                self._open += 1
            else:
                self.blobs[name] = FileBlob(fd, reopen)
        except FormatError as error:
            self.broken[name] = error


def collisions(names: Iterable[str], folders: Iterable[str]) -> Iterator[Fact]:
    """State which names a file system or a person would take for another one.

    Args:
        names: paths of files.
        folders: paths of folders beside them.
    """
    seen: dict[str, list[str]] = {}
    plain = frozenset(folders)
    for name in (*names, *sorted(plain)):
        seen.setdefault(folded(name), []).append(name)
        strange = strangeness(name) if name not in plain else None
        if strange is not None:
            other, by = strange
            data: dict[str, Json] = {"names": sorted({name, other}), "by": by}
            yield Fact(kind="artifact.collision", location=Location(artifact=name), data=data)
    for alike in seen.values():
        # two folders that become one lose nothing: their files are compared by their whole names
        if len(alike) > 1 and not plain.issuperset(alike):
            yield Fact(
                kind="artifact.collision",
                # the name that a load would ask for, where one of them has a role
                location=Location(artifact=min(alike, key=lambda n: (role_of(n) is Role.OTHER, n))),
                data={"names": sorted(alike), "by": "case folding or Unicode normalisation"},
            )


def _jail(root: str) -> tuple[str, tuple[str, ...]]:
    """The folder that links may not leave, and the blob folders for hop one and two in a Hub cache."""
    snapshots, _ = os.path.split(root)
    repository, name = os.path.split(snapshots)
    if name == "snapshots" and os.path.isdir(os.path.join(repository, "blobs")):
        cache = os.path.dirname(repository)
        return cache, (os.path.join(repository, "blobs"), os.path.join(cache, "blobs"))
    return root, ()


def _entry(entry: os.DirEntry[str]) -> _Entry:
    try:
        status = entry.stat(follow_symlinks=False)
    except OSError:
        return _Entry(entry.name, 0, 0)
    return _Entry(entry.name, status.st_mode, status.st_size)


def open_beneath(base: str, relative: str, more: int = 0) -> int:
    """Open a file or folder below `base`, refusing a link in any component.

    Args:
        base: a folder.
        relative: the path below it.
        more: further flags of open(2).

    Raises:
        OSError: ELOOP for a link, and whatever else open(2) answers.
    """
    parent = os.open(base, os.O_RDONLY | os.O_CLOEXEC | os.O_DIRECTORY)
    try:
        *folders, last = relative.split("/")
        for folder in folders:
            child = os.open(folder, _OPEN | os.O_DIRECTORY, dir_fd=parent)
            os.close(parent)
            parent = child
        return os.open(last, _OPEN | more, dir_fd=parent)
    finally:
        os.close(parent)


def _read_whole(fd: int, size: int, most: int) -> bytes:
    """Read a small file to its end and close it.

    Args:
        fd: the open file.
        size: in bytes, as it was listed: one read is enough where that still holds.
        most: bytes that it may have.

    Raises:
        Unreadable: the operating system failed to read, or the file grew past `most` bytes.
    """
    parts = list(_chunks(fd, size, most))
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _chunks(fd: int, size: int, most: int) -> Iterator[bytes]:
    done, ahead = 0, size + 1
    try:
        while chunk := os.read(fd, ahead):
            done += len(chunk)
            if done > most:
                raise Unreadable("the file grew while it was read")
            yield chunk
            if done == size < ahead:
                return  # less than was asked for: this was the end
            ahead = 1 << 20
    except OSError as error:
        raise Unreadable(f"could not be read: {error.strerror}") from None
    finally:
        os.close(fd)


def _encodable(name: str) -> bool:
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _descriptor_budget() -> int:
    """How many descriptors a source may keep open: half of what the process is allowed."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return soft // 2
