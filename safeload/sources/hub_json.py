"""JSON answers of the models API: bounded in bytes and seconds, from one origin, read strictly.

huggingface_hub's session asks, so that proxies and certificates are those that its users know. Its own
listing waits without end, reads answers of any size, and takes the token wherever the next page is said
to be.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, NamedTuple

from safeload.errors import FormatError
from safeload.formats.json_strict import parse_json

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from safeload.limits import Limits

_SECONDS = 30.0
_PAGE_BYTES = 8 << 20
"""Pages of 1,000 files have about 0.2 MB, and the description of a model with 20,000 files 2 to 4 MB."""


class Answered(FormatError):
    """An answer that is an error."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(f"HTTP {status}")
        self.status = status
        self.reason = reason
        """X-Error-Code: `RepoNotFound`, `RevisionNotFound`, `GatedRepo`, or empty."""


class NoAnswer(FormatError):
    """An answer that cannot be one: too long, too slow, from elsewhere."""


class Page(NamedTuple):
    """One answer."""

    value: Any
    following: str | None
    """Address of the next page."""


def get_json(url: str, headers: Mapping[str, str], limits: Limits, *, until: float) -> Page:
    """One answer.

    Args:
        url: what is asked for.
        headers: of the request. Authorization goes to the origin of `url` only.
        limits: of `parse_json`.
        until: of `time.monotonic`.

    Raises:
        Answered: the answer is an error.
        NoAnswer: it is too long, or comes too late.
        FormatError: of `parse_json`.
        Exception: whatever the session stumbles over.
    """
    from huggingface_hub import get_session

    data = bytearray()
    sent = {**headers, "Accept-Encoding": "identity"}
    with get_session().stream("GET", url, headers=sent, follow_redirects=True, timeout=_SECONDS) as answer:
        if answer.status_code != 200:
            raise Answered(answer.status_code, answer.headers.get("X-Error-Code", ""))
        for chunk in answer.iter_raw():
            data += chunk
            if len(data) > _PAGE_BYTES:
                raise NoAnswer(f"an answer of more than {_PAGE_BYTES} bytes")
            if time.monotonic() > until:
                raise NoAnswer("no complete answer in time")
        following = answer.links.get("next", {}).get("url")
        return Page(parse_json(bytes(data), limits), following)


def get_pages(url: str, headers: Mapping[str, str], limits: Limits) -> Iterator[Any]:
    """Every entry of a list that comes in pages.

    Args:
        url: of the first page.
        headers: of each request.
        limits: `fetch_seconds` for all of them, and those of `parse_json`.

    Raises:
        NoAnswer: a page is no list, or an empty one in the middle.
        Exception: of `get_json`.
    """
    until = time.monotonic() + limits.fetch_seconds
    place = url.partition("?")[0]
    following: str | None = url
    while following is not None:
        page = get_json(following, headers, limits, until=until)
        if not isinstance(page.value, list):
            raise NoAnswer("a list of files that is no list")
        if page.following is not None and not page.value:
            raise NoAnswer("an empty page of a list that goes on")
        yield from page.value
        # only the cursor is the server's to say: the token goes along, and a mirror names its origin
        following = None if page.following is None else f"{place}?{page.following.partition('?')[2]}"
