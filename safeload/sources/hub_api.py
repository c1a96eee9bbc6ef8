"""What is asked of the Hub: a commit, its files, a range of a file, a whole file. Nothing is believed.

https://huggingface.co/docs/hub/api

huggingface_hub does the asking, so that endpoint, token, proxies, cache folder, offline mode and progress
bars are those that its users know. It checks the sizes of what it downloads, never the content: that is
done where the files are compared with their commit.
"""

from __future__ import annotations

import contextlib
import os
import re
from itertools import islice
from typing import TYPE_CHECKING, Any

from safeload.core import visible
from safeload.errors import UsageError
from safeload.formats.git_objects import is_object_id
from safeload.record import record
from safeload.sources.blobs import NotFetched

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from huggingface_hub import HfApi

    from safeload.limits import Limits

_SECONDS = 30.0
_THREADS = 8
"""As many as snapshot_download starts."""
_TAG = re.compile(r'(?:W/)?"?[A-Za-z0-9_=+-]+(?:\.[A-Za-z0-9_=+-]+)*"?')
_NAMES = {
    "etag": _TAG,
    "x-linked-etag": _TAG,
    "x-repo-commit": re.compile(r"[0-9a-f]{40}"),
    "x-xet-hash": re.compile(r"[0-9a-f]{64}"),
}
"""Headers that become names of files in the cache."""


class HubUnavailable(UsageError):
    """The Hub did not answer, or not with what was asked for. What was not answered is never assumed."""


@record
class HubAccess:
    """How the Hub is reached: what users of huggingface_hub pass to it."""

    revision: str | None = None
    """Branch, tag or 40-hex commit; `main` where there is none."""
    token: str | bool | None = None
    """A token; None for the one of `hf auth login` or HF_TOKEN; False for none."""
    cache_dir: str | Path | None = None
    endpoint: str | None = None
    local_files_only: bool = False
    """Nothing is asked: commit and files are those of the cache."""
    force_download: bool = False


@record
class Listed:
    """One file as the Hub lists it."""

    path: str
    size: int
    """Bytes."""
    blob_id: str
    """git blob id: of the content, or of the LFS pointer to it."""


@record
class Resolved:
    """What a revision stood for when it was asked about, once."""

    commit: str
    """40 hex."""
    created: str | None = None
    """ISO 8601, of the repository."""
    modified: str | None = None
    """ISO 8601, of the repository."""
    security: Mapping[str, Any] | None = None
    """What the Hub says of its own scans, as it says it; None where it says nothing."""


