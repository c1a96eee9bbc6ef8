"""What is asked of the Hub: a commit, its files, a range of a file, a whole file. Nothing is believed.

https://huggingface.co/docs/hub/api

Session, endpoint, token, proxies, cache folder, offline mode and progress bars are those of huggingface_hub,
as its users know them. Content is not checked here: that is done where the files are compared with their
commit.
"""

from __future__ import annotations

import contextlib
import errno
import re
import time
from typing import TYPE_CHECKING, Any

from safeload.core import visible
from safeload.errors import UsageError
from safeload.formats.git_objects import is_object_id
from safeload.record import record
from safeload.sources.blobs import NotFetched
from safeload.sources.hub_json import Answered, get_json, get_pages
from safeload.sources.whole_files import read_regular, write_whole

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from safeload.limits import Limits

_LOGIN = "`hf auth login`, HF_TOKEN or token="
_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS})
_SECONDS = 30.0
_RANGE_SECONDS = 120.0
"""For one range. The longest has 4 MB, which a line of 0.3 Mbit/s carries in that time."""
_THREADS = 8
"""As many as snapshot_download starts."""
_TYPES = frozenset({"file", "directory"})
_SHA256 = re.compile(r"[0-9a-f]{64}")


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
    name: str
    """What huggingface_hub calls it in its cache: the blob id, or the sha256 of LFS content."""
    is_file: bool = True
    """False for a folder."""


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
    def home(self) -> str:
        """Folder of the repository in the cache."""
        return f"{self.cache}/models--{self.repository.replace('/', '--')}"

    @property
    def token(self) -> str | None:
        """The token that goes to the endpoint."""
        header = _headers(self.access).get("authorization", "")
        return header.removeprefix("Bearer ") or None

    def resolve(self, revision: str, limits: Limits) -> Resolved:
        """The commit that a revision stands for.

        Raises:
            HubUnavailable: no answer, or one that names no commit.
        """
        url = f"{self._api()}/revision/{_quoted(revision)}?securityStatus=true"
        try:
            until = time.monotonic() + limits.fetch_seconds
            told = get_json(url, _headers(self.access), limits, until=until).value
        except Exception as error:  # noqa: BLE001 - a stranger's answer, read by a library
            raise self._failed(error, revision) from None
        told = told if isinstance(told, dict) else {}
        commit, name, security = told.get("sha"), told.get("id"), told.get("securityRepoStatus")
        if not isinstance(commit, str) or not is_object_id(commit):
            raise HubUnavailable(f"the Hub names no commit for {visible(revision)}")
        if is_object_id(revision) and commit != revision:
            raise HubUnavailable(f"the Hub answers with the commit {commit} where {revision} was asked for")
        if name != self.repository:
            raise HubUnavailable(
                f"{visible(self.repository)} is called {visible(str(name)[:200])} by the Hub: ask for that "
                "name, since trust goes by names"
            )
        return Resolved(
            commit=commit,
            created=_instant(told.get("createdAt")),
            modified=_instant(told.get("lastModified")),
            security=security if isinstance(security, dict) else None,
        )

    def list_files(self, commit: str, limits: Limits) -> tuple[Listed, ...]:
        """Every file of a commit, ordered by path.

        Raises:
            HubUnavailable: no answer, one that cannot be a list of files, or more files than a budget.
        """
        url = f"{self._api()}/tree/{commit}?recursive=true&expand=false"
        try:
            return _files(get_pages(url, _headers(self.access), limits), limits)
        except HubUnavailable:
            raise
        except Exception as error:  # noqa: BLE001 - a stranger's answer, read by a library
            raise self._failed(error, commit) from None

    def download(self, files: Iterable[Listed], commit: str) -> str:
        """Bring whole files into the cache, and return the folder of the commit there.

        Args:
            files: as they were listed; their paths are relative and lead nowhere else.
            commit: 40 hex.

        Raises:
            HubUnavailable: one of them could not be fetched.
        """
        from concurrent.futures import ThreadPoolExecutor

        from safeload.sources.hub_download import Wanted, fetch

        home, headers = self.home, _headers(self.access)

        def one(listed: Listed) -> None:
            fetch(
                self._file(listed.path, commit),
                headers,
                Wanted(listed.path, listed.name, listed.size),
                home,
                commit,
                force=self.access.force_download,
            )

        try:
            with ThreadPoolExecutor(_THREADS) as pool:
                for _ in pool.map(one, files):
                    pass
        except OSError as error:
            # the library calls its own errors so too, which have no number
            if error.errno is None or isinstance(error, ConnectionError):
                raise self._failed(error, commit) from None
            why = (error.strerror or type(error).__name__).lower()
            raise HubUnavailable(f"the cache {visible(self.cache)} cannot be written: {why}") from None
        except Exception as error:  # noqa: BLE001 - a stranger's answer, read by a library
            raise self._failed(error, commit) from None
        return self.folder(commit)

    def folder(self, commit: str) -> str:
        """Where the cache keeps the files of a commit, whether it does or not."""
        return f"{self.home}/snapshots/{commit}"

    def cached_commit(self, revision: str) -> str:
        """The commit that a revision stood for when it was last downloaded.

        Raises:
            HubUnavailable: the cache does not know.
        """
        if is_object_id(revision):
            return revision
        try:
            commit = read_regular(f"{self.home}/refs/{revision}", 100).decode("ascii").strip()
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
        with contextlib.suppress(OSError):
            write_whole(f"{self.home}/refs/{revision}", commit.encode("ascii"))

    def read_range(self, path: str, commit: str, offset: int, length: int) -> bytes:
        """Exactly `length` bytes of a file from `offset`, as the server gives them.

        Raises:
            NotFetched: it gives anything else.
        """
        from huggingface_hub import get_session

        url = self._file(path, commit)
        headers = {
            **_headers(self.access),
            "Range": f"bytes={offset}-{offset + length - 1}",
            "Accept-Encoding": "identity",
        }
        data = bytearray()
        # a byte now and then is no answer either
        until, late = time.monotonic() + _RANGE_SECONDS, False
        try:
            with get_session().stream(
                "GET", url, headers=headers, follow_redirects=True, timeout=_SECONDS
            ) as answer:
                status, told = answer.status_code, answer.headers.get("Content-Range", "")
                ranged = status == 206 and told.startswith(f"bytes {offset}-{offset + length - 1}/")
                for chunk in answer.iter_raw() if ranged else ():
                    data += chunk
                    late = time.monotonic() > until
                    if late or len(data) > length:
                        break
        except Exception as error:  # noqa: BLE001 - a stranger's answer, parsed by a library
            raise NotFetched(f"could not be read from the Hub: {_words(error)}") from None
        if not ranged:
            raise NotFetched(f"the server answers a request for a range with HTTP {status}")
        if late:
            raise NotFetched(f"the server did not send {length} bytes within {_RANGE_SECONDS:g} seconds")
        if len(data) != length:
            raise NotFetched(f"the server sent other than the {length} bytes that were asked for")
        return bytes(data)

    def _api(self) -> str:
        return f"{self.endpoint}/api/models/{self.repository}"

    def _file(self, path: str, commit: str) -> str:
        return f"{self.endpoint}/{self.repository}/resolve/{commit}/{_quoted(path, '/')}"

    def _failed(self, error: Exception, revision: str) -> HubUnavailable:
        """Why the Hub did not answer, and what to do about it."""
        if isinstance(error, HubUnavailable):
            return error
        name, at = visible(self.repository), visible(revision)
        code, status = _refusal(error)
        if code == "GatedRepo":
            return HubUnavailable(
                f"{name} is gated: ask for access on {self.endpoint}/{name}, and log in ({_LOGIN})"
            )
        if code == "RevisionNotFound":
            return HubUnavailable(f"{name} has no revision {at}")
        if code == "RepoNotFound" or status == 401:
            return HubUnavailable(
                f"there is no {name} on {self.endpoint}, or it is private: log in for that ({_LOGIN})"
            )
        if isinstance(error, OSError) and (error.filename is not None or error.errno in _NO_ROOM):
            reason = (error.strerror or "error").lower()
            return HubUnavailable(
                f"the cache {visible(self.cache)} cannot be written: {reason}; "
                "HF_HOME, or cache_dir=, names another place"
            )
        return HubUnavailable(
            f"{self.endpoint} could not be asked about {name}@{at}: {_words(error)}; "
            "local_files_only=True (--offline) takes what is in the cache"
        )


