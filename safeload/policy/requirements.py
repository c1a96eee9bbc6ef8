"""`[provenance] require`: which evidence a policy asks for, and whether it is there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.core import Finding, Level, Location, Reason, Severity, Status
from safeload.policy.schema import REQUIREMENTS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from safeload.core import Evidence
    from safeload.policy.schema import Policy

_DENY = "deny"
"""What a trust store requires of a repository for which it trusts nobody."""


def unmet(policy: Policy, subject: str, evidence: Sequence[Evidence]) -> Reason | None:
    """Why the evidence does not reach what policy and trust store require, or None where it does.

    A level counts where the signature (or pin) and the binding of the files to the very same commit are
    both VERIFIED: a good signature over other files proves nothing about these.
    """
    required, set_by, about = policy.require, policy.require_set_by, subject
    for item in evidence:
        if item.kind != "commit-signature" or item.required == "none":
            continue
        about = item.subject
        if item.required == _DENY:
            return _reason("the trust store trusts nobody for this repository", item.required_by, about)
        if REQUIREMENTS.index(item.required) > REQUIREMENTS.index(required):
            required, set_by = item.required, item.required_by
    if required == "none":
        return None
    least = REQUIREMENTS.index(required)
    bound = {
        item.subject for item in evidence if item.kind == "tree-binding" and item.status is Status.VERIFIED
    }
    for item in evidence:
        if item.kind != "commit-signature":
            continue
        about = item.subject
        reached = REQUIREMENTS.index(item.level)
        if item.status is Status.VERIFIED and reached >= least and item.subject in bound:
            if policy.keys is None or item.level == "pin" or item.key in policy.keys:
                return None
            other = f"provenance {required} is required by one of the keys that [provenance] keys names"
            return _reason(f"{other}, and {item.key or 'another'} signed", set_by, about)
    return _reason(
        f"provenance {required} is required, and no verified evidence of it is there", set_by, about
    )


def _reason(what: str, set_by: str, about: str) -> Reason:
    finding = Finding(
        rule="provenance.unsigned",
        severity=Severity.MEDIUM,
        message=what,
        location=Location(artifact=about),
        fix="get the checkpoint from a source that proves its origin, or require less",
    )
    return Reason(finding=finding, level=Level.DENY, set_by=set_by)
