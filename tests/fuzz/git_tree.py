"""Any bytes give a tree or a FormatError.

The invariant holds within the limits and under the seal. What is accepted is exactly what its entries
write: nothing is read over, and no name could lead out of its folder.
"""

from __future__ import annotations

from safeload.errors import FormatError
from safeload.formats.git_errors import TreeEntryBroken
from safeload.formats.git_tree import parse_tree
from safeload.limits import DEFAULT_LIMITS
from tests.forge.git import tree

_ID = "31" * 20


def seeds() -> list[bytes]:
    """Files, programs, folders, other scripts and refused modes."""
    return [
        tree(("100644", "a.json", _ID), ("40000", "a", _ID), ("100755", "b", _ID)),
        tree(("100644", "ä", _ID), ("100644", "日本", _ID)),
        tree(("120000", "link", _ID)),
        tree(("100644", ".git", _ID), ("100644", "A", _ID)),
    ]


def read(data: bytes) -> object:
    """The entries, or the error that is allowed."""
    try:
        return parse_tree(data, DEFAULT_LIMITS)
    except FormatError as error:
        return error


def check(data: bytes, result: object) -> None:
    """What has to hold of entries."""
    if not isinstance(result, tuple):
        return
    written = b"".join(entry.name.encode() + b"\0" + bytes.fromhex(entry.id) for entry in result)
    assert len(data) == len(written) + sum(6 if entry.folder else 7 for entry in result)
    for entry in result:
        assert entry.name not in {"", ".", ".."}
        assert not set(entry.name) & set("/\\\0")


def deep(result: object) -> bool:
    """Whether an entry of the right form was found."""
    return not isinstance(result, TreeEntryBroken)
