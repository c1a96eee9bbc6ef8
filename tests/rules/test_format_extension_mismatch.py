"""format.extension-mismatch: fires, stays quiet, near miss."""

from __future__ import annotations

from safeload.rules import format_extension_mismatch as rule
from tests.forge.findings import fact, messages


def test_format_extension_mismatch_has_its_id():
    """The id is never renumbered or reused."""
    assert rule.RULE.id == "format.extension-mismatch"


def test_format_extension_mismatch_fires():
    """Content and extension are both named."""
    item = fact("format.mismatch", format="torch-zip", extension=".safetensors")
    assert messages(rule, item) == ["is torch-zip by content, but its extension says .safetensors"]


def test_format_extension_mismatch_stays_quiet():
    """A format without loader is another finding."""
    item = fact("format.not-loadable", format="gguf")
    assert messages(rule, item) == []


def test_format_extension_mismatch_near_miss():
    """A fact without extension still counts."""
    item = fact("format.mismatch", format="pickle")
    assert messages(rule, item) == ["is pickle by content, but its extension says ?"]
