"""Finds the bundle of a model signature: the one that the user names, or `model.sig` of the source itself.

What lies in the source is read anew for each decision, so that what is verified is what was judged, also
where the file was first seen on a server and then downloaded.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from safeload.core import visible
from safeload.errors import FormatError, UsageError
from safeload.provenance import SignatureFile
from safeload.sources.blobs import FileBlob, MemoryBlob

if TYPE_CHECKING:
    from pathlib import Path

    from safeload.limits import Limits
    from safeload.sources import Source

NAME = "model.sig"
"""Where it lies by convention: in the root of the repository."""


def named_signature(given: str | Path, source: Source, limits: Limits) -> SignatureFile:
    """The file that the user names, which may lie in the source.

    Raises:
        UsageError: it cannot be read.
    """
    path = os.fspath(given)
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - starts without pathlib
            data = file.read(limits.attestation_bytes + 1)
    except OSError as error:
        raise UsageError(f"cannot read {visible(path)}: {(error.strerror or 'error').lower()}") from None
    inside = os.path.realpath(path).removeprefix(f"{source.root}/")
    return SignatureFile(name=path, data=data, path=inside if inside in source.blobs else None)


def has_signature(source: Source) -> bool:
    """Whether there is one by convention, readable or not."""
    return NAME in source.blobs or NAME in source.broken


def own_signature(source: Source, limits: Limits, *, fetch: bool) -> SignatureFile | None:
    """The file of the source itself, or None where it has none.

    Args:
        source: its files.
        limits: `attestation_bytes` bounds it; one byte more shows that it is longer.
        fetch: whether to ask a server for it, where it is still there.
    """
    blob = source.blobs.get(NAME)
    if not has_signature(source):
        return None
    if not fetch and blob is not None and not isinstance(blob, FileBlob | MemoryBlob):
        return None
    data = b""  # of one that cannot be read, which is no bundle then, and a finding of its own
    if blob is not None:
        try:
            data = blob.read(0, min(blob.size, limits.attestation_bytes + 1))
        except FormatError:
            data = b""
    return SignatureFile(name=NAME, data=data, path=NAME)
