"""Git LFS pointer: the text that stands in a repository where a large file was not fetched.

https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md
"""

from __future__ import annotations

START = b"version https://git-lfs.github.com/spec/v1\n"
MOST_BYTES = 1024
"""The specification's own bound."""


def looks_like_pointer(head: bytes, size: int) -> bool:
    """Whether a file of this start and size is a pointer."""
    return size < MOST_BYTES and head.startswith(START)


def canonical_pointer(sha256: str, size: int) -> bytes:
    """The pointer that git-lfs and the Hub write for content of this digest and size."""
    return START + f"oid sha256:{sha256}\nsize {size}\n".encode()
