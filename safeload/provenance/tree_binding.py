"""Evidence `tree-binding`: are the files the ones that the commit names?

For each path of the commit's tree, the file is what its blob says: its own git digest, or that of the
canonical Git LFS pointer to its sha256 and size. No pointer is parsed, and none is believed.

https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md

Files that the tree does not name are refused, and so are named ones that are missing: without
model.safetensors a loader would take what stands beside it. Nothing is filtered: where git changed line
endings on checkout, the files are not those of the commit, and the message says so. What a load does
not hand out and nobody read whole is not compared, and the evidence says how much that is.
"""

from __future__ import annotations

import hashlib
from itertools import islice
from typing import TYPE_CHECKING

from safeload.core import Evidence, Fact, Location, Status
from safeload.errors import FormatError, LimitExceeded
from safeload.formats.git_errors import ObjectMissing
from safeload.formats.git_objects import object_id
from safeload.formats.git_tree import walk_tree
from safeload.formats.lfs_pointer import canonical_pointer
from safeload.provenance import BINDING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from safeload.formats.git_commit import Commit
    from safeload.provenance import BoundFile, Case, Claim

SMALL = 16 << 20
"""Files up to this size are likely to be blobs themselves: the Hub takes about 10 MB outside of LFS."""
BOOKKEEPING = ".cache/huggingface/"
"""What `hf download --local-dir` writes beside the files. Nothing is loaded from it."""
_MOST_FACTS = 100
_MOST_LINE_ENDINGS = 4 << 20


def collect(case: Case, claim: Claim, commit: Commit | None) -> tuple[Evidence, list[Fact]]:
    """Compare the files of a snapshot with the tree of its commit.

    Args:
        case: the files.
        claim: where trees can be read.
        commit: the commit, or None where it could not be read.

    Returns:
        The evidence, and a fact `integrity.mismatch` for each of the first files that differ.
    """
    if commit is None:
        return _evidence(claim, Status.UNAVAILABLE, "the commit could not be read"), []
    try:
        tree = walk_tree(claim.objects, commit.tree, case.limits)
    except (ObjectMissing, LimitExceeded) as error:
        return _evidence(claim, Status.UNAVAILABLE, f"the commit's tree could not be read: {error}"), []
    except FormatError as error:
        detail = f"the commit's tree is refused: {error}"
        return _evidence(claim, Status.INVALID, detail), mismatches([(claim.commit, "tree", detail)])
    problems = list(_names(case, tree, partial=claim.partial))
    different, compared, _ = compare(case.files, tree)
    problems += different
    if not problems:
        skipped = len(tree) - compared
        skip = f"; {skipped} that this load does not hand out were not" if skipped else ""
        detail = f"{compared} of {len(tree)} files were compared, each is the one that the commit names{skip}"
        return _evidence(claim, Status.VERIFIED, detail), []
    first = f"{problems[0][0]} {problems[0][2]}"
    more = f", and {len(problems) - 1} more" if len(problems) > 1 else ""
    detail = f"the files are not those that the commit names: {first}{more}"
    return _evidence(claim, Status.INVALID, detail), mismatches(problems)


def compare(
    files: Mapping[str, BoundFile], named: Mapping[str, str]
) -> tuple[list[tuple[str, str, str]], int, int]:
    """Compare files with the ids of their blobs.

    Args:
        files: the files by path.
        named: path -> git blob id, of the content or of the canonical LFS pointer to it.

    Returns:
        Path, problem and what is wrong for each that differs; how many were compared; how many were not.
    """
    problems = []
    compared = skipped = 0
    for path in sorted(named.keys() & files.keys()):
        file = files[path]
        if file.chunks is None:
            skipped += 1
            continue
        compared += 1
        problem = _compare(file, named[path])
        if problem:
            problems.append((path, "content", problem))
    return problems, compared, skipped


def _names(case: Case, tree: Mapping[str, str], *, partial: bool) -> Iterable[tuple[str, str, str]]:
    """What is there and should not be, and the other way round."""
    there = {entry.path for entry in case.manifest.entries}
    handed_out = case.handed_out or frozenset()
    for path in sorted(there - tree.keys()):
        if not path.startswith(BOOKKEEPING) or path in handed_out:
            yield path, "extra", "is no file of the commit"
    for path in sorted(tree.keys() - there):
        if not partial:
            yield path, "missing", "is a file of the commit and missing here"
    for path in sorted((tree.keys() & there) - case.files.keys()):
        # what a load does not want it may lack: a cache holds what was asked for
        if case.handed_out is None or path in handed_out:
            yield path, "unread", "could not be read and compared"


def _compare(file: BoundFile, expected: str) -> str:
    """What is wrong with the content of one file, or nothing."""
    try:
        if file.size <= SMALL and _blob_id(file) == expected:
            return ""
        sha256 = file.sha256 or _digest(hashlib.sha256(), file)
        if object_id("blob", canonical_pointer(sha256, file.size)) == expected:
            return ""
        if file.size > SMALL and _blob_id(file) == expected:
            return ""
        return (
            f"is not the blob {expected} of the commit: sha256 {sha256}, {file.size} bytes"
            f"{_line_endings(file, expected)}"
        )
    except FormatError as error:
        return f"could not be compared: {error.detail}"


def _blob_id(file: BoundFile) -> str:
    start = hashlib.sha1(f"blob {file.size}\0".encode(), usedforsecurity=False)
    return _digest(start, file)


def _digest(state: hashlib._Hash, file: BoundFile) -> str:
    for chunk in file.chunks() if file.chunks else ():
        state.update(chunk)
    return state.hexdigest()


def _line_endings(file: BoundFile, expected: str) -> str:
    """A hint where only line endings differ."""
    if file.chunks is None or file.size > _MOST_LINE_ENDINGS:
        return ""
    data = b"".join(bytes(chunk) for chunk in file.chunks())
    for changed in (data.replace(b"\r\n", b"\n"), data.replace(b"\n", b"\r\n")):
        if object_id("blob", changed) == expected:
            return "; only line endings differ, which git changes where core.autocrlf says so"
    return ""


def _evidence(claim: Claim, status: Status, detail: str) -> Evidence:
    # `named`: facts beside it say what differs
    code = "named" if status is Status.INVALID else ""
    return Evidence(kind=BINDING, status=status, subject=claim.commit, detail=detail, code=code)


def mismatches(problems: Iterable[tuple[str, str, str]]) -> list[Fact]:
    """A fact for each of the first files that differ: path, problem and what is wrong."""
    return [
        Fact(
            kind="integrity.mismatch",
            location=Location(artifact=path),
            data={"problem": problem, "detail": detail},
        )
        for path, problem, detail in islice(problems, _MOST_FACTS)
    ]
