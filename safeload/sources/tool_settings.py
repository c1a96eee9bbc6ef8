"""`[tool.safeload]` of pyproject.toml, beside `policy`: how the tool shows things. Never what it decides.

The closest pyproject.toml, from the working directory up to the root of its repository, that sets a key
is the one that counts for it. One that lies inside the audited path is passed over: whoever wrote the
checkpoint has no say in how its report looks.
"""

from __future__ import annotations

import os
import tomllib
from typing import TYPE_CHECKING

from safeload.core import visible
from safeload.errors import UsageError
from safeload.record import record
from safeload.sources.policy_files import SETTINGS, inside, projects, read_text, shown

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

COLORS = ("auto", "always", "never")


@record
class Settings:
    """What a project wants by default. Options of the command line come first."""

    format: str = "text"
    """Format of reports on stdout."""
    color: str = "auto"
    """One of COLORS; NO_COLOR in the environment comes first."""
    progress: bool = True
    """Whether long work shows a progress line on a terminal."""


def read_settings(audited: Iterable[str] = (), *, start: str | None = None) -> Settings:
    """The settings that apply.

    Args:
        audited: what will be judged.
        start: where the search begins; the working directory by default.

    Raises:
        UsageError: a file cannot be read, or sets a key to what it cannot be.
    """
    found: dict[str, Any] = {}
    judged = [path for path in audited if os.path.exists(path)]
    for project in projects(start):
        if any(inside(project, path) for path in judged):
            continue
        text = read_text(project)
        if "safeload" not in text:
            continue
        try:
            table = tomllib.loads(text).get("tool", {}).get("safeload", {})
            given = {key: table[key] for key in SETTINGS if key in table}
        except (tomllib.TOMLDecodeError, AttributeError, TypeError, RecursionError) as error:
            raise UsageError(f"{shown(project)} cannot be read: {visible(str(error))}") from None
        for key, value in given.items():
            _check(project, key, value)
            found.setdefault(key, value)
    return Settings(**found)


def _check(project: str, key: str, value: object) -> None:
    expected = {"format": "the name of a format", "color": " or ".join(COLORS), "progress": "true or false"}
    right = value in COLORS if key == "color" else isinstance(value, bool if key == "progress" else str)
    if not right:
        raise UsageError(f"{shown(project)}: {key} of [tool.safeload] is not {expected[key]}")
