"""pickle.uncontracted-call: fires, stays quiet, near miss."""

from __future__ import annotations

from safeload.rules import pickle_uncontracted_call as rule
from tests.forge.findings import fact, messages


def test_pickle_uncontracted_call_has_its_id():
    """The id is never renumbered or reused."""
    assert rule.RULE.id == "pickle.uncontracted-call"


def test_pickle_uncontracted_call_fires():
    """A use outside the contract is named with its reason."""
    item = fact(
        "pickle.call", callable="builtins.bytearray", opcode="REDUCE", why="takes bytes, not an integer"
    )
    assert messages(rule, item) == ["uses builtins.bytearray by REDUCE: takes bytes, not an integer"]


def test_pickle_uncontracted_call_stays_quiet():
    """A global alone is no call."""
    item = fact("pickle.global", module="builtins", name="bytearray")
    assert messages(rule, item) == []


def test_pickle_uncontracted_call_near_miss():
    """A fact without its reason still counts."""
    item = fact("pickle.call", callable="a.b", opcode="BUILD")
    assert messages(rule, item) == ["uses a.b by BUILD: outside its contract"]
