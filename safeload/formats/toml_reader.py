"""Reads TOML that people write and review: everything that is not understood is a problem with a line.

All problems of a document are kept, so that one run tells all of them. No file is read here.
"""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING, Any

from safeload.core import visible
from safeload.errors import FormatError
from safeload.formats.toml_lines import key_lines, line_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence


class NotToml(FormatError):
    """Text that is no TOML document. The detail names file and line."""


class TomlReader:
    """Takes typed values out of a document and keeps what was wrong with them, each with its line."""

    def __init__(self, text: str, source: str) -> None:
        """Read a document.

        Raises:
            NotToml: it is none.
        """
        try:
            self.document: dict[str, Any] = tomllib.loads(text)
        except (ValueError, RecursionError) as error:
            raise NotToml(_not_toml(source, str(error))) from None
        self.source = source
        self._lines = key_lines(text)
        self._problems: list[tuple[int, str]] = []

    @property
    def problems(self) -> list[str]:
        """What was wrong so far, by line."""
        return [problem for _, problem in sorted(self._problems)]

    def place(self, *path: str) -> str:
        """File and line of a key."""
        return f"{self.source}:{self.line(*path)}"

    def line(self, *path: str) -> int:
        """Line of a key, from 1."""
        return line_of(self._lines, path)

    def wrong(self, path: tuple[str, ...], what: str) -> None:
        """Keep a problem with a key."""
        self.wrong_at(line_of(self._lines, path), what)

    def wrong_at(self, line: int, what: str) -> None:
        """Keep a problem with a line."""
        self._problems.append((line, f"{self.source}:{line}: {what}"))

    def known(self, path: tuple[str, ...], word: str, words: Collection[str], what: str) -> bool:
        """Whether `word` is one of `words`; if not, that is a problem."""
        if word in words:
            return True
        self.wrong(path, unknown_word(what, word, words))
        return False

    def table(self, document: Mapping[str, Any], *path: str, keys: Collection[str]) -> Mapping[str, Any]:
        """A table with these keys and no others; empty where it is left out."""
        value = document.get(path[-1], {}) if path else document
        name = ".".join(path)
        if not isinstance(value, dict):
            self.wrong(path, f"{name} is {type_name(value)}, not a table")
            return {}
        for key in value:
            self.known((*path, key), key, keys, f"key in [{name}]" if path else "key")
        return value

    def string(self, table: Mapping[str, Any], *path: str) -> str | None:
        """A string, or None where it is left out."""
        value = table.get(path[-1])
        if value is None or isinstance(value, str):
            return value
        self.wrong(path, f"{'.'.join(path)} is {type_name(value)}, not a string")
        return None

    def choice(self, table: Mapping[str, Any], *path: str, words: Sequence[str]) -> str | None:
        """One of some words, or None where it is left out."""
        value = self.string(table, *path)
        if value is not None and value not in words:
            self.wrong(path, f"{'.'.join(path)} is {visible(value)!r}: use {' or '.join(words)}")
            return None
        return value

    def strings(self, table: Mapping[str, Any], *path: str) -> tuple[str, ...]:
        """A list of different strings; empty where it is left out."""
        value = table.get(path[-1], [])
        if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
            self.wrong(path, f"{'.'.join(path)} is not a list of strings")
            return ()
        if len(set(value)) != len(value):
            self.wrong(path, f"{'.'.join(path)} names something twice")
        return tuple(value)


def unknown_word(what: str, word: str, words: Collection[str]) -> str:
    """That a word is unknown, and the one that was meant where it is near."""
    # imported for the message only: most documents have no mistake
    from difflib import get_close_matches

    near = get_close_matches(word, sorted(words), n=1, cutoff=0.75)
    hint = f"; did you mean {near[0]}?" if near else ""
    return f"unknown {what} {visible(word)}{hint}"


def type_name(value: object) -> str:
    """What TOML calls a value of this type."""
    words = {str: "a string", bool: "a boolean", int: "a whole number", list: "a list", dict: "a table"}
    return words.get(type(value), f"a {type(value).__name__}")


def _not_toml(source: str, message: str) -> str:
    """The parser's message with its line where an editor looks for it."""
    found = re.search(r"(.*) \(at line (\d+), column \d+\)", message)
    if found is None:
        return f"{source}: not TOML: {visible(message)}"
    return f"{source}:{found[2]}: not TOML: {visible(found[1])}"
