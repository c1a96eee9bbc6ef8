"""Evidence `commit-signature`: the signature on the commit that the files belong to.

This version verifies no signature. It says which of two things holds: the source names no commit,
so there is nothing that could be signed (ABSENT), or there is a commit that was not checked
(UNAVAILABLE). It never returns VERIFIED.
"""

from __future__ import annotations

import os

from safeload.core import Evidence, Manifest, Status

KIND = "commit-signature"

FILE_SCHEME = "file:"


def collect(manifest: Manifest) -> Evidence:
    """State whether there is a commit whose signature could be checked."""
    if manifest.commit is not None:
        return Evidence(
            kind=KIND,
            status=Status.UNAVAILABLE,
            subject=manifest.commit,
            detail="the signature of the commit was not checked: this version verifies none",
        )
    if _has_git_folder(manifest.uri):
        return Evidence(
            kind=KIND,
            status=Status.UNAVAILABLE,
            subject=manifest.uri,
            detail="the folder is a git work tree, and this version does not bind its files to a commit",
        )
    return Evidence(
        kind=KIND,
        status=Status.ABSENT,
        subject=manifest.uri,
        detail="a local folder names no commit"
        if manifest.uri.startswith(FILE_SCHEME)
        else "the source names no commit",
    )


def _has_git_folder(uri: str) -> bool:
    """Whether a local source has `.git` beside its files (a file, in a linked work tree)."""
    if not uri.startswith(FILE_SCHEME):
        return False
    folder = uri.removeprefix(FILE_SCHEME)
    return os.path.exists(os.path.join(folder, ".git"))  # noqa: PTH110, PTH118 - an audit starts without pathlib
