"""A bare git repository that the served Hub shows: blobs, LFS pointers, signed commits, smart HTTP.

https://git-scm.com/docs/git-http-backend
"""

from __future__ import annotations

import gzip
import hashlib
import os
import subprocess
import threading
from typing import TYPE_CHECKING, NamedTuple

from safeload.formats.git_objects import object_id
from tests.forge import git as forge
from tests.forge.hub_http import Answer
from tests.forge.keys import signed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from tests.forge.hub_http import Request
    from tests.forge.keys import Keyring


FIRST = 1_700_000_000


class Lfs(bytes):
    """Content that the repository holds as a pointer only, and the store behind the second port whole."""

    __slots__ = ()


class Entry(NamedTuple):
    """One entry of a commit's trees."""

    path: str
    mode: str
    id: str


def pointer(content: bytes) -> bytes:
    """The text of https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md for this content."""
    return pointer_to(hashlib.sha256(content).hexdigest(), len(content))


def pointer_to(sha256: str, size: int) -> bytes:
    """The same for content of which digest and size are known."""
    return f"version https://git-lfs.github.com/spec/v1\noid sha256:{sha256}\nsize {size}\n".encode()


def by(keys: Keyring, name: str, *options: str) -> Callable[[bytes], bytes]:
    """Signed by a key of this ring."""
    return lambda payload: signed(payload, keys.sign(name, payload, *options))


