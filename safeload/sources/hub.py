"""Source: one commit of a repository on the Hub.

    1. the revision is resolved to a commit, once
    2. the files of the commit are listed: names and sizes, each a claim of the server
    3. commit and trees are fetched with git, where the server has it, so that each claim can be checked
    4. whoever decides asks for files: `fetch` brings them into the cache and opens them there

Until then a file is a `RangedBlob`, of which ranges are read where its structure is judged. Files in the
cache are opened like those of any folder, and what is handed out is compared with the commit.

Without network (`local_files_only`, or offline mode of huggingface_hub) the cache is all there is: files
that the commit names and that are not there are NOT_READ, since nobody may take them for absent.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from safeload.core import Fact, Location, Manifest, ManifestEntry
from safeload.errors import FormatError
from safeload.formats.git_commit import parse_commit
from safeload.formats.git_errors import ObjectMissing
from safeload.formats.git_objects import ObjectTable, checked, is_object_id
from safeload.formats.git_tree import walk_tree
from safeload.formats.layout import role_of
from safeload.formats.relative_path import relative_problem
from safeload.sources.blobs import FileBlob, NotFetched, Unreadable
from safeload.sources.commit_cache import keep, keep_time, kept, kept_time
from safeload.sources.hub_api import Hub, HubAccess, HubUnavailable, Resolved
from safeload.sources.local import LocalSource, collisions
from safeload.sources.ranged import RangedBlob

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from safeload.core import Json
    from safeload.formats.git_objects import GitObject
    from safeload.limits import Limits
    from safeload.sources.blobs import Blob
    from safeload.sources.hub_api import Listed
    from safeload.sources.hub_name import HubName

MAIN = "main"


class HubSource:
    """The files of one commit of a repository."""

    def __init__(self, name: HubName, access: HubAccess, limits: Limits) -> None:
        """Resolve, list, and fetch what the files can be compared with. No file is fetched yet.

        Raises:
            HubUnavailable: the Hub does not answer, or the cache does not have what it is asked for.
        """
        self._limits = limits
        self._hub = Hub(name.repository, access)
        self.repository = name.repository
        self.revision = name.revision or access.revision or MAIN
        self.offline = self._hub.offline
        self.resolved = self._resolve()
        self.commit = self.resolved.commit
        self.listing: Mapping[str, Listed] = {}
        """What the server lists, by path; empty offline."""
        self.objects: ObjectTable | None = None
        """Commit and trees, or None where they could not be had."""
        self.objects_problem = ""
        """Why not: a lower-case sentence."""
        self.ref: str | None = None
        """Short name of the branch or tag that was asked for, where the server says which commit it is."""
        self.blobs: dict[str, Blob] = {}
        self.broken: dict[str, FormatError] = {}
        self.facts: list[Fact] = []
        self.root = self._hub.folder(self.commit)
        if not self.offline:
            self.listing = {item.path: item for item in self._hub.list_files(self.commit, limits)}
        self._find_objects()
        names = self._names()
        self._list(names)

    @property
    def remote(self) -> frozenset[str]:
        """Paths of which only ranges can be read so far."""
        return frozenset(path for path, blob in self.blobs.items() if isinstance(blob, RangedBlob))

    @property
    def small(self) -> frozenset[str]:
        """Paths that are not here yet and are read whole in any case."""
        most = self._limits.small_file_bytes
        return frozenset(path for path in self.remote if self.blobs[path].size <= most)

    def fetch(self, paths: Iterable[str]) -> None:
        """Bring files into the cache and open them there.

        Raises:
            HubUnavailable: one of them could not be fetched.
        """
        wanted = sorted(set(paths) & self.remote)
        if wanted:
            self._hub.download([self.listing[path] for path in wanted], self.commit)
        if not self.offline:
            # also where every file was there before: without network it is this commit that is meant
            self._hub.remember(self.revision, self.commit)
        if not wanted:
            return
        self._open(frozenset(wanted))
        for path in wanted:
            if isinstance(self.blobs.get(path), RangedBlob):
                del self.blobs[path]
                self.broken[path] = NotFetched("it was downloaded and is not in the cache")
        self._state()

    def abandon(self, why: str) -> None:
        """Give up on every file, since something was reason enough before any was fetched."""
        for path in [*self.blobs]:
            self.blobs.pop(path).close()
            self.broken[path] = NotFetched(why)

    def close(self) -> None:
        """Close every file that is still open."""
        for blob in self.blobs.values():
            blob.close()

    def close_files(self) -> None:
        """Close the files that are read in ranges; what is in memory stays."""
        for blob in self.blobs.values():
            if isinstance(blob, FileBlob | RangedBlob):
                blob.close()

    def _resolve(self) -> Resolved:
        if self.offline:
            commit = self._hub.cached_commit(self.revision)
            return Resolved(commit=commit, modified=kept_time(self.repository, commit))
        resolved = self._hub.resolve(self.revision, self._limits)
        if resolved.modified is not None:
            keep_time(self.repository, resolved.commit, resolved.modified)
        return resolved

    def _find_objects(self) -> None:
        """Step 3: from our own cache, or from the server."""
        branch = None if is_object_id(self.revision) or self.revision.startswith("refs/") else self.revision
        if not self.offline:
            self.ref = branch
        found: Mapping[str, GitObject] | None = kept(self.repository, self.commit, self._limits)
        if found is None and self.offline:
            self.objects_problem = "its commit was not kept when it was downloaded"
            return
        if not self.offline and (found is None or not self._is_whole(found)):
            # dulwich is for those who download
            from safeload.sources.git_transport import fetch_commit

            address = f"{self._hub.endpoint}/{self.repository}"
            try:
                found = fetch_commit(address, self.commit, token=self._hub.token, limits=self._limits)
            except FormatError as error:
                self.objects_problem = f"commit and trees could not be fetched: {error}"
                return
            # half of a commit would stand in the way of the whole one the next time
            if self._is_whole(found):
                keep(self.repository, self.commit, branch, found, self._limits)
        assert found is not None  # noqa: S101 - for the type checker
        self.objects = ObjectTable(found)

    def _is_whole(self, found: Mapping[str, GitObject]) -> bool:
        """Whether every tree of the commit is there. One that is there and wrong is the evidence's to say."""
        objects = ObjectTable(found)
        try:
            raw = checked(objects, self.commit, "commit", self._limits.git_commit_bytes)
            walk_tree(objects, parse_commit(raw, self._limits).tree, self._limits)
        except ObjectMissing:
            return False
        except FormatError:
            return True
        return True

    def _names(self) -> dict[str, int]:
        """Path -> size of every file that there should be; a size of -1 is not known."""
        if not self.offline:
            return {path: item.size for path, item in self.listing.items()}
        if self.objects is None:
            return {}
        try:
            raw = checked(self.objects, self.commit, "commit", self._limits.git_commit_bytes)
            tree = walk_tree(self.objects, parse_commit(raw, self._limits).tree, self._limits)
        except FormatError:
            return {}  # which the evidence will say
        return dict.fromkeys(tree, -1)

    def _list(self, names: Mapping[str, int]) -> None:
        for path, size in names.items():
            problem = relative_problem(path)
            if problem is not None or len(path.encode("utf-8", "replace")) > self._limits.path_bytes:
                self._refuse(path, problem or "the name is longer than the limit")
            elif size >= 0:
                self.blobs[path] = self._ranged(path, size)
            else:
                self.broken[path] = NotFetched("not in the cache, and nothing may be downloaded")
        self.facts.extend(collisions([*self.blobs, *self.broken], _folders(names)))
        if not self._hub.access.force_download:
            self._open(None)
        if self.offline and not self.blobs:
            raise HubUnavailable(
                f"the cache holds no file of {self.repository}@{self.commit}, and nothing may be downloaded"
            )
        self._state()

    def _ranged(self, path: str, size: int) -> RangedBlob:
        def fetch(offset: int, length: int) -> bytes:
            return self._hub.read_range(path, self.commit, offset, length)

        return RangedBlob(size, fetch, self._limits.remote_bytes)

    def _open(self, only: frozenset[str] | None) -> None:
        """Open what the cache has of the commit."""
        if not os.path.isdir(self.root):
            return
        local = LocalSource(self.root, self._limits, only=only)
        known = {(fact.kind, fact.location) for fact in self.facts}
        self.facts.extend(fact for fact in local.facts if (fact.kind, fact.location) not in known)
        self.broken |= local.broken
        for path in local.broken:
            self.blobs.pop(path, None)
        for path, blob in local.blobs.items():
            listed = self.listing.get(path)
            if listed is not None and listed.size != blob.size:
                blob.close()
                self.blobs.pop(path, None)
                self.broken[path] = Unreadable(
                    f"the cache has {blob.size} bytes of it where the Hub lists {listed.size}: "
                    "`hf download --force-download` fetches it again"
                )
                continue
            self.broken.pop(path, None)
            self.blobs[path] = blob

    def _refuse(self, path: str, detail: str) -> None:
        shown = path.encode("utf-8", "backslashreplace").decode("utf-8")
        self.broken[shown] = NotFetched(f"not downloaded: {detail}")
        data: dict[str, Json] = {"problem": "name", "detail": detail, "target": ""}
        self.facts.append(Fact(kind="artifact.link", location=Location(artifact=shown), data=data))

    def _state(self) -> None:
        self.manifest = Manifest(
            uri=f"hf:{self.repository}@{self.commit}",
            commit=self.commit,
            entries=tuple(
                ManifestEntry(path=path, size=self._size(path), role=role_of(path))
                for path in sorted({*self.blobs, *self.broken})
            ),
        )

    def _size(self, path: str) -> int:
        blob, listed = self.blobs.get(path), self.listing.get(path)
        return blob.size if blob is not None else listed.size if listed is not None else 0


def _folders(names: Iterable[str]) -> frozenset[str]:
    return frozenset(
        "/".join(parts[:depth])
        for parts in (name.split("/") for name in names)
        for depth in range(1, len(parts))
    )
