"""Fetches one commit and its trees from a git server over HTTP(S); no blobs, no history, no checkout.

https://git-scm.com/docs/protocol-v2 and https://git-scm.com/docs/gitprotocol-http

dulwich speaks the protocol; what it may ask of the network is decided here:

    - no git configuration of anybody is read, and git is not run
    - every request goes to the repository's own address; no redirect is followed and no other address
      that a server names is asked, so the token never leaves the origin that it is for
    - bytes and seconds of an answer are bounded, the pack's objects by `formats.git_pack`

What comes back is not trusted: `git_objects.checked` digests whatever matters. A server without filters
sends small files along, within the same bounds.
"""

from __future__ import annotations

import logging
import time
from io import BytesIO
from typing import TYPE_CHECKING, Any

from dulwich.client import AbstractHttpGitClient, default_urllib3_manager
from dulwich.errors import HangupException, NotGitRepository
from dulwich.objects import ObjectID

from safeload.errors import FormatError
from safeload.formats.git_errors import ObjectMissing, PackTooLarge
from safeload.formats.git_pack import read_pack

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from safeload.formats.git_objects import GitObject
    from safeload.limits import Limits

_CONNECT_SECONDS = 10.0
_READ_SECONDS = 30.0
_OVERHEAD = 1 << 20
"""Bytes of an answer beside its pack: capabilities, refs, progress messages."""
_FREE_READS = 100_000
_BYTES_PER_READ = 64
"""Two reads for each packet. git sends packets of up to 65,520 bytes; each costs time, however short."""

# dulwich warns of servers without filters, which is no concern of our caller's
logging.getLogger("dulwich").addHandler(logging.NullHandler())


class FetchFailed(FormatError):
    """Commit and trees could not be fetched: the network, the server, or what it sent."""


def fetch_commit(address: str, commit: str, *, token: str | None, limits: Limits) -> dict[str, GitObject]:
    """Ask a server for a commit with all of its trees.

    Args:
        address: of the repository, such as `https://huggingface.co/org/name`.
        commit: 40 hex digits.
        token: sent as bearer to `address` and nowhere else, or None.
        limits: `git_pack_bytes`, `fetch_seconds` and those of `read_pack`.

    Returns:
        Commits, trees and tags by the id that their bytes have; the commit is among them.

    Raises:
        FetchFailed: there is no such answer. The message says why.
        FormatError: of `read_pack`.
    """
    client = _Client(address, token, limits)
    # one buffer, which is not copied when it is read
    received = BytesIO()

    try:
        client.fetch_pack(
            "",
            lambda refs, depth=None: [ObjectID(commit.encode("ascii"))],  # noqa: ARG005 - dulwich's names
            _NoHistory(),
            received.write,
            depth=1,
            ref_prefix=[b"HEAD"],
            filter_spec=b"blob:none",
            protocol_version=2,
        )
    except FormatError:
        raise
    except NotGitRepository:
        raise FetchFailed("the server has no git repository there, or hides it from us") from None
    except HangupException:
        raise FetchFailed("the server ended the connection in the middle of its answer") from None
    except Exception as error:  # noqa: BLE001 - a library on a stranger's bytes: there is no answer
        raise FetchFailed(f"git over HTTP failed: {_reason(error)}") from None
    finally:
        client.close()
    objects = read_pack(received.getvalue(), limits)
    if commit not in objects:
        raise ObjectMissing(f"the server's pack does not hold the commit {commit}")
    return objects


class _NoHistory:
    """We have nothing, and say so."""

    def __next__(self) -> None:
        """Nothing that we have."""

    def ack(self, _: bytes) -> None:
        """Nothing was offered, so nothing is acknowledged."""

    def nak(self) -> None:
        """Likewise."""


class _Client(AbstractHttpGitClient):
    """dulwich's client with requests of ours."""

    def __init__(self, address: str, token: str | None, limits: Limits) -> None:
        super().__init__(f"{address}/", thin_packs=False, quiet=True)
        self._address = f"{address}/"
        self._token = token
        self._left = limits.git_pack_bytes + _OVERHEAD
        self._most = limits.git_pack_bytes
        self._reads = 0
        self._seconds = limits.fetch_seconds
        self._deadline = time.monotonic() + limits.fetch_seconds
        # proxies of the environment, and nothing of git's configuration
        self._pool = default_urllib3_manager(None, base_url=address)

    def close(self) -> None:
        """Close every connection."""
        self._pool.clear()

    def _get_url(self, path: str | bytes) -> str:  # noqa: ARG002 - there is one repository
        return self._address

    def _http_request(
        self,
        url: str,
        headers: dict[str, str] | None = None,
        data: bytes | Iterator[bytes] | None = None,
        raise_for_status: bool = True,  # noqa: ARG002, FBT001, FBT002 - dulwich's signature
    ) -> tuple[Any, Callable[[int], bytes]]:
        """One request to the repository's own address.

        Raises:
            FetchFailed: it would go elsewhere, or the answer is an error or a redirect.
        """
        import urllib3

        if not url.startswith(self._address):
            raise FetchFailed("the server names an address outside of its repository")
        sent = {**(headers or {}), "User-Agent": "safeload", "Accept-Encoding": "identity"}
        if self._token:
            sent["Authorization"] = f"Bearer {self._token}"
        answer: Any = self._pool.request(
            "GET" if data is None else "POST",
            url,
            body=data,
            headers=sent,
            preload_content=False,
            redirect=False,
            retries=False,
            timeout=urllib3.Timeout(connect=_CONNECT_SECONDS, read=_READ_SECONDS),
        )
        if answer.status != 200:
            where = answer.headers.get("Location")
            answer.close()
            raise FetchFailed(_refusal(answer.status, where))
        answer.content_type = answer.headers.get("Content-Type")
        answer.redirect_location = ""
        if not (answer.content_type or "").startswith("application/x-git-"):
            answer.close()
            raise FetchFailed("the server's answer is not of git")

        def read(size: int) -> bytes:
            if time.monotonic() > self._deadline:
                raise FetchFailed(f"no complete answer within {self._seconds} seconds")
            found: bytes = answer.read(size)
            self._left -= len(found)
            if self._left < 0:
                raise PackTooLarge(f"the answer has more than {self._most} bytes")
            self._reads += 1
            used = self._most + _OVERHEAD - self._left
            if self._reads > _FREE_READS and used < self._reads * _BYTES_PER_READ:
                raise PackTooLarge(f"the answer comes in too many pieces: {self._reads} for {used} bytes")
            return found

        return answer, read


def _refusal(status: int, where: str | None) -> str:
    if where is not None:
        return f"the server redirects to {where} (HTTP {status}), which is not followed"
    known = {
        401: "a token is needed, or the repository does not exist",
        403: "the token does not give access",
        404: "no such repository, or it is hidden from us",
        429: "too many requests: try again later",
    }
    return f"HTTP {status}{': ' if status in known else ''}{known.get(status, '')}"


def _reason(error: Exception) -> str:
    """What a library says went wrong, in one line."""
    text = str(error).strip().splitlines()
    return text[0][:300] if text else type(error).__name__
