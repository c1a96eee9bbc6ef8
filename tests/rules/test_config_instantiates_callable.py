"""config.instantiates-callable: fires, stays quiet, near miss."""

from __future__ import annotations

from safeload.rules import config_instantiates_callable as rule
from tests.forge.findings import fact, messages


def test_config_instantiates_callable_has_its_id():
    """The id is never renumbered or reused."""
    assert rule.RULE.id == "config.instantiates-callable"


def test_config_instantiates_callable_fires():
    """The key and the callable are named."""
    item = fact("config.callable", key="_target_", value="os.system")
    assert messages(rule, item) == ["_target_ names something to call: os.system"]


def test_config_instantiates_callable_stays_quiet():
    """An unknown field is another finding."""
    item = fact("config.unknown-field", key="x", model_type="bert")
    assert messages(rule, item) == []


def test_config_instantiates_callable_near_miss():
    """A fact without value still counts."""
    item = fact("config.callable", key="_target_")
    assert messages(rule, item) == ["_target_ names something to call: ?"]
