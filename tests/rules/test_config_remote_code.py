"""config.remote-code: fires, stays quiet, near miss."""

from __future__ import annotations

from safeload.rules import config_remote_code as rule
from tests.forge.findings import fact, messages


def test_config_remote_code_has_its_id():
    """The id is never renumbered or reused."""
    assert rule.RULE.id == "config.remote-code"


def test_config_remote_code_fires():
    """The key and what it asks for are named."""
    item = fact("config.remote-code", key="auto_map.AutoModel", value="modeling.Model")
    assert messages(rule, item) == ["auto_map.AutoModel asks for code from the repository: modeling.Model"]


def test_config_remote_code_stays_quiet():
    """A redirect is another finding."""
    item = fact("config.redirect", key="base", value="org/base")
    assert messages(rule, item) == []


def test_config_remote_code_near_miss():
    """A value that is no string is shown too."""
    item = fact("config.remote-code", key="auto_map", value=[1])
    assert messages(rule, item) == ["auto_map asks for code from the repository: [1]"]
