"""Evidence `commit-freshness`: is the commit older than one that was accepted before?

A signature does not say that a commit is the newest: whoever can move a branch can move it back to one
with a known hole, and its signature holds. So the commit that was last allowed is remembered, by
repository and branch, and an older one is INVALID. Pinned commits are not asked about.

The memory is one JSON file of the user, `$XDG_STATE_HOME/safeload/accepted.json` by default, written
whole or not at all. A memory that cannot be read is UNAVAILABLE, which the rule reports: it is never
taken for an empty one.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from safeload.core import Evidence, Status
from safeload.errors import FormatError
from safeload.formats.git_objects import is_object_id
from safeload.formats.json_strict import parse_json
from safeload.limits import DEFAULT_LIMITS
from safeload.provenance import FRESHNESS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from safeload.formats.git_commit import Commit
    from safeload.provenance import Case, Claim

VERSION = 1
_MOST_BYTES = 16 << 20


class MemoryBroken(FormatError):
    """A memory of accepted commits that cannot be read, or that says something else."""


def default_memory() -> str:
    """Where the memory lies for this user."""
    state = os.environ.get("XDG_STATE_HOME") or "~/.local/state"
    return str(Path(state).expanduser() / "safeload" / "accepted.json")


def collect(case: Case, claim: Claim, commit: Commit) -> tuple[Evidence, Callable[[], None] | None]:
    """Compare a commit whose signature holds with the last one that was accepted.

    Returns:
        The evidence, and what remembers this commit once it is allowed.
    """
    time = commit.committer.time
    if case.memory is None:
        return _evidence(claim, Status.ABSENT, "accepted commits are not remembered"), None
    memory, key = case.memory, f"{claim.repository}@{claim.ref or claim.revision}"

    def accepted() -> None:
        remember(memory, key, claim.commit, time)

    try:
        last = read_memory(memory).get(key)
    except MemoryBroken as error:
        return _evidence(claim, Status.UNAVAILABLE, f"{memory}: {error.detail}"), None
    remembers = accepted if _writable(memory) else None
    lost = "" if remembers else f"; {memory} cannot be written, so this one will not be remembered"
    if last is None:
        detail = f"no commit of this branch was accepted before{lost}"
        return _evidence(claim, Status.ABSENT, detail), remembers
    before, then = last
    if claim.commit != before and time < then:
        detail = f"older than {before}, which was accepted before: {time} seconds, and {then} there"
        return _evidence(claim, Status.INVALID, detail), None
    detail = f"not older than {before}, the last accepted commit{lost}"
    return _evidence(claim, Status.VERIFIED, detail), remembers


def read_memory(path: str) -> dict[str, tuple[str, int]]:
    """Branch -> commit and time.

    Raises:
        MemoryBroken: there is a file, and it is no memory.
    """
    try:
        with Path(path).open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise MemoryBroken(f"cannot be read: {(error.strerror or 'error').lower()}") from None
    try:
        document: Any = parse_json(data, DEFAULT_LIMITS)
    except FormatError as error:
        raise MemoryBroken(f"no JSON: {error}") from None
    try:
        found = {key: (commit, time) for key, (commit, time) in document["accepted"].items()}
        fits = document["version"] == VERSION and all(
            isinstance(commit, str) and is_object_id(commit) and type(time) is int
            for commit, time in found.values()
        )
    except (AttributeError, KeyError, TypeError, ValueError):
        fits = False
    if not fits:
        raise MemoryBroken("no memory of accepted commits")
    return found


def remember(path: str, key: str, commit: str, time: int) -> None:
    """Write one commit into the memory. Other processes may do the same at the same time.

    Raises:
        OSError: it cannot be written.
        MemoryBroken: what is there cannot be read, and is left alone.
    """
    place = Path(path)
    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _lock(f"{path}.lock"):
        known = read_memory(path)
        if key in known and known[key][1] > time and known[key][0] != commit:
            return
        known[key] = (commit, time)
        text = json.dumps({"version": VERSION, "accepted": known}, indent=1, sort_keys=True)
        part = Path(f"{path}.{os.getpid()}.part")
        try:
            # left behind by a process of the same number that was killed
            part.unlink(missing_ok=True)
            with open(part, "x", encoding="utf-8", opener=_private) as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            part.replace(place)
        except BaseException:
            part.unlink(missing_ok=True)
            raise


def _writable(path: str) -> bool:
    """Whether the memory could be written: many containers have a home that cannot."""
    place = Path(path).absolute().parent
    while not place.exists() and place != place.parent:
        place = place.parent
    return place.is_dir() and os.access(place, os.W_OK | os.X_OK)


@contextlib.contextmanager
def _lock(path: str) -> Iterator[None]:
    with open(path, "a", encoding="utf-8", opener=_private) as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _evidence(claim: Claim, status: Status, detail: str) -> Evidence:
    return Evidence(kind=FRESHNESS, status=status, subject=claim.commit, detail=detail)
