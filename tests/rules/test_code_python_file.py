"""code.python-file: fires, stays quiet, near miss."""

from __future__ import annotations

from safeload.rules import code_python_file as rule
from tests.forge.findings import fact, messages


def test_code_python_file_has_its_id():
    """The id is never renumbered or reused."""
    assert rule.RULE.id == "code.python-file"


def test_code_python_file_fires():
    """A Python file is a finding whatever it holds."""
    item = fact("code.python")
    assert messages(rule, item) == ["is Python source, which safeload never imports and did not review"]


def test_code_python_file_stays_quiet():
    """A native binary is another finding."""
    item = fact("code.native", format="elf")
    assert messages(rule, item) == []


def test_code_python_file_near_miss():
    """Data that nobody asked for changes nothing."""
    item = fact("code.python", format="text")
    assert messages(rule, item) == ["is Python source, which safeload never imports and did not review"]
