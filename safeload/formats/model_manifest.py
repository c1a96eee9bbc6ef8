"""The manifest of a signed model: predicate `https://model_signing/signature/v1.0` of OpenSSF Model Signing.

https://github.com/ossf/model-signing-spec, and version 1.1.1 of the reference implementation where the
specification is silent: shards name their algorithm `sha256-sharded-<size>` or plainly, and the size may be
written as `8.0`.

Guarantees: every path is a plain relative one, each stands for one file, the pieces of a sharded file follow
each other from its first byte without gap or overlap, digests have the length of their algorithm, and the
subject is the sha256 over all digests. The order of the resources is the signer's: implementations sort
differently. Fields that nobody knows are left alone, as the specification asks; they are signed too.

Refused: the predicate of version 0.2 (it does not say that its list is complete), BLAKE3 (Python's library
has none).
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from safeload.errors import FormatError, LimitExceeded
from safeload.formats.json_fields import take_list, take_object, take_text
from safeload.formats.relative_path import relative_problem
from safeload.record import record

if TYPE_CHECKING:
    from collections.abc import Mapping

    from safeload.core import Json
    from safeload.formats.intoto import Statement
    from safeload.formats.json_fields import Object
    from safeload.limits import Limits

PREDICATE = "https://model_signing/signature/v1.0"
OUTDATED = "https://model_signing/Digests/v0.1"
ALGORITHMS = {"sha256": 64, "blake2b": 128}
"""Algorithm -> length of its digest in hexadecimal."""
MOST_IGNORED = 1_000
_HEX = frozenset("0123456789abcdef")
_DIGITS = frozenset("0123456789")
_LONGEST_NUMBER = 15
_PLACE = "the serialization"


class PredicateOutdated(FormatError):
    """The predicate of version 0.2, which lists files and does not say that these are all."""


class PredicateUnsupported(FormatError):
    """A statement that is about something else than a model."""


class SerializationUnsupported(FormatError):
    """A method or an algorithm that is not read."""


class SerializationBroken(FormatError):
    """Parameters that are missing, of another type, or of no meaning."""


class ResourcesMissing(FormatError):
    """A manifest of nothing."""


class TooManyResources(LimitExceeded):
    """More files than `files`, or more pieces than `signed_pieces`."""


class ResourceNameRefused(FormatError):
    """A name that is no plain relative path, or a piece that does not say where it begins and ends."""


class ResourceTwice(FormatError):
    """Two digests for one file."""


class ResourceDigestBroken(FormatError):
    """A digest of another algorithm or length than the manifest's."""


class PiecesBroken(FormatError):
    """Pieces of a file that overlap, leave a gap, or are of another size than the manifest's."""


class RootDigestWrong(FormatError):
    """A subject that is not the digest of the digests, or not the only one."""


@record
class Piece:
    """A range of a file and its digest."""

    start: int
    end: int | None
    """Behind the last byte; None where the piece is the whole file, whatever its size."""
    digest: str


@record
class ModelManifest:
    """The files that somebody signed."""

    algorithm: str
    """One of ALGORITHMS."""
    files: Mapping[str, tuple[Piece, ...]]
    """Path -> its pieces in order: one where files are digested whole."""
    ignored: tuple[str, ...]
    """Paths that the signer left out, as they stand there. They excuse nothing by themselves."""

    def ignores(self, path: str) -> bool:
        """Whether the signer says that this path, or a folder around it, was left out."""
        return any(path == left or path.startswith(f"{left}/") for left in self.ignored)


def parse_manifest(statement: Statement, limits: Limits) -> ModelManifest:
    """Read the manifest that a statement carries.

    Args:
        statement: whose signature the caller has verified.
        limits: `files` and `signed_pieces` bound it.

    Raises:
        FormatError: a class of this module or of `json_fields`.
    """
    if statement.predicate_type == OUTDATED:
        raise PredicateOutdated(f"{OUTDATED} does not say that its list of files is complete: sign it again")
    if statement.predicate_type != PREDICATE:
        raise PredicateUnsupported(f"a statement of type {statement.predicate_type[:80]} is about no model")
    place = "the predicate"
    holder = take_object(statement.predicate, place, ("serialization", "resources"))
    serialization = take_object(holder["serialization"], _PLACE, ("method", "hash_type", "allow_symlinks"))
    algorithm, size = _method(serialization)
    ignored = _ignored(serialization)
    resources = take_list(holder, "resources", place)
    if not resources:
        raise ResourcesMissing("a manifest of nothing")
    if len(resources) > (limits.files if size is None else limits.signed_pieces):
        raise TooManyResources(f"{len(resources)} resources are more than any model has")
    files: dict[str, list[Piece]] = {}
    root = hashlib.sha256()
    for item in resources:
        path, piece = _resource(item, algorithm, size)
        if size is None and path in files:
            raise ResourceTwice(f"{path} is there twice")
        files.setdefault(path, []).append(piece)
        root.update(bytes.fromhex(piece.digest))
    if list(statement.subjects.values()) != [root.hexdigest()]:
        raise RootDigestWrong("the subject is not the digest of the digests that the manifest lists")
    if len(files) > limits.files:
        raise TooManyResources(f"{len(files)} files, more than {limits.files}")
    ordered = {path: _in_order(path, pieces, size) for path, pieces in files.items()}
    return ModelManifest(algorithm=algorithm, files=ordered, ignored=ignored)


