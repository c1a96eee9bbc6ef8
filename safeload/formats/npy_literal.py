"""The header of an npy file as a Python literal: a strict reader of the little that numpy writes.

Guarantees: a dict of exactly the wanted keys, each once, whose values are strings without escapes,
decimal counts, booleans, tuples and lists of such. Nothing is evaluated. Everything else that Python
would take for a literal (escapes, joined strings, other number forms, comments) is refused, since no
writer needs it and two readers might differ about it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from safeload.errors import FormatError, LimitExceeded

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

_TOKEN = re.compile(
    r" *(?:(?P<word>True|False)|(?P<number>0|[1-9][0-9]{0,18})(?P<long>L?)"
    r"|(?P<text>'[^'\\\n]*'|\"[^\"\\\n]*\")|(?P<mark>[][(){},:]))"
)
_CLOSER = {"(": ")", "[": "]"}
_DEPTH = 8
"""Dtypes of nested fields: two levels of brackets each."""


class HeaderSyntax(FormatError):
    """A header that is not the literal that numpy writes."""


class HeaderTooDeep(LimitExceeded):
    """Brackets in brackets beyond what dtypes need."""


class KeysDiffer(FormatError):
    """Other keys than the specification's three, or one of them twice."""


class _Token(NamedTuple):
    """A mark stands for itself; any other token is a value."""

    mark: str
    value: object
    at: int


def read_literal(text: str, keys: Collection[str], *, longs: bool) -> dict[str, object]:
    """The dict that a header holds.

    Args:
        text: the header; the caller has bounded its length.
        keys: the keys that have to be there.
        longs: whether counts may end in the `L` of Python 2.

    Raises:
        FormatError: one subclass per way to be wrong.
    """
    tokens = _tokens(text, longs=longs)
    found: dict[str, object] = {}
    token = _expect(tokens, "{")
    token = next(tokens)
    while token.mark != "}":
        key = token.value
        if type(key) is not str:
            raise HeaderSyntax("a key is no string", offset=token.at)
        if key in found or key not in keys:
            raise KeysDiffer("a key is not one of the three, or is there twice", offset=token.at)
        _expect(tokens, ":")
        found[key] = _value(tokens)
        token = next(tokens)
        if token.mark == ",":
            token = next(tokens)
        elif token.mark != "}":
            raise HeaderSyntax("no comma between two keys", offset=token.at)
    token = next(tokens)
    if token.mark != "end":
        raise HeaderSyntax("something stands behind the dict", offset=token.at)
    if len(found) != len(keys):
        raise KeysDiffer("a key is missing")
    return found


def _tokens(text: str, *, longs: bool) -> Iterator[_Token]:
    """The tokens, and at the end one whose mark is `end`, again and again."""
    end = len(text.rstrip("\n").rstrip(" "))
    if not text[:end].isprintable():
        # repr() escapes the others, and Python's own parser takes some of them for line ends
        raise HeaderSyntax("holds characters that do not print")
    at = 0
    while at < end:
        match = _TOKEN.match(text, at, end)
        if match is None or (match["long"] and not longs):
            raise HeaderSyntax("holds something else than strings, counts, booleans and brackets", offset=at)
        value: object = None
        if match["word"]:
            value = match["word"] == "True"
        elif match["number"]:
            value = int(match["number"])
        elif match["text"]:
            value = match["text"][1:-1]
        yield _Token(match["mark"] or "", value, at)
        at = match.end()
    while True:
        yield _Token("end", None, end)


def _expect(tokens: Iterator[_Token], mark: str) -> _Token:
    token = next(tokens)
    if token.mark != mark:
        raise HeaderSyntax(f"no {mark} where one has to be", offset=token.at)
    return token


def _value(tokens: Iterator[_Token]) -> object:
    """One value: a scalar, or brackets with values, whose depth is bounded and not recursed into."""
    path: list[tuple[str, list[object]]] = []
    token = next(tokens)
    while True:
        value = token.value
        if token.mark in _CLOSER:
            if len(path) == _DEPTH:
                raise HeaderTooDeep(f"brackets nest more than {_DEPTH} deep", offset=token.at)
            opener = token.mark
            token = next(tokens)
            if token.mark != _CLOSER[opener]:
                path.append((opener, []))
                continue
            value = () if opener == "(" else []
        elif token.mark:
            raise HeaderSyntax(f"{token.mark} in the place of a value", offset=token.at)
        while True:
            if not path:
                return value
            opener, items = path[-1]
            items.append(value)
            token = next(tokens)
            comma = token.mark == ","
            if comma:
                token = next(tokens)
            if token.mark != _CLOSER[opener]:
                if not comma:
                    raise HeaderSyntax("no comma between two values", offset=token.at)
                break
            if opener == "(" and len(items) == 1 and not comma:
                raise HeaderSyntax("brackets around one value make no tuple", offset=token.at)
            path.pop()
            value = tuple(items) if opener == "(" else items
