"""Several policies -> one that is at least as strict as each of them.

An organisation's policy holds beside the one that a user names, so neither can loosen the other.
"""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING

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


def resolve(
    texts: Sequence[tuple[str, str] | tuple[str, str, str | None]],
    *,
    rule_ids: Collection[str],
    unwaivable: Collection[str] = (),
) -> Policy:
    """Read every policy that applies and combine them.

    Args:
        texts: TOML text, the name of its file and, where it has one, its folder; the user's first, at
            least one.
        rule_ids: every rule that exists.
        unwaivable: the rules among them that no policy may set below `deny`.

    Raises:
        PolicyInvalid: with every problem of every text.
    """
    policies: list[Policy] = []
    problems: list[str] = []
    for text, source, *folder in texts:
        try:
            policies.append(
                parse_policy(
                    text,
                    source=source,
                    rule_ids=rule_ids,
                    unwaivable=unwaivable,
                    folder=folder[0] if folder else None,
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
    named = first.rules.keys() | second.rules.keys()
    formats = first.formats & second.formats
    demanding = max(first, second, key=lambda policy: REQUIREMENTS.index(policy.require))
    return Policy(
        name=f"{first.name} + {second.name}",
        description=first.description,
        source=f"{first.source} + {second.source}",
        # a rule that one of them leaves out has its default there
        rules={rule: strictest(first.setting(rule), second.setting(rule)) for rule in sorted(named)},
        unknown=strictest(first.unknown, second.unknown),
        outside_scope=strictest(first.outside_scope, second.outside_scope),
        formats=formats,
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
    )