def _method(serialization: Object) -> tuple[str, int | None]:
    """The algorithm, and the size of pieces or None."""
    method = take_text(serialization, "method", _PLACE)
    algorithm = take_text(serialization, "hash_type", _PLACE)
    if type(serialization["allow_symlinks"]) is not bool:
        raise SerializationBroken("allow_symlinks is neither true nor false")
    if algorithm not in ALGORITHMS or method not in {"files", "shards"}:
        raise SerializationUnsupported(f"{method[:40]} by {algorithm[:40]}, which is not read")
    if method == "files":
        return algorithm, None
    size = serialization.get("shard_size")
    # a number of protobuf's Struct is a float
    if not isinstance(size, (int, float)) or type(size) is bool or not 1 <= size <= 1 << 50:
        raise SerializationBroken("the size of the pieces is no positive number")
    if size != int(size):
        raise SerializationBroken("the size of the pieces is no whole number")
    return algorithm, int(size)


def _ignored(serialization: Object) -> tuple[str, ...]:
    """Paths that were left out. One that is no plain relative path can leave out nothing of this folder."""
    if "ignore_paths" not in serialization:
        return ()
    listed = take_list(serialization, "ignore_paths", _PLACE)
    if len(listed) > MOST_IGNORED:
        raise SerializationBroken(f"{len(listed)} paths are left out, more than {MOST_IGNORED}")
    paths = [path for path in listed if isinstance(path, str)]
    if len(paths) != len(listed):
        raise SerializationBroken("a path that is left out is no text")
    return tuple(path for path in (path.rstrip("/") for path in paths) if relative_problem(path) is None)


def _resource(item: Json, algorithm: str, size: int | None) -> tuple[str, Piece]:
    place = "a resource"
    holder = take_object(item, place, ("name", "algorithm", "digest"))
    name = take_text(holder, "name", place)
    kind = take_text(holder, "algorithm", place)
    digest = take_text(holder, "digest", place)
    path, start, end = name, 0, None
    if size is not None:
        path, start, end = _range(name)
    problem = relative_problem(path)
    if problem is not None:
        raise ResourceNameRefused(f"{name[:200]} is {problem}")
    named = {algorithm} if size is None else {algorithm, f"{algorithm}-sharded-{size}"}
    if kind not in named or len(digest) != ALGORITHMS[algorithm] or not _HEX.issuperset(digest):
        raise ResourceDigestBroken(f"{name[:200]} has no {algorithm} in lower-case hexadecimal")
    return path, Piece(start=start, end=end, digest=digest)


def _range(name: str) -> tuple[str, int, int]:
    """`path:start:end`; the path itself may have colons."""
    path, *numbers = name.rsplit(":", 2)
    if len(numbers) != 2 or any(not _is_number(text) for text in numbers):
        raise ResourceNameRefused(f"{name[:200]} does not say where the piece begins and ends")
    return path, int(numbers[0]), int(numbers[1])


def _is_number(text: str) -> bool:
    plain = 0 < len(text) <= _LONGEST_NUMBER and _DIGITS.issuperset(text)
    return plain and (text == "0" or not text.startswith("0"))


def _in_order(path: str, pieces: list[Piece], size: int | None) -> tuple[Piece, ...]:
    """The pieces of one file, which follow each other."""
    if size is None:
        return tuple(pieces)
    ordered = sorted(pieces, key=lambda piece: piece.start)
    for number, piece in enumerate(ordered):
        length = (piece.end or 0) - piece.start
        last = number == len(ordered) - 1
        if piece.start != number * size or not (0 < length <= size if last else length == size):
            raise PiecesBroken(f"the pieces of {path} overlap, leave a gap, or are not of {size} bytes")
    return tuple(ordered)
