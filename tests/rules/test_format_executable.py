"""format.executable: fires, stays quiet, near miss."""

from __future__ import annotations

from safeload.rules import format_executable as rule
from tests.forge.findings import fact, messages


def test_format_executable_has_its_id():
    """The id is never renumbered or reused."""
    assert rule.RULE.id == "format.executable"


def test_format_executable_fires():
    """A format that is a program is named."""
    item = fact("format.executable", format="torchscript", detail="holds code/")
    assert messages(rule, item) == ["is torchscript, which is a program: holds code/"]


def test_format_executable_stays_quiet():
    """Data without loader is not a program."""
    item = fact("format.not-loadable", format="onnx")
    assert messages(rule, item) == []


def test_format_executable_near_miss():
    """A fact without detail still counts."""
    item = fact("format.executable", format="keras")
    assert messages(rule, item) == ["is keras, which is a program: its format carries code"]
