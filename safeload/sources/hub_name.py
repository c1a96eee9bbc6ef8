"""The name of a repository on the Hub, and of a revision in it: `hf:org/name@revision`."""

from __future__ import annotations

from string import ascii_letters, digits

from safeload.core import visible
from safeload.errors import UsageError
from safeload.record import record

SCHEME = "hf:"
# no regular expressions: every audit looks at the name of what it audits, and starts with it
_PLAIN = frozenset(ascii_letters + digits)
_NAME = _PLAIN | frozenset("_.-")
_WORD = _PLAIN | frozenset("_-")
_HOSTS = frozenset({"huggingface.co", "hf.co"})
_REVISION = _PLAIN | frozenset("._/+-")
_LONGEST_PART, _LONGEST_REVISION = 96, 200
_ID_LENGTH, _HEX = 40, frozenset(digits + "abcdef")


@record(kw_only=False)
class HubName:
    """What a user asked for."""

    repository: str
    """`org/name`."""
    revision: str | None
    """Branch, tag or commit; None where none was named."""


def is_hub_name(text: str) -> bool:
    """Whether text has the form of a repository's name, which a folder may have too."""
    organisation, slash, name = text.partition("/")
    return slash != "" and all(
        0 < len(part) <= _LONGEST_PART and part[0] in _PLAIN and _NAME.issuperset(part)
        for part in (organisation, name)
    )


def hub_hint(text: str) -> str:
    """What a path that does not exist may have been meant as; empty where nothing suggests itself."""
    if text.startswith("~"):
        return "; ~ is not expanded here"
    name = text
    scheme, _, address = text.partition(":")
    if scheme in {"http", "https"}:
        host, *parts = address.lstrip("/").split("/")
        name = "/".join(parts[:2]) if host in _HOSTS else ""
    if is_hub_name(name.partition("@")[0]):
        return f"; a repository of the Hub is hf:{visible(name)}"
    if text[:1] in _PLAIN and _WORD.issuperset(text):
        return "; a repository of the Hub is hf:org/name"
    return ""


def parse_hub_name(text: str) -> HubName:
    """Read `hf:org/name`, `hf:org/name@revision` or `org/name`.

    Raises:
        UsageError: it is neither.
    """
    repository, at, revision = text.removeprefix(SCHEME).partition("@")
    # `--` stands for the slash in names of cache folders: a--b/c and a/b--c would be one
    twofold = ".." in repository or "--" in repository
    if not is_hub_name(repository) or twofold or repository.endswith((".git", ".lock")):
        raise UsageError(f"{visible(text)} is no name of a repository: hf:org/name or hf:org/name@revision")
    return HubName(repository, checked_revision(revision) if at else None)


def checked_revision(revision: str) -> str:
    """A revision that is safe to ask for: a branch, a tag, `refs/pr/N`, or all 40 digits of a commit.

    Raises:
        UsageError: it is none.
    """
    parts = revision.split("/")
    fits = 0 < len(revision) <= _LONGEST_REVISION and _REVISION.issuperset(revision)
    if not fits or revision[0] not in _PLAIN or {"", ".", ".."}.intersection(parts) or "--" in revision:
        raise UsageError(f"{visible(revision)} is no revision: a branch, a tag or the 40 digits of a commit")
    lower = revision.lower()
    if lower != revision and len(lower) == _ID_LENGTH and _HEX.issuperset(lower):
        raise UsageError(f"{visible(revision)} is no commit: write its 40 hexadecimal digits in lower case")
    return revision
