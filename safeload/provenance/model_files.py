"""Compares files with the manifest of a signed model: by the digests that the audit took, where they fit.

What a signer leaves out is not covered. It is said, and whatever a loader would take by its name, or does
take, has to be listed; so has every other file, but for the bundle itself, git's own files in the root, which
the convention leaves out, and what `hf download` notes beside the files.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from safeload.core import Role
from safeload.errors import FormatError
from safeload.provenance.tree_binding import BOOKKEEPING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from safeload.formats.model_manifest import ModelManifest, Piece
    from safeload.provenance import BoundFile, Case

_LEFT_OUT = (".git", ".gitattributes", ".github", ".gitignore")


class FileUnread(Exception):
    """A file that counts and was not read whole, so that nobody can say whether it was signed."""


def compare_files(case: Case, manifest: ModelManifest) -> tuple[list[tuple[str, str, str]], str]:
    """Compare every file of a source with a manifest.

    Args:
        case: the files, what is handed out of them, and where the signature lies.
        manifest: what was signed.

    Returns:
        Path, problem and detail of what is wrong; and what was compared, in words.

    Raises:
        FileUnread: a file that is handed out was not read whole.
    """
    problems: list[tuple[str, str, str]] = []
    compared = skipped = 0
    uncovered: list[str] = []
    there = {entry.path: entry.role for entry in case.manifest.entries}
    for path, role in sorted(there.items()):
        if path not in manifest.files:
            left = _left_out(case, manifest, path, role)
            if left:
                uncovered.append(path)
            else:
                problems.append((path, "extra", "is not listed by the model signature"))
        elif path not in case.files:
            problems.append((path, "unread", "could not be read and compared"))
        elif case.files[path].chunks is None:
            if not case.ahead and (case.handed_out is None or path in case.handed_out):
                raise FileUnread(f"{path} was not read whole, so it was not compared with its signature")
            skipped += 1
        else:
            compared += 1
            problem = _differs(case.files[path], manifest.files[path], manifest.algorithm)
            if problem:
                problems.append((path, "content", problem))
    partial = case.claim is not None and case.claim.partial
    missing = () if partial else sorted(manifest.files.keys() - there.keys())
    problems += [(path, "missing", "is listed by the model signature and missing here") for path in missing]
    said = f"{compared} of {len(manifest.files)} files were compared, each is the one that was signed"
    if skipped:
        said += f"; {skipped} that this load does not hand out were not"
    if uncovered:
        more = f" and {len(uncovered) - 5} more" if len(uncovered) > 5 else ""
        said += f"; not covered: {', '.join(uncovered[:5])}{more}"
    return problems, said


def _left_out(case: Case, manifest: ModelManifest, path: str, role: Role) -> bool:
    """Whether a file may be missing from the manifest. What is handed out may not, whoever left it out."""
    if case.handed_out is not None and path in case.handed_out:
        return False
    if case.signature is not None and path == case.signature.path:
        return True
    if path.startswith(BOOKKEEPING) or path.partition("/")[0] in _LEFT_OUT:
        return True
    return role is Role.OTHER and manifest.ignores(path)


def _differs(file: BoundFile, pieces: tuple[Piece, ...], algorithm: str) -> str:
    """What is wrong with the content of one file, or nothing."""
    whole = len(pieces) == 1 and pieces[0].end is None
    if whole and algorithm == "sha256" and file.sha256 is not None:
        return "" if file.sha256 == pieces[0].digest else _other(algorithm, file.sha256, pieces[0].digest)
    if not whole and pieces[-1].end != file.size:
        return f"has {file.size} bytes, and {pieces[-1].end} were signed"
    try:
        for piece, digest in zip(pieces, _digests(file, pieces, algorithm), strict=True):
            if digest != piece.digest:
                return _other(algorithm, digest, piece.digest)
    except FormatError as error:
        return f"could not be compared: {error.detail}"
    return ""


def _digests(file: BoundFile, pieces: tuple[Piece, ...], algorithm: str) -> Iterator[str]:
    """The digest of each piece, in one pass over the file."""
    ends = [file.size if piece.end is None else piece.end for piece in pieces]
    state, at, number = hashlib.new(algorithm), 0, 0
    for chunk in file.chunks() if file.chunks else ():
        view = memoryview(chunk)
        while view and number < len(ends):
            part = view[: ends[number] - at]
            state.update(part)
            at += len(part)
            view = view[len(part) :]
            if at == ends[number]:
                yield state.hexdigest()
                state, number = hashlib.new(algorithm), number + 1
    if number < len(ends):
        # an empty file has one piece, of no bytes
        yield state.hexdigest()


def _other(algorithm: str, found: str, signed: str) -> str:
    return f"is not the file that was signed: {algorithm} {found}, and {signed} in the manifest"
