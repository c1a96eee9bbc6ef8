"""Reads a lock file, and tells which of its entries a subject is.

A folder is the one that lies where the entry says, seen from the lock file: a project that moves as a whole
keeps its lock. Links on the way are followed, the last name is the one that was given, so that a link
`current` is a subject of its own. A repository is the one of its name, at the revision that was asked for.

Like a policy, a lock that comes from inside the audited path is refused: whoever wrote the checkpoint would
state its digests.
"""

from __future__ import annotations

import os
from os import path as paths
from typing import TYPE_CHECKING, NamedTuple

from safeload.core import visible
from safeload.errors import FormatError, UsageError
from safeload.formats.lock_file import FOLDER, REPOSITORY, Lock, parse_lock
from safeload.limits import DEFAULT_LIMITS
from safeload.record import record
from safeload.sources.hub_name import SCHEME, is_hub_name, parse_hub_name
from safeload.sources.policy_files import refuse_inside, shown

if TYPE_CHECKING:
    from pathlib import Path

    from safeload.formats.lock_file import LockedSubject

NAME = "safeload.lock"
MAIN = "main"
"""The revision of a repository that nobody named one of."""


class Asked(NamedTuple):
    """A subject as an entry of a lock names it."""

    uri: str
    revision: str | None
    """What was asked for; None where nobody said."""


@record(eq=False)
class LockFile:
    """A lock and where it lies."""

    given: str
    """Its path as the user named it."""
    path: str
    """Absolute, without links."""
    text: str
    """Empty where there is no such file yet."""
    lock: Lock

    @property
    def folder(self) -> str:
        """What the paths of its entries are relative to."""
        return paths.dirname(self.path)


def read_lock(path: str | Path, *, audited: str | Path | None = None, new: bool = False) -> LockFile:
    """Read a lock file.

    Args:
        path: where it lies.
        audited: the file or folder under audit, where it is local.
        new: whether there may be none yet.

    Raises:
        UsageError: it cannot be read, has mistakes, or lies inside the audited path.
    """
    given = os.fspath(path)
    if not given or "\0" in given:
        raise UsageError(f"{visible(repr(given))} is not the path of a lock file")
    keep_outside(given, audited)
    source = shown(given)
    try:
        text = _read(given, source)
    except FileNotFoundError:
        if not new:
            raise UsageError(f"there is no {source}: `safeload lock SUBJECT` writes one") from None
        text, lock = "", Lock(subjects=(), source=source)
    else:
        try:
            lock = parse_lock(text, source)
        except FormatError as error:
            raise UsageError(error.detail) from None
    return LockFile(given=given, path=paths.realpath(given), text=text, lock=lock)


def keep_outside(path: str, audited: str | Path | None) -> None:
    """Refuse a lock inside of what it is about.

    Raises:
        UsageError: it lies there.
    """
    refuse_inside(path, None if audited is None else os.fspath(audited), what="lock file")


def is_remote(target: str | Path) -> bool:
    """Whether a subject is a repository and no path: as `pipeline` decides."""
    if not isinstance(target, str):
        return False
    return target.startswith(SCHEME) or (is_hub_name(target) and not paths.exists(target))


def asked_for(target: str | Path, folder: str) -> Asked:
    """What an entry of a lock in `folder` calls a subject.

    Raises:
        UsageError: it is no path, and no name of a repository.
    """
    given = os.fspath(target)
    if is_remote(target):
        name = parse_hub_name(given)
        return Asked(REPOSITORY + name.repository, name.revision)
    if not given or "\0" in given:
        raise UsageError(f"{visible(repr(given))} is not the path of a checkpoint")
    return Asked(FOLDER + paths.relpath(_place(given), folder), None)


def find(file: LockFile, target: str | Path, revision: str | None = None) -> LockedSubject | None:
    """The entry of a subject, or None.

    Args:
        file: the lock.
        target: a path, or the name of a repository.
        revision: of the repository, where the name says none.

    Raises:
        UsageError: the lock holds the repository, and another revision of it than the one asked for.
    """
    asked = asked_for(target, file.folder)
    entries = [subject for subject in file.lock.subjects if subject.uri == asked.uri]
    if not asked.uri.startswith(REPOSITORY):
        return entries[0] if entries else _same_place(file, target)
    wanted = asked.revision or revision
    if not entries or (wanted is None and len(entries) == 1):
        return entries[0] if entries else None
    for entry in entries:
        if entry.revision == (wanted or MAIN):
            return entry
    for entry in entries:
        if entry.commit == wanted:
            return entry
    held = ", ".join(f"{visible(entry.revision or '')} ({file.lock.place(entry)})" for entry in entries)
    contradiction = "say at which" if wanted is None else f"and not at {visible(wanted)}"
    raise UsageError(f"{file.lock.source} holds {visible(asked.uri)} at {held}: {contradiction}")


def target_of(file: LockFile, subject: LockedSubject) -> str | Path:
    """What to audit for an entry: the folder where it lies, or the repository at its commit."""
    if subject.uri.startswith(FOLDER):
        from pathlib import Path

        return Path(paths.normpath(paths.join(file.folder, subject.uri.removeprefix(FOLDER))))
    return f"{subject.uri}@{subject.commit}"


def _same_place(file: LockFile, target: str | Path) -> LockedSubject | None:
    """The entry whose folder is the same on this machine: links on the way may differ from another's."""
    wanted = _place(os.fspath(target))
    for subject in file.lock.subjects:
        if subject.uri.startswith(FOLDER) and _place(os.fspath(target_of(file, subject))) == wanted:
            return subject
    return None


def _place(given: str) -> str:
    """The absolute path: links on the way are followed, the last name stays."""
    head, tail = paths.split(given.rstrip(paths.sep) or paths.sep)
    if tail in {"", ".", ".."}:
        return paths.realpath(given)
    return paths.join(paths.realpath(head or os.curdir), tail)


def _read(path: str, source: str) -> str:
    most = DEFAULT_LIMITS.lock_bytes
    try:
        with open(path, "rb") as file:
            data = file.read(most + 1)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise UsageError(f"cannot read {source}: {(error.strerror or 'error').lower()}") from None
    if len(data) > most:
        raise UsageError(f"{source} is larger than {most} bytes, which no lock file is")
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise UsageError(f"{source} is not UTF-8") from None
