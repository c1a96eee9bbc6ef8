"""A policy with overrides -> the policy that holds for one source.

An override may loosen a key, so whose repository a source is has to be known and not only said. Bytes
that come from the Hub are of the repository that was asked for, and a folder is where it is. That a local
clone is of some repository is a claim: for it the strictest of both readings holds.
"""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING

from safeload.policy.combine import combine
from safeload.policy.patterns import any_matches
from safeload.policy.schema import apply
from safeload.record import replace

if TYPE_CHECKING:
    from safeload.policy.schema import Policy


def for_subject(policy: Policy, subject: str, *, claimed: str | None = None) -> Policy:
    """The policy for a source. Its digest stays that of the whole.

    Args:
        policy: as it was resolved.
        subject: the source, as its manifest names it.
        claimed: `org/name`, where the user says that a local source is of this repository.
    """
    if not any(part.overrides for part in policy.alone):
        return policy
    parts = [_chosen(part, subject) for part in policy.alone]
    if claimed is not None:
        parts = [
            combine(part, _chosen(whole, subject, f"hf:{claimed}"))
            for part, whole in zip(parts, policy.alone, strict=True)
        ]
    return replace(reduce(combine, parts), name=policy.name, source=policy.source, whole=policy.digest)


def _chosen(policy: Policy, *names: str) -> Policy:
    """One policy with the overrides whose patterns match one of these names; the last one wins."""
    plain = replace(policy, overrides=())
    for override in policy.overrides:
        if any(any_matches(override.repos, name) for name in names):
            plain = apply(plain, override.entries)
    return plain
