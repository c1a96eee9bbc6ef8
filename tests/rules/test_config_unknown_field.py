"""config.unknown-field: fires, stays quiet, near miss."""

from __future__ import annotations

from safeload.rules import config_unknown_field as rule
from tests.forge.findings import fact, messages


def test_config_unknown_field_has_its_id():
    """The id is never renumbered or reused."""
    assert rule.RULE.id == "config.unknown-field"


def test_config_unknown_field_fires():
    """The key and the model type are named."""
    item = fact("config.unknown-field", key="novel", model_type="bert")
    assert messages(rule, item) == ["key novel is not in the table of model type bert, and has no effect"]


def test_config_unknown_field_stays_quiet():
    """A key that asks for code is another finding."""
    item = fact("config.remote-code", key="auto_map", value="x")
    assert messages(rule, item) == []


def test_config_unknown_field_near_miss():
    """A configuration without model type still counts."""
    item = fact("config.unknown-field", key="novel", model_type=None)
    assert messages(rule, item) == ["key novel is not in the table of model type none, and has no effect"]


def test_config_unknown_field_names_what_was_not_audited():
    """Another model, a known class, a consent: no effect here, and perhaps elsewhere."""
    item = fact("config.reference", key="base_model_name_or_path", value="'org/base'")
    assert messages(rule, item) == [
        (
            "base_model_name_or_path names 'org/base': it has no effect here, and what other loaders take "
            "from there was not audited"
        )
    ]


def test_config_unknown_field_compares_sizes():
    """The total size of an index is a field that no loader goes by."""
    item = fact("index.size", stated=8, found=4)
    assert messages(rule, item) == ["the index says 8 bytes, and the shards hold 4: no loader goes by it"]
