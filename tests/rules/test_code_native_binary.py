"""code.native-binary: fires, stays quiet, near miss."""

from __future__ import annotations

from safeload.rules import code_native_binary as rule
from tests.forge.findings import fact, messages


def test_code_native_binary_has_its_id():
    """The id is never renumbered or reused."""
    assert rule.RULE.id == "code.native-binary"


def test_code_native_binary_fires():
    """The format is named."""
    item = fact("code.native", format="elf")
    assert messages(rule, item) == ["is a native binary (elf)"]


def test_code_native_binary_stays_quiet():
    """Python source is another finding."""
    item = fact("code.python")
    assert messages(rule, item) == []


def test_code_native_binary_near_miss():
    """A fact without format still counts."""
    item = fact("code.native")
    assert messages(rule, item) == ["is a native binary (?)"]
