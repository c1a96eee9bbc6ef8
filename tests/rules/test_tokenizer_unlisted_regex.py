"""tokenizer.unlisted-regex: fires, stays quiet, near miss."""

from __future__ import annotations

from safeload.rules import tokenizer_unlisted_regex as rule
from tests.forge.findings import fact, messages


def test_tokenizer_unlisted_regex_has_its_id():
    """The id is never renumbered or reused."""
    assert rule.RULE.id == "tokenizer.unlisted-regex"


def test_tokenizer_unlisted_regex_fires():
    """The expression and its place are named."""
    item = fact("tokenizer.regex", pattern="(a+)+$", where="pre_tokenizer.0")
    assert messages(rule, item) == ["pre_tokenizer.0 uses an unlisted regular expression: (a+)+$"]


def test_tokenizer_unlisted_regex_stays_quiet():
    """A class name is another finding."""
    item = fact("tokenizer.class", key="tokenizer_class", value="X")
    assert messages(rule, item) == []


def test_tokenizer_unlisted_regex_near_miss():
    """A fact without place still counts."""
    item = fact("tokenizer.regex", pattern="x")
    assert messages(rule, item) == ["the tokenizer uses an unlisted regular expression: x"]
