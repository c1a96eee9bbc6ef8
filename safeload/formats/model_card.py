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

_KEY = re.compile(r"license[ \t]*:(?:[ \t]+|\Z)")
_ITEM = re.compile(r"[ \t]*-[ \t]+(.*)\Z")
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+ _-]{0,63}\Z")
_MOST = 16
"""Ids in one list."""


def licenses_of(block: str) -> tuple[str, ...] | None:
    """The ids in a plain block; none where they cannot be read, None where the block has no such key."""
    lines = [line.rstrip() for line in block.replace("\r\n", "\n").split("\n")]
    at = [number for number, line in enumerate(lines) if _KEY.match(line)]
    if not at:
        return None
    if len(at) > 1 or _has_long_text(lines):
        return ()
    rest = _value(lines[at[0]].partition(":")[2])
    following = lines[at[0] + 1 :]
    if rest:
        if rest.startswith("[") and rest.endswith("]"):
            return _ids([_value(item) for item in rest[1:-1].split(",")])
        # a line that is further in would go on with this value
        goes_on = bool(following) and following[0].startswith((" ", "\t"))
        return () if goes_on else _ids([rest])
    items = []
    for line in following:
        found = _ITEM.match(line)
        if found is None:
            break
        items.append(_value(found[1]))
    return _ids(items)


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
    text = text.strip()
    if text[:1] in {'"', "'"}:
        inner, quote, rest = text[1:].partition(text[0])
        return inner if quote and (not rest.strip() or rest.lstrip().startswith("#")) else ""
    return re.split(r"(?:\A|\s)#", text, maxsplit=1)[0].strip()


def _has_long_text(lines: list[str]) -> bool:
    """Whether some quoted text goes on over lines, so that a line at the margin may be part of it."""
    for line in lines:
        rest = line.lstrip("- \t").partition(":")[2].strip() or line.strip("- \t")
        if rest[:1] in {'"', "'"} and rest[0] not in rest[1:]:
            return True
    return False
