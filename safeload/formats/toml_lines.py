"""Line numbers of the keys of a TOML document, which `tomllib` does not tell.

This walks text that tomllib has accepted, so it only has to tell keys from values: it knows the four
kinds of strings, comments and brackets of https://toml.io/en/v1.0.0 and nothing else. Keys inside an
inline table have the line of the key that holds it. A key that it fails to see costs a message its
line number and changes nothing else.
"""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

Path = tuple[str, ...]
_QUOTES = ('"""', "'''", '"', "'")


def key_lines(text: str) -> dict[Path, int]:
    """Each table header and key of a valid TOML document, as a path, with its line from 1.

    A table of an array has its number, from 0, behind the array's name: `("rules", "0", "repos")`. So has
    a table inside of it, whose header says no number: `[rules.limits]` is `("rules", "0", "limits")`.
    """
    lines: dict[Path, int] = {}
    counts: dict[Path, int] = {}
    table: Path = ()
    position = 0
    line = 1
    while position < len(text):
        start = position
        char = text[position]
        if char in " \t\r\n":
            position += 1
        elif char == "#":
            position = _line_end(text, position)
        elif char == "[":
            inner = position + (2 if text.startswith("[[", position) else 1)
            table, position = _key(text, inner)
            table = _numbered(table, counts)
            lines.setdefault(table, line)
            if inner == start + 2:
                counts[table] = counts.get(table, -1) + 1
                table = (*table, str(counts[table]))
                lines[table] = line
            position = _line_end(text, position)
        else:
            key, position = _key(text, position)
            for length in range(1, len(key) + 1):
                lines.setdefault((*table, *key[:length]), line)
            position = _value_end(text, position)
        line += text.count("\n", start, position)
    return lines


def line_of(lines: Mapping[Path, int], path: Path) -> int:
    """The line of a key, or of the closest table around it."""
    while path and path not in lines:
        path = path[:-1]
    return lines.get(path, 1)


def _numbered(header: Path, counts: Mapping[Path, int]) -> Path:
    """The path of a header, with the number of each array of tables that it goes through."""
    path: Path = ()
    for name in header[:-1]:
        path = (*path, name)
        if path in counts:
            path = (*path, str(counts[path]))
    return (*path, header[-1])


def _line_end(text: str, position: int) -> int:
    end = text.find("\n", position)
    return len(text) if end < 0 else end


def _key(text: str, position: int) -> tuple[Path, int]:
    """The dotted key at `position`, and where it ends (at `=` or `]`)."""
    parts: list[str] = []
    word = ""
    while position < len(text) and text[position] not in "=]\n":
        char = text[position]
        if char in "\"'":
            end = _string_end(text, position)
            word += _unquoted(text[position:end])
            position = end
            continue
        if char == ".":
            parts.append(word)
            word = ""
        elif char not in " \t":
            word += char
        position += 1
    return (*parts, word), position


def _unquoted(quoted: str) -> str:
    """What a quoted key says."""
    if quoted[0] == "'" or "\\" not in quoted:
        return quoted[1:-1]
    # the only reader of its escapes is the one that decides what the key is
    return str(tomllib.loads(f"key = {quoted}")["key"])


def _value_end(text: str, position: int) -> int:
    """Where the value after a key ends: the end of a line outside every bracket and string."""
    depth = 0
    while position < len(text):
        char = text[position]
        if char in "\"'":
            position = _string_end(text, position)
            continue
        if char == "#":
            position = _line_end(text, position)
            continue
        if char == "\n" and depth == 0:
            return position
        depth += (char in "[{") - (char in "]}")
        position += 1
    return position


def _string_end(text: str, position: int) -> int:
    """Behind the closing quote of the string that starts at `position`."""
    quote = next(quote for quote in _QUOTES if text.startswith(quote, position))
    at = position + len(quote)
    while at < len(text):
        if text[at] == "\\" and quote[0] == '"':
            at += 2
        elif text.startswith(quote, at):
            at += len(quote)
            # a multi-line string may end in up to two more quotes, which belong to its content
            while len(quote) == 3 and text.startswith(quote[0], at):
                at += 1
            return at
        else:
            at += 1
    return at
