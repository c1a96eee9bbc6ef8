"""Values that are paths: whether one leads out of the snapshot that it stands in.

A plain relative name (`vocab.txt`, `1_Pooling`, `onnx/model.onnx`) stays inside. All else is named: an
absolute path, a parent folder, a home folder, a drive, a share, an address.
"""

from __future__ import annotations

import re

_DRIVE = re.compile(r"[A-Za-z]:")
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:(//|[^\\/ ]*//)|file:", re.IGNORECASE)
_PARENT = re.compile(r"(^|[/\\])\.\.([/\\]|\Z)")
_SEPARATORS = re.compile(r"[/\\]+")
_UP = frozenset({"", "..", ".", "~", "file:"})
_SYSTEM = frozenset({"etc", "proc", "dev", "sys", "boot", "windows"})
_SECRETS = frozenset(
    {
        ".ssh", ".aws", ".gnupg", ".kube", ".docker", ".netrc", ".git-credentials", ".bashrc",
        ".bash_history",
        ".pypirc", ".npmrc", "id_rsa", "id_ed25519", "authorized_keys",
    }
)  # fmt: skip
"""What no writer's copy of a model lies in: the machine's own files, keys and passwords."""
_SHARED = re.compile(r"/(tmp|var/tmp|dev|proc|etc|sys|run)(/|\Z)")
_SHOWN_LENGTH = 4_096


def problem(value: str) -> str | None:
    """Why `value` is no path inside its own folder, or None."""
    value = value[:_SHOWN_LENGTH]
    if "\0" in value:
        return "holds a NUL"
    if _ADDRESS.match(value):
        return "an address"
    if _DRIVE.match(value):
        return "a path on a drive"
    if value.startswith("~"):
        return "a path from a home folder"
    if value.startswith(("/", "\\")):
        return "an absolute path"
    if _PARENT.search(value):
        return "a path through a parent folder"
    return None


def is_the_machines_own(value: str) -> bool:
    """Whether a path leads to keys, passwords or devices: no honest file holds one by accident."""
    value = value[:_SHOWN_LENGTH].lower()
    if problem(value) is None:
        return False
    parts = _SEPARATORS.split(value)
    if not _SECRETS.isdisjoint(parts):
        return True
    lead = next((part for part in parts if part not in _UP and not _DRIVE.fullmatch(part)), "")
    return lead in _SYSTEM and not value.startswith("~")


def is_planted(value: str) -> bool:
    """Whether a path leads to where anybody on a machine can put something, or through a parent."""
    return _PARENT.search(value[:_SHOWN_LENGTH]) is not None or _SHARED.match(value) is not None
