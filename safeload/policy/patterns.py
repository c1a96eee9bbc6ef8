"""Patterns of sources: `hf:acme/*`, `acme/*` (the same), `file:/models/**`.

`*` stands for any characters within one part of a name, `?` for one, `**` for any number of parts. A
pattern about a Hub repository holds at every commit. Nothing else has a meaning, so that no name needs
quoting. Matching takes the product of the two lengths at worst.
"""

from __future__ import annotations

from safeload.core import visible

SCHEMES = ("hf:", "file:")
_NAME = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-*?")


def normal(pattern: str) -> str:
    """The pattern with its scheme."""
    return pattern if pattern.startswith(SCHEMES) else f"hf:{pattern}"


def pattern_problem(pattern: str) -> str | None:
    """What is wrong with a pattern, as a sentence; None where it is one."""
    whole = normal(pattern)
    scheme, _, rest = whole.partition(":")
    parts = rest.split("/")
    if scheme == "hf":
        if rest == "**" or (1 <= len(parts) <= 2 and all(part and _NAME.issuperset(part) for part in parts)):
            return None
        return f"{visible(pattern)} is no pattern of repositories: hf:org/name, where * is one part"
    if rest.startswith(("/", "**")) and "" not in parts[1:]:
        return None
    return f"{visible(pattern)} is no pattern of folders: file:/whole/path, or file:**/name"


def without_commit(uri: str) -> str:
    """The source without the commit that it is at."""
    return uri.partition("@")[0] if uri.startswith("hf:") else uri


def matches(pattern: str, uri: str) -> bool:
    """Whether a source is one that the pattern means."""
    scheme, _, wanted = normal(pattern).partition(":")
    kind, _, name = without_commit(uri).partition(":")
    return scheme == kind and _parts_match(wanted.split("/"), name.split("/"))


def any_matches(patterns: frozenset[str] | tuple[str, ...], uri: str) -> bool:
    """Whether one of the patterns means the source."""
    return any(matches(pattern, uri) for pattern in patterns)


def _parts_match(pattern: list[str], parts: list[str]) -> bool:
    """Row by row: after each part of the pattern, how many parts of the name it can have used up."""
    reached = [True, *[False] * len(parts)]
    for step in pattern:
        if step == "**":
            first = reached.index(True)
            reached = [position >= first for position in range(len(reached))]
        else:
            reached = [False, *[reached[at] and _match(step, part) for at, part in enumerate(parts)]]
        if True not in reached:
            return False
    return reached[-1]


def _match(pattern: str, text: str) -> bool:
    """`*` and `?` within one part: go on to the last `*` where the rest does not fit."""
    at = position = 0
    star, resumed = -1, 0
    while position < len(text):
        if at < len(pattern) and pattern[at] == "*":
            star, resumed = at, position
            at += 1
        elif at < len(pattern) and pattern[at] in {"?", text[position]}:
            at += 1
            position += 1
        elif star >= 0:
            resumed += 1
            at, position = star + 1, resumed
        else:
            return False
    return pattern[at:].strip("*") == ""
