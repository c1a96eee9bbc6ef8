"""A Hub on loopback: models API, files with LFS on a second port, and git over HTTP.

    with serve() as hub:
        repository = hub.repository("acme/bert")
        commit = repository.commit({"config.json": b"{}", "model.safetensors": Lfs(b"...")})
        HfApi(endpoint=hub.endpoint).model_info("acme/bert").sha == commit

It is honest, and says nothing of Xet, until `hub.lie` puts one of `hub_lies` before a part of it. What was
asked is in `hub.requests`.
"""

from __future__ import annotations

import shutil
import tempfile
import threading
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from tests.forge import hub_answers
from tests.forge.hub_git import Lfs, Repository, by, pointer
from tests.forge.hub_http import Answer, Request, Server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.forge.hub_lies import Hold, Lie

__all__ = ["Answer", "Hub", "Lfs", "Repository", "Request", "by", "pointer", "serve"]


class Hub:
    """Repositories, what was asked about them, and the lies that are told."""

    def __init__(self, folder: Path) -> None:
        self.requests: list[Request] = []
        self.repositories: dict[str, Repository] = {}
        self.renamed: dict[str, str] = {}
        """Old name to new: every address of the old one redirects, as on the Hub."""
        self.endpoint = ""
        """For `HfApi(endpoint=...)` or HF_ENDPOINT."""
        self.cdn = ""
        """Where LFS content is."""
        self.page = 1000
        """Entries on a page of a listing."""
        self.holds: list[Hold] = []
        """Released when the Hub closes."""
        self._folder = folder
        self._lies: list[tuple[Lie, tuple[str, ...], str | None]] = []
        self._lock = threading.Lock()

    def repository(self, name: str) -> Repository:
        """An empty one."""
        made = Repository(self._folder / name.replace("/", "--"), name)
        self.repositories[name] = made
        return made

    def git(self, name: str) -> str:
        """The address that git clones from."""
        return f"{self.endpoint}/{name}"

    def lie(self, lie: Lie, *kinds: str, path: str | None = None) -> None:
        """Put a lie before parts of the Hub; the last one told is the outermost.

        Args:
            lie: one of `hub_lies`.
            kinds: of `hub_answers`: MODEL, TREE, RESOLVE, CDN, GIT_REFS, GIT_PACK and so on.
            path: only about this file. On the second port that is the file that led there.
        """
        with self._lock:
            self._lies.append((lie, kinds, path))

    def honest(self) -> None:
        """Withdraw every lie."""
        with self._lock:
            self._lies.clear()

    def release(self) -> None:
        """Let every answer that is held go on."""
        for hold in self.holds:
            hold.release()

    def asked(self, *kinds: str) -> list[Request]:
        """Requests of these kinds so far, or all."""
        with self._lock:
            return [request for request in self.requests if not kinds or request.kind in kinds]

    def forget(self) -> None:
        """Start counting requests anew."""
        with self._lock:
            self.requests.clear()

    def answer(self, request: Request) -> Answer:
        """Of the first port."""
        names = {*self.repositories, *self.renamed}
        kind, name, revision, path = hub_answers.route(request.target, names)
        routed = replace(request, kind=kind, repository=name, revision=revision, path=path)
        return self._told(routed, self._first)

    def answer_stored(self, request: Request) -> Answer:
        """Of the second port."""
        from urllib.parse import unquote

        address, _, path = request.target.partition("?")
        name, _, sha256 = unquote(address).strip("/").rpartition("/")
        routed = replace(request, kind=hub_answers.CDN, repository=name, revision=sha256, path=unquote(path))
        return self._told(routed, self._second)

    def _told(self, request: Request, honest: Callable[[Request], Answer]) -> Answer:
        with self._lock:
            self.requests.append(request)
            lies = list(self._lies)
        for lie, kinds, path in lies:
            if request.kind in kinds and path in {None, request.path}:
                honest = partial(lie, honest=honest)
        return honest(request)

    def _first(self, request: Request) -> Answer:
        if request.repository in self.renamed:
            new = request.target.replace(request.repository, self.renamed[request.repository], 1)
            return Answer(status=307, headers={"Location": new}, body=b"Temporary Redirect")
        if request.repository not in self.repositories:
            if request.kind in hub_answers.GIT:
                return Answer(status=401, headers={"WWW-Authenticate": 'Basic realm="Hub"'}, body=b"no\n")
            return hub_answers.missing("repository")
        return hub_answers.answer(request, self.repositories[request.repository], self.cdn, self.page)

    def _second(self, request: Request) -> Answer:
        repository = self.repositories.get(request.repository)
        content = None if repository is None else repository.stored.get(request.revision)
        return hub_answers.stored(request, content)


@contextmanager
def serve() -> Iterator[Hub]:
    """A Hub with no repositories, on two ports of its own."""
    folder = Path(tempfile.mkdtemp(prefix="hub-"))
    hub = Hub(folder)
    try:
        with ExitStack() as stack:
            first, second = Server(hub.answer), Server(hub.answer_stored)
            stack.enter_context(first)
            stack.enter_context(second)
            # before the servers are closed: their threads may be waiting here
            stack.callback(hub.release)
            hub.endpoint, hub.cdn = first.address, second.address
            yield hub
    finally:
        shutil.rmtree(folder, ignore_errors=True)
