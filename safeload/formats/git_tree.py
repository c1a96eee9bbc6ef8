"""git trees, read strictly: the paths of a commit and the blob that each one names.

https://git-scm.com/docs/git-fsck
https://git-scm.com/docs/git-ls-tree

Guarantees: every path is relative, in UTF-8 and the same file on every file system; modes are those of
plain files and folders; entries stand in git's own order, so a tree has one reading only. Symbolic
links and submodules are refused: a checkpoint holds plain files, and both would let a signed tree name
bytes that it does not contain. The names that git itself guards (CVE-2014-9390, CVE-2019-1352 and
their kin) are refused in all their disguises.

No recursion, and a folder that is named a thousand times is counted a thousand times.
"""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

from safeload.formats.git_errors import (
    TreeEntryBroken,
    TreeModeRefused,
    TreeNameRefused,
    TreeNamesCollide,
    TreeOrderWrong,
    TreeTooLarge,
)
from safeload.formats.git_objects import checked
from safeload.record import record

if TYPE_CHECKING:
    from safeload.formats.git_objects import Objects
    from safeload.limits import Limits

FOLDER = b"40000"
FILES = frozenset({b"100644", b"100755"})
_REFUSED_MODES = {b"120000": "a symbolic link", b"160000": "a submodule"}
_DIGEST_BYTES = 20
_HFS_IGNORED = frozenset(
    map(chr, (*range(0x200C, 0x2010), *range(0x202A, 0x202F), *range(0x206A, 0x2070), 0xFEFF))
)
"""Code points that HFS+ skips when it compares names (git's utf8.c lists the same)."""


@record
class TreeEntry:
    """One name of one folder."""

    name: str
    folder: bool
    id: str
    """Of the blob, or of the tree where it is a folder."""


def parse_tree(raw: bytes, limits: Limits) -> tuple[TreeEntry, ...]:
    """Read one tree.

    Args:
        raw: the content of the object, which the caller has digested.
        limits: `git_tree_entries` and `path_bytes` bound it.

    Raises:
        TreeEntryBroken: an entry is cut off or not of its form.
        TreeModeRefused: an entry is neither a plain file nor a folder.
        TreeNameRefused: a name could lead elsewhere.
        TreeOrderWrong: the entries are not in git's order, or one occurs twice.
        TreeNamesCollide: some file systems take two names for one.
        TreeTooLarge: a budget is exceeded.
    """
    entries: list[TreeEntry] = []
    at, before = 0, b""
    folded: dict[str, str] = {}
    while at < len(raw):
        if len(entries) >= limits.git_tree_entries:
            raise TreeTooLarge(f"more than {limits.git_tree_entries} entries in one tree", offset=at)
        space = raw.find(b" ", at, at + 8)
        # a name is bounded before it is searched for its end
        nul = raw.find(b"\0", space + 1, space + 2 + limits.path_bytes) if space >= 0 else -1
        if nul < 0 or nul + 1 + _DIGEST_BYTES > len(raw):
            raise TreeEntryBroken("an entry is cut off, or its name is too long", offset=at)
        mode, name = raw[at:space], raw[space + 1 : nul]
        if mode != FOLDER and mode not in FILES:
            what = _REFUSED_MODES.get(mode, f"of mode {mode.decode('ascii', 'backslashreplace')}")
            raise TreeModeRefused(f"{_shown(name)} is {what}", offset=at)
        text = _name(name, at)
        key = name + b"/" if mode == FOLDER else name
        if before >= key:
            raise TreeOrderWrong(f"{text} stands in the wrong place or twice", offset=at)
        before = key
        fold = unicodedata.normalize("NFC", text).casefold()
        if fold in folded:
            raise TreeNamesCollide(f"{folded[fold]} and {text} are one name to some file systems", offset=at)
        folded[fold] = text
        at = nul + 1 + _DIGEST_BYTES
        entries.append(TreeEntry(name=text, folder=mode == FOLDER, id=raw[nul + 1 : at].hex()))
    return tuple(entries)


def walk_tree(objects: Objects, root: str, limits: Limits) -> dict[str, str]:
    """Every path below a tree with the id of its blob.

    Args:
        objects: where the trees are read. Each is digested before it is parsed.
        root: the id of the tree that the commit names.
        limits: `git_tree_entries`, `git_tree_bytes`, `directory_depth` and `path_bytes` bound it.

    Raises:
        FormatError: of `checked` and `parse_tree`, or `TreeTooLarge`.
    """
    paths: dict[str, str] = {}
    parsed: dict[str, tuple[TreeEntry, ...]] = {}
    pending = [("", root, 0)]
    count, volume = 0, 0
    while pending:
        prefix, tree, depth = pending.pop()
        if tree not in parsed:
            raw = checked(objects, tree, "tree", limits.git_tree_bytes - volume)
            volume += len(raw)
            parsed[tree] = parse_tree(raw, limits)
        for entry in parsed[tree]:
            count += 1
            path = prefix + entry.name
            if count > limits.git_tree_entries or len(path.encode()) > limits.path_bytes:
                raise TreeTooLarge(f"more than {limits.git_tree_entries} entries, or a path that is too long")
            if not entry.folder:
                paths[path] = entry.id
            elif depth >= limits.directory_depth:
                raise TreeTooLarge(f"folders nest deeper than {limits.directory_depth}")
            else:
                pending.append((f"{path}/", entry.id, depth + 1))
    return paths


def _name(name: bytes, at: int) -> str:
    try:
        text = name.decode()
    except UnicodeDecodeError:
        raise TreeNameRefused(f"{_shown(name)} is not UTF-8", offset=at) from None
    if text in {"", ".", ".."} or any(char in "/\\:" for char in text):
        raise TreeNameRefused(f"{_shown(name)!r} is no plain name", offset=at)
    plain = text.isascii() and text.isprintable()
    if not plain and any(unicodedata.category(char) in {"Cc", "Zl", "Zp"} for char in text):
        raise TreeNameRefused(f"{_shown(name)} holds control characters", offset=at)
    if _is_git(text):
        raise TreeNameRefused(f"{_shown(name)} is .git to some file systems", offset=at)
    return text


def _is_git(text: str) -> bool:
    """Whether HFS+, NTFS or any other system takes the name for `.git`."""
    if "g" not in text and "G" not in text:
        return False
    plain = "".join(char for char in text if char not in _HFS_IGNORED)
    return unicodedata.normalize("NFC", plain).casefold().rstrip(" .") in {".git", "git~1"}


def _shown(name: bytes) -> str:
    return name[:200].decode("utf-8", "backslashreplace")
