"""weights.unexpected-keys: fires, stays quiet, near miss."""

from __future__ import annotations

from safeload.rules import weights_unexpected_keys as rule
from tests.forge.findings import fact, messages


def test_weights_unexpected_keys_has_its_id():
    """The id is never renumbered or reused."""
    assert rule.RULE.id == "weights.unexpected-keys"


def test_weights_unexpected_keys_fires():
    """The unused tensors are named."""
    item = fact("load.unexpected", names=["cls.bias"])
    assert messages(rule, item) == ["tensors are not used: cls.bias"]


def test_weights_unexpected_keys_stays_quiet():
    """A new head is another finding."""
    item = fact("load.new-head", names=["x"], architecture="A")
    assert messages(rule, item) == []


def test_weights_unexpected_keys_near_miss():
    """A long list is cut and counted."""
    item = fact("load.unexpected", names=["a", "b", "c", "d", "e", "f"])
    assert messages(rule, item) == ["tensors are not used: a, b, c, d, e and 1 more"]
