"""A user of the served Hub, with a cache, a trust store and a memory of their own."""

from __future__ import annotations

import json
import shutil
import struct
from typing import TYPE_CHECKING, NamedTuple

from safeload.core import Role, Scope, Verdict
from safeload.errors import PolicyDenied, UsageError
from safeload.pipeline import Origin, admit, audit
from safeload.sources.hub_api import HubAccess
from tests.forge.hub import Lfs
from tests.forge.trust import write_store

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pytest

    from safeload.core import Decision, Evidence
    from tests.forge.hub import Hub
    from tests.forge.keys import Keyring

NAME = "acme/bert"
MAIN = f"hf:{NAME}@main"
FOR_MODEL = Scope(name="model", roles=frozenset({Role.CONFIG, Role.WEIGHTS, Role.INDEX}))
CONFIG = json.dumps({"model_type": "bert", "architectures": ["BertModel"]}).encode()


def weights(size: int = 8) -> bytes:
    """A safetensors file with one tensor of so many bytes."""
    table = {"w": {"dtype": "F32", "shape": [size // 4], "data_offsets": [0, size]}}
    header = json.dumps(table).encode()
    header += b" " * (-len(header) % 8)
    return struct.pack("<Q", len(header)) + header + bytes(range(256)) * (size // 256) + bytes(size % 256)


FILES = {
    "config.json": CONFIG,
    "docs/notes.txt": b"notes\n",
    "model.safetensors": Lfs(weights()),
}


class Outcome(NamedTuple):
    """How an attempt ended."""

    kind: str
    """allow, deny, or error."""
    said: str
    """Every message, in lines."""
    rules: frozenset[str] = frozenset()
    """Rules that denied."""
    evidence: Mapping[str, Evidence] = {}
    """By kind."""
    content: Mapping[str, bytes] = {}
    """What was handed out, by path."""


class User:
    """Asks the Hub through safeload, and nothing of this machine."""

    def __init__(
        self,
        hub: Hub,
        folder: Path,
        monkeypatch: pytest.MonkeyPatch,
        keys: Keyring | None = None,
        *names: str,
        rules: str | None = None,
    ) -> None:
        """Set up, without asking anything.

        Args:
            hub: the served Hub.
            folder: an empty one for all that this user has.
            monkeypatch: for their environment and the client's constants.
            keys: for the trust store; without, there is none.
            names: of the keys in it.
            rules: of the trust store; by default these keys are publishers of acme/*.
        """
        self.hub = hub
        self.folder = folder
        self.cache = folder / "cache"
        self.memory = folder / "accepted.json"
        self.trust = None if keys is None else write_store(folder / "trust", keys, *names, rules=rules)
        self.environment = {
            "HF_ENDPOINT": hub.endpoint,
            "HF_HOME": str(folder / "hf"),
            "HF_HUB_CACHE": str(self.cache),
            "HF_HUB_DISABLE_PROGRESS_BARS": "1",
            "HF_HUB_DISABLE_TELEMETRY": "1",
            "SAFELOAD_CACHE": str(folder / "commits"),
            "XDG_STATE_HOME": str(folder / "state"),
        }
        for name, value in self.environment.items():
            monkeypatch.setenv(name, value)
        # the client reads its environment once, when it is imported
        monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", hub.endpoint)
        template = hub.endpoint + "/{repo_id}/resolve/{revision}/{filename}"
        monkeypatch.setattr("huggingface_hub.constants.HUGGINGFACE_CO_URL_TEMPLATE", template)
        monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(self.cache))
        monkeypatch.setattr("huggingface_hub.constants.HF_TOKEN_PATH", str(folder / "hf" / "token"))
        # and waits longer and longer before it asks again
        monkeypatch.setattr("huggingface_hub.utils._http.time.sleep", lambda _: None)

    def forget(self) -> None:
        """Empty every cache and memory; keep the trust store."""
        for place in (self.cache, self.folder / "commits", self.folder / "state"):
            shutil.rmtree(place, ignore_errors=True)
        self.memory.unlink(missing_ok=True)

    def access(self, **more: object) -> HubAccess:
        """How this user reaches the Hub."""
        return HubAccess(**{"token": False, **more})  # type: ignore[arg-type]

    def origin(self) -> Origin:
        """Their trust store and memory."""
        return Origin(trust=None if self.trust is None else str(self.trust), memory=str(self.memory))

    def audit(self, target: str = MAIN, policy: str = "strict", **access: object) -> Outcome:
        """Of everything."""
        try:
            report = audit(target, policy=policy, origin=self.origin(), hub=self.access(**access))
        except UsageError as error:
            return Outcome("error", str(error))
        return _outcome(report.decision)

    def admit(
        self, target: str = MAIN, policy: str = "strict", scope: Scope = FOR_MODEL, **access: object
    ) -> Outcome:
        """Of what a model is loaded from."""
        try:
            snapshot = admit(
                target, scope=scope, policy=policy, origin=self.origin(), hub=self.access(**access)
            )
        except UsageError as error:
            return Outcome("error", str(error))
        except PolicyDenied as error:
            return _outcome(error.decision)
        given = [path for path in snapshot.paths if snapshot.hands_out(path)]
        content = {
            path: bytes(snapshot.lend(path) if path.endswith(".safetensors") else snapshot.content(path))
            for path in given
        }
        return _outcome(snapshot.decision)._replace(content=content)

    def cached(self, commit: str) -> dict[str, bytes]:
        """Files of a commit in the cache."""
        home = self.cache / f"models--{NAME.replace('/', '--')}" / "snapshots" / commit
        return {str(p.relative_to(home)): p.read_bytes() for p in sorted(home.rglob("*")) if p.is_file()}


def _outcome(decision: Decision) -> Outcome:
    said = [reason.finding.message for reason in (*decision.denials, *decision.warnings)]
    said += [f"{item.location.artifact}: {item.reason}" for item in decision.artifacts if item.reason]
    said += [f"{item.kind} {item.status.name} {item.code}: {item.detail}" for item in decision.evidence]
    return Outcome(
        "allow" if decision.verdict is Verdict.ALLOW else "deny",
        "\n".join(said),
        frozenset(reason.finding.rule for reason in decision.denials),
        {item.kind: item for item in decision.evidence},
    )
