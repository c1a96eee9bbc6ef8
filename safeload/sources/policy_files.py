"""Finds the policies that apply and reads their text; `policy` itself reads no files.

    1. what the caller names: a file, or the built-in `default` or `strict`
    2. `SAFELOAD_POLICY`, likewise
    3. `policy` under [tool.safeload] of the closest pyproject.toml, from the working directory up to the
       root of its repository, relative to that file
    4. the built-in `default`

The first of these applies, and an organisation's file, where there is one, beside it: the caller
combines the two to the strictest. A policy that comes from inside the audited path is refused, since
whoever wrote the checkpoint would judge it. The working directory itself is trusted, as every tool
with a pyproject.toml table trusts it; each report names the policy in its first lines.
"""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

from safeload.core import visible
from safeload.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

BUILT_IN = ("default", "strict")
ENVIRONMENT = "SAFELOAD_POLICY"
ORGANISATION = Path("/etc/safeload/policy.toml")
MOST_BYTES = 1 << 20
"""A policy is written by hand; one of this size is some other file."""

_PACKAGE = Path(__file__).resolve().parent.parent


def policy_texts(
    named: str | Path | None = None,
    *,
    audited: Path | None = None,
    start: Path | None = None,
    environ: Mapping[str, str] | None = None,
    organisation: Path = ORGANISATION,
) -> tuple[tuple[str, str], ...]:
    """Text and name of every policy that applies, the user's first.

    Args:
        named: a path or a built-in name, where the caller gave one.
        audited: the file or folder under audit, where it is local.
        start: where the search for pyproject.toml begins; the working directory by default.
        environ: the environment; that of the process by default.
        organisation: the organisation's file, which need not exist.

    Raises:
        UsageError: a policy cannot be read, or lies inside the audited path.
    """
    chosen = _chosen(named, audited, start or Path.cwd(), os.environ if environ is None else environ)
    texts = [built_in(chosen) if isinstance(chosen, str) else _read(chosen, audited)]
    if organisation.exists():
        texts.append(_read(organisation, audited))
    return tuple(texts)


def built_in(name: str) -> tuple[str, str]:
    """Text and name of a built-in policy, from the installed package or from a source checkout."""
    packaged = _PACKAGE / "policy" / "builtin" / f"{name}.toml"
    path = packaged if packaged.exists() else _PACKAGE.parent / "policies" / f"{name}.toml"
    return _text(path), f"policies/{name}.toml"


def _chosen(
    named: str | Path | None, audited: Path | None, start: Path, environ: Mapping[str, str]
) -> str | Path:
    """The name of a built-in policy, or the path of another."""
    if named is None:
        named = environ.get(ENVIRONMENT) or None
    if named is None:
        return _from_project(start, audited) or "default"
    return str(named) if str(named) in BUILT_IN else Path(named)


def _from_project(start: Path, audited: Path | None) -> str | Path | None:
    """What the closest pyproject.toml that has a [tool.safeload] policy names."""
    for folder in _up_to_repository(start.resolve()):
        project = folder / "pyproject.toml"
        if not project.is_file():
            continue
        try:
            table = tomllib.loads(_text(project)).get("tool", {}).get("safeload", {})
            named = table.get("policy")
        except (tomllib.TOMLDecodeError, AttributeError, RecursionError) as error:
            raise UsageError(f"{_shown(project)} cannot be read: {visible(str(error))}") from None
        if named is None:
            continue
        if not isinstance(named, str):
            raise UsageError(f"{_shown(project)}: policy of [tool.safeload] is not a string")
        _refuse_inside(project, audited)
        return named if named in BUILT_IN else folder / named
    return None


def _up_to_repository(start: Path) -> Iterator[Path]:
    """The folder and its parents up to the root of the repository; the folder alone outside of one."""
    folders = (start, *start.parents)
    for index, folder in enumerate(folders):
        if (folder / ".git").exists() or (folder / ".hg").exists():
            yield from folders[: index + 1]
            return
    yield start


def _read(path: Path, audited: Path | None) -> tuple[str, str]:
    _refuse_inside(path, audited)
    return _text(path), _shown(path)


def _refuse_inside(path: Path, audited: Path | None) -> None:
    """Raise where the file, or a link to it, lies in what it would judge."""
    if audited is None:
        return
    judged = (audited.resolve(), Path(os.path.abspath(audited)))  # noqa: PTH100  resolve() follows links
    for place in (path.resolve(), Path(os.path.abspath(path))):  # noqa: PTH100  same
        if any(place.is_relative_to(folder) for folder in judged):
            raise UsageError(
                f"the policy {_shown(path)} lies inside the audited path: name another with --policy"
            )


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise UsageError(f"cannot read {_shown(path)}: {error.strerror}") from None
    if len(data) > MOST_BYTES:
        raise UsageError(f"{_shown(path)} is larger than {MOST_BYTES} bytes, which no policy is")
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise UsageError(f"{_shown(path)} is not UTF-8") from None


def _shown(path: Path) -> str:
    """The path as messages name it: relative where it lies below the working directory."""
    try:
        return visible(str(path.resolve().relative_to(Path.cwd())))
    except ValueError:
        return visible(str(path))
