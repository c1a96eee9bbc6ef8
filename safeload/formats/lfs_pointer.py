"""Pointer: the text that stands in a repository where a large file was not fetched.

Git LFS, with the address of its first name too, and with carriage returns that a checkout may have added;
and the pointers of git-xet. The specification bounds a pointer to 1024 bytes; one with more text behind
stands for a missing file all the same. https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md
"""

from __future__ import annotations

import re

MOST_BYTES = 1024
"""The specification's own bound: within it the digest of the file has to stand."""
_POINTER = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*(?:version https?://(?:git-lfs|hawser)\.github\.com/spec/v?\d+\s"
    rb"|# xet version \d+\s)"
)


def looks_like_pointer(head: bytes, size: int) -> bool:
    """Whether a file of this start and size is a pointer."""
    if _POINTER.match(head) is None:
        return False
    # an essay on pointers may start like one; a pointer goes on with what it points to
    start = head[:MOST_BYTES]
    return size < MOST_BYTES or b"oid sha256:" in start or b"filesize" in start


def canonical_pointer(sha256: str, size: int) -> bytes:
    """The pointer that git-lfs and the Hub write for content of this digest and size."""
    return f"version https://git-lfs.github.com/spec/v1\noid sha256:{sha256}\nsize {size}\n".encode()
