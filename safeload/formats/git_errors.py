"""How objects, packs and trees of git can be wrong: one type per fact.

Shared by `git_objects`, `git_commit`, `git_tree`, `git_pack` and `git_index`.
"""

from __future__ import annotations

from safeload.errors import FormatError, LimitExceeded


class ObjectMissing(FormatError):
    """An object that is named but not at hand: a shallow or partial clone, or an incomplete bundle."""


class ObjectMismatch(FormatError):
    """Bytes that do not have the digest under which they were asked for."""


class ObjectWrongKind(FormatError):
    """A blob where a tree is named, a tag where a commit is, or a kind that git does not have."""


class ObjectTooLarge(LimitExceeded):
    """An object larger than its budget, or objects larger than theirs together."""


class LooseObjectBroken(FormatError):
    """A loose object that is no single zlib stream of `kind size NUL content`."""


class CommitHeaderBroken(FormatError):
    """A header line that is missing, doubled, out of order, unknown or not of its form."""


class CommitHasNul(FormatError):
    """A commit with a NUL byte: C programs would read it to there, and others to its end."""


class CommitNotSeparated(FormatError):
    """A commit without the empty line between header and message."""


class TreeEntryBroken(FormatError):
    """A tree entry that is cut off or not of the form `mode name NUL digest`."""


class TreeModeRefused(FormatError):
    """A symbolic link, a submodule, or a mode that git does not write."""


class TreeNameRefused(FormatError):
    """A name that leads elsewhere on some system: `..`, `.git` in any disguise, separators, controls."""


class TreeOrderWrong(FormatError):
    """Entries that are not in git's order, or a name that occurs twice."""


class TreeNamesCollide(FormatError):
    """Two names of one folder that some file system takes for one."""


class TreeTooLarge(LimitExceeded):
    """More entries, deeper folders, or longer paths than a budget allows."""


class PackBroken(FormatError):
    """A pack that does not follow its format."""


class PackTooLarge(LimitExceeded):
    """A pack with more bytes, objects or deltas than a budget allows."""


class DeltaBroken(FormatError):
    """A delta that does not fit its base or its own lengths."""


class PackIndexBroken(FormatError):
    """An index that does not follow its format."""
