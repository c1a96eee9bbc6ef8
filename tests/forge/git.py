"""git repositories by the real git, and git's formats byte by byte."""

from __future__ import annotations

import hashlib
import os
import subprocess
import zlib
from typing import TYPE_CHECKING

from safeload.formats.git_objects import object_id

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

ISOLATED = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_AUTHOR_NAME": "Ann",
    "GIT_AUTHOR_EMAIL": "ann@acme.example",
    "GIT_COMMITTER_NAME": "Ann",
    "GIT_COMMITTER_EMAIL": "ann@acme.example",
    "GIT_AUTHOR_DATE": "1700000000 +0000",
    "GIT_COMMITTER_DATE": "1700000000 +0000",
    "LC_ALL": "C",
}
KINDS = {"commit": 1, "tree": 2, "blob": 3, "tag": 4}


def git(
    folder: Path, *arguments: str, data: bytes = b"", check: bool = True, merged: bool = False, **environ: str
) -> bytes:
    """What the real git answers, without anybody's configuration; `merged`: its complaints too."""
    ran = subprocess.run(
        ["git", *arguments],
        cwd=folder,
        input=data,
        capture_output=True,
        check=False,
        env={"PATH": os.environ["PATH"], "HOME": str(folder), **ISOLATED, **environ},
    )
    if check:
        assert ran.returncode == 0, ran.stderr.decode()
    return ran.stdout + ran.stderr * merged


def repository(folder: Path, files: dict[str, bytes], message: str = "first") -> str:
    """A work tree with these files in one commit, whose id comes back."""
    folder.mkdir(exist_ok=True)
    git(folder, "init", "-q", "-b", "main", "--template=")
    return commit(folder, files, message)


def commit(folder: Path, files: dict[str, bytes], message: str = "next") -> str:
    """One more commit with these files."""
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "--allow-empty", "-m", message)
    return git(folder, "rev-parse", "HEAD").decode().strip()


def write_object(folder: Path, kind: str, raw: bytes) -> str:
    """Store any bytes as an object, however wrong they are."""
    name = object_id(kind, raw)
    place = folder / ".git" / "objects" / name[:2] / name[2:]
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(loose(kind, raw))
    return name


def loose(kind: str, raw: bytes) -> bytes:
    """A loose object."""
    return zlib.compress(f"{kind} {len(raw)}\0".encode() + raw)


def tree(*entries: tuple[str, str, str]) -> bytes:
    """A tree of `mode, name, id`, in the order given."""
    return b"".join(
        f"{mode} ".encode() + name.encode() + b"\0" + bytes.fromhex(id_) for mode, name, id_ in entries
    )


def entry(kind: str | int, data: bytes, *, base: bytes = b"", size: int | None = None) -> bytes:
    """One entry of a pack. `base` is the distance or the id of a delta's base, as it stands there."""
    number = KINDS[kind] if isinstance(kind, str) else kind
    length = len(data) if size is None else size
    byte, length = number << 4 | length & 15, length >> 4
    head = bytearray()
    while length:
        head.append(byte | 0x80)
        byte, length = length & 0x7F, length >> 7
    head.append(byte)
    return bytes(head) + base + zlib.compress(data)


def pack(entries: Iterable[bytes], *, count: int | None = None, tail: bytes = b"") -> bytes:
    """A pack of these entries with its checksum."""
    listed = list(entries)
    number = len(listed) if count is None else count
    body = b"PACK\0\0\0\2" + number.to_bytes(4, "big") + b"".join(listed) + tail
    return body + hashlib.sha1(body).digest()


def varint(value: int) -> bytes:
    """A length as deltas write it."""
    made = bytearray()
    while value >= 0x80:
        made.append(value & 0x7F | 0x80)
        value >>= 7
    made.append(value)
    return bytes(made)


def delta(base: bytes, size: int, *instructions: bytes) -> bytes:
    """A delta for this base that says that it makes `size` bytes."""
    return varint(len(base)) + varint(size) + b"".join(instructions)
