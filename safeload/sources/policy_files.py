"""Finds the policies that apply and reads their text; `policy` itself reads no files.

    1. what the caller names: a file, or a built-in: `default`, `strict`, `research`, `airgapped`
    2. `SAFELOAD_POLICY`, likewise
    3. `policy` under [tool.safeload] of the closest pyproject.toml, from the working directory up to the
       root of its repository, relative to that file
    4. the built-in `default`

The first of these applies, and an organisation's file, where there is one, beside it: the caller
combines the two to the strictest. A policy that comes from inside the audited path is refused, since
whoever wrote the checkpoint would judge it. The working directory itself is trusted, as every tool
with a pyproject.toml table trusts it; each report names the policy in its first lines.

Paths are strings here: this runs before every load, and pathlib would be a twentieth of its start.
"""

from __future__ import annotations

import os
import tomllib
from os import path as paths
from typing import TYPE_CHECKING, NamedTuple

from safeload.core import visible
from safeload.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

BUILT_IN = ("default", "strict", "research", "airgapped")
SCHEME = "safeload:"
"""How a policy names a built-in that it extends; on the command line the name alone is enough."""
ENVIRONMENT = "SAFELOAD_POLICY"
SETTINGS = ("format", "color", "progress")
"""Keys of [tool.safeload] beside `policy`, which say how the tool shows things (tool_settings.py)."""
ORGANISATION = "/etc/safeload/policy.toml"
MOST_BYTES = 1 << 20
"""A policy is written by hand; one of this size is some other file."""

_MOST_LINKS = 40
"""Linux itself follows no more (path_resolution(7))."""

_PACKAGE = paths.dirname(paths.dirname(paths.realpath(__file__)))


class PolicyText(NamedTuple):
    """One policy that applies."""

    text: str
    source: str
    """Its name in messages."""
    folder: str | None
    """Where it lies, to which the trust store that it names is relative; None for a built-in."""


def policy_texts(
    named: str | Path | None = None,
    *,
    audited: str | Path | None = None,
    start: str | Path | None = None,
    environ: Mapping[str, str] | None = None,
    organisation: str | Path = ORGANISATION,
) -> tuple[PolicyText, ...]:
    """Every policy that applies, the user's first.

    Args:
        named: a path or a built-in name, where the caller gave one.
        audited: the file or folder under audit, where it is local.
        start: where the search for pyproject.toml begins; the working directory by default.
        environ: the environment; that of the process by default.
        organisation: the organisation's file, which need not exist.

    Raises:
        UsageError: a policy cannot be read, or lies inside the audited path.
    """
    judged = None if audited is None else os.fspath(audited)
    chosen = _chosen(named, judged, start or _here(), os.environ if environ is None else environ)
    short = chosen.removeprefix(SCHEME)
    texts = [PolicyText(*built_in(short), None) if short in BUILT_IN else _read(chosen, judged)]
    if paths.exists(organisation):
        texts.append(_read(os.fspath(organisation), judged))
    return tuple(texts)


def built_in(name: str) -> tuple[str, str]:
    """Text and name of a built-in policy, from the installed package or from a source checkout."""
    packaged = paths.join(_PACKAGE, "policy", "builtin", f"{name}.toml")
    checkout = paths.join(paths.dirname(_PACKAGE), "policies", f"{name}.toml")
    return read_text(packaged if paths.exists(packaged) else checkout), f"policies/{name}.toml"


def parent_text(
    name: str, folder: str | None, *, audited: str | Path | None = None
) -> tuple[str, str, str | None]:
    """Text, name and folder of a policy that another one extends.

    Args:
        name: `safeload:default`, or a file relative to the other one's folder.
        folder: that folder; None for a built-in, which extends built-ins only.
        audited: the file or folder under audit, where it is local.

    Raises:
        UsageError: it cannot be read, lies inside the audited path, or is no such name.
    """
    if name.startswith(SCHEME):
        short = name.removeprefix(SCHEME)
        if short not in BUILT_IN:
            raise UsageError(f"{visible(name)} is none of {', '.join(SCHEME + known for known in BUILT_IN)}")
        return (*built_in(short), None)
    if name in BUILT_IN:
        raise UsageError(
            f"{name} is a file of that name, or {SCHEME}{name}: write {SCHEME}{name}, or ./{name}"
        )
    if folder is None or paths.isabs(name) or "\0" in name:
        raise UsageError(f"{visible(name)} is no file relative to the policy that extends it")
    path = paths.join(folder, name)
    refuse_inside(path, None if audited is None else os.fspath(audited))
    resolved = paths.realpath(path)
    return read_text(path), shown(resolved), paths.dirname(resolved)


def _chosen(
    named: str | Path | None, audited: str | None, start: str | Path, environ: Mapping[str, str]
) -> str:
    """The name of a built-in policy, or the path of another."""
    if named is None:
        named = environ.get(ENVIRONMENT) or None
    if named is None:
        return _from_project(start, audited) or "default"
    return os.fspath(named)


