"""format.pickle-weights: fires, stays quiet, near miss."""

from __future__ import annotations

from safeload.rules import format_pickle_weights as rule
from tests.forge.findings import fact, messages


def test_format_pickle_weights_has_its_id():
    """The id is never renumbered or reused."""
    assert rule.RULE.id == "format.pickle-weights"


def test_format_pickle_weights_fires():
    """Weights in a pickle are a finding even where the pickle is inert."""
    item = fact("weights.pickle", verdict="inert")
    assert messages(rule, item) == ["holds weights as a pickle (its stream: inert)"]


def test_format_pickle_weights_stays_quiet():
    """A global of a pickle is not this rule's business."""
    item = fact("pickle.global", module="lib", name="Thing")
    assert messages(rule, item) == []


def test_format_pickle_weights_near_miss():
    """A stream without verdict is said to be not judged."""
    item = fact("weights.pickle")
    assert messages(rule, item) == ["holds weights as a pickle (its stream: not judged)"]
