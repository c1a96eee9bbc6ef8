"""git objects: kind, content, and the digest that binds the two. No file or network access here.

https://git-scm.com/docs/gitformat-loose
https://git-scm.com/book/en/v2/Git-Internals-Git-Objects

Guarantee: what `checked` returns has the id under which it was asked for. Whoever reads objects (a
clone, a pack, a server) is not trusted, so every object that matters goes through it.

Only SHA-1 repositories are read: the Hub has no others. Their ids are as strong as SHA-1 is: against
second preimages, not against a publisher who prepared a collision (docs/adr/0009).
"""

from __future__ import annotations

import hashlib
import zlib
from typing import TYPE_CHECKING, NamedTuple, Protocol

from safeload.formats.git_errors import (
    LooseObjectBroken,
    ObjectMismatch,
    ObjectMissing,
    ObjectTooLarge,
    ObjectWrongKind,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from safeload.limits import Limits

KINDS = ("commit", "tree", "blob", "tag")
ID_LENGTH = 40
_HEX = frozenset("0123456789abcdef")
_MOST_HEADER = 32
"""`commit`, a space, the digits of a size and a NUL."""


class GitObject(NamedTuple):
    """One object as it is stored, without its header."""

    kind: str
    """One of KINDS."""
    raw: bytes


class Objects(Protocol):
    """Where objects come from: a clone, a bundle, a server's answer. Nothing that it says is trusted."""

    def read(self, object_id: str) -> GitObject:
        """The object of this id.

        Raises:
            FormatError: `ObjectMissing`, or whatever was wrong with the bytes that stood for it.
        """
        ...


class ObjectTable:
    """Objects in memory, by id: what a transport or a bundle brought along."""

    __slots__ = ("_objects",)

    def __init__(self, objects: Mapping[str, GitObject]) -> None:
        self._objects = objects

    def read(self, object_id: str) -> GitObject:
        """The object of this id.

        Raises:
            ObjectMissing: it is not among them.
        """
        found = self._objects.get(object_id)
        if found is None:
            raise ObjectMissing(f"object {object_id} is not at hand")
        return found


def is_object_id(text: str) -> bool:
    """Whether this is a full SHA-1 object id in lower case."""
    return len(text) == ID_LENGTH and _HEX.issuperset(text)


def object_id(kind: str, raw: bytes) -> str:
    """The id that git gives to these bytes."""
    state = hashlib.sha1(f"{kind} {len(raw)}\0".encode(), usedforsecurity=False)
    state.update(raw)
    return state.hexdigest()


def checked(objects: Objects, wanted: str, kind: str, most: int) -> bytes:
    """The content of an object, which has this id and kind.

    Args:
        objects: where to read it.
        wanted: its id.
        kind: what it has to be.
        most: bytes that it may have.

    Raises:
        FormatError: `ObjectMissing`, `ObjectWrongKind`, `ObjectTooLarge`, `ObjectMismatch`, or what
            was wrong with the bytes that stood for it.
    """
    found = objects.read(wanted)
    if found.kind != kind:
        raise ObjectWrongKind(f"object {wanted} is a {found.kind}, not a {kind}")
    if len(found.raw) > most:
        raise ObjectTooLarge(f"{kind} {wanted} has {len(found.raw)} bytes, more than {most}")
    actual = object_id(kind, found.raw)
    if actual != wanted:
        raise ObjectMismatch(f"what stands for {kind} {wanted} has the digest {actual}")
    return found.raw


def parse_loose(data: bytes, limits: Limits) -> GitObject:
    """Read a loose object: one zlib stream of `kind size NUL content`.

    Args:
        data: the whole file.
        limits: `git_object_bytes` bounds what it may grow to.

    Raises:
        LooseObjectBroken: it is anything else.
        ObjectTooLarge: it says that it has more bytes than the budget.
    """
    inflater = zlib.decompressobj()
    try:
        head = inflater.decompress(data, _MOST_HEADER)
        header, nul, start = head.partition(b"\0")
        kind, space, digits = header.decode("ascii").partition(" ")
        if not nul or not space or kind not in KINDS or not _is_size(digits):
            raise LooseObjectBroken("the object does not begin with kind, size and NUL")
        size = int(digits)
        if size > limits.git_object_bytes:
            raise ObjectTooLarge(f"the object has {size} bytes, more than {limits.git_object_bytes}")
        # one byte more than is said, so that a longer stream shows and a bomb does not grow
        raw = start
        if len(start) <= size:
            raw += inflater.decompress(inflater.unconsumed_tail, size + 1 - len(start))
    except (zlib.error, UnicodeDecodeError):
        raise LooseObjectBroken("the object is no zlib stream of a git object") from None
    if len(raw) != size or not inflater.eof or inflater.unused_data:
        raise LooseObjectBroken(f"the object does not hold exactly the {size} bytes that it names")
    return GitObject(kind, raw)


def _is_size(digits: str) -> bool:
    """Decimal digits without leading zeros, few enough for any object."""
    return digits.isdecimal() and len(digits) < 16 and (digits == "0" or digits[0] != "0")
