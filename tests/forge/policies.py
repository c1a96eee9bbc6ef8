"""Policy texts, and Hypothesis strategies for all that a decision is made of."""

from __future__ import annotations

from hypothesis import strategies as st

from safeload import discovery
from safeload.core import (
    EVERYTHING,
    Artifact,
    Coverage,
    Evidence,
    Finding,
    Location,
    Role,
    Scope,
    Severity,
    Status,
)
from safeload.policy.schema import Policy, parse_policy

RULES = {module.RULE.id: module.RULE for module in discovery.modules("safeload.rules")}
UNWAIVABLE = frozenset(rule.id for rule in RULES.values() if not rule.waivable)
EMPTY = "schema = 1\n"
PATHS = ("config.json", "model.safetensors", "side.bin")


def parse(text: str, *, source: str = "p.toml") -> Policy:
    """A policy over the real rules."""
    return parse_policy(text, source=source, rule_ids=RULES.keys(), unwaivable=UNWAIVABLE)


def policy_text(
    rules: dict[str, str], *, unknown: str, outside: str, formats: list[str], require: str = "none"
) -> str:
    """A policy that says this."""
    listed = ", ".join(f'"{name}"' for name in formats)
    lines = "\n".join(f'{rule} = "{level}"' for rule, level in rules.items())
    return (
        f'schema = 1\n[defaults]\nunknown = "{unknown}"\noutside-scope = "{outside}"\n'
        f"[formats]\nallow = [{listed}]\n[rules]\n{lines}\n"
        f'[provenance]\nrequire = "{require}"\n'
    )


LEVELS = st.fixed_dictionaries(
    {},
    optional={
        rule: st.sampled_from(["deny"] if rule in UNWAIVABLE else ["deny", "warn", "allow"]) for rule in RULES
    },
)
SETTINGS = st.fixed_dictionaries(
    {
        "unknown": st.sampled_from(["deny", "warn"]),
        "outside": st.sampled_from(["deny", "warn"]),
        "formats": st.sampled_from([[], ["safetensors"], ["safetensors", "json", "pickle"]]),
        "require": st.sampled_from(["none", "none", "pin", "hub", "publisher"]),
    }
)
POLICIES = st.builds(lambda rules, rest: parse(policy_text(rules, **rest)), LEVELS, SETTINGS)
LOCATIONS = st.builds(
    Location,
    artifact=st.sampled_from([*PATHS, "file:/model"]),
    members=st.sampled_from([(), ("data.pkl",)]),
    offset=st.sampled_from([None, 0, 11]),
)
FINDINGS = st.builds(
    lambda rule, where, message: Finding(
        rule=rule,
        severity=RULES[rule].severity,
        message=message,
        location=where,
        fix=RULES[rule].fix,
        waivable=RULES[rule].waivable,
    ),
    st.sampled_from(sorted(RULES)),
    LOCATIONS,
    st.sampled_from(["imports a.b", "imports c.d"]),
)
ARTIFACTS = st.lists(
    st.builds(
        Artifact,
        location=st.builds(
            Location,
            artifact=st.sampled_from(PATHS),
            members=st.sampled_from([(), (), ("data.pkl",), ("data", "0")]),
        ),
        size=st.just(10),
        role=st.sampled_from(Role),
        format=st.sampled_from(["safetensors", "json", "pickle", None]),
        coverage=st.sampled_from([Coverage.SCANNED, Coverage.SCANNED, *Coverage]),
        reason=st.just("why"),
    ),
    max_size=4,
    unique_by=lambda artifact: artifact.location,
)
EVIDENCE = st.lists(
    st.builds(
        Evidence,
        kind=st.sampled_from(["commit-signature", "tree-binding", "commit-freshness", "model-signature"]),
        status=st.sampled_from(Status),
        subject=st.just("file:/model"),
        detail=st.just("why"),
        level=st.sampled_from(["none", "pin", "hub", "publisher"]),
        required=st.sampled_from(["none", "none", "pin", "hub", "publisher", "deny"]),
        required_by=st.just("trust.toml:9"),
    ),
    max_size=3,
    unique_by=lambda item: item.kind,
)
SCOPES = st.sampled_from([EVERYTHING, Scope(name="model", roles=frozenset({Role.WEIGHTS, Role.CONFIG}))])
HANDED_OUT = st.frozensets(st.sampled_from(PATHS))
SEVERITIES = st.sampled_from(Severity)
