"""What `audit` and `lock` are asked about: folders, files, repositories, and the subjects of a lock."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from safeload.record import record

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from safeload.core import AuditReport
    from safeload.policy.schema import Policy
    from safeload.sources.lock_files import LockFile


@record(kw_only=False)
class Subject:
    """One thing to audit."""

    target: str | Path
    asked: Mapping[str, str | None]
    """Fields of an Origin."""
    place: str = ""
    """Where the lock names it, ahead of messages about it."""


def subjects_of(
    paths: Sequence[str], lock: LockFile | None, asked: Mapping[str, str | None]
) -> list[Subject]:
    """What the user names, or without that all subjects of the lock.

    Raises:
        UsageError: there is nothing to do.
    """
    if paths:
        return [Subject(target_of_argument(path), asked) for path in paths]
    if lock is None:
        raise click.UsageError("Missing argument 'PATH...'.")
    from safeload.errors import UsageError
    from safeload.sources.lock_files import target_of

    if not lock.lock.subjects:
        raise UsageError(f"{lock.lock.source} holds no subject")
    return [
        Subject(
            target=target_of(lock, subject),
            asked={**asked, "repository": asked.get("repository") or subject.repository},
            place=f"{lock.lock.place(subject)}: ",
        )
        for subject in lock.lock.subjects
    ]


def read_lock_of(named: str | None, *, locked: bool) -> LockFile | None:
    """The lock that the subjects are held to, where the user asks for one.

    Raises:
        UsageError: it cannot be read.
    """
    if named is None and not locked:
        return None
    # most audits have none
    from safeload.sources.lock_files import NAME, read_lock

    return read_lock(named or NAME)


def target_of_argument(path: str) -> str | Path:
    """A repository of the Hub where `hf:` says so; anything else is a path, also one like `models/bert`.

    Raises:
        UsageError: nothing is named, as by a variable that is not set; the working directory is `.`.
    """
    from safeload.errors import UsageError

    if not path:
        raise UsageError("'' is not the path of a checkpoint: is a variable not set?")
    if path.startswith("hf:"):
        return path
    if os.path.isdir(path):  # noqa: PTH112 - most are, and start without pathlib
        # in a program `org/name` may be the one or the other, and `./org/name` is the folder
        return path if path.startswith((".", "/")) or path.count("/") != 1 else f"./{path}"
    from pathlib import Path

    return Path(path)


def audit_subject(
    subject: Subject,
    policy: Policy | str | None,
    *,
    quick: bool,
    offline: bool,
    lock: LockFile | None,
    break_glass: str | None = None,
    locking: bool = False,
    progress: bool = True,
) -> AuditReport:
    """Audit one subject, with a progress line.

    Raises:
        UsageError: it cannot be read.
    """
    from safeload.cli._progress import ProgressLine
    from safeload.pipeline import Origin, audit

    hub = None
    if isinstance(subject.target, str) and subject.target.startswith("hf:"):
        from safeload.sources.hub_api import HubAccess

        hub = HubAccess(local_files_only=offline)
    with ProgressLine(wanted=progress) as line:
        return audit(
            subject.target,
            policy=policy,
            quick=quick,
            progress=line.callback,
            origin=Origin(**subject.asked),
            hub=hub,
            lock=lock,
            break_glass=break_glass,
            locking=locking,
        )
