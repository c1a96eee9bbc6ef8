"""SSH keys and signatures: by the real ssh-keygen, and field by field."""

from __future__ import annotations

import base64
import shutil
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

SSH = shutil.which("ssh-keygen")
ED25519 = b"\0\0\0\x0bssh-ed25519" + b"\0\0\0\x20" + b"\x11" * 32


def string(value: bytes) -> bytes:
    """A field of RFC 4251."""
    return len(value).to_bytes(4, "big") + value


def armor(blob: bytes) -> bytes:
    """One armored signature."""
    text = base64.b64encode(blob).decode()
    lines = "".join(f"{text[at : at + 70]}\n" for at in range(0, len(text), 70))
    return f"-----BEGIN SSH SIGNATURE-----\n{lines}-----END SSH SIGNATURE-----\n".encode()


def signature(
    *,
    magic: bytes = b"SSHSIG\0\0\0\1",
    key: bytes = ED25519,
    namespace: bytes = b"git",
    reserved: bytes = b"",
    digest: bytes = b"sha512",
    scheme: bytes = b"ssh-ed25519",
    value: bytes = b"\x22" * 64,
    inner: bytes = b"",
    tail: bytes = b"",
) -> bytes:
    """A signature blob of these fields."""
    parts = (key, namespace, reserved, digest, string(scheme) + string(value) + inner)
    return magic + b"".join(map(string, parts)) + tail


def public(blob: bytes, kind: str = "ssh-ed25519", comment: str = " ann@acme") -> bytes:
    """A line of a .pub file."""
    return f"{kind} {base64.b64encode(blob).decode()}{comment}\n".encode()


def make_key(folder: Path, name: str, *options: str) -> bytes:
    """A new key by the real ssh-keygen; its public line comes back."""
    assert SSH is not None
    command = [SSH, "-q", "-N", "", "-C", name, "-f", str(folder / name), *options]
    subprocess.run(command, check=True, capture_output=True)
    return (folder / f"{name}.pub").read_bytes()


def sign(folder: Path, name: str, payload: bytes, *options: str, namespace: str = "git") -> bytes:
    """What `git commit -S` has ssh-keygen do."""
    assert SSH is not None
    (folder / "payload").write_bytes(payload)
    (folder / "payload.sig").unlink(missing_ok=True)
    command = [
        SSH,
        "-Y",
        "sign",
        "-f",
        str(folder / name),
        "-n",
        namespace,
        *options,
        str(folder / "payload"),
    ]
    subprocess.run(command, check=True, capture_output=True)
    return (folder / "payload.sig").read_bytes()


def verifies(folder: Path, name: str, payload: bytes, made: bytes) -> bool:
    """What ssh-keygen says about it."""
    assert SSH is not None
    (folder / "allowed").write_bytes(b"ann " + (folder / f"{name}.pub").read_bytes())
    (folder / "check.sig").write_bytes(made)
    command = [SSH, "-Y", "verify", "-f", str(folder / "allowed"), "-I", "ann", "-n", "git"]
    command += ["-s", str(folder / "check.sig")]
    return subprocess.run(command, input=payload, check=False, capture_output=True).returncode == 0
