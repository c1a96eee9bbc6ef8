"""pickle.dangerous-global: fires, stays quiet, near miss."""

from __future__ import annotations

from safeload.rules import pickle_dangerous_global as rule
from tests.forge.findings import fact, messages


def test_pickle_dangerous_global_has_its_id():
    """The id is never renumbered or reused."""
    assert rule.RULE.id == "pickle.dangerous-global"


def test_pickle_dangerous_global_fires():
    """A known gadget is named with what it does."""
    item = fact("pickle.global", module="os", name="system", known=True, what="runs a shell command")
    assert messages(rule, item) == ["imports os.system, which runs a shell command"]


def test_pickle_dangerous_global_stays_quiet():
    """A global that is not known to be bad belongs to another rule."""
    item = fact("pickle.global", module="lib", name="Thing", known=False, what="")
    assert messages(rule, item) == []


def test_pickle_dangerous_global_call():
    """A known gadget that is listed for one use, in another."""
    item = fact("pickle.call", callable="builtins.getattr", known=True, what="resolves any name", why="x")
    assert messages(rule, item) == ["uses builtins.getattr, which resolves any name: x"]


def test_pickle_dangerous_global_near_miss():
    """Gadgets beyond the listed findings are not lost."""
    item = fact("pickle.more", count=7, known=2)
    assert messages(rule, item) == ["imports 2 more known gadgets, not listed one by one"]
