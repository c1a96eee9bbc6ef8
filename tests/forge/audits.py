"""One file through the whole pipeline, and what came of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from safeload.core import Verdict
from safeload.pipeline import audit

if TYPE_CHECKING:
    from pathlib import Path


class Outcome(NamedTuple):
    """What an attack test asks about."""

    denied: bool
    rules: set[str]
    """Ids of the rules with a denying finding."""
    imports: set[str]
    """Globals outside the contracts, wherever they were found."""
    problems: set[str]
    """Ambiguities, by name."""
    coverages: set[str]
    warned: set[str]


def audited(folder: Path, data: bytes, name: str = "pytorch_model.bin") -> Outcome:
    """Audit a folder that holds `data` alone, under the built-in default policy."""
    (folder / name).write_bytes(data)
    report = audit(folder, policy="default")
    facts = report.facts
    return Outcome(
        denied=report.decision.verdict is Verdict.DENY,
        rules={reason.finding.rule for reason in report.decision.denials},
        imports={
            f"{fact.data['module']}.{fact.data['name']}" for fact in facts if fact.kind == "pickle.global"
        },
        problems={str(fact.data["problem"]) for fact in facts if fact.kind == "archive.ambiguous"},
        coverages={artifact.coverage.value for artifact in report.artifacts},
        warned={reason.finding.rule for reason in report.decision.warnings},
    )
