"""Reads the files of a trust store: trust.toml, and the keys beside it.

Like a policy, a trust store that comes from inside the audited path is refused: whoever wrote the
checkpoint would name its own keys. What the files mean is `provenance.trust_store`'s to say.
"""

from __future__ import annotations

import os
from os import path as paths
from typing import TYPE_CHECKING, NamedTuple

from safeload.core import visible
from safeload.errors import UsageError
from safeload.limits import DEFAULT_LIMITS
from safeload.sources.policy_files import read_text, refuse_inside, shown

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

NAME = "trust.toml"
KEYS = "keys"
SUFFIXES = (".asc", ".pub", ".pem", ".sigstore.json")
"""Of key files."""
_MOST_KEYS = 1_000


class TrustFiles(NamedTuple):
    """The files of one store."""

    text: str
    """trust.toml."""
    source: str
    """Its name in messages."""
    keys: Mapping[str, bytes]
    """Key files by their names in the store: `keys/acme.asc`."""


def read_trust(folder: str | Path, *, audited: str | Path | None = None) -> TrustFiles:
    """Read a trust store.

    Args:
        folder: where trust.toml lies.
        audited: the file or folder under audit, where it is local.

    Raises:
        UsageError: a file cannot be read, or lies inside the audited path.
    """
    judged = None if audited is None else os.fspath(audited)
    text_path = paths.join(os.fspath(folder), NAME)
    refuse_inside(text_path, judged, what="trust store")
    if not paths.lexists(text_path):
        raise UsageError(
            f"there is no trust store {shown(os.fspath(folder))}: `safeload trust add` makes one"
        )
    keys: dict[str, bytes] = {}
    for name in _listed(paths.join(os.fspath(folder), KEYS)):
        path = paths.join(os.fspath(folder), KEYS, name)
        refuse_inside(path, judged, what="trust store")
        keys[f"{KEYS}/{name}"] = _key(path)
    return TrustFiles(text=read_text(text_path), source=shown(text_path), keys=keys)


def _listed(folder: str) -> list[str]:
    """The key files of a folder; other files, such as a README, are no keys."""
    try:
        names = sorted(name for name in os.listdir(folder) if name.endswith(SUFFIXES))
    except FileNotFoundError:
        return []
    except OSError as error:
        raise UsageError(f"cannot read {shown(folder)}: {(error.strerror or '').lower()}") from None
    if len(names) > _MOST_KEYS:
        raise UsageError(f"{shown(folder)} holds more than {_MOST_KEYS} keys")
    return names


def _key(path: str) -> bytes:
    most = DEFAULT_LIMITS.key_file_bytes
    try:
        with open(path, "rb") as file:
            data = file.read(most + 1)
    except OSError as error:
        raise UsageError(f"cannot read {shown(path)}: {(error.strerror or '').lower()}") from None
    if len(data) > most:
        raise UsageError(f"{visible(path)} is larger than {most} bytes, which no key is")
    return data
