"""What the benign suite asks of every file: that the audit allows it, and why not where it does not."""

from __future__ import annotations

from pathlib import Path

from safeload.core import Verdict
from safeload.pipeline import audit
from tests.forge.policies import parse

_DEFAULT = (Path(__file__).parents[2] / "policies/default.toml").read_text()
_PACKS = 'packs = ["trainer", "numpy"]'


def with_packs(*packs: str):
    """The default policy, with more packs switched on."""
    assert _PACKS in _DEFAULT
    names = ", ".join(f'"{name}"' for name in ("trainer", "numpy", *packs))
    return parse(_DEFAULT.replace(_PACKS, f"packs = [{names}]"), source="default-with-packs")


def refusals(target: Path, *packs: str) -> list[str]:
    """The denying findings of an audit under the default policy and these packs; none where it allows."""
    report = audit(target, policy=with_packs(*packs) if packs else "default")
    found = [f"{reason.finding.rule}: {reason.finding.message}" for reason in report.decision.denials]
    if report.decision.verdict is not Verdict.ALLOW and not found:
        found = [f"{artifact.path}: {artifact.coverage.value}" for artifact in report.artifacts]
    return found
