"""A git commit, read strictly from the raw bytes that its id names.

https://git-scm.com/docs/signature-format
https://git-scm.com/docs/git-hash-object

    tree      40 hex             exactly one
    parent    40 hex             any number
    author    name <mail> seconds +zzzz
    committer name <mail> seconds +zzzz
    encoding, gpgsig             at most one each   in any order
    mergetag                     any number
    (empty line)
    message

A header's value may go on in lines that begin with one space. Guarantees: a commit that parses has one
meaning only, and `payload` is byte for byte what was signed: the raw bytes without the gpgsig header.

Stricter than git, so that no other reader can see another commit: git and its re-implementations
differ in which of two `tree` or `gpgsig` lines counts (CVE-2026-45022, CVE-2026-44309), and C programs
end at a NUL. Unknown headers, `gpgsig-sha256` among them, are refused; nothing that the Hub or git
writes into a SHA-1 repository has them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from safeload.formats.git_errors import (
    CommitHasNul,
    CommitHeaderBroken,
    CommitNotSeparated,
    ObjectTooLarge,
)
from safeload.formats.git_objects import is_object_id
from safeload.record import record

if TYPE_CHECKING:
    from collections.abc import Iterator

    from safeload.limits import Limits

_IDENTITY = re.compile(rb"([^<>\n\0]*) <([^<>\n\0]*)> (0|[1-9][0-9]{0,11}) ([+-][0-9]{4})")
_LATE = frozenset({b"encoding", b"gpgsig", b"mergetag"})
"""Headers that may follow the committer."""


@record
class Identity:
    """Who wrote or committed, as the commit says."""

    name: str
    email: str
    time: int
    """Seconds since 1970. The committer sets this clock."""
    zone: str


@record
class Commit:
    """A commit."""

    tree: str
    parents: tuple[str, ...]
    author: Identity
    committer: Identity
    encoding: str | None
    signature: bytes | None
    """The value of the gpgsig header, with its lines joined, or None."""
    mergetags: int
    """Signed tags that a merge copied. They are part of the payload; nobody here verifies them."""
    message: bytes
    payload: bytes
    """What a signature is made over."""


class _Line:
    """One header with its value and its place."""

    __slots__ = ("end", "key", "start", "value")

    def __init__(self, key: bytes, value: bytes, start: int, end: int) -> None:
        self.key = key
        self.value = value
        self.start = start
        self.end = end


def parse_commit(raw: bytes, limits: Limits) -> Commit:
    """Read a commit.

    Args:
        raw: the content of the object, which the caller has digested.
        limits: `git_commit_bytes` bounds it.

    Raises:
        ObjectTooLarge: it is longer than the budget.
        CommitHasNul: it has a NUL byte.
        CommitNotSeparated: there is no empty line behind the header.
        CommitHeaderBroken: a header is missing, doubled, out of order, unknown or not of its form.
    """
    if len(raw) > limits.git_commit_bytes:
        raise ObjectTooLarge(f"the commit has {len(raw)} bytes, more than {limits.git_commit_bytes}")
    nul = raw.find(b"\0")
    if nul >= 0:
        raise CommitHasNul("the commit holds a NUL byte", offset=nul)
    separator = raw.find(b"\n\n")
    if separator < 0:
        raise CommitNotSeparated("no empty line divides header and message")
    header = raw[: separator + 1]
    if b"\r" in header:
        raise CommitHeaderBroken("a carriage return in the header", offset=header.find(b"\r"))
    lines = list(_lines(header))
    tree, parents, author, committer = _fixed(lines)
    late = lines[3 + len(parents) :]
    found: dict[bytes, _Line] = {}
    for line in late:
        if line.key not in _LATE or (line.key in found and line.key != b"mergetag"):
            what = "doubled" if line.key in found else "unknown or misplaced"
            raise CommitHeaderBroken(f"{what} header {_shown(line.key)}", offset=line.start)
        found[line.key] = line
    if b"encoding" in found and b"\n" in found[b"encoding"].value:
        raise CommitHeaderBroken("an encoding of several lines", offset=found[b"encoding"].start)
    signature = found.get(b"gpgsig")
    encoding = found.get(b"encoding")
    return Commit(
        tree=tree,
        parents=parents,
        author=author,
        committer=committer,
        encoding=None if encoding is None else _text(encoding.value),
        signature=None if signature is None else signature.value,
        mergetags=sum(line.key == b"mergetag" for line in late),
        message=raw[separator + 2 :],
        payload=raw if signature is None else raw[: signature.start] + raw[signature.end :],
    )


def _lines(header: bytes) -> Iterator[_Line]:
    """The headers in order, each with the lines that continue it."""
    at = 0
    while at < len(header):
        start, at = at, header.index(b"\n", at) + 1
        key, space, first = header[start : at - 1].partition(b" ")
        if not key or not space:
            raise CommitHeaderBroken("a header line without a key or without a value", offset=start)
        parts = [first]
        while header.startswith(b" ", at):
            line, at = at, header.index(b"\n", at) + 1
            parts.append(header[line + 1 : at - 1])
        yield _Line(key, b"\n".join(parts), start, at)


def _fixed(lines: list[_Line]) -> tuple[str, tuple[str, ...], Identity, Identity]:
    """The headers that every commit has, which stand first and in this order."""
    keys = [line.key for line in lines]
    parents = 0
    while keys[1 + parents : 2 + parents] == [b"parent"]:
        parents += 1
    if keys[: 3 + parents] != [b"tree", *[b"parent"] * parents, b"author", b"committer"]:
        raise CommitHeaderBroken("the header is not tree, parents, author and committer in this order")
    return (
        _id(lines[0]),
        tuple(_id(line) for line in lines[1 : 1 + parents]),
        _identity(lines[1 + parents]),
        _identity(lines[2 + parents]),
    )


def _id(line: _Line) -> str:
    text = _text(line.value)
    if not is_object_id(text):
        raise CommitHeaderBroken(f"{_shown(line.key)} names no SHA-1 object id", offset=line.start)
    return text


def _identity(line: _Line) -> Identity:
    match = _IDENTITY.fullmatch(line.value)
    if match is None:
        raise CommitHeaderBroken(
            f"{_shown(line.key)} is not of the form name <mail> seconds zone", offset=line.start
        )
    name, email, seconds, zone = match.groups()
    return Identity(name=_text(name), email=_text(email), time=int(seconds), zone=_text(zone))


def _text(value: bytes) -> str:
    return value.decode("utf-8", "backslashreplace")


def _shown(key: bytes) -> str:
    return _text(key[:40])
