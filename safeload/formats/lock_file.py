"""safeload.lock -> Lock: which files of which checkpoints were judged and allowed, by their digests.

    version = 1

    [[subject]]
    uri = "hf:acme/bert"           or "file:../models/bert", relative to the lock file
    revision = "main"              as it was asked for; of a repository only
    commit = "<40 hex>"            what it stood for; of a folder, where its commit was checked
    repository = "acme/bert"       what a folder was said to be a clone of, where that was checked
    verdict = "ALLOW"              a lock holds nothing else
    policy = { name = "default", digest = "sha256:<64 hex>" }
    safeload = "0.1.0"             the version that judged it
    evidence = [
        { kind = "commit-signature", status = "verified", subject = "<40 hex>", level = "publisher" },
    ]

    [subject.files]
    "config.json" = { sha256 = "<64 hex>", size = 570 }

One file stands on one line, so that a diff shows which files changed and a report can point to them.

Guarantees: whatever is not understood is an error, and all errors are reported at once, each with its
line; names are those that stand in the file, unescaped, and none of them leaves its folder. No file is
read here: `sources.lock_files` finds them, and `formats.lock_file_write` is the other direction.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from safeload.core import Status, Verdict, visible
from safeload.errors import FormatError, LimitExceeded
from safeload.formats.git_objects import is_object_id
from safeload.formats.toml_reader import NotToml, TomlReader, type_name
from safeload.limits import DEFAULT_LIMITS
from safeload.record import record

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from safeload.limits import Limits

VERSION = 1
FOLDER = "file:"
"""Scheme of a folder or file beside the lock."""
REPOSITORY = "hf:"
"""Scheme of a repository on the Hub."""
LEVELS = ("none", "pin", "hub", "publisher")

_SUBJECT_KEYS = (
    "uri", "revision", "commit", "repository", "verdict", "policy", "safeload", "evidence", "files",
)  # fmt: skip
_EVIDENCE_KEYS = ("kind", "status", "subject", "level", "basis")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*/[A-Za-z0-9][A-Za-z0-9_.-]*\Z")
_SHA256 = re.compile(r"[0-9a-f]{64}\Z")
_PREFIXED = re.compile(r"sha256:[0-9a-f]{64}\Z")
_Place = tuple[str, ...]


class LockInvalid(FormatError):
    """A lock file that does not follow its schema. `problems` holds each error with its place."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


class LockTooLarge(LimitExceeded):
    """A lock file of more bytes than a budget allows."""


@record
class LockedFile:
    """One file as it was judged."""

    sha256: str
    size: int
    """Bytes."""
    line: int = 0
    """Where it stands in the lock file; 0 for one that was not read from there."""


@record
class LockedEvidence:
    """What was known about the origin of a subject."""

    kind: str
    status: Status
    subject: str
    level: str = "none"
    basis: str = ""


@record
class LockedSubject:
    """One checkpoint as it was judged."""

    uri: str
    """`file:` and a path relative to the lock file, or `hf:` and the name of a repository."""
    policy_name: str
    policy_digest: str
    """`sha256:` and its digits."""
    safeload: str
    """The version that judged it."""
    files: Mapping[str, LockedFile]
    """Every file by its path in the snapshot."""
    evidence: tuple[LockedEvidence, ...] = ()
    revision: str | None = None
    commit: str | None = None
    repository: str | None = None
    line: int = 0
    """Where its entry begins in the lock file; 0 for one that was not read from there."""

    @property
    def key(self) -> tuple[str, str]:
        """What no other entry of a lock may share."""
        return self.uri, self.revision or ""

    @property
    def branch(self) -> str | None:
        """The branch or tag that was asked for; None where it was a commit, or no repository's."""
        revision = self.revision
        named = revision is not None and not is_object_id(revision) and not revision.startswith("refs/")
        return revision if named else None

    @property
    def name(self) -> str:
        """The subject as a user names it: with its revision, where it has one."""
        return self.uri if self.revision is None else f"{self.uri}@{self.revision}"


@record(eq=False)
class Lock:
    """A whole lock file."""

    subjects: tuple[LockedSubject, ...]
    source: str
    """Its name in messages."""

    def place(self, item: LockedSubject | LockedFile) -> str:
        """File and line of an entry."""
        return f"{self.source}:{item.line}"


