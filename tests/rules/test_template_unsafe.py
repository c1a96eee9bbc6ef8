"""template.unsafe: fires, stays quiet, near miss."""

from __future__ import annotations

from safeload.rules import template_unsafe as rule
from tests.forge.findings import fact, messages


def test_template_unsafe_has_its_id():
    """The id is never renumbered or reused."""
    assert rule.RULE.id == "template.unsafe"
    assert rule.RULE.waivable


def test_template_unsafe_fires():
    """Place, line and construct are named."""
    item = fact("template.unsafe", where="chat_template", line=3, what="the attribute __class__")
    assert messages(rule, item) == ["chat_template uses, in line 3, the attribute __class__"]


def test_template_unsafe_stays_quiet():
    """That there is a template is another rule's affair."""
    assert messages(rule, fact("template.found", where="chat_template", size=1, sha256="ab")) == []


def test_template_unsafe_near_miss():
    """Missing values are put into words."""
    item = fact("template.unsafe", where="", what="")
    assert messages(rule, item) == ["a chat template uses, in line ?, a construct that is not listed"]
