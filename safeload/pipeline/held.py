"""What an audit is held to where its caller names a lock file: `lock=`.

The entry of the subject is looked up before anything is opened, so that a repository is asked for the
locked commit and no branch is resolved again. That the files are the locked ones is then evidence like any
other (`provenance.lock_file`), and a rule that nobody can waive denies what differs.
"""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING

from safeload.core import visible
from safeload.errors import UsageError
from safeload.provenance import Held
from safeload.record import record, replace
from safeload.sources.lock_files import LockFile, find, is_remote, keep_outside, read_lock

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from safeload.formats.lock_file import LockedSubject
    from safeload.pipeline.origin import FoundOrigin
    from safeload.policy.schema import Policy


@record(eq=False)
class Hold:
    """A subject and its entry."""

    file: LockFile
    subject: LockedSubject | None
    """None where the lock has no entry of it."""
    target: str | Path
    """What to open: a repository at its locked commit."""

    def applied_to(self, found: FoundOrigin, policy: Policy) -> FoundOrigin:
        """The origin with what the collector compares the files with, and the branch as it was locked.

        A commit does not say on which branch it is, and the branch is not asked about again. So the lock
        says it, as a clone says it of itself: good enough for a publisher's key, not for a Hub's.
        """
        held = Held(
            source=self.file.lock.source,
            digest=f"sha256:{hashlib.sha256(self.file.text.encode()).hexdigest()}",
            subject=self.subject,
            policy=(policy.name, str(policy.digest)),
        )
        claim, subject = found.claim, self.subject
        if claim is not None and claim.ref is None and subject is not None and subject.commit == claim.commit:
            claim = replace(claim, ref=subject.branch)
        return replace(found, held=held, claim=claim)

    @property
    def lines(self) -> Mapping[str, int]:
        """Where each file stands in the lock, and under the empty path the entry itself."""
        if self.subject is None:
            return {}
        lines = {path: file.line for path, file in self.subject.files.items()}
        return {"": self.subject.line, **lines}


def find_hold(lock: str | Path | LockFile, target: str | Path, revision: str | None = None) -> Hold:
    """Look a subject up in a lock.

    Args:
        lock: the file, or what was read from it.
        target: the subject, as the caller names it.
        revision: of a repository, where the name itself says none.

    Raises:
        UsageError: the lock cannot be read or lies inside the subject, or it holds another revision.
    """
    remote = is_remote(target)
    audited = None if remote else target
    if isinstance(lock, LockFile):
        file = lock
        keep_outside(file.given, audited)
    elif isinstance(lock, str | os.PathLike):
        file = read_lock(lock, audited=audited)
    else:
        raise UsageError(f"lock= takes the path of a lock file, not {lock!r}")
    subject = find(file, target, revision)
    if subject is None and remote:
        # nothing is asked over the network about what nobody has reviewed
        name = visible(os.fspath(target))
        raise UsageError(f"{name} is not in {file.lock.source}: review it, then `safeload lock {name}`")
    if subject is not None and remote:
        return Hold(file=file, subject=subject, target=f"{subject.uri}@{subject.commit}")
    return Hold(file=file, subject=subject, target=target)