class Hub:
    """One repository of one Hub."""

    def __init__(self, repository: str, access: HubAccess) -> None:
        from huggingface_hub import constants

        self.repository = repository
        self.access = access
        self.endpoint = (access.endpoint or constants.ENDPOINT).rstrip("/")
        self.cache = str(access.cache_dir or constants.HF_HUB_CACHE)
        self.offline = access.local_files_only or bool(constants.HF_HUB_OFFLINE)

    @property
    def token(self) -> str | None:
        """The token that goes to the endpoint."""
        header = _headers(self.access).get("authorization", "")
        return header.removeprefix("Bearer ") or None

    def resolve(self, revision: str) -> Resolved:
        """The commit that a revision stands for.

        Raises:
            HubUnavailable: no answer, or one that names no commit.
        """
        try:
            info = self._api().model_info(
                self.repository, revision=revision, securityStatus=True, timeout=_SECONDS
            )
            commit, name, security = info.sha, info.id, info.security_repo_status
            created, modified = info.created_at, info.last_modified
        except Exception as error:  # noqa: BLE001 - a stranger's answer, parsed by a library
            raise self._failed(error, revision) from None
        if not isinstance(commit, str) or not is_object_id(commit):
            raise HubUnavailable(f"the Hub names no commit for {visible(revision)}")
        if is_object_id(revision) and commit != revision:
            raise HubUnavailable(f"the Hub answers with the commit {commit} where {revision} was asked for")
        if name != self.repository:
            raise HubUnavailable(
                f"{visible(self.repository)} is called {visible(str(name))} by the Hub: ask for that name, "
                "since trust goes by names"
            )
        return Resolved(
            commit=commit,
            created=None if created is None else created.isoformat(),
            modified=None if modified is None else modified.isoformat(),
            security=security if isinstance(security, dict) else None,
        )

    def list_files(self, commit: str, limits: Limits) -> tuple[Listed, ...]:
        """Every file of a commit, ordered by path.

        Raises:
            HubUnavailable: no answer, one that cannot be a list of files, or more files than a budget.
        """
        from huggingface_hub.hf_api import RepoFile

        # folders are entries too: a list without end may hold nothing else
        most = 2 * limits.files
        try:
            items = list(
                islice(self._api().list_repo_tree(self.repository, recursive=True, revision=commit), most + 1)
            )
            files = [
                Listed(path=item.path, size=item.size, blob_id=item.blob_id)
                for item in items
                if isinstance(item, RepoFile)
            ]
        except Exception as error:  # noqa: BLE001 - a stranger's answer, parsed by a library
            raise self._failed(error, commit) from None
        if len(items) > most or len(files) > limits.files:
            raise HubUnavailable(f"more than {limits.files} files: raise limits.files to go on")
        if not all(map(_plausible, files)) or len({item.path for item in files}) != len(files):
            raise HubUnavailable("the Hub's list of files contradicts itself")
        return tuple(sorted(files, key=lambda item: item.path))

    def download(self, paths: Iterable[str], commit: str) -> str:
        """Bring whole files into the cache, and return the folder of the commit there.

        Raises:
            HubUnavailable: one of them could not be fetched.
        """
        from concurrent.futures import ThreadPoolExecutor

        from huggingface_hub import hf_hub_download

        _guard_names()

        def fetch(path: str) -> None:
            hf_hub_download(
                self.repository,
                path,
                revision=commit,
                cache_dir=self.cache,
                endpoint=self.endpoint,
                token=self.access.token,
                force_download=self.access.force_download,
            )

        try:
            with ThreadPoolExecutor(_THREADS) as pool:
                for _ in pool.map(fetch, paths):
                    pass
        except Exception as error:  # noqa: BLE001 - a stranger's answer, parsed by a library
            raise self._failed(error, commit) from None
        return self.folder(commit)

    def folder(self, commit: str) -> str:
        """Where the cache keeps the files of a commit, whether it does or not."""
        return f"{self._home()}/snapshots/{commit}"

    def cached_commit(self, revision: str) -> str:
        """The commit that a revision stood for when it was last downloaded.

        Raises:
            HubUnavailable: the cache does not know.
        """
        if is_object_id(revision):
            return revision
        try:
            with open(f"{self._home()}/refs/{revision}", encoding="ascii") as file:
                commit = file.read(100).strip()
        except (OSError, ValueError):
            commit = ""
        if not is_object_id(commit):
            raise HubUnavailable(
                f"{visible(self.repository)}@{visible(revision)} is not in the cache {visible(self.cache)}, "
                "and nothing may be downloaded"
            )
        return commit

    def remember(self, revision: str, commit: str) -> None:
        """Note in the cache what a revision stands for, as huggingface_hub does.

        A cache that cannot be written only means that the revision has to be asked for again.
        """
        if is_object_id(revision):
            return
        path = f"{self._home()}/refs/{revision}"
        part = f"{path}.{os.getpid()}.part"
        with contextlib.suppress(OSError):
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(part, "w", encoding="ascii") as file:
                file.write(commit)
            os.replace(part, path)

    def read_range(self, path: str, commit: str, offset: int, length: int) -> bytes:
        """Exactly `length` bytes of a file from `offset`, as the server gives them.

        Raises:
            NotFetched: it gives anything else.
        """
        from huggingface_hub import get_session, hf_hub_url

        url = hf_hub_url(self.repository, path, revision=commit, endpoint=self.endpoint)
        headers = {
            **_headers(self.access),
            "Range": f"bytes={offset}-{offset + length - 1}",
            "Accept-Encoding": "identity",
        }
        data = bytearray()
        try:
            with get_session().stream(
                "GET", url, headers=headers, follow_redirects=True, timeout=_SECONDS
            ) as answer:
                status, told = answer.status_code, answer.headers.get("Content-Range", "")
                ranged = status == 206 and told.startswith(f"bytes {offset}-{offset + length - 1}/")
                for chunk in answer.iter_raw() if ranged else ():
                    data += chunk
                    if len(data) > length:
                        break
        except Exception as error:  # noqa: BLE001 - a stranger's answer, parsed by a library
            raise NotFetched(f"could not be read from the Hub: {_words(error)}") from None
        if not ranged:
            raise NotFetched(f"the server answers a request for a range with HTTP {status}")
        if len(data) != length:
            raise NotFetched(f"the server sent other than the {length} bytes that were asked for")
        return bytes(data)

    def _home(self) -> str:
        return f"{self.cache}/models--{self.repository.replace('/', '--')}"

    def _api(self) -> HfApi:
        from huggingface_hub import HfApi

        return HfApi(endpoint=self.endpoint, token=self.access.token)

    def _failed(self, error: Exception, revision: str) -> HubUnavailable:
        """Why the Hub did not answer, and what to do about it."""
        from huggingface_hub import errors

        name, at = visible(self.repository), visible(revision)
        if isinstance(error, errors.GatedRepoError):
            return HubUnavailable(f"{name} is gated: ask for access on {self.endpoint}/{name}, and log in")
        if isinstance(error, errors.RevisionNotFoundError):
            return HubUnavailable(f"{name} has no revision {at}")
        if isinstance(error, errors.RepositoryNotFoundError):
            return HubUnavailable(f"there is no {name} on {self.endpoint}, or it is private: log in for that")
        if isinstance(error, errors.OfflineModeIsEnabled):
            return HubUnavailable(f"{name}@{at} would have to be downloaded, and offline mode is on")
        return HubUnavailable(
            f"{self.endpoint} could not be asked about {name}@{at}: {_words(error)}; "
            "local_files_only=True takes what is in the cache"
        )


