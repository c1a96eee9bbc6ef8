"""Evidence `lock`: are the files the ones that safeload.lock holds?

The commit is the locked one, every file has the locked size and sha256, none is missing and none is too
many. What a load does not hand out and nobody read whole is compared by its name and size only, and the
evidence says how many files that is: a tokenizer does not read the weights beside it.

That another policy judges now than when the files were locked is said, and is no mismatch: the policy
decides anew each time, and the lock is about the files.
"""

from __future__ import annotations

import hashlib
from itertools import islice
from typing import TYPE_CHECKING

from safeload.core import Evidence, Fact, Location, Status
from safeload.errors import FormatError
from safeload.provenance import LOCK

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TypeAlias

    from safeload.formats.lock_file import LockedFile, LockedSubject
    from safeload.provenance import BoundFile, Case, Held

    Problem: TypeAlias = tuple[str, str, str]
    """Path, kind of problem, and what is wrong."""

BOOKKEEPING = ".cache/huggingface/"
"""What `hf download --local-dir` writes beside the files. Nothing is loaded from it, and it is not locked."""
_MOST_FACTS = 100
_DIGITS = len("sha256:") + 12


def collect(case: Case, held: Held) -> tuple[Evidence, list[Fact]]:
    """Compare the files of a snapshot with the entry of a lock.

    Returns:
        The evidence, and a fact `integrity.mismatch` for each of the first files that differ.
    """
    about, subject = case.manifest.uri, held.subject
    if subject is None:
        detail = f"is not in {held.source}: review it, then add it with `safeload lock`"
        return _different(held, about, [(about, "subject", detail)])
    problems = [*_commit(case, held, subject), *_names(case, held, subject)]
    compared = 0
    for path in sorted(subject.files.keys() & case.files.keys()):
        problem = _compare(case.files[path], subject.files[path], held)
        if problem is None:
            continue
        compared += 1
        if problem:
            problems.append((path, "content", problem))
    if problems:
        return _different(held, about, problems)
    count, place = len(subject.files), held.place(subject.line)
    detail = f"{compared} of {count} files were compared, each is the one that {place} holds"
    if compared < count:
        detail += f"; {count - compared} that this load does not hand out were not, but for names and sizes"
    return _evidence(held, about, Status.VERIFIED, detail + _policy(held, subject)), []


def _commit(case: Case, held: Held, subject: LockedSubject) -> Iterator[Problem]:
    """A folder whose commit nobody asked about has none; its files say what they are."""
    commit = case.manifest.commit
    if subject.commit is not None and commit is not None and commit != subject.commit:
        detail = f"is at the commit {commit}, and {held.place(subject.line)} holds {subject.commit}"
        yield case.manifest.uri, "commit", detail


def _names(case: Case, held: Held, subject: LockedSubject) -> Iterator[Problem]:
    """What is there and should not be, and the other way round."""
    there = {entry.path for entry in case.manifest.entries}
    handed_out = case.handed_out or frozenset()
    for path in sorted(there - subject.files.keys()):
        if not path.startswith(BOOKKEEPING) or path in handed_out:
            yield path, "extra", f"is no file of {held.place(subject.line)}"
    for path in sorted(subject.files.keys() - there):
        yield path, "missing", f"is missing here, and {held.place(subject.files[path].line)} holds it"
    for path in sorted((subject.files.keys() & there) - case.files.keys()):
        # what a load does not want it may lack: a cache holds what was asked for
        if case.handed_out is None or path in handed_out:
            yield (
                path,
                "unread",
                f"could not be read and compared with {held.place(subject.files[path].line)}",
            )


def _compare(file: BoundFile, expected: LockedFile, held: Held) -> str | None:
    """What is wrong with the content of one file; empty where nothing is, None where it was not read."""
    place = held.place(expected.line)
    if file.here and file.size != expected.size:
        return f"has {file.size} bytes, and {place} holds one of {expected.size}"
    try:
        sha256 = file.sha256 or _digest(file)
    except FormatError as error:
        return f"could not be compared with {place}: {error.detail}"
    if sha256 is None:
        return None
    if sha256 == expected.sha256:
        return ""
    return f"is not the file that {place} holds: sha256 {sha256}, {file.size} bytes"


def _digest(file: BoundFile) -> str | None:
    if file.chunks is None:
        return None
    state = hashlib.sha256()
    for chunk in file.chunks():
        state.update(chunk)
    return state.hexdigest()


def _policy(held: Held, subject: LockedSubject) -> str:
    """That the files were allowed under other rules than today's."""
    name, digest = held.policy
    if digest == subject.policy_digest:
        return ""
    then = f"{subject.policy_name} ({subject.policy_digest[:_DIGITS]})"
    return f"; allowed then by the policy {then}, judged now by {name} ({digest[:_DIGITS]})"


def _different(held: Held, about: str, problems: list[Problem]) -> tuple[Evidence, list[Fact]]:
    path, _, what = problems[0]
    more = f", and {len(problems) - 1} more" if len(problems) > 1 else ""
    changed = "" if held.subject is None else _policy(held, held.subject)
    detail = f"the files are not those that the lock holds: {path} {what}{more}{changed}"
    facts = [
        Fact(
            kind="integrity.mismatch",
            location=Location(artifact=place),
            data={"problem": kind, "detail": detail},
        )
        for place, kind, detail in islice(problems, _MOST_FACTS)
    ]
    return _evidence(held, about, Status.INVALID, detail), facts


def _evidence(held: Held, about: str, status: Status, detail: str) -> Evidence:
    # `named`: facts beside it say what differs
    code = "named" if status is Status.INVALID else ""
    return Evidence(kind=LOCK, status=status, subject=about, detail=detail, code=code, basis=held.digest)
