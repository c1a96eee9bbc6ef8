"""The policies that we ship."""

from __future__ import annotations

import pytest

from safeload import pipeline
from safeload.core import EVERYTHING, Level, Verdict
from safeload.policy.engine import decide
from safeload.policy.keys import HOUSEKEEPING
from safeload.policy.schema import STRICTNESS
from safeload.sources.policy_files import BUILT_IN, built_in
from tests.forge.findings import artifact, finding
from tests.forge.policies import RULES, UNWAIVABLE

WHOLE = ("default", "strict")
"""Those that extend no other."""


def load(name):
    """A built-in policy."""
    return pipeline.resolve_policy(name)


@pytest.mark.parametrize("name", BUILT_IN)
def test_every_rule_has_a_line(name):
    """A reader sees the level of each rule, and none is denied by silence only."""
    policy = load(name)
    assert policy.rules.keys() == RULES.keys()
    assert policy.name == name
    for rule in UNWAIVABLE:
        assert policy.setting(rule).level is Level.DENY


@pytest.mark.parametrize("name", BUILT_IN)
def test_every_line_says_why(name):
    """The file is documentation: each level stands with its reason."""
    text, _ = built_in(name)
    levels = [line for line in text.partition("[rules]")[2].partition("\n[")[0].splitlines() if " = " in line]
    assert len(levels) == len(RULES) or name not in WHOLE
    assert [line for line in levels if "  # " not in line] == []


def test_strict_is_at_least_as_strict_as_default_and_research_is_not_stricter():
    """Key by key, so that moving from one to the other never surprises."""
    research, default, strict = load("research"), load("default"), load("strict")
    for rule in RULES.keys() - HOUSEKEEPING:
        levels = [STRICTNESS[policy.setting(rule).level] for policy in (research, default, strict)]
        assert levels == sorted(levels), rule
    assert research.packs >= default.packs
    assert strict.formats <= default.formats
    assert strict.packs <= default.packs
    assert "pickle" not in strict.formats


def test_the_default_policy_warns_of_an_inert_pickle_and_denies_the_rest():
    """The everyday case: pytorch_model.bin loads with a word, and a foreign global does not load."""
    files = [artifact(form="zip")]
    rest = {"subject": "s", "scope": EVERYTHING, "evidence": [], "handed_out": frozenset({"model.bin"})}
    warned = decide(load("default"), findings=[finding("format.pickle-weights")], artifacts=files, **rest)
    assert (warned.verdict, len(warned.warnings)) == (Verdict.ALLOW, 1)
    denied = decide(load("default"), findings=[finding("pickle.unlisted-global")], artifacts=files, **rest)
    assert denied.denials[0].set_by.startswith("policies/default.toml:")
