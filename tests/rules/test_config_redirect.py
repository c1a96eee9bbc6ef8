"""config.redirect: fires, stays quiet, near miss."""

from __future__ import annotations

from safeload.rules import config_redirect as rule
from tests.forge.findings import fact, messages


def test_config_redirect_has_its_id():
    """The id is never renumbered or reused."""
    assert rule.RULE.id == "config.redirect"


def test_config_redirect_fires():
    """The key and its target are named."""
    item = fact("config.redirect", key="base_model", value="org/base")
    assert messages(rule, item) == ["base_model points to org/base, which this audit does not cover"]


def test_config_redirect_stays_quiet():
    """Remote code is another finding."""
    item = fact("config.remote-code", key="auto_map", value="x")
    assert messages(rule, item) == []


def test_config_redirect_near_miss():
    """A long value is cut."""
    item = fact(
        "config.redirect",
        key="k",
        value="v" * 300,
    )
    assert messages(rule, item) == [
        "k points to " + "v" * 200 + "... (300 characters), which this audit does not cover"
    ]
