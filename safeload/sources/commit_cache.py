"""Keeps commits with their trees on this machine, so that files can be compared without the network.

One git bundle for each commit, in `$SAFELOAD_CACHE` or `$XDG_CACHE_HOME/safeload`. Nothing of it is
trusted: objects are digested again when they are read, and a bundle that is no bundle is as good as none.
"""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

from safeload.errors import FormatError
from safeload.formats.git_bundle import parse_bundle
from safeload.formats.git_bundle_write import write_bundle
from safeload.formats.git_commit import parse_commit
from safeload.formats.git_objects import object_id

if TYPE_CHECKING:
    from collections.abc import Mapping

    from safeload.formats.git_objects import GitObject
    from safeload.limits import Limits

_HEADER = 1 << 20
_MOST_TIME = 40


def cache_folder() -> str:
    """Where this user's commits lie."""
    named = os.environ.get("SAFELOAD_CACHE")
    if named:
        return named
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return os.path.join(base, "safeload")


def kept(repository: str, commit: str, limits: Limits) -> dict[str, GitObject] | None:
    """The objects of a commit, or None where they are not kept."""
    try:
        with open(_path(repository, commit), "rb") as file:
            data = file.read(limits.git_pack_bytes + _HEADER + 1)
        objects = dict(parse_bundle(data, limits).objects)
    except (OSError, FormatError):
        return None
    return objects if commit in objects else None


def keep(
    repository: str, commit: str, branch: str | None, objects: Mapping[str, GitObject], limits: Limits
) -> None:
    """Keep a commit. A folder that cannot be written only means that it has to be fetched again."""
    found = objects[commit]
    if found.kind != "commit" or object_id("commit", found.raw) != commit:
        return
    with contextlib.suppress(OSError, FormatError):
        parents = parse_commit(found.raw, limits).parents
        ref = f"refs/heads/{branch}" if branch else "HEAD"
        data = write_bundle(
            commit, ref, parents, [item for item in objects.values() if item.kind in {"commit", "tree"}]
        )
        _write(_path(repository, commit), data)


def keep_time(repository: str, commit: str, modified: str) -> None:
    """Keep when the repository had last changed, by the Hub's clock, as it was asked about this commit."""
    if kept_time(repository, commit) != modified:
        with contextlib.suppress(OSError, UnicodeEncodeError):
            _write(f"{_path(repository, commit)}.time", modified.encode("ascii"))


def kept_time(repository: str, commit: str) -> str | None:
    """What `keep_time` kept, or None."""
    try:
        with open(f"{_path(repository, commit)}.time", encoding="ascii") as file:
            text = file.read(_MOST_TIME + 1)
    except (OSError, UnicodeDecodeError):
        return None
    return text if 0 < len(text) <= _MOST_TIME and text.isprintable() else None


def _write(path: str, data: bytes) -> None:
    """Write a file, whole or not at all.

    Raises:
        OSError: it cannot be written.
    """
    part = f"{path}.{os.getpid()}.part"
    os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
    try:
        with open(part, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    finally:
        with contextlib.suppress(OSError):
            os.unlink(part)


def _path(repository: str, commit: str) -> str:
    return os.path.join(cache_folder(), "commits", repository.replace("/", "--"), f"{commit}.bundle")