def _guard_names() -> None:
    """Have the client refuse answers whose headers are no plain names: it makes file names of them."""
    from huggingface_hub import get_session

    hooks = get_session().event_hooks
    if _check_names not in hooks["response"]:
        hooks["response"].append(_check_names)
        get_session().event_hooks = hooks


def _check_names(answer: Any) -> None:  # noqa: ANN401 - of whatever client huggingface_hub has
    for header, plain in _NAMES.items():
        value = answer.headers.get(header)
        if value is not None and "x-repo-commit" in answer.headers and not plain.fullmatch(value):
            raise NotFetched(f"the header {header} of the server's answer is no plain name")


def _headers(access: HubAccess) -> dict[str, str]:
    from huggingface_hub.utils import build_hf_headers  # type: ignore[attr-defined]  # lazily exported

    headers: dict[str, str] = build_hf_headers(token=access.token)
    return headers


def _plausible(listed: Listed) -> bool:
    return (
        isinstance(listed.path, str)
        and type(listed.size) is int
        and listed.size >= 0
        and isinstance(listed.blob_id, str)
        and is_object_id(listed.blob_id)
    )


def _words(error: Exception) -> str:
    """What a library says went wrong, in one line."""
    status = getattr(getattr(error, "response", None), "status_code", None)
    if status is not None:
        return f"HTTP {status}"
    text = visible(str(error).strip()).replace("\\n", " ")
    return text[:300] if text else type(error).__name__
