"""Gathers commit and trees of a clone for `safeload provenance export`."""

from __future__ import annotations

import os
from pathlib import Path

from safeload.core import visible
from safeload.errors import FormatError, UsageError
from safeload.formats.git_bundle_write import write_bundle
from safeload.formats.git_commit import parse_commit
from safeload.formats.git_objects import GitObject, checked, is_object_id
from safeload.formats.git_tree import walk_tree
from safeload.limits import DEFAULT_LIMITS
from safeload.sources.git_store import GitStore


class _Gathering:
    """Hands objects on, and keeps each once."""

    def __init__(self, store: GitStore) -> None:
        self._store = store
        self.found: dict[str, GitObject] = {}

    def read(self, object_id: str) -> GitObject:
        """The object of this id.

        Raises:
            FormatError: the clone does not have it, or it is broken.
        """
        return self.found.setdefault(object_id, self._store.read(object_id))


def bundle_of(folder: str, revision: str | None) -> tuple[bytes, str]:
    """The bundle of one commit, and the commit's id.

    Raises:
        UsageError: the clone cannot be read, or its commit would not be accepted by anybody.
    """
    limits = DEFAULT_LIMITS
    if revision is not None and not is_object_id(revision):
        raise UsageError(f"{visible(revision)} is no commit: write all 40 hexadecimal digits, lower case")
    store = GitStore(os.path.realpath(folder), limits)
    try:
        head = store.head()
        commit = revision or head.commit
        ref = f"refs/heads/{head.ref}" if head.ref is not None and commit == head.commit else "HEAD"
        objects = _Gathering(store)
        parsed = parse_commit(checked(objects, commit, "commit", limits.git_commit_bytes), limits)
        walk_tree(objects, parsed.tree, limits)
    except FormatError as error:
        raise UsageError(f"{visible(folder)}: {visible(str(error))}") from None
    finally:
        store.close()
    return write_bundle(commit, ref, parsed.parents, tuple(objects.found.values())), commit


def save(data: bytes, output: str) -> None:
    """Write a file, whole or not at all.

    Raises:
        UsageError: it cannot be written.
    """
    path = Path(output)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with part.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except (OSError, ValueError) as error:
        part.unlink(missing_ok=True)
        reason = getattr(error, "strerror", None) or str(error)
        raise UsageError(f"cannot write {visible(output)}: {reason.lower()}") from None
