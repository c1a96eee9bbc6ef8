"""Where a finding is shown by services that know nothing but files and lines of a repository.

    1. the line of the lock file that names the file, or else the subject, where it was held to a lock
    2. the file itself, relative to the repository, where the subject lies in it
    3. the file's name in the subject

The line of a file that is no text is 1. Bytes and members stand in the message.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from safeload.core import AuditReport, Location
    from safeload.reports import Style

_LOCAL = "file:"


class Spot(NamedTuple):
    """A file and a line, unescaped."""

    path: str
    """Relative, with forward slashes; neither empty nor with parts that lead elsewhere."""
    line: int
    itself: bool
    """Whether it is the file that the finding is about, and not a lock file that names it."""


def spot(report: AuditReport, location: Location, style: Style) -> Spot:
    """The file and line that stand for a location."""
    if report.lock is None:
        return file_spot(report, location, style)
    line = report.lock_lines.get(location.artifact) or report.lock_lines.get("", 1)
    return Spot(_inside(_lock(report.lock, style)), line, itself=False)


def file_spot(report: AuditReport, location: Location, style: Style) -> Spot:
    """The file itself, whether a lock names it or not."""
    subject = report.decision.subject
    listed = any(entry.path == location.artifact for entry in report.manifest.entries)
    path = location.artifact if listed else ""
    return Spot(_inside(_path(subject, path, style.base)), 1, itself=listed)


def name_of(subject: str, style: Style) -> str:
    """The subject without the folders that differ from machine to machine."""
    return _inside(_path(subject, "", style.base)) if subject.startswith(_LOCAL) else subject


def _path(subject: str, path: str, base: str | None) -> str:
    if not subject.startswith(_LOCAL):
        return path or subject
    root = subject.removeprefix(_LOCAL).rstrip("/")
    whole = root if not path or root.endswith(f"/{path}") else f"{root}/{path}"
    inside = "" if base is None else base.rstrip("/") + "/"
    if inside and whole.startswith(inside):
        return whole.removeprefix(inside)
    return path or root.rpartition("/")[2]


def _lock(name: str, style: Style) -> str:
    """The path of a lock file in the repository."""
    if not name.startswith("/"):
        return f"{style.prefix}/{name}"
    return _path(f"{_LOCAL}{name}", "", style.base)


def _inside(path: str) -> str:
    """The path with no part that is empty or names a parent."""
    parts = [part for part in path.split("/") if part not in {"", ".", ".."}]
    return "/".join(parts) or "checkpoint"