class Repository:
    """What a publisher pushed. Everything that the Hub says of it honestly is derived from here."""

    def __init__(self, folder: Path, name: str) -> None:
        self.folder = folder
        self.name = name
        self.branches: dict[str, str] = {}
        """Refs behind `refs/heads/`, as in `main`; others by their full names."""
        self.stored: dict[str, bytes] = {}
        """LFS content by sha256."""
        self.pointers: dict[str, bytes] = {}
        """LFS content by blob id of its pointer."""
        self.objects: dict[str, tuple[str, bytes]] = {}
        self.token: str | None = None
        """Without it the repository is hidden (`private`) or its files are (`gated`)."""
        self.gated = False
        self.security: object = {"scansDone": True, "filesWithIssues": []}
        self.created = "2024-01-01T00:00:00.000Z"
        self.modified = "2024-01-02T00:00:00.000Z"
        self._lock = threading.Lock()
        self._entries: dict[str, list[Entry]] = {}
        folder.mkdir(parents=True)
        forge.git(folder, "init", "-q", "--bare", "-b", "main", "--template=")
        with (folder / "config").open("a") as file:
            file.write("[uploadpack]\nallowFilter\nallowAnySHA1InWant\nallowReachableSHA1InWant\n")

    def configure(self, setting: str, value: str) -> None:
        """One line of the server's git configuration."""
        forge.git(self.folder, "config", setting, value)

    def close_to_others(self, token: str, *, gated: bool = False) -> None:
        """Hide everything from who has no token; `gated`: only what is in the files."""
        self.token, self.gated = token, gated

    # writing

    def put(self, kind: str, raw: bytes) -> str:
        """Store any bytes as an object, however wrong they are."""
        name = object_id(kind, raw)
        place = self.folder / "objects" / name[:2] / name[2:]
        with self._lock:
            if name not in self.objects:
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(forge.loose(kind, raw))
                self.objects[name] = (kind, raw)
        return name

    def blob(self, content: bytes) -> str:
        """A file's blob: its content or, for `Lfs`, the pointer to it."""
        if not isinstance(content, Lfs):
            return self.put("blob", content)
        made = self.put("blob", pointer(content))
        self.pointers[made] = bytes(content)
        self.stored[hashlib.sha256(content).hexdigest()] = bytes(content)
        return made

    def tree(self, files: Mapping[str, bytes]) -> str:
        """The tree of these files, with its subtrees."""
        names: dict[str, tuple[str, str]] = {}
        below: dict[str, dict[str, bytes]] = {}
        for path, content in files.items():
            head, slash, rest = path.partition("/")
            if slash:
                below.setdefault(head, {})[rest] = content
            else:
                names[head] = ("100644", self.blob(content))
        for head, inner in below.items():
            names[head] = ("40000", self.tree(inner))
        ordered = sorted(names, key=lambda name: name.encode() + b"/" * (names[name][0] == "40000"))
        return self.put("tree", forge.tree(*((names[name][0], name, names[name][1]) for name in ordered)))

    def commit(
        self,
        files: Mapping[str, bytes],
        *,
        sign: Callable[[bytes], bytes] | None = None,
        branch: str | None = "main",
        email: str = "good@acme.example",
        time: int | None = None,
        message: str = "message",
    ) -> str:
        """A commit of exactly these files on top of the branch, which moves to it.

        Args:
            files: content by path; `Lfs` where the repository holds a pointer.
            sign: makes the commit that is stored from the unsigned one; see `by`.
            branch: None leaves every branch where it is.
            email: of author and committer.
            time: of author and committer, in seconds.
            message: below the headers.
        """
        return self.commit_tree(
            self.tree(files), sign=sign, branch=branch, email=email, time=time, message=message
        )

    def commit_tree(
        self,
        tree: str,
        *,
        sign: Callable[[bytes], bytes] | None = None,
        branch: str | None = "main",
        email: str = "good@acme.example",
        time: int | None = None,
        message: str = "message",
    ) -> str:
        """The same for a tree that exists, or does not."""
        parent = self.branches.get(branch or "")
        when = FIRST + len(self.objects) if time is None else time
        who = f"Ann <{email}> {when} +0000"
        head = f"tree {tree}\n" + (f"parent {parent}\n" if parent else "")
        raw = f"{head}author {who}\ncommitter {who}\n\n{message}\n".encode()
        return self.commit_raw(raw if sign is None else sign(raw), branch=branch)

    def commit_raw(self, raw: bytes, *, branch: str | None = "main") -> str:
        """A commit of any bytes."""
        made = self.put("commit", raw)
        if branch:
            self.branch(branch, made)
        return made

    def branch(self, name: str, commit: str) -> None:
        """Move a branch, or any ref by its full name, or make it."""
        place = self.folder / (name if name.startswith("refs/") else f"refs/heads/{name}")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(f"{commit}\n")
        self.branches[name] = commit

    # reading

    def resolve(self, revision: str) -> str | None:
        """The commit of a branch, a full ref or a commit's own id."""
        for name in (revision, f"refs/tags/{revision}", revision.removeprefix("refs/heads/")):
            if name in self.branches:
                return self.branches[name]
        return revision if self.objects.get(revision, ("",))[0] == "commit" else None

    def root(self, commit: str) -> str:
        """The id of the commit's tree."""
        return self.objects[commit][1].split(b"\n", 1)[0].removeprefix(b"tree ").decode()

    def entries(self, commit: str) -> list[Entry]:
        """Every folder and file of a commit, folders before what is in them."""
        if commit not in self._entries:
            self._entries[commit] = list(self._walk(self.root(commit), ""))
        return self._entries[commit]

    def _walk(self, tree: str, prefix: str) -> Iterator[Entry]:
        raw = self.objects.get(tree, ("tree", b""))[1]
        while raw:
            head, _, rest = raw.partition(b"\0")
            mode, _, name = head.decode("utf-8", "surrogateescape").partition(" ")
            entry, raw = Entry(prefix + name, mode, rest[:20].hex()), rest[20:]
            yield entry
            if mode == "40000":
                yield from self._walk(entry.id, f"{entry.path}/")

    def content(self, blob: str) -> bytes:
        """What a user downloads for a blob."""
        return self.pointers[blob] if blob in self.pointers else self.objects[blob][1]

    def backend(self, request: Request) -> Answer:
        """What the real git answers over HTTP."""
        body = request.body
        if request.headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        environ = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            **forge.ISOLATED,
            "GIT_PROJECT_ROOT": str(self.folder),
            "GIT_HTTP_EXPORT_ALL": "1",
            "REQUEST_METHOD": request.method,
            "PATH_INFO": f"/{request.path}",
            "QUERY_STRING": request.query,
            "CONTENT_TYPE": request.headers.get("content-type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "GIT_PROTOCOL": request.headers.get("git-protocol", ""),
        }
        ran = subprocess.run(
            ["git", "http-backend"], input=body, capture_output=True, check=False, env=environ
        )
        head, _, rest = ran.stdout.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().splitlines() if ": " in line)
        status = int(headers.pop("Status", "200 OK").split()[0])
        return Answer(status=status, headers=headers, body=rest)
