"""Policy texts, and Hypothesis strategies for all that a decision is made of."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from safeload import discovery
from safeload.core import (
    EVERYTHING,
    Artifact,
    Coverage,
    Digest,
    Evidence,
    Fact,
    Finding,
    Location,
    Role,
    Scope,
    Severity,
    Status,
)
from safeload.pipeline.replay import Recorded
from safeload.policy.keys import NEVER_WAIVED, catalogue, rule_key
from safeload.policy.schema import Policy, parse_policy
from safeload.policy.waivers import snapshot_digest
from safeload.record import replace

if TYPE_CHECKING:
    from safeload.policy.keys import Key

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
    optional={rule: st.sampled_from(rule_key(rule, unwaivable=rule in UNWAIVABLE).words) for rule in RULES},
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
        key=st.sampled_from(["", "acme"]),
        required=st.sampled_from(["none", "none", "pin", "hub", "publisher", "deny"]),
        required_by=st.just("trust.toml:9"),
    ),
    max_size=3,
    unique_by=lambda item: item.kind,
)
SCOPES = st.sampled_from([EVERYTHING, Scope(name="model", roles=frozenset({Role.WEIGHTS, Role.CONFIG}))])
HANDED_OUT = st.frozensets(st.sampled_from(PATHS))
SEVERITIES = st.sampled_from(Severity)


def flat_text(document: dict[str, Any]) -> str:
    """A policy from its keys by their full names, with overrides and waivers as lists of such."""
    lines = [_line(key, value) for key, value in document.items() if key not in {"override", "waiver"}]
    for name in ("override", "waiver"):
        for table in document.get(name, []):
            lines += [f"[[{name}]]", *(_line(key, value) for key, value in table.items())]
    return "\n".join([EMPTY, *lines, ""])


def _line(key: str, value: Any) -> str:
    plain = isinstance(value, dt.date)
    return f"{key} = {value if plain else json.dumps(value)}"


KEYS = catalogue(frozenset(RULES), UNWAIVABLE)
SHAS = ("ab" * 32, "cd" * 32)
_WEIGHTS = Artifact(
    location=Location(artifact="model.safetensors"),
    size=1,
    role=Role.WEIGHTS,
    format="safetensors",
    coverage=Coverage.SCANNED,
    digest=Digest(hex=SHAS[0]),
)
_WAIVABLE = sorted(RULES.keys() - UNWAIVABLE - NEVER_WAIVED)
_ENTRIES = {
    "safeload/patterns": ["hf:acme/*", "file:/model", "file:**", "hf:acme/bert"],
    "formats.allow": ["safetensors", "json", "pickle"],
    "formats.prefer": ["zip", "safetensors"],
    "pickle.packs": ["numpy", "trainer"],
    "pickle.allow": ["lab.nets.Net", "lab.nets.Other"],
    "architectures.allow": ["bert", "roberta"],
    "licenses.allow": ["mit", "apache-2.0"],
    "provenance.keys": ["acme", "other"],
}


def values_of(key: Key) -> st.SearchStrategy[Any]:
    """Values that a key takes, the few that a test can tell apart."""
    if key.kind == "word":
        return st.sampled_from(key.words)
    if key.kind == "number":
        return st.sampled_from(sorted({key.least, min(key.most, key.least + 4), min(key.most, 30)}))
    if key.kind in {"text", "folder"}:
        return st.sampled_from(["a", "b"])
    some = _ENTRIES.get(key.name, _ENTRIES["safeload/patterns"])
    return st.lists(st.sampled_from(some), unique=True, max_size=3)


_SOME = {
    name: key
    for name, key in KEYS.items()
    if not name.startswith("limits.") and name not in {"name", "description", "provenance.trust-store"}
}
_FLAT = st.fixed_dictionaries({}, optional={name: values_of(key) for name, key in _SOME.items()})
_OVERRIDE = st.builds(
    lambda repos, keys: {"repos": repos, **keys},
    st.lists(st.sampled_from(_ENTRIES["safeload/patterns"]), unique=True, min_size=1, max_size=2),
    st.fixed_dictionaries({}, optional={name: values_of(key) for name, key in _SOME.items() if key.override}),
)
_SPOKEN = [
    "source.unpinned", "source.too-new", "source.unlisted", "architecture.unlisted", "license.unlisted",
    "env.guard-weakened", "index.incomplete", "pickle.unlisted-global", "code.python-file",
    "provenance.unsigned", "format.not-loadable", "artifact.not-read",
]  # fmt: skip
"""Rules that what FACTS and ARTIFACTS hold makes speak."""
_LENIENT = {
    "defaults.unknown": "warn",
    "defaults.outside-scope": "warn",
    "formats.allow": ["safetensors", "json", "pickle"],
    **{f"rules.{rule}": "allow" for rule in _WAIVABLE},
}
_FEW = st.dictionaries(
    st.sampled_from([*(f"rules.{rule}" for rule in _SPOKEN), "source.allow", "source.pin", "licenses.allow",
                     "source.min-age-days", "architectures.allow", "provenance.require", "formats.allow"]),
    st.none(),
    max_size=4,
).flatmap(lambda names: st.fixed_dictionaries({name: values_of(KEYS[name]) for name in names}))  # fmt: skip
_WAIVER = st.fixed_dictionaries(
    {
        "rule": st.sampled_from([*_SPOKEN, *_SPOKEN, *_SPOKEN, *_WAIVABLE]),
        "subject": st.sampled_from(["file:**", "hf:**", "hf:acme/*"]),
        "sha256": st.sampled_from([SHAS[0], SHAS[0], SHAS[1], str(snapshot_digest([_WEIGHTS]))]),
        "reason": st.just("reviewed"),
        "owner": st.just("ml@acme.example"),
        "created": st.just(dt.date(2026, 1, 1)),
        "expires": st.sampled_from([dt.date(2026, 3, 1), dt.date(2026, 1, 30), dt.date(2026, 1, 10)]),
    }
)


def _numbered(waivers: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"id": f"W-{number}", **waiver} for number, waiver in enumerate(waivers)]


DOCUMENTS = st.builds(
    lambda keys, overrides, waivers: {
        **keys,
        "waivers.max-days": 90,
        "override": overrides,
        "waiver": _numbered(waivers),
    },
    st.one_of(_FLAT, *[_FEW.map(lambda keys: {**_LENIENT, **keys})] * 3),
    st.one_of(st.just([]), st.lists(_OVERRIDE, max_size=2)),
    st.one_of(st.just([]), st.lists(_WAIVER, max_size=3)),
)
"""Policies with everything, by the full names of their keys."""
NOW = 1_768_478_400.0
"""15 January 2026: some waivers have ended, some end soon."""
WHOLE = DOCUMENTS.map(lambda document: parse(flat_text(document)))
DIGESTED = ARTIFACTS.flatmap(
    lambda items: st.tuples(*[st.sampled_from((*SHAS[:1] * 3, SHAS[1])) for _ in items]).map(
        lambda shas: [replace(item, digest=Digest(hex=sha)) for item, sha in zip(items, shas, strict=True)]
    )
)
FACTS = st.lists(
    st.sampled_from(
        [
            Fact(kind="source.revision", location=Location(artifact="x"), data={"pinned": False}),
            Fact(kind="source.revision", location=Location(artifact="x"), data={"pinned": True}),
            Fact(
                kind="source.time",
                location=Location(artifact="x"),
                data={"last_modified": "2026-01-12T00:00:00+00:00"},
            ),
            Fact(
                kind="config.architecture",
                location=Location(artifact="config.json"),
                data={"model_type": "bert"},
            ),
            Fact(kind="license.stated", location=Location(artifact="README.md"), data={"licenses": ["mit"]}),
            Fact(kind="env.weakened", location=Location(artifact="x"), data={"name": "X", "what": "y"}),
            Fact(kind="index.incomplete", location=Location(artifact="config.json"), data={"problem": "p"}),
            Fact(
                kind="pickle.global",
                location=Location(artifact="side.bin"),
                data={"module": "lab", "name": "Net", "known": ""},
            ),
            Fact(kind="code.python", location=Location(artifact="side.bin"), data={}),
        ]
    ),
    max_size=4,
)
RECORDED = st.builds(
    Recorded,
    subject=st.sampled_from(["file:/model", "hf:acme/bert@" + "a" * 40, "hf:other/bert@" + "b" * 40]),
    facts=FACTS.map(tuple),
    artifacts=DIGESTED.map(
        lambda items: (
            _WEIGHTS,
            *(item for item in items if item.location.artifact != _WEIGHTS.location.artifact),
        )
    ),
    evidence=st.one_of(st.just(()), EVIDENCE.map(tuple)),
)
"""What a decision is made from, before rules have spoken."""
