"""tokenizer.unlisted-class: fires, stays quiet, near miss."""

from __future__ import annotations

from safeload.rules import tokenizer_unlisted_class as rule
from tests.forge.findings import fact, messages


def test_tokenizer_unlisted_class_has_its_id():
    """The id is never renumbered or reused."""
    assert rule.RULE.id == "tokenizer.unlisted-class"


def test_tokenizer_unlisted_class_fires():
    """The key and the class are named."""
    item = fact("tokenizer.class", key="tokenizer_class", value="EvilTokenizer")
    assert messages(rule, item) == [
        "tokenizer_class names the class EvilTokenizer, which is not in the table"
    ]


def test_tokenizer_unlisted_class_stays_quiet():
    """An expression is another finding."""
    item = fact("tokenizer.regex", pattern="x", where="y")
    assert messages(rule, item) == []


def test_tokenizer_unlisted_class_near_miss():
    """A fact without value still counts."""
    item = fact("tokenizer.class", key="tokenizer_class")
    assert messages(rule, item) == ["tokenizer_class names the class ?, which is not in the table"]
