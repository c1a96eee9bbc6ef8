"""template.unlisted: fires, stays quiet, near miss."""

from __future__ import annotations

from safeload.rules import template_unlisted as rule
from tests.forge.findings import fact, messages


def test_template_unlisted_has_its_id():
    """The id is never renumbered or reused."""
    assert rule.RULE.id == "template.unlisted"


def test_template_unlisted_fires():
    """A template is named with its size."""
    item = fact("template.found", where="chat_template", size=120, sha256="ab")
    assert messages(rule, item) == [
        (
            "chat_template is a template of 120 bytes (sha256 ab) that nobody has listed; "
            "it is rendered on apply_chat_template only"
        )
    ]


def test_template_unlisted_stays_quiet():
    """A class name is no template."""
    item = fact("tokenizer.class", key="tokenizer_class", value="X")
    assert messages(rule, item) == []


def test_template_unlisted_near_miss():
    """An empty place is put into words."""
    item = fact("template.found", where="", size=0)
    assert messages(rule, item) == [
        (
            "a chat template is a template of 0 bytes (sha256 ?) that nobody has listed; "
            "it is rendered on apply_chat_template only"
        )
    ]
