"""weights.new-head: fires, stays quiet, near miss."""

from __future__ import annotations

from safeload.rules import weights_new_head as rule
from tests.forge.findings import fact, messages


def test_weights_new_head_has_its_id():
    """The id is never renumbered or reused."""
    assert rule.RULE.id == "weights.new-head"


def test_weights_new_head_fires():
    """The architecture and the untrained tensors are named."""
    item = fact(
        "load.new-head",
        names=["classifier.weight", "classifier.bias"],
        architecture="BertForSequenceClassification",
    )
    assert messages(rule, item) == [
        "BertForSequenceClassification starts untrained in classifier.weight, classifier.bias"
    ]


def test_weights_new_head_stays_quiet():
    """Unused tensors are another finding."""
    item = fact("load.unexpected", names=["x"])
    assert messages(rule, item) == []


def test_weights_new_head_near_miss():
    """An empty list is put into words."""
    item = fact("load.new-head", names=[], architecture="A")
    assert messages(rule, item) == ["A starts untrained in none"]
