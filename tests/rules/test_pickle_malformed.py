"""pickle.malformed: fires, stays quiet, near miss."""

from __future__ import annotations

from safeload.rules import pickle_malformed as rule
from tests.forge.findings import fact, messages


def test_pickle_malformed_has_its_id():
    """The id is never renumbered or reused."""
    assert rule.RULE.id == "pickle.malformed"


def test_pickle_malformed_fires():
    """A broken stream is named with what broke."""
    item = fact("pickle.malformed", error="StackUnderflow", detail="POP on an empty stack")
    assert messages(rule, item) == ["is not a valid pickle: POP on an empty stack"]


def test_pickle_malformed_stays_quiet():
    """Bytes behind STOP do not break a stream."""
    item = fact("pickle.trailing", size=3, pickle=False)
    assert messages(rule, item) == []


def test_pickle_malformed_near_miss():
    """The name of the error stands in for a missing detail."""
    item = fact("pickle.malformed", error="StackUnderflow")
    assert messages(rule, item) == ["is not a valid pickle: StackUnderflow"]