def _headers(access: HubAccess) -> dict[str, str]:
    from huggingface_hub.utils import build_hf_headers  # type: ignore[attr-defined]  # lazily exported

    headers: dict[str, str] = build_hf_headers(token=access.token)
    token = headers.get("authorization", "")
    if not (token.isascii() and token.isprintable()):
        # before a library shows it in a message
        raise HubUnavailable("the token holds a character that no token has: a line break, or none of ASCII")
    return headers


def _files(items: Iterable[object], limits: Limits) -> tuple[Listed, ...]:
    """The files of a list, ordered by path.

    Raises:
        HubUnavailable: it cannot be a list of files, or has more of them than a budget.
        Exception: of the iterator.
    """
    files: dict[str, Listed] = {}
    seen: set[str] = set()
    for item in items:
        listed = _listed(item) if isinstance(item, dict) else None
        if listed is None or listed.path in seen:
            raise HubUnavailable("the Hub's list of files contradicts itself")
        seen.add(listed.path)
        if listed.is_file:
            files[listed.path] = listed
        # folders are entries too: a list without end may hold nothing else
        if len(seen) > 2 * limits.files or len(files) > limits.files:
            raise HubUnavailable(f"more than {limits.files} files: raise limits.files to go on")
    return tuple(sorted(files.values(), key=lambda item: item.path))


def _listed(item: dict[str, Any]) -> Listed | None:
    """An entry of the list; None where it cannot be one."""
    path, size, blob_id, lfs = item.get("path"), item.get("size"), item.get("oid"), item.get("lfs")
    if not isinstance(path, str) or item.get("type") not in _TYPES:
        return None
    if type(size) is not int or size < 0 or not isinstance(blob_id, str) or not is_object_id(blob_id):
        return None
    name = lfs.get("oid") if isinstance(lfs, dict) else None
    if not isinstance(name, str) or not _SHA256.fullmatch(name):
        name = blob_id
    return Listed(path=path, size=size, blob_id=blob_id, name=name, is_file=item["type"] == "file")


def _quoted(text: str, safe: str = "") -> str:
    from urllib.parse import quote

    return quote(text, safe=safe)


def _instant(text: object) -> str | None:
    """A date as the Hub writes it, in ISO 8601; None where it is none."""
    import datetime as dt

    try:
        return dt.datetime.fromisoformat(text).isoformat() if isinstance(text, str) else None
    except ValueError:
        return None


def _refusal(error: Exception) -> tuple[str, int | None]:
    """X-Error-Code and status of an answer that is an error."""
    if isinstance(error, Answered):
        return error.reason, error.status
    answer = getattr(error, "response", None)
    if answer is None:
        return "", None
    return str(answer.headers.get("X-Error-Code", "")), int(answer.status_code)


def _words(error: Exception) -> str:
    """What went wrong, in one line."""
    status = _refusal(error)[1]
    if status is not None:
        return f"HTTP {status}"
    text = visible(str(error).strip()).replace("\\n", " ")
    return text[:300] if text else type(error).__name__
