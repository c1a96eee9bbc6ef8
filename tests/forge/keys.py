"""Throw-away OpenPGP keys by the real gpg, and commits signed with them, made at test time."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from tests.forge.git import git, write_object

if TYPE_CHECKING:
    from collections.abc import Iterator

GPG = shutil.which("gpg")
PAST = "20240101T000000!"


class Keyring:
    """A keyring of secret keys for tests: generate, sign, export, revoke."""

    def __init__(self) -> None:
        # in /tmp, and short: gpg-agent's socket has to fit into 108 bytes
        self.home = Path(tempfile.mkdtemp(prefix="kr-", dir="/tmp"))
        self.prints: dict[str, str] = {}

    def close(self) -> None:
        """End the agent and remove everything."""
        subprocess.run(["gpgconf", "--homedir", str(self.home), "--kill", "all"], check=False)
        shutil.rmtree(self.home, ignore_errors=True)

    def gpg(self, *arguments: str, data: bytes = b"") -> bytes:
        """What the real gpg answers in this keyring."""
        assert GPG is not None
        command = [GPG, "--homedir", str(self.home), "--batch", "--no-tty", "--yes"]
        command += ["--display-charset", "utf-8", "--pinentry-mode", "loopback", "--passphrase", ""]
        environ = {"PATH": os.environ["PATH"], "LC_ALL": "C"}
        ran = subprocess.run(
            [*command, *arguments], input=data, capture_output=True, check=False, env=environ
        )
        assert ran.returncode == 0, ran.stderr.decode()
        return ran.stdout

    def key(
        self,
        name: str,
        *options: str,
        algorithm: str = "ed25519",
        expires: str = "0",
        uid: str | None = None,
    ) -> str:
        """A new key that can sign, by name; its fingerprint comes back."""
        self.gpg(
            *options, "--quick-gen-key", uid or f"{name} <{name}@acme.example>", algorithm, "sign", expires
        )
        listed = self.gpg(
            "--with-colons", "--list-keys", f"={uid or f'{name} <{name}@acme.example>'}"
        ).decode()
        self.prints[name] = next(line.split(":")[9] for line in listed.splitlines() if line.startswith("fpr"))
        return self.prints[name]

    def subkey(self, name: str, *options: str, expires: str = "0") -> str:
        """One more subkey that signs."""
        self.gpg(*options, "--quick-add-key", self.prints[name], "ed25519", "sign", expires)
        listed = self.gpg("--with-colons", "--list-keys", self.prints[name]).decode()
        return [line.split(":")[9] for line in listed.splitlines() if line.startswith("fpr")][-1]

    def public(self, name: str) -> bytes:
        """The .asc file."""
        return self.gpg("--armor", "--export", self.prints[name])

    def revoke(self, name: str) -> None:
        """With the certificate that gpg writes beside each new key."""
        certificate = (self.home / "openpgp-revocs.d" / f"{self.prints[name]}.rev").read_text()
        self.gpg("--import", data=certificate.replace(":-----BEGIN", "-----BEGIN").encode())

    def sign(self, name: str, payload: bytes, *options: str, armored: bool = True) -> bytes:
        """A detached signature over these bytes."""
        form = ["--armor"] if armored else ["--no-armor"]
        return self.gpg(*options, *form, "-u", self.prints.get(name, name), "--detach-sign", data=payload)

    def armored(self, binary: bytes) -> bytes:
        """Any packets in the armor of a signature."""
        made = self.gpg("--enarmor", data=binary).decode().splitlines()
        body = [line for line in made[1:-1] if not line.startswith("Comment:")]
        text = ["-----BEGIN PGP SIGNATURE-----", *body, "-----END PGP SIGNATURE-----", ""]
        return "\n".join(text).encode()


def signed(payload: bytes, signature: bytes, header: str = "gpgsig") -> bytes:
    """A commit with this signature where git puts it: behind its last header."""
    at = payload.index(b"\n\n") + 1
    folded = signature.rstrip(b"\n").replace(b"\n", b"\n ")
    return payload[:at] + header.encode() + b" " + folded + b"\n" + payload[at:]


def sign_head(folder: Path, keys: Keyring, name: str, *options: str) -> str:
    """The commit at HEAD again, signed; HEAD moves to it."""
    payload = git(folder, "cat-file", "commit", "HEAD")
    return set_head(folder, signed(payload, keys.sign(name, payload, *options)))


def set_head(folder: Path, raw: bytes) -> str:
    """A commit of any bytes at HEAD."""
    made = write_object(folder, "commit", raw)
    (folder / ".git" / "refs" / "heads" / "main").write_text(f"{made}\n")
    return made


def keyring() -> Iterator[Keyring]:
    """A keyring that goes away; for a fixture."""
    made = Keyring()
    try:
        yield made
    finally:
        made.close()
