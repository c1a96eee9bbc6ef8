"""Private keys and files of attestations, for `safeload audit --attest` and `safeload verify`."""

from __future__ import annotations

import os
import stat
import sys
import time
from typing import TYPE_CHECKING

import click

from safeload.core import visible
from safeload.errors import FormatError, UsageError
from safeload.limits import DEFAULT_LIMITS

if TYPE_CHECKING:
    from safeload.core import AuditReport
    from safeload.formats.public_key import PemKey
    from safeload.provenance.keys import Private

PASSPHRASE = "SAFELOAD_ATTEST_PASSPHRASE"  # noqa: S105 - the name of a variable
_UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_MOST_DIGITS = 9


class Attester:
    """Writes what an audit established to one file."""

    def __init__(self, output: str, key: str | None, audited: str) -> None:
        """Read the key before the audit starts, so that it need not run for nothing.

        Raises:
            UsageError: the key cannot be used, or key or output lie inside the audited path.
        """
        from safeload.sources.policy_files import refuse_inside

        audited = _folder(audited)
        refuse_inside(output, audited, what="attest file")
        self._output = output
        self._private: Private | None = None
        if key is not None:
            refuse_inside(key, audited, what="attest-key file")
            self._private = read_private(key)

    def write(self, report: AuditReport, repository: str | None) -> str:
        """Write the attestation, whole or not at all, and say what it is in one line.

        Raises:
            UsageError: it cannot be written.
        """
        from safeload.cli._bundle import save
        from safeload.pipeline.attestation import seal, summary_of
        from safeload.provenance.keys import public_of

        summary = summary_of(report, time.time(), repository)
        save(seal(summary, self._private), self._output)
        where = visible(self._output)
        if self._private is None:
            return (
                f"wrote an unsigned report ({summary.result}) to {where}: it proves nothing about its writer"
            )
        fingerprint = public_of(self._private).fingerprint
        return f"wrote an attestation ({summary.result}) to {where}, signed by {fingerprint}"


def read_private(path: str) -> Private:
    """A private key that nobody else may read.

    Raises:
        UsageError: others may read it, it cannot be read, or it is no key that signs here.
    """
    from safeload.provenance.keys import load_private

    data = _read(path, DEFAULT_LIMITS.key_file_bytes, private=True)
    passphrase = os.environ.get(PASSPHRASE)
    if passphrase is None and b"ENCRYPTED" in data and sys.stdin is not None and sys.stdin.isatty():
        passphrase = click.prompt(f"passphrase of {visible(path)}", hide_input=True, err=True)
    plain = b"ENCRYPTED" not in data
    return load_private(data, None if plain or passphrase is None else passphrase.encode())


def read_public(path: str) -> PemKey:
    """A public key.

    Raises:
        UsageError: it cannot be read, or is none that an attester has.
    """
    from safeload.formats.public_key import parse_pem_key
    from safeload.provenance.keys import is_usable

    try:
        key = parse_pem_key(_read(path, DEFAULT_LIMITS.key_file_bytes), DEFAULT_LIMITS)
    except FormatError as error:
        raise UsageError(f"{visible(path)}: {error}") from None
    if not is_usable(key):
        raise UsageError(f"{visible(path)}: the point of the key is not on its curve")
    return key


def read_attestation(path: str) -> bytes:
    """The bytes of an attestation, one more than are read where it is longer.

    Raises:
        UsageError: it cannot be read.
    """
    return _read(path, DEFAULT_LIMITS.attestation_bytes, strict=False)


def seconds(text: str | None) -> int | None:
    """A span of time: `30d`, `12h`, `90m`, `45s`.

    Raises:
        UsageError: it is none.
    """
    if text is None:
        return None
    number, unit = text[:-1], text[-1:]
    if not (number.isascii() and number.isdigit() and len(number) <= _MOST_DIGITS and unit in _UNITS):
        raise UsageError(f"{visible(text)} is no span of time: write 30d, 12h, 90m or 45s")
    return int(number) * _UNITS[unit]


def _folder(audited: str) -> str:
    """What is audited, or where the cache keeps it.

    Raises:
        UsageError: it has the scheme of a repository, and no name of one.
    """
    from safeload.sources.hub_name import SCHEME, parse_hub_name

    if not audited.startswith(SCHEME):
        return audited
    from safeload.sources.hub_api import Hub, HubAccess

    return Hub(parse_hub_name(audited).repository, HubAccess()).home


def _read(path: str, most: int, *, private: bool = False, strict: bool = True) -> bytes:
    """The bytes of a file, which for a private key nobody else may read."""
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - a name is all that is needed
            status = os.fstat(file.fileno())
            if private and (status.st_mode & 0o077 or status.st_uid not in {os.geteuid(), 0}):
                mode = stat.filemode(status.st_mode)
                raise UsageError(f"others may read or replace {visible(path)} ({mode}): chmod 600 it")
            data = file.read(most + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UsageError(f"cannot read {visible(path)}: {reason.lower()}") from None
    if strict and len(data) > most:
        raise UsageError(f"{visible(path)} is larger than {most} bytes, which no key is")
    return data
