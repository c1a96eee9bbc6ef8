"""Folders as a repository has them, and what an audit of one says: for tests of repository semantics."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from safeload.core import Level, Verdict
from safeload.pipeline import audit

if TYPE_CHECKING:
    from pathlib import Path


class Audited(NamedTuple):
    """What a test of a whole folder asks about."""

    denied: bool
    rules: set[str]
    """Ids of the rules with a denying finding."""
    warned: set[str]
    places: set[str]
    """Files and keys of denying findings."""


def folder(root: Path, **files: Any) -> Path:
    """Write files: bytes as they are, text as UTF-8, anything else as JSON. `__` in a name is a slash.

    Names are keywords: `config_json`, `sub__model_py`. Other names go through `put`.
    """
    for name, content in files.items():
        stem, _, extension = name.rpartition("_")
        put(root, f"{stem.replace('__', '/')}.{extension}", content)
    return root


def put(root: Path, name: str, content: Any) -> Path:
    """Write one file."""
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    if not isinstance(content, bytes | str):
        content = json.dumps(content)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def audited(root: Path) -> Audited:
    """Audit a folder under the built-in default policy."""
    decision = audit(root, policy="default").decision
    findings = [reason.finding for reason in decision.denials]
    return Audited(
        denied=decision.verdict is Verdict.DENY,
        rules={finding.rule for finding in findings},
        warned={reason.finding.rule for reason in decision.reasons if reason.level is Level.WARN},
        places={f"{finding.location.artifact}:{finding.location.key or ''}" for finding in findings},
    )


def tensors(*names: str) -> bytes:
    """A safetensors file with a float for each name."""
    header = {
        name: {"dtype": "F32", "shape": [1], "data_offsets": [4 * at, 4 * at + 4]}
        for at, name in enumerate(names)
    }
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + bytes(4 * len(names))
