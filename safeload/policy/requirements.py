"""`[provenance] require`: which evidence a policy asks for, and whether it is there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.core import NOT_NEEDED, Finding, Level, Location, Reason, Severity, Status
from safeload.policy.schema import REQUIREMENTS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from safeload.core import Evidence
    from safeload.policy.schema import Policy

SIGNATURES = frozenset({"commit-signature", "model-signature"})
"""Kinds of evidence that reach a level. Any one will do that a key of the trust store's rule has made."""
_DENY = "deny"
"""What a trust store requires of a repository for which it trusts nobody."""


def unmet(policy: Policy, subject: str, evidence: Sequence[Evidence]) -> Reason | None:
    """Why the evidence does not reach what policy and trust store require, or None where it does.

    A level counts where the signature (or pin) and the binding of the files to the very same commit are
    both VERIFIED: a good signature over other files proves nothing about these. A model signature is over
    the files themselves, so that it is VERIFIED only where each was compared.
    """
    required, set_by, about = policy.require, policy.require_set_by, subject
    for item in evidence:
        if item.kind not in SIGNATURES or item.required == "none":
            continue
        about = item.subject
        if item.required == _DENY:
            return _reason("the trust store trusts nobody for this repository", item.required_by, about)
        if REQUIREMENTS.index(item.required) > REQUIREMENTS.index(required):
            required, set_by = item.required, item.required_by
    if required == "none":
        return None
    least = REQUIREMENTS.index(required)
    reached = [item for item in counted(evidence) if REQUIREMENTS.index(item.level) >= least]
    if any(policy.keys is None or item.level == "pin" or item.key in policy.keys for item in reached):
        return None
    if reached:
        other = f"provenance {required} is required by one of the keys that [provenance] keys names"
        return _reason(f"{other}, and {reached[0].key or 'another'} signed", set_by, reached[0].subject)
    # what nobody asked for says nothing about why, and what is missing says more than what is not known
    asked = [item for item in evidence if item.kind in SIGNATURES and item.code != NOT_NEEDED]
    known = [item for item in asked if item.status is not Status.UNAVAILABLE]
    about = next((item.subject for item in (*known, *asked)), about)
    return _reason(
        f"provenance {required} is required, and no verified evidence of it is there", set_by, about
    )


def counted(evidence: Sequence[Evidence]) -> tuple[Evidence, ...]:
    """The evidence whose level counts: of signatures over these very files."""
    bound = {
        item.subject for item in evidence if item.kind == "tree-binding" and item.status is Status.VERIFIED
    }
    return tuple(
        item
        for item in evidence
        if item.kind in SIGNATURES
        and item.status is Status.VERIFIED
        and (item.kind == "model-signature" or item.subject in bound)
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
