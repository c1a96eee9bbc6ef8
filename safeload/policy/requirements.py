"""`[provenance] require`: which evidence a policy asks for, and whether it is there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.core import Finding, Level, Location, Reason, Severity, Status
from safeload.policy.schema import REQUIREMENTS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from safeload.core import Evidence
    from safeload.policy.schema import Policy

SATISFIES = {"pin": "pinned-commit", "hub": "hub-signature", "publisher": "publisher-signature"}
"""The kind of evidence that proves each requirement. A higher one proves the lower ones too."""


def unmet(policy: Policy, subject: str, evidence: Sequence[Evidence]) -> Reason | None:
    """Why the evidence does not reach what the policy requires, or None where it does."""
    if policy.require == "none":
        return None
    enough = REQUIREMENTS[REQUIREMENTS.index(policy.require) :]
    kinds = {SATISFIES[name] for name in enough}
    if any(item.kind in kinds and item.status is Status.VERIFIED for item in evidence):
        return None
    finding = Finding(
        rule="provenance.unsigned",
        severity=Severity.MEDIUM,
        message=f"the policy requires provenance {policy.require}, and no verified evidence of it is there",
        location=Location(artifact=subject),
        fix="get the checkpoint from a source that proves its origin, or require less in the policy",
    )
    return Reason(finding=finding, level=Level.DENY, set_by=policy.require_set_by)
