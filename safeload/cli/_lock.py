"""Makes entries of a lock file out of audits, and writes the file.

Two processes may lock different subjects at the same time: what was written meanwhile is read again under
a lock of the folder, and stays. An entry that both changed is refused.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from typing import TYPE_CHECKING

from safeload import __version__
from safeload.cli import ALLOWED, INCONCLUSIVE, complain
from safeload.cli._subjects import Subject, audit_subject, target_of_argument
from safeload.core import Status, Verdict, visible
from safeload.errors import FormatError, UsageError
from safeload.formats.lock_file import (
    REPOSITORY,
    LockedEvidence,
    LockedFile,
    LockedSubject,
    parse_lock,
    path_problem,
)
from safeload.formats.lock_file_write import write_lock, write_subject
from safeload.provenance import FRESHNESS, LOCK
from safeload.provenance.lock_file import BOOKKEEPING
from safeload.record import replace
from safeload.sources.lock_files import (
    MAIN,
    asked_for,
    find,
    is_remote,
    keep_outside,
    read_lock,
    target_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from safeload.core import AuditReport
    from safeload.sources.lock_files import LockFile

_Key = tuple[str, str]
_NOT_OF_THE_FILES = frozenset({LOCK, FRESHNESS})
"""Evidence that is about this lock, or about what this user has accepted before."""


class Locking:
    """A lock file and what shall become of it."""

    def __init__(
        self,
        path: str,
        policy: str | None,
        asked: Mapping[str, str | None],
        *,
        update: bool,
        offline: bool,
    ) -> None:
        """Read the lock, if there is one.

        Raises:
            UsageError: it cannot be read, or has mistakes.
        """
        self._path = path
        self._policy = policy
        self._asked = dict(asked)
        self._update = update
        self._offline = offline
        self._file = read_lock(path, new=True)
        self._new: dict[_Key, LockedSubject | None] = {}
        """Entries to write, by what they replace; None for one to remove."""
        self._said: list[str] = []

    def targets(self, subjects: Sequence[str]) -> list[tuple[str | Path, str]]:
        """What to audit, and where the lock names it: what the user gave, or all of the lock.

        Raises:
            UsageError: there is nothing to do.
        """
        if subjects:
            return [(target_of_argument(subject), "") for subject in subjects]
        if not self._file.lock.subjects:
            raise UsageError(f"{self._file.lock.source} holds no subject: say what to lock")
        lock = self._file.lock
        return [(self._of(subject), f"{lock.place(subject)}: ") for subject in lock.subjects]

    def add(self, target: str | Path) -> int:
        """Audit a subject and keep its entry for writing.

        Returns:
            An exit code.

        Raises:
            UsageError: it cannot be read, or not be locked.
        """
        from safeload.cli.audit import exit_code

        old = self._find(target)
        if old is not None and asked_for(target, self._file.folder).revision is None:
            # of a repository, the revision that the entry says
            target = self._of(old)
        name = visible(os.fspath(target) if old is None else old.name)
        asked = dict(self._asked)
        if old is not None and asked.get("repository") is None:
            asked["repository"] = old.repository
        report = self._audit(target, old, asked)
        if report.decision.verdict is not Verdict.ALLOW:
            complain(f"{name} is not locked")
            complain(report.decision.explain())
            return exit_code(report)
        uri, revision = asked_for(target, self._file.folder)
        if old is not None:
            uri = old.uri
        new = self._entry(uri, revision, report, asked.get("repository"))
        if isinstance(new, str):
            complain(f"{name} is not locked: {new}")
            return INCONCLUSIVE
        if old is not None and _same(old, new):
            new = replace(old, line=0)
        word = "locked" if old is None else "kept" if _text(old) == _text(new) else "updated"
        self._keep(old.key if old is not None else new.key, new)
        if old is not None and old.key != new.key:
            self._keep(new.key, new)
        self._said.append(
            f"{word} {visible(new.name)} ({len(new.files)} file{'s' if len(new.files) > 1 else ''})"
        )
        return ALLOWED

    def remove(self, target: str | Path) -> int:
        """Keep in mind to remove an entry.

        Returns:
            An exit code.

        Raises:
            UsageError: there is none.
        """
        old = find(self._file, target)
        if old is None:
            from pathlib import Path

            # a folder that is gone has the form of a repository's name
            old = find(self._file, Path(target))
        if old is None:
            raise UsageError(f"{visible(os.fspath(target))} is not in {self._file.lock.source}")
        self._keep(old.key, None)
        self._said.append(f"removed {visible(old.name)}")
        return ALLOWED

    @property
    def changed(self) -> bool:
        """Whether the file would be written otherwise than it is."""
        return write_lock(self._merged(self._file)) != self._file.text.replace("\r\n", "\n")

    def write(self) -> None:
        """Write the file, whole or not at all; not where it is as it should be.

        Raises:
            UsageError: it cannot be written, or somebody else changed the same entry meanwhile.
        """
        from safeload.cli._output import write

        with _folder_locked(self._file.folder):
            now = read_lock(self._path, new=True)
            then, there = _by_key(self._file), _by_key(now)
            for key in self._new:
                if _text(then.get(key)) != _text(there.get(key)):
                    raise UsageError(f"{now.lock.source} was changed meanwhile: lock {visible(key[0])} again")
            text = write_lock(self._merged(now))
            # what was written has to be what can be read
            try:
                parse_lock(text, now.lock.source)
            except FormatError as error:
                raise UsageError(f"the lock was not written: {error.detail}") from None
            if text != now.text:
                write(text, now.path)

    def summary(self, *, check: bool, done: bool) -> Iterator[str]:
        """What was done, or would be."""
        if done:
            yield from self._said
            return
        yield f"{self._file.lock.source} {'is not in step' if check else 'was not written'}"
        if check:
            yield from (f"would have {line}" for line in self._said if not line.startswith("kept "))

    def _keep(self, key: _Key, entry: LockedSubject | None) -> None:
        if key in self._new and _text(self._new[key]) != _text(entry):
            raise UsageError(f"{visible(key[0])} was given twice")
        self._new[key] = entry

    def _merged(self, file: LockFile) -> list[LockedSubject]:
        merged: dict[_Key, LockedSubject | None] = {**_by_key(file), **self._new}
        entries = {entry.key: entry for entry in merged.values() if entry is not None}
        return list(entries.values())

    def _find(self, target: str | Path) -> LockedSubject | None:
        """The entry to hold the subject to, or to replace."""
        try:
            return find(self._file, target)
        except UsageError:
            if asked_for(target, self._file.folder).revision is not None:
                # another revision of a repository is another subject
                return None
            raise

    def _of(self, subject: LockedSubject) -> str | Path:
        """A repository by the revision that was asked for, so that --update resolves it again."""
        return subject.name if subject.uri.startswith(REPOSITORY) else target_of(self._file, subject)

    def _audit(
        self, target: str | Path, old: LockedSubject | None, asked: Mapping[str, str | None]
    ) -> AuditReport:
        hold = self._file if old is not None and not self._update else None
        if hold is None:
            keep_outside(self._file.given, None if is_remote(target) else target)
        subject = Subject(target, asked)
        return audit_subject(
            subject, self._policy, quick=False, offline=self._offline, lock=hold, locking=True
        )

    def _entry(
        self, uri: str, revision: str | None, report: AuditReport, repository: str | None
    ) -> LockedSubject | str:
        """The entry of an allowed subject, or why there can be none."""
        remote = uri.startswith(REPOSITORY)
        manifest, decision = report.manifest, report.decision
        files = {}
        for artifact in decision.artifacts:
            path = artifact.location.artifact
            if artifact.location.members or path.startswith(BOOKKEEPING):
                continue
            if artifact.digest is None:
                return f"nobody has read {visible(path)}"
            if problem := path_problem(path):
                return f"the path {visible(path)} {problem}"
            files[path] = LockedFile(sha256=artifact.digest.hex, size=artifact.size)
        if not files:
            return "there are no files"
        checked = any(
            item.kind == "tree-binding" and item.status is Status.VERIFIED for item in decision.evidence
        )
        signed = any(
            item.kind == "model-signature" and item.status is Status.VERIFIED for item in decision.evidence
        )
        return LockedSubject(
            uri=uri,
            revision=(revision or MAIN) if remote else None,
            commit=manifest.commit if remote or checked else None,
            repository=repository if (checked or signed) and not remote else None,
            policy_name=decision.policy_name,
            policy_digest=str(decision.policy_digest),
            safeload=__version__,
            evidence=tuple(
                LockedEvidence(
                    kind=item.kind,
                    status=item.status,
                    # a path of this machine would be another one on the next
                    subject=uri if item.subject == manifest.uri else item.subject,
                    level=item.level,
                    basis=item.basis,
                )
                for item in decision.evidence
                if item.kind not in _NOT_OF_THE_FILES
            ),
            files=files,
        )


def _by_key(file: LockFile) -> dict[_Key, LockedSubject]:
    return {subject.key: subject for subject in file.lock.subjects}


def _text(subject: LockedSubject | None) -> str:
    return "" if subject is None else write_subject(subject)


def _same(old: LockedSubject, new: LockedSubject) -> bool:
    """Whether a new entry says no more than the old one, which then stays as it is.

    Another version of safeload that comes to the same is no news, and neither is evidence that cannot be
    had just now, such as a signature without the network.
    """
    unknown = {item.kind for item in new.evidence if item.status is Status.UNAVAILABLE}
    known = tuple(item for item in new.evidence if item.kind not in unknown)
    kept = tuple(item for item in old.evidence if item.kind not in unknown)
    return known == kept and _text(replace(old, safeload="", evidence=())) == _text(
        replace(new, safeload="", evidence=(), revision=old.revision)
    )


@contextlib.contextmanager
def _folder_locked(folder: str) -> Iterator[None]:
    """Keep other processes of this program from writing there; the kernel gives it back in any case."""
    try:
        opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise UsageError(
            f"cannot write to {visible(folder)}: {(error.strerror or 'error').lower()}"
        ) from None
    try:
        # some network file systems have no locks: then the last one to write wins, with a whole file
        with contextlib.suppress(OSError):
            fcntl.flock(opened, fcntl.LOCK_EX)
        yield
    finally:
        os.close(opened)
