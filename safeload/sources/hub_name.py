"""The name of a repository on the Hub, and of a revision in it: `hf:org/name@revision`."""

from __future__ import annotations

import re
from typing import NamedTuple

from safeload.core import visible
from safeload.errors import UsageError
from safeload.formats.git_objects import is_object_id

SCHEME = "hf:"
_REPOSITORY = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,95}/[A-Za-z0-9][A-Za-z0-9_.-]{0,95}\Z")
_ADDRESS = re.compile(r"https?:/{1,2}(?:huggingface\.co|hf\.co)/([^/]+/[^/?#]+)")
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*\Z")
_REVISION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/+-]{0,199}\Z")


class HubName(NamedTuple):
    """What a user asked for."""

    repository: str
    """`org/name`."""
    revision: str | None
    """Branch, tag or commit; None where none was named."""


def is_hub_name(text: str) -> bool:
    """Whether text has the form of a repository's name, which a folder may have too."""
    return _REPOSITORY.match(text) is not None


def hub_hint(text: str) -> str:
    """What a path that does not exist may have been meant as; empty where nothing suggests itself."""
    if text.startswith("~"):
        return "; ~ is not expanded here"
    address = _ADDRESS.match(text)
    name = text if address is None else address[1]
    if is_hub_name(name.partition("@")[0]):
        return f"; a repository of the Hub is hf:{visible(name)}"
    if _PLAIN.match(text):
        return "; a repository of the Hub is hf:org/name"
    return ""


def parse_hub_name(text: str) -> HubName:
    """Read `hf:org/name`, `hf:org/name@revision` or `org/name`.

    Raises:
        UsageError: it is neither.
    """
    repository, at, revision = text.removeprefix(SCHEME).partition("@")
    if not is_hub_name(repository) or ".." in repository or repository.endswith((".git", ".lock")):
        raise UsageError(f"{visible(text)} is no name of a repository: hf:org/name or hf:org/name@revision")
    return HubName(repository, checked_revision(revision) if at else None)


def checked_revision(revision: str) -> str:
    """A revision that is safe to ask for: a branch, a tag, `refs/pr/N`, or all 40 digits of a commit.

    Raises:
        UsageError: it is none.
    """
    parts = revision.split("/")
    if not _REVISION.match(revision) or any(part in {"", ".", ".."} for part in parts) or "--" in revision:
        raise UsageError(f"{visible(revision)} is no revision: a branch, a tag or the 40 digits of a commit")
    lower = revision.lower()
    if lower != revision and is_object_id(lower):
        raise UsageError(f"{visible(revision)} is no commit: write its 40 hexadecimal digits in lower case")
    return revision
