"""env.guard-weakened: fires, stays quiet, near miss."""

from __future__ import annotations

from safeload.rules import env_guard_weakened as rule
from tests.forge.findings import fact, messages


def test_env_guard_weakened_has_its_id():
    """The id is never renumbered or reused."""
    assert rule.RULE.id == "env.guard-weakened"


def test_env_guard_weakened_fires():
    """The variable and what it does."""
    item = fact("env.weakened", name="X", what="library runs pickles")
    assert messages(rule, item) == ["X is set: library runs pickles"]


def test_env_guard_weakened_stays_quiet():
    """Other facts are other findings."""
    assert messages(rule, fact("source.ambiguous", name="a/b")) == []


def test_env_guard_weakened_near_miss():
    """A fact without words still counts."""
    assert messages(rule, fact("env.weakened")) == ["? is set: ?"]
