"""Writes a git bundle of one commit and its trees: what provenance needs, in git's own format.

https://git-scm.com/docs/gitformat-bundle (version 3, with the filter blob:none)

The caller gives objects that it has digested. Nothing is compressed against anything else: a commit and
trees of a thousand files are some 50 kB.
"""

from __future__ import annotations

import hashlib
import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from safeload.formats.git_objects import GitObject

_KINDS = {"commit": 1, "tree": 2, "tag": 4}


def write_bundle(commit: str, ref: str, parents: Sequence[str], objects: Sequence[GitObject]) -> bytes:
    """A bundle that names one commit.

    Args:
        commit: its id.
        ref: the full name under which it stands: `refs/heads/main`.
        parents: ids of its parents, which the bundle says to be left out.
        objects: the commit and its trees.
    """
    lines = ["# v3 git bundle", "@filter=blob:none"]
    lines += [f"-{parent} " for parent in parents]
    lines += [f"{commit} {ref}", "", ""]
    body = b"PACK\0\0\0\2" + len(objects).to_bytes(4, "big")
    body += b"".join(_entry(item) for item in objects)
    return "\n".join(lines).encode() + body + hashlib.sha1(body, usedforsecurity=False).digest()


def _entry(item: GitObject) -> bytes:
    size = len(item.raw)
    byte, size = _KINDS[item.kind] << 4 | size & 15, size >> 4
    head = bytearray()
    while size:
        head.append(byte | 0x80)
        byte, size = size & 0x7F, size >> 7
    head.append(byte)
    return bytes(head) + zlib.compress(item.raw)
