"""git's own text files: the syntax of its configuration, and of `.gitattributes`.

Guarantee: every line that git could read as a setting is in the record, lower-case section and key, with
its value; what the syntax does not allow is passed over, as a line of no meaning. Includes are not followed.
https://git-scm.com/docs/git-config#_syntax and https://git-scm.com/docs/gitattributes
"""

from __future__ import annotations

import re
from typing import NamedTuple

from safeload.errors import LimitExceeded

MOST_SETTINGS = 10_000

_SECTION = re.compile(r'\s*\[\s*([A-Za-z0-9.-]+)\s*(?:"((?:[^"\\]|\\.)*)"\s*)?\]')
_SETTING = re.compile(r"\s*([A-Za-z][A-Za-z0-9-]*)\s*(?:=\s*(.*))?\Z", re.DOTALL)


class TooManySettings(LimitExceeded):
    """A configuration of more lines than any repository has."""


class Setting(NamedTuple):
    """One line of a git configuration."""

    section: str
    """In lower case, without its sub-section."""
    name: str
    """The sub-section: a remote, a submodule, a filter. Empty where there is none."""
    key: str
    value: str


def parse_git_config(text: str) -> tuple[Setting, ...]:
    """Every setting, in the order of the file.

    Raises:
        TooManySettings: more than `MOST_SETTINGS`.
    """
    settings: list[Setting] = []
    section, name = "", ""
    for line in _joined(text):
        at = 0
        while (match := _SECTION.match(line, at)) is not None:
            section, _, dotted = match[1].lower().partition(".")
            name = match[2] if match[2] is not None else dotted
            at = match.end()
        # a comment starts with no letter
        setting = _SETTING.match(line, at)
        if setting is None:
            continue
        if len(settings) >= MOST_SETTINGS:
            raise TooManySettings(f"more than {MOST_SETTINGS} settings")
        value = (setting[2] or "").strip()
        settings.append(Setting(section=section, name=name, key=setting[1].lower(), value=value))
    return tuple(settings)


def _joined(text: str) -> list[str]:
    """Lines, with those that a backslash continues put together."""
    lines: list[str] = []
    pending: list[str] = []
    for raw in text.split("\n"):
        line = raw.rstrip("\r")
        backslashes = len(line) - len(line.rstrip("\\"))
        if backslashes % 2:
            pending.append(line[:-1])
            continue
        lines.append("".join((*pending, line)))
        pending = []
    if pending:
        lines.append("".join(pending))
    return lines


def attribute_filters(text: str) -> tuple[str, ...]:
    """Names of the filters that a `.gitattributes` gives to files, each once."""
    names: dict[str, None] = {}
    for line in text.split("\n"):
        for word in () if line.lstrip().startswith("#") else line.split()[1:]:
            key, sign, value = word.partition("=")
            if key == "filter" and sign and value:
                names[value] = None
                if len(names) > MOST_SETTINGS:
                    raise TooManySettings(f"more than {MOST_SETTINGS} filters")
    return tuple(names)
