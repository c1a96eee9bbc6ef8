"""Reads git's own store of a local clone: HEAD, refs, loose objects and packs. git itself is never run.

https://git-scm.com/docs/gitrepository-layout

Guarantees: nothing outside of the `.git` folder is opened, no link in it is followed, no configuration,
hook, attribute, graft or replacement of it is read, and no more is inflated than a budget allows. What
comes out is as trustworthy as the folder, which is not at all: the caller digests each object that
matters, and takes a branch name as what the folder says of itself.

Left out, each ending as an object or commit that is not there: linked work trees (`.git` as a file),
alternates, reftables, SHA-256 repositories, and blobs, which nobody needs.
"""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, NamedTuple

from safeload.errors import FormatError
from safeload.formats.git_errors import ObjectMissing, PackTooLarge
from safeload.formats.git_index import PackIndex
from safeload.formats.git_objects import GitObject, is_object_id, parse_loose
from safeload.formats.git_pack import Budget, read_packed
from safeload.formats.view import check_range
from safeload.sources.local import open_beneath

if TYPE_CHECKING:
    from collections.abc import Iterator

    from safeload.limits import Limits

STORE = ".git"
_PACKS = ".git/objects/pack"
_HEADS = "refs/heads/"
_MOST_REF_BYTES = 4_096
_MOST_PACKED_REFS = 16 << 20


class NoCommit(FormatError):
    """A clone that does not say which commit its files are of, in a form that is read here."""


class StoreUnreadable(ObjectMissing):
    """A file of the store that the operating system refuses to read, or that is none."""


class Head(NamedTuple):
    """What the work tree is said to be of."""

    commit: str
    ref: str | None
    """Short name of the branch, or None where a commit is checked out by its id."""


class GitStore:
    """Objects of one clone."""

    def __init__(self, root: str, limits: Limits) -> None:
        """Look at nothing yet.

        Args:
            root: the folder of the work tree, which holds `.git`.
            limits: budgets of the objects.
        """
        self._root = root
        self._limits = limits
        self._budget = Budget(limits.git_inflated_bytes)
        self._packs: list[tuple[PackIndex, _FileView]] | None = None
        self._views: list[_FileView] = []

    def close(self) -> None:
        """Close the packs."""
        for view in self._views:
            view.close()
        self._packs = None

    def head(self) -> Head:
        """The commit that is checked out.

        Raises:
            NoCommit: HEAD leads to none.
        """
        text = self._small(f"{STORE}/HEAD", _MOST_REF_BYTES)
        if text is None:
            raise NoCommit("the clone has no HEAD")
        line = text.decode("utf-8", "backslashreplace").removesuffix("\n")
        if is_object_id(line):
            return Head(line, None)
        ref = line.removeprefix("ref: ")
        name = ref.removeprefix(_HEADS)
        plain = name != ref != line and name.isprintable() and ":" not in name and "\\" not in name
        if not plain or not all(part and part[0] != "." for part in name.split("/")):
            raise NoCommit("HEAD names neither a branch nor a full commit id")
        loose = self._small(f"{STORE}/{ref}", _MOST_REF_BYTES)
        commit = self._packed_ref(ref) if loose is None else loose.decode("ascii", "replace").rstrip("\n")
        if not commit or not is_object_id(commit):
            raise NoCommit(f"the branch {name} names no commit")
        return Head(commit, name)

    def read(self, object_id: str) -> GitObject:
        """An object, out of its own file or of a pack.

        Raises:
            ObjectMissing: the clone does not have it.
            FormatError: what stands for it is broken, or larger than a budget.
        """
        if not is_object_id(object_id):
            raise ObjectMissing("no object has this id")
        place = f"{STORE}/objects/{object_id[:2]}/{object_id[2:]}"
        data = self._small(place, self._limits.git_object_bytes)
        if data is not None:
            found = parse_loose(data, self._limits)
            self._budget.spend(len(found.raw))
            return found
        for index, pack in self._opened():
            offset = index.find(object_id)
            if offset is not None:
                return read_packed(pack, offset, self._limits, self._budget, index.find)
        raise ObjectMissing(f"the clone has no object {object_id}")

    def _packed_ref(self, ref: str) -> str | None:
        data = self._small(f"{STORE}/packed-refs", _MOST_PACKED_REFS) or b""
        for line in data.split(b"\n"):
            commit, space, name = line.partition(b" ")
            if space and name == ref.encode():
                return commit.decode("ascii", "replace")
        return None

    def _small(self, path: str, most: int) -> bytes | None:
        """A whole file of the store, or None where there is none."""
        fd = self._open(path)
        if fd is None:
            return None
        try:
            data = b""
            while len(data) <= most and (chunk := os.read(fd, min(1 << 20, most + 1 - len(data)))):
                data += chunk
        except OSError as error:
            raise StoreUnreadable(f"{path} cannot be read: {(error.strerror or 'error').lower()}") from None
        finally:
            os.close(fd)
        if len(data) > most:
            raise StoreUnreadable(f"{path} has more than {most} bytes")
        return data

    def _open(self, path: str) -> int | None:
        try:
            fd = open_beneath(self._root, path)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (OSError, ValueError) as error:
            reason = (getattr(error, "strerror", None) or "no name of a file").lower()
            raise StoreUnreadable(f"{path} cannot be opened: {reason}") from None
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            os.close(fd)
            raise StoreUnreadable(f"{path} is no regular file")
        return fd

    def _opened(self) -> Iterator[tuple[PackIndex, _FileView]]:
        """Every pack of the clone, in order of its name."""
        if self._packs is None:
            self._packs = []
            for name in self._pack_names():
                found = self._open(f"{_PACKS}/{name}.idx"), self._open(f"{_PACKS}/{name}.pack")
                views = [_FileView(fd) for fd in found if fd is not None]
                self._views += views
                if len(views) == 2:
                    self._packs.append((PackIndex(views[0], self._limits), views[1]))
        yield from self._packs

    def _pack_names(self) -> list[str]:
        try:
            folder = open_beneath(self._root, _PACKS, os.O_DIRECTORY)
        except OSError:
            return []
        try:
            found = sorted(name[:-4] for name in os.listdir(folder) if name.endswith(".idx"))
        finally:
            os.close(folder)
        if len(found) > self._limits.git_packs:
            raise PackTooLarge(f"the clone has more than {self._limits.git_packs} packs")
        return found


class _FileView:
    """A file that may change at any time: nothing that is read from it is believed without its digest."""

    __slots__ = ("_fd", "size")

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self.size = os.fstat(fd).st_size

    def read(self, offset: int, length: int) -> bytes:
        """Exactly `length` bytes.

        Raises:
            Truncated: the file did not hold that range when it was opened.
            StoreUnreadable: it cannot be read, or has shrunk since.
        """
        check_range(offset, length, self.size)
        try:
            data = os.pread(self._fd, length, offset)
        except OSError as error:
            raise StoreUnreadable(f"a pack cannot be read: {(error.strerror or 'error').lower()}") from None
        if len(data) != length:
            raise StoreUnreadable("a pack shrank while it was read")
        return data

    def stream(self, offset: int, length: int) -> Iterator[bytes | memoryview]:
        """The range in one chunk."""
        yield self.read(offset, length)

    def close(self) -> None:
        """Close the file."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def __del__(self) -> None:
        self.close()
