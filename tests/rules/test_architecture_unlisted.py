"""architecture.unlisted: fires, stays quiet, near miss."""

from __future__ import annotations

from safeload.rules import architecture_unlisted as rule
from tests.forge.findings import fact, weighed


def test_architecture_unlisted_has_its_id():
    """The id is never renumbered or reused."""
    assert rule.RULE.id == "architecture.unlisted"


BERT = fact("config.architecture", at="config.json", model_type="bert")


def test_architecture_unlisted_fires():
    """Another kind of model, wherever its configuration lies."""
    items = [BERT, fact("config.architecture", at="unet/config.json", model_type="unet")]
    assert weighed(rule, *items, architectures=frozenset({"bert"})) == ["model_type unet is not listed"]


def test_architecture_unlisted_stays_quiet():
    """A listed kind, and a policy without a list."""
    assert weighed(rule, BERT, architectures=frozenset({"bert"})) == []
    assert weighed(rule, BERT) == []


def test_architecture_unlisted_near_miss():
    """A list without entries lists none, and a kind in other letters is another one."""
    assert len(weighed(rule, BERT, architectures=frozenset())) == 1
    assert weighed(rule, fact("config.architecture"), architectures=frozenset({"bert"})) == [
        "it names no model_type"
    ]
    assert len(weighed(rule, BERT, architectures=frozenset({"Bert"}))) == 1
