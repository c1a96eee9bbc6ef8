"""Reads a trust store for the command line, and writes additions to it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from safeload.core import visible
from safeload.errors import FormatError, UsageError
from safeload.limits import DEFAULT_LIMITS
from safeload.record import record

if TYPE_CHECKING:
    from safeload.formats.openpgp_key import PublicKey
    from safeload.formats.public_key import PemKey
    from safeload.formats.ssh_signature import SshKey
    from safeload.provenance.trust import TrustStore

_NAME = frozenset("abcdefghijklmnopqrstuvwxyz0123456789_-")
_REQUIRES = {"publisher": "publisher", "hub": "hub", "oms": "publisher"}
"""What a rule asks for that names a key of this kind."""
_NEW = "# Whose signature counts for which repository. The first rule that names it holds.\nversion = 1\n"


@record
class Addition:
    """One key for a store, and the repositories of its rule."""

    name: str
    key: bytes
    suffix: str
    """Of its file: asc, pub or pem."""
    fingerprint: str
    kind: str
    repos: tuple[str, ...]
    refs: tuple[str, ...]


def load(folder: str) -> TrustStore:
    """The store in a folder.

    Raises:
        UsageError: it cannot be read, or has mistakes.
    """
    from safeload.provenance.trust_store import parse_trust
    from safeload.sources.trust_files import read_trust

    files = read_trust(folder)
    return parse_trust(files.text, source=files.source, files=files.keys)


def read_key(file: str) -> tuple[bytes, PublicKey | SshKey | PemKey]:
    """A public key file and what is in it.

    Raises:
        UsageError: it cannot be read, or is no public key.
    """
    from safeload.provenance.trust_store import parse_key

    try:
        with Path(file).open("rb") as opened:
            data = opened.read(DEFAULT_LIMITS.key_file_bytes + 1)
        return data, parse_key(file, data)
    except OSError as error:
        raise UsageError(f"cannot read {visible(file)}: {(error.strerror or '').lower()}") from None
    except FormatError as error:
        pem = b"-----BEGIN PUBLIC KEY" in data and not file.endswith(".pem")
        hint = "; a PEM key needs a name that ends in .pem" if pem else ""
        raise UsageError(f"{visible(file)}: {error}{hint}") from None


def add_key(folder: str, addition: Addition) -> None:
    """Write a key and its rule, once the store with both has no mistakes.

    Raises:
        UsageError: it would have some, or cannot be written.
    """
    from safeload.provenance.trust_store import parse_trust
    from safeload.sources.trust_files import NAME, read_trust

    home = Path(folder)
    text, keys = _NEW, {}
    if (home / NAME).exists():
        files = read_trust(folder)
        text, keys = files.text, dict(files.keys)
    if not addition.name or not _NAME.issuperset(addition.name):
        raise UsageError("the name of a key has lower-case letters, digits, - and _ only")
    file = f"keys/{addition.name}.{addition.suffix}"
    if file in keys:
        raise UsageError(f"{visible(str(home / file))} is there already: give the key another name")
    text = text.rstrip("\n") + "\n" + _written(addition, file)
    store = parse_trust(text, source=str(home / NAME), files={**keys, file: addition.key})
    for earlier in store.rules[: -1 if addition.repos else None]:
        if set(earlier.repos) & set(addition.repos):
            raise UsageError(f"{earlier.place} names the same repositories and comes first: edit it")
    try:
        (home / "keys").mkdir(parents=True, exist_ok=True)
        _replace(home / file, addition.key)
        _replace(home / NAME, text.encode())
    except OSError as error:
        raise UsageError(f"cannot write {visible(folder)}: {(error.strerror or '').lower()}") from None


def _written(addition: Addition, file: str) -> str:
    """The tables of a key and its rule.

    Raises:
        UsageError: there is no rule that a key of this kind makes by itself.
    """
    require = _REQUIRES.get(addition.kind)
    if addition.repos and require is None:
        raise UsageError(
            f"a key of kind {visible(addition.kind)} makes no rule: write it into the one it is for"
        )
    lines = ["", f"[keys.{addition.name}]", f'file = "{file}"', f'fingerprint = "{addition.fingerprint}"']
    if addition.kind != "publisher":
        lines.append(f"kind = {_quoted(addition.kind)}")
    if addition.repos:
        lines += ["", "[[rules]]", f"repos = [{', '.join(map(_quoted, addition.repos))}]"]
        lines += [f"require = {_quoted(require or '')}", f'keys = ["{addition.name}"]']
        if addition.refs:
            lines.append(f"allow_refs = [{', '.join(map(_quoted, addition.refs))}]")
    return "\n".join([*lines, ""])


def _quoted(text: str) -> str:
    """A TOML string of an argument of the command line.

    Raises:
        UsageError: it holds what no such argument needs.
    """
    if not text.isprintable() or '"' in text or "\\" in text:
        raise UsageError(f"{visible(text)} is no plain name")
    return f'"{text}"'


def _replace(path: Path, data: bytes) -> None:
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with part.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
