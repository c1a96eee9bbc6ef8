"""The licence that a model card states, in the block of YAML at its start.

https://huggingface.co/docs/hub/model-cards: `license` holds one id or a list of ids. Two ways lead here: a
block that `yaml_text.is_plain` accepts is read by lines, any other by what the parser in the child made of
it. The first is stricter than YAML: where a line could be read in two ways, nothing is stated.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from safeload.core import Json

_KEY = re.compile(r"license:(?: |\Z)")
_OTHER_KEY = re.compile(r"[A-Za-z][A-Za-z0-9_-]*:(?: |\Z)")
_ITEM = re.compile(r" *- +(?=\S)(.*)\Z")
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+_-]{0,63}\Z")
_MOST = 16
"""Ids in one list."""


def licenses_of(block: str) -> tuple[str, ...] | None:
    """The ids in a plain block; none where they cannot be read, None where the block has no such key."""
    text = block.removeprefix("\ufeff").replace("\r\n", "\n")
    lines = [line.rstrip(" ") for line in text.split("\n")]
    at = [number for number, line in enumerate(lines) if line.startswith("license")]
    if not at:
        return None
    if len(at) > 1 or not _KEY.match(lines[at[0]]) or not _is_simple(lines):
        return ()
    rest = _value(lines[at[0]].partition(":")[2])
    following = [line for line in lines[at[0] + 1 :] if line.strip()]
    if rest.startswith("["):
        ids = [_value(item) for item in rest[1:-1].split(",")] if rest.endswith("]") else [""]
    elif rest:
        ids = [rest]
    else:
        ids = []
        while following and (found := _ITEM.match(following[0])):
            ids.append(_value(found[1]))
            following = following[1:]
    # what does not start another key would go on with this one
    return _ids(ids) if not following or _OTHER_KEY.match(following[0]) else ()


def licenses_in(document: Json) -> tuple[str, ...] | None:
    """The ids in a document that a parser has read; likewise."""
    if not isinstance(document, dict) or "license" not in document:
        return None
    value = document["license"]
    return _ids(list(value) if isinstance(value, list) else [value])


def _ids(values: Sequence[Json]) -> tuple[str, ...]:
    ids = tuple(value for value in values[: _MOST + 1] if isinstance(value, str) and _ID.match(value))
    return ids if len(ids) == len(values) <= _MOST else ()


def _value(text: str) -> str:
    """A scalar without its comment and quotes."""
    text = text.strip(" ")
    if text[:1] in {'"', "'"}:
        inner, quote, rest = text[1:].partition(text[0])
        rest = rest.lstrip(" ")
        return inner if quote and (not rest or rest.startswith("#")) else ""
    return re.split(r"(?:\A| )#", text, maxsplit=1)[0].strip(" ")


def _is_simple(lines: list[str]) -> bool:
    """Whether each line at the margin is a key or an item, and no text goes on over lines."""
    for line in lines:
        if not line.isprintable():
            return False
        if line and line[0] not in " #-" and not _OTHER_KEY.match(line):
            return False
        value = line.lstrip("- ")
        value = value.partition(":")[2].strip() if _OTHER_KEY.match(value) else value
        if value[:1] in {"{", "[", "?"} and not (value.startswith("[") and value.endswith("]")):
            return False
        if value[:1] in {'"', "'"} and value.count(value[0]) != 2:
            return False
    return True