def _from_project(start: str | Path, audited: str | None) -> str | None:
    """What the closest pyproject.toml that has a [tool.safeload] policy names."""
    for project in projects(start):
        try:
            table = tomllib.loads(read_text(project)).get("tool", {}).get("safeload", {})
            unknown = sorted(table.keys() - {"policy", *SETTINGS})
            named = table.get("policy")
        except (tomllib.TOMLDecodeError, AttributeError, RecursionError) as error:
            raise UsageError(f"{shown(project)} cannot be read: {visible(str(error))}") from None
        if unknown:
            raise UsageError(
                f"{shown(project)}: unknown key {visible(unknown[0])} in [tool.safeload], "
                f"which has policy, {', '.join(SETTINGS[:-1])} and {SETTINGS[-1]}"
            )
        if named is None:
            continue
        if not isinstance(named, str):
            raise UsageError(f"{shown(project)}: policy of [tool.safeload] is not a string")
        refuse_inside(project, audited)
        return named if named in BUILT_IN else paths.join(paths.dirname(project), named)
    return None


def projects(start: str | Path | None = None) -> Iterator[str]:
    """Every pyproject.toml from a folder up to the root of its repository, the closest first."""
    for folder in _up_to_repository(paths.realpath(start or _here())):
        project = paths.join(folder, "pyproject.toml")
        if paths.isfile(project):
            yield project


def repository_of(start: str | Path | None = None) -> str:
    """The root of the repository around a folder, or the folder itself."""
    *_, last = _up_to_repository(paths.realpath(start or _here()))
    return last


def _up_to_repository(start: str) -> Iterator[str]:
    """The folder and its parents up to the root of the repository; the folder alone outside of one."""
    folders = [start]
    while folders[-1] != paths.dirname(folders[-1]):
        folders.append(paths.dirname(folders[-1]))
    for index, folder in enumerate(folders):
        if any(paths.exists(paths.join(folder, store)) for store in (".git", ".hg")):
            yield from folders[: index + 1]
            return
    yield start


def _read(path: str, audited: str | None) -> PolicyText:
    refuse_inside(path, audited)
    return PolicyText(read_text(path), shown(path), paths.dirname(paths.realpath(path)))


def refuse_inside(path: str, audited: str | None, *, what: str = "policy") -> None:
    """Raise where the file, or any link on the way to it, lies in what it would judge.

    Raises:
        UsageError: it does.
    """
    if audited is not None and inside(path, audited):
        raise UsageError(
            f"the {what} {shown(path)} lies inside the audited path: name another with --"
            f"{what.partition(' ')[0]}"
        )


def inside(path: str, audited: str) -> bool:
    """Whether a file, or any link on the way to it, lies in what is judged."""
    places = (paths.realpath(path), paths.abspath(path), *_way(path))
    return any(
        place == folder or place.startswith(paths.join(folder, ""))
        for folder in (paths.realpath(audited), paths.abspath(audited))
        for place in places
    )


def _way(path: str) -> Iterator[str]:
    """Every link that the kernel follows on the way to a file.

    A folder that is passed and left again by `..` is none: from inside of a model, `../policy.toml` is fine.
    """
    place, links = paths.sep, 0
    parts = paths.join(_here(), path).split(paths.sep)
    while parts:
        part = parts.pop(0)
        if part in {"", "."}:
            continue
        step = paths.dirname(place) if part == ".." else paths.join(place, part)
        if part != ".." and paths.islink(step) and links < _MOST_LINKS:
            yield step
            links += 1
            target = os.readlink(step)
            place = paths.sep if paths.isabs(target) else place
            parts = target.split(paths.sep) + parts
        else:
            place = step


def read_text(path: str) -> str:
    """The text of a file that people write.

    Raises:
        UsageError: it cannot be read, is too large, or is not UTF-8.
    """
    try:
        with open(path, "rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        # a word is no path that anybody would write, but a name that is misspelt
        hint = "" if "." in path or os.sep in path else f"; built in are {', '.join(BUILT_IN)}"
        raise UsageError(f"cannot read {shown(path)}: {(error.strerror or 'error').lower()}{hint}") from None
    if len(data) > MOST_BYTES:
        raise UsageError(f"{shown(path)} is larger than {MOST_BYTES} bytes, which no policy is")
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise UsageError(f"{shown(path)} is not UTF-8") from None


def shown(path: str) -> str:
    """The path as messages name it: relative where it lies below the working directory."""
    inside, resolved = paths.join(_here(), ""), paths.realpath(path)
    return visible(resolved.removeprefix(inside) if resolved.startswith(inside) else path)


def _here() -> str:
    """The working directory.

    Raises:
        UsageError: it is gone, so that nobody can tell which policy applies there.
    """
    try:
        return paths.realpath(os.getcwd())
    except OSError as error:
        raise UsageError(f"the working directory cannot be read: {(error.strerror or '').lower()}") from None
