"""Several policies -> one that is at least as strict as each of them.

An organisation's policy holds beside the one that a user names, so neither can loosen the other: not by
a level, a list or a budget, and not by an override or a waiver, which count for the policy that they
stand in only. Combining is commutative, associative and idempotent in what the result means; names,
descriptions, preferences and the line that is named for a value on which both agree come from the first.
"""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING, NamedTuple

from safeload.limits import Limits
from safeload.policy.schema import (
    ISOLATION,
    REQUIREMENTS,
    Policy,
    PolicyInvalid,
    parse_policy,
    strictest,
)
from safeload.record import fields

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from safeload.policy.extends import Fetch


class Text(NamedTuple):
    """One policy that applies."""

    text: str
    source: str
    folder: str | None = None


def resolve(
    texts: Sequence[tuple[str, str] | tuple[str, str, str | None]],
    *,
    rule_ids: Collection[str],
    unwaivable: Collection[str] = (),
    fetch: Fetch | None = None,
) -> Policy:
    """Read every policy that applies and combine them.

    Args:
        texts: TOML text, the name of its file and, where it has one, its folder; the user's first, at
            least one.
        rule_ids: every rule that exists.
        unwaivable: the rules among them that no policy may set below `deny`.
        fetch: reads the files that they extend.

    Raises:
        PolicyInvalid: with every problem of every text.
    """
    policies: list[Policy] = []
    problems: list[str] = []
    for text in (Text(*given) for given in texts):
        try:
            policies.append(
                parse_policy(
                    text.text,
                    source=text.source,
                    rule_ids=rule_ids,
                    unwaivable=unwaivable,
                    folder=text.folder,
                    fetch=fetch,
                )
            )
        except PolicyInvalid as error:
            problems += error.problems
    if problems:
        raise PolicyInvalid(problems)
    return reduce(combine, policies)


def combine(first: Policy, second: Policy) -> Policy:
    """The strictest of two policies, key by key. Preferences come from the first one.

    Raises:
        PolicyInvalid: both name a trust store, and not the same one.
    """
    stores = {policy.trust_store_path for policy in (first, second)} - {None}
    if len(stores) > 1:
        raise PolicyInvalid([f"{first.source} and {second.source} name different trust stores"])
    if first.digest == second.digest:
        return first
    named = first.rules.keys() | second.rules.keys()
    demanding = max(first, second, key=lambda policy: REQUIREMENTS.index(policy.require))
    return Policy(
        name=f"{first.name} + {second.name}",
        description=first.description,
        source=f"{first.source} + {second.source}",
        # a rule that one of them leaves out has its default there
        rules={rule: strictest(first.setting(rule), second.setting(rule)) for rule in sorted(named)},
        unknown=strictest(first.unknown, second.unknown),
        outside_scope=strictest(first.outside_scope, second.outside_scope),
        formats=first.formats & second.formats,
        formats_set_by=f"{first.formats_set_by} and {second.formats_set_by}",
        packs=first.packs & second.packs,
        limits=Limits(
            **{
                name: min(getattr(first.limits, name), getattr(second.limits, name))
                for name in fields(Limits)
            }
        ),
        require=demanding.require,
        require_set_by=demanding.require_set_by,
        trust_store=first.trust_store or second.trust_store,
        trust_store_path=first.trust_store_path or second.trust_store_path,
        isolation=max(first.isolation, second.isolation, key=ISOLATION.index),
        sources=first.sources | second.sources,
        pin=first.pin if second.pin == "none" else second.pin,
        ages=first.ages | second.ages,
        prefer=first.prefer or second.prefer,
        records=first.records & second.records,
        architectures=_both(first.architectures, second.architectures),
        licenses=_both(first.licenses, second.licenses),
        keys=_both(first.keys, second.keys),
        parts=_parts(first, second),
    )


def _both(first: frozenset[str] | None, second: frozenset[str] | None) -> frozenset[str] | None:
    """What both lists have; no list has everything."""
    if first is None or second is None:
        return second if first is None else first
    return first & second


def _parts(first: Policy, second: Policy) -> tuple[Policy, ...]:
    """The policies behind both, each once."""
    parts: dict[str, Policy] = {}
    for part in (*first.alone, *second.alone):
        parts.setdefault(part.digest.hex, part)
    return tuple(parts.values())
