"""Files that others claim: the raw values of tensors, which have no format of their own.

A record that takes values from other files offers `claims`, and one that needs files without taking ranges
from them offers `needs`; both name paths relative to the record's folder, which its scanner has checked. A
claimed file that nothing recognised is raw tensor data where the claims account for all of it: every range
lies inside, and what no range covers is padding of less than one alignment. Everything else keeps the
coverage that it has: a pickle stays a pickle, whoever claims it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.core import Coverage, Fact, Location
from safeload.record import record

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from safeload.core import Artifact

    Ranges = Iterable[tuple[int, int]]

FORMATS: tuple[str, ...] = ()
_ALIGNMENT = 1 << 16
"""The largest that writers use: pages of Windows and of some ARM machines."""


@record
class Claimed:
    """What came of all claims of a snapshot."""

    facts: tuple[Fact, ...]
    raw: frozenset[str]
    """Paths of files that are raw tensor data and nothing else."""
    reasons: Mapping[str, str]
    """Why a claimed file that nothing recognised is not accounted for."""


def settle(records: Mapping[str, object], files: Mapping[str, Artifact]) -> Claimed:
    """Compare what records claim with the files that there are.

    Args:
        records: path to record, of the files that have one.
        files: path to artifact, of every file of the snapshot.
    """
    facts: list[Fact] = []
    claims: dict[str, list[tuple[int, int]]] = {}
    for path, item in sorted(records.items()):
        folder = path.rpartition("/")[0]
        prefix = f"{folder}/" if folder else ""
        needs: Iterable[str] = getattr(item, "needs", ())
        facts += (_missing(path, name) for name in sorted(set(needs)) if prefix + name not in files)
        wanted: Mapping[str, Ranges] = getattr(item, "claims", {})
        for name, ranges in sorted(wanted.items()):
            if prefix + name not in files:
                facts.append(_missing(path, name))
                continue
            found = list(ranges)
            facts += _past_end(path, name, found, files[prefix + name].size)
            claims.setdefault(prefix + name, []).extend(found)
    raw, reasons = set(), {}
    for path, ranges in claims.items():
        artifact = files[path]
        if artifact.format is not None or artifact.coverage is not Coverage.UNRECOGNISED:
            continue
        problem = _problem(ranges, artifact.size)
        if problem is None:
            raw.add(path)
        else:
            reasons[path] = problem
    return Claimed(facts=tuple(facts), raw=frozenset(raw), reasons=reasons)


def _missing(path: str, name: str) -> Fact:
    data = {"problem": "the file is missing", "name": name}
    return Fact(kind="index.incomplete", location=Location(artifact=path), data=data)


def _past_end(path: str, name: str, ranges: Ranges, size: int) -> Iterator[Fact]:
    end = max((end for _, end in ranges), default=0)
    if end > size:
        data = {"problem": f"a tensor ends at byte {end} of a file of {size} bytes", "name": name}
        yield Fact(kind="index.incomplete", location=Location(artifact=path), data=data)


def _problem(ranges: Ranges, size: int) -> str | None:
    """Why the ranges do not account for a file, or None."""
    at = 0
    for begin, end in (*sorted(ranges), (size, size)):
        if end > size:
            return f"another file places a tensor here that ends at byte {end} of {size}"
        if begin - at >= _ALIGNMENT:
            return f"bytes {at} to {begin} belong to no tensor that another file places here"
        at = max(at, end)
    return None