def parse_lock(text: str, source: str, limits: Limits = DEFAULT_LIMITS) -> Lock:
    """Read a lock file.

    Args:
        text: the file.
        source: its name in messages.
        limits: how long it may be.

    Raises:
        FormatError: `LockTooLarge`, or `LockInvalid` with every problem.
    """
    if len(text) > limits.lock_bytes:
        raise LockTooLarge(f"{source} has more than {limits.lock_bytes} characters")
    try:
        reader = TomlReader(text, source)
    except NotToml as error:
        raise LockInvalid([error.detail]) from None
    document = reader.document
    version = document.get("version")
    if type(version) is not int or version != VERSION:
        # keys of another version would all be called unknown
        reader.wrong(("version",), f"version = {VERSION} is required: this version reads no other")
        raise LockInvalid(reader.problems)
    reader.table(document, keys=("version", "subject"))
    tables = document.get("subject", [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        reader.wrong(("subject",), "subjects are not written as [[subject]]")
        tables = []
    subjects = [_subject(reader, tables, number) for number in range(len(tables))]
    seen: dict[tuple[str, str], int] = {}
    for number, subject in enumerate(subjects):
        if subject.uri and subject.key in seen:
            what = f"{visible(subject.name)} is there twice: its first entry is in line {seen[subject.key]}"
            reader.wrong(("subject", str(number), "uri"), what)
        seen.setdefault(subject.key, subject.line)
    if reader.problems:
        raise LockInvalid(reader.problems)
    return Lock(subjects=tuple(subjects), source=source)


def path_problem(path: str, limits: Limits = DEFAULT_LIMITS) -> str | None:
    """Why a path is none of a file in a snapshot, or None. Control characters may stand in one."""
    if not path or "\0" in path or len(path.encode("utf-8", "replace")) > limits.path_bytes:
        return "is empty, holds a NUL, or is too long"
    if path.startswith("/") or any(part in {"", ".", ".."} for part in path.split("/")):
        return "leaves its folder or has empty parts"
    return None


def uri_problem(uri: str) -> str | None:
    """Why a uri names no subject, or None."""
    if uri.startswith(REPOSITORY):
        plain = _NAME.match(uri.removeprefix(REPOSITORY)) is not None and ".." not in uri
        return None if plain else "is no name of a repository: hf:org/name"
    if not uri.startswith(FOLDER):
        return "names nothing that this version reads: file:path or hf:org/name"
    parts = uri.removeprefix(FOLDER).split("/")
    inner = parts[next((at for at, part in enumerate(parts) if part != ".."), len(parts)) :]
    if "\0" in uri or any(part in {"", ".", ".."} for part in inner):
        return "is no plain path relative to the lock file"
    return None


def _subject(reader: TomlReader, tables: Sequence[Mapping[str, Any]], number: int) -> LockedSubject:
    path = ("subject", str(number))
    table = reader.table({path[1]: tables[number]}, *path, keys=_SUBJECT_KEYS)
    uri = _required(reader, table, path, "uri")
    if uri and (problem := uri_problem(uri)):
        reader.wrong((*path, "uri"), f"{visible(uri)} {problem}")
    revision = reader.string(table, *path, "revision")
    commit = reader.string(table, *path, "commit")
    if commit is not None and not is_object_id(commit):
        what = f"{visible(commit)} is no commit: 40 hexadecimal digits, lower case"
        reader.wrong((*path, "commit"), what)
    _check_origin(reader, path, table, uri)
    verdict = _required(reader, table, path, "verdict")
    if verdict and verdict != Verdict.ALLOW.value:
        reader.wrong((*path, "verdict"), f"verdict {visible(verdict)}: a lock holds what was allowed only")
    policy = reader.table(table, *path, "policy", keys=("name", "digest"))
    digest = _required(reader, policy, (*path, "policy"), "digest")
    if digest and not _PREFIXED.match(digest):
        reader.wrong((*path, "policy"), "the policy's digest is not sha256: and 64 hexadecimal digits")
    return LockedSubject(
        uri=uri,
        revision=revision,
        commit=commit,
        repository=reader.string(table, *path, "repository"),
        policy_name=_required(reader, policy, (*path, "policy"), "name"),
        policy_digest=digest,
        safeload=_required(reader, table, path, "safeload"),
        evidence=_evidence(reader, table, path),
        files=_files(reader, table, path),
        line=reader.line(*path),
    )


def _check_origin(reader: TomlReader, path: _Place, table: Mapping[str, Any], uri: str) -> None:
    """Which of revision, commit and repository an entry of its kind has."""
    if uri.startswith(REPOSITORY):
        for key in ("revision", "commit"):
            _required(reader, table, path, key)
        if "repository" in table:
            reader.wrong((*path, "repository"), "the uri names the repository")
    elif uri.startswith(FOLDER):
        if "revision" in table:
            reader.wrong((*path, "revision"), "a folder has no revisions")
        repository = table.get("repository")
        if isinstance(repository, str) and not _NAME.match(repository):
            reader.wrong((*path, "repository"), f"{visible(repository)} is no name of a repository: org/name")
        if "repository" in table and "commit" not in table and not _is_signed(table):
            reader.wrong((*path, "repository"), "a repository is named, and no commit of it")


def _is_signed(table: Mapping[str, Any]) -> bool:
    """Whether the model itself was signed, which needs no commit."""
    items = table.get("evidence")
    return isinstance(items, list) and any(
        isinstance(item, dict) and item.get("kind") == "model-signature" for item in items
    )


def _required(reader: TomlReader, table: Mapping[str, Any], path: _Place, key: str) -> str:
    """A string that has to be there; empty where it is not, which is a problem then."""
    value = reader.string(table, *path, key)
    if value == "" or key not in table:
        reader.wrong((*path, key), f"{'.'.join(path)} has no {key}")
    return value or ""


def _evidence(reader: TomlReader, table: Mapping[str, Any], path: _Place) -> tuple[LockedEvidence, ...]:
    items = table.get("evidence", [])
    path = (*path, "evidence")
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        reader.wrong(path, "evidence is not a list of tables")
        return ()
    return tuple(_item(reader, item, (*path, str(number))) for number, item in enumerate(items))


def _item(reader: TomlReader, item: Mapping[str, Any], path: _Place) -> LockedEvidence:
    reader.table({path[-1]: item}, *path, keys=_EVIDENCE_KEYS)
    status = reader.choice(item, *path, "status", words=[status.value for status in Status])
    if "status" not in item:
        reader.wrong(path, f"{'.'.join(path)} has no status")
    return LockedEvidence(
        kind=_required(reader, item, path, "kind"),
        status=Status(status or Status.UNAVAILABLE.value),
        subject=_required(reader, item, path, "subject"),
        level=reader.choice(item, *path, "level", words=LEVELS) or "none",
        basis=reader.string(item, *path, "basis") or "",
    )


def _files(reader: TomlReader, table: Mapping[str, Any], path: _Place) -> dict[str, LockedFile]:
    listed = table.get("files")
    path = (*path, "files")
    if not isinstance(listed, dict) or not listed:
        what = "there are no files" if listed is None or listed == {} else f"files is {type_name(listed)}"
        reader.wrong(path, f"{what}: write a table [subject.files]")
        return {}
    return {name: _file(reader, listed, (*path, name)) for name in listed}


def _file(reader: TomlReader, listed: Mapping[str, Any], path: _Place) -> LockedFile:
    name = path[-1]
    if problem := path_problem(name):
        reader.wrong(path, f"the path {visible(name)} {problem}")
    entry = listed[name]
    if not isinstance(entry, dict) or set(entry) != {"sha256", "size"}:
        reader.wrong(path, f"{visible(name)} is not {{ sha256 = ..., size = ... }}")
        return LockedFile(sha256="", size=0)
    sha256, size = entry["sha256"], entry["size"]
    if not isinstance(sha256, str) or not _SHA256.match(sha256):
        reader.wrong(path, f"the sha256 of {visible(name)} is not 64 hexadecimal digits, lower case")
        sha256 = ""
    if type(size) is not int or size < 0:
        reader.wrong(path, f"the size of {visible(name)} is no number of bytes")
        size = 0
    return LockedFile(sha256=sha256, size=size, line=reader.line(*path))
