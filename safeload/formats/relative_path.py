"""Whether a path that stands inside a file stays inside the folder of that file.

One check for every format that names other files. It is about the text alone: what lies under the path is
the manifest's business, and a manifest holds no links that lead out.
"""

from __future__ import annotations

import re

_DRIVE = re.compile(r"[A-Za-z]:")
_LONGEST = 1_024


def relative_problem(path: str) -> str | None:
    """Why a path is no plain relative one, or None.

    Names that only one system reads as leading elsewhere count everywhere: drive letters, backslashes.
    """
    if not path:
        return "an empty path"
    if len(path) > _LONGEST:
        return "a path of more than 1024 characters"
    if not path.isprintable():
        return "a path with control characters"
    if "\\" in path:
        return "a backslash, which separates folders on some systems"
    if path.startswith("/"):
        return "an absolute path"
    if _DRIVE.match(path) or "://" in path:
        return "a drive letter or an address"
    if "*" in path:
        return "no path but a mark, under which runtimes take numbers in the file for memory addresses"
    if any(part in {"", ".", ".."} for part in path.split("/")):
        return "a path that leaves its folder or has empty parts"
    return None
