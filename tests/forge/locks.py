"""Lock files: entries with all that a test does not care about filled in."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from safeload.core import Status
from safeload.formats.lock_file import LockedEvidence, LockedFile, LockedSubject
from safeload.record import replace

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

POLICY = f"sha256:{'a' * 64}"
COMMIT = "1" * 40
HOSTILE = (
    "new\nline", 'quo"te', "back\\slash", "tab\there", "nul-free \x01\x1b[31m", "\x7f", "\x85next",
    "bidi \u202egnp.exe", "zero\u200bwidth", "sep\u2028arator", "astral \U000e0041", "\U0001f600", "é and ü",
    " leading", "trailing ", "'single'", '"""', "'''", "a = 1", "[subject]", "# comment", "= {", "]]",
    "folder/with.dots/x", "-", "~", "true", "1979-05-27", "ünï/çödé", "\r\n",
)  # fmt: skip
"""Paths that a file system allows and a text format may stumble over."""


def locked(content: bytes = b"", *, line: int = 0) -> LockedFile:
    """The entry of a file with this content."""
    return LockedFile(sha256=hashlib.sha256(content).hexdigest(), size=len(content), line=line)


def subject(
    uri: str = "file:model", files: Mapping[str, bytes | LockedFile] | None = None, **fields: object
) -> LockedSubject:
    """An entry."""
    contents = {"config.json": b"{}"} if files is None else files
    made = LockedSubject(
        uri=uri,
        policy_name="default",
        policy_digest=POLICY,
        safeload="0.1.0",
        files={
            path: locked(content) if isinstance(content, bytes) else content
            for path, content in contents.items()
        },
    )
    return replace(made, **fields)


def repository(name: str = "acme/bert", revision: str = "main", commit: str = COMMIT) -> LockedSubject:
    """An entry of a repository."""
    return subject(f"hf:{name}", revision=revision, commit=commit)


def sample() -> list[LockedSubject]:
    """A signed repository, a folder with strange names, and a clone whose commit was checked."""
    evidence = (
        LockedEvidence(
            kind="commit-signature",
            status=Status.VERIFIED,
            subject=COMMIT,
            level="publisher",
            basis=f"sha256:{'b' * 64}",
        ),
        LockedEvidence(kind="tree-binding", status=Status.VERIFIED, subject=COMMIT),
    )
    absent = LockedEvidence(kind="commit-signature", status=Status.ABSENT, subject="file:models/strange")
    return [
        replace(repository(), evidence=evidence),
        subject("file:models/strange", dict.fromkeys(HOSTILE, b"x"), evidence=(absent,)),
        subject("file:../clone", commit="2" * 40, repository="acme/other", evidence=evidence[1:]),
    ]


def tree(folder: Path, files: dict[str, bytes]) -> Path:
    """Files in a folder."""
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    return folder
