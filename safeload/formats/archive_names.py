"""Names and links of the members of tar and 7z archives: where they end up when the archive is unpacked.

Guarantees for names without a problem: text that every reader decodes alike, relative, without `..`, and
no two files that a file system may take for the same one, nor a file that another name uses as a folder.
What tools agree about is taken out of the way: `./` in front, doubled slashes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.core import visible
from safeload.errors import FormatError, LimitExceeded
from safeload.formats.archive import AmbiguousArchive
from safeload.formats.zip_names import (
    BackslashName,
    DuplicateName,
    NameNotText,
    NameTooLong,
    UnsafeName,
    folded_name,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from safeload.limits import Limits


_SHOWN = 256
"""Characters of a name that is refused, for the report."""


class NameTooDeep(LimitExceeded):
    """A name with more folders than the budget."""


class FileUsedAsFolder(AmbiguousArchive):
    """A file or link whose name another member uses as a folder."""


class Names:
    """The names of one archive, in its order."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._files: set[str] = set()
        self._folders: set[str] = set()

    def add(self, name: str, *, folder: bool) -> tuple[str, FormatError | None]:
        """Take the next member's name.

        Returns:
            The name without what tools ignore, and what is wrong with it.
        """
        problem = self._text(name)
        parts = [part for part in name.split("/") if part not in {"", "."}]
        plain = "/".join(parts)
        if problem is not None:
            return visible((plain or name)[:_SHOWN]), problem
        if name.startswith("/") or ".." in parts or name[1:2] == ":":
            return plain or name, UnsafeName(f"member name {name} is absolute or climbs")
        if len(parts) > self._limits.directory_depth:
            return plain, NameTooDeep(f"member name {plain} has {len(parts)} parts")
        return plain, self._place(plain, folder=folder)

    def _text(self, name: str) -> FormatError | None:
        if len(name) > self._limits.zip_name_bytes:
            return NameTooLong(f"a member name exceeds {self._limits.zip_name_bytes} characters")
        if not name or not name.isprintable():
            return NameNotText(f"member name {name!r} is empty or holds control characters")
        if "\\" in name:
            return BackslashName(f"member name {name} holds a backslash")
        return None

    def _place(self, plain: str, *, folder: bool) -> FormatError | None:
        """Whether the name can stand beside the earlier ones."""
        key = folded_name(plain)
        above = key
        while "/" in above:
            above = above.rpartition("/")[0]
            if above in self._files:
                return FileUsedAsFolder(f"{plain} lies in what another member says is a file or a link")
            if above in self._folders:
                break
            self._folders.add(above)
        if folder:
            if key in self._files:
                return FileUsedAsFolder(f"{plain} is a folder here, and a file or a link elsewhere")
            self._folders.add(key)
            return None
        if key in self._folders:
            return FileUsedAsFolder(f"{plain} is a file or a link here, and a folder elsewhere")
        if key in self._files:
            return DuplicateName(f"two members are called {plain}")
        self._files.add(key)
        return None


def link_problem(name: str, target: str, links: Mapping[str, str]) -> str:
    """Why a symbolic link cannot be followed inside the archive; empty where it can.

    Args:
        name: of the link, as `Names` returns it.
        target: what it points to, as written.
        links: every symbolic link of the archive: name -> target.
    """
    if target.startswith("/") or "\\" in target or target[1:2] == ":" or not target.isprintable():
        return "a link to an absolute place"
    place = name.split("/")[:-1]
    parts = [part for part in target.split("/") if part not in {"", "."}]
    for index, part in enumerate(parts):
        if part != "..":
            place.append(part)
            # what lies behind another link depends on where that one leads
            if index + 1 < len(parts) and "/".join(place) in links:
                return "a link through another link"
        elif place:
            place.pop()
        else:
            return "a link that leads out of the archive"
    return ""
