"""What a policy says about one source, for rules whose pattern has parameters; and under which circumstances.

terms_of   Policy, source, instant -> Terms
weighed    facts and Terms -> findings
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, cast

from safeload import discovery
from safeload.core import Fact, Location
from safeload.policy.patterns import any_matches
from safeload.record import record
from safeload.rules import Terms

if TYPE_CHECKING:
    from collections.abc import Sequence

    from safeload.core import Finding, Json
    from safeload.policy.schema import Policy
    from safeload.rules import WeighingRule
    from safeload.sources.hub import HubSource


@record
class Circumstances:
    """What a decision depends on besides policy and source."""

    now: float
    """Seconds since 1970, taken once."""
    break_glass: str | None = None
    """Why denials are to be overruled, where somebody asks for that."""
    held: bool = False
    """Whether a lock names the commit: it was asked for its age when it was locked."""
    locking: bool = False
    """Whether the commit that a branch stands for is about to be written into a lock, which pins it."""


def terms_of(policy: Policy, subject: str, circumstances: Circumstances, *, files: bool = True) -> Terms:
    """The terms for a source.

    Args:
        policy: the one that holds for this source.
        subject: the source, as its manifest names it.
        circumstances: the instant, and what a lock settles.
        files: whether its files were read, so that what they do not say is known not to be said.
    """
    licenses = policy.licenses if files else None
    days = max((days for days, exempt in policy.ages if not any_matches(exempt, subject)), default=0)
    return Terms(
        subject=subject,
        now=circumstances.now,
        listed=all(any_matches(patterns, subject) for patterns in policy.sources),
        pin=policy.pin == "commit" and not circumstances.locking,
        days=0 if circumstances.held else days,
        architectures=policy.architectures if files else None,
        licenses=None if licenses is None else frozenset(name.lower() for name in licenses),
    )


def weighed(facts: Sequence[Fact], terms: Terms) -> tuple[Finding, ...]:
    """What the rules with parameters say."""
    found: list[Finding] = []
    for rule in _weighing():
        found.extend(rule.weigh([fact for fact in facts if fact.kind in rule.READS], terms))
    return tuple(found)


def hub_facts(source: HubSource) -> tuple[Fact, ...]:
    """What was asked for at a Hub, and when the repository changed."""
    from safeload.formats.git_objects import is_object_id

    place = Location(artifact=source.manifest.uri)
    asked: dict[str, Json] = {
        "revision": source.revision,
        "commit": source.commit,
        "pinned": is_object_id(source.revision),
    }
    times: dict[str, Json] = {"created": source.resolved.created, "last_modified": source.resolved.modified}
    return (
        Fact(kind="source.revision", location=place, data=asked),
        Fact(kind="source.time", location=place, data=times),
    )


@functools.cache
def _weighing() -> tuple[WeighingRule, ...]:
    modules = discovery.modules("safeload.rules")
    return tuple(cast("WeighingRule", module) for module in modules if hasattr(module, "weigh"))
