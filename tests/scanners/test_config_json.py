"""Facts about config.json."""

from __future__ import annotations

import json
from typing import Any

import pytest

from safeload.core import Coverage, Fact, Location
from safeload.errors import FormatError
from safeload.formats.model_config import ModelConfig
from safeload.formats.view import BytesView
from safeload.limits import DEFAULT_LIMITS, Limits
from safeload.scanners import ScanResult, Subject
from safeload.scanners.config_json import NAMES, scan


def _scan(value: Any, name: str = "config.json", limits: Limits = DEFAULT_LIMITS) -> ScanResult:
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    return scan(Subject(view=BytesView(data), location=Location(artifact=name), format="json"), limits)


def _said(result: ScanResult) -> tuple[Fact, ...]:
    """All facts but the one that says what kind of model it is."""
    return tuple(fact for fact in result.facts if fact.kind != "config.architecture")


def test_a_model_states_its_kind() -> None:
    """Model type and class names, for those who list what they run."""
    fact = _scan({"model_type": "bert", "architectures": ["A", "B"]}, "sub/config.json").facts[-1]
    assert (fact.kind, fact.location.artifact) == ("config.architecture", "sub/config.json")
    assert fact.data == {"model_type": "bert", "architectures": ("A", "B")}


def test_a_plain_config() -> None:
    """A config of known fields is SCANNED with a record and no other facts."""
    result = _scan({"model_type": "bert", "hidden_size": 24, "architectures": ["BertModel"]})
    assert result.coverage is Coverage.SCANNED
    assert _said(result) == ()
    assert isinstance(result.record, ModelConfig)
    assert result.record.fields["hidden_size"] == 24


def test_unknown_fields() -> None:
    """Each field outside the table is a fact with its key, at its place."""
    result = _scan({"model_type": "bert", "hidden_sise": 24, "zzz": {"a": 1}})
    assert [(fact.kind, dict(fact.data), fact.location.key) for fact in _said(result)] == [
        ("config.unknown-field", {"key": "hidden_sise", "model_type": "bert"}, "hidden_sise"),
        ("config.unknown-field", {"key": "zzz", "model_type": "bert"}, "zzz"),
    ]


def test_behaviour_keys_are_not_unknown_as_well() -> None:
    """A key that asks for code is one fact, not two."""
    result = _scan({"model_type": "bert", "auto_map": {"AutoModel": "modeling.Model"}})
    assert {fact.kind for fact in _said(result)} == {"config.remote-code"}


@pytest.mark.parametrize(
    "value",
    [
        {"word_embedding_dimension": 384, "pooling_mode_mean_tokens": True},
        {},
        [],
        "config",
        None,
    ],
)
def test_other_files_of_this_name(value: Any) -> None:
    """A config.json of something else is data: SCANNED, without a record."""
    result = _scan(value, "1_Pooling/config.json")
    assert (result.coverage, result.record, result.facts) == (Coverage.SCANNED, None, ())


def test_behaviour_keys_anywhere() -> None:
    """Behaviour keys are facts in a config.json that names no model as well."""
    assert _scan({"auto_map": {"AutoModel": "other/repo--modeling.Model"}}, "sub/config.json").facts


def test_another_architecture() -> None:
    """A model_type without a table is SCANNED, and its record has the name."""
    result = _scan({"model_type": "llama", "rope_theta": 1e4})
    assert (result.coverage, _said(result)) == (Coverage.SCANNED, ())
    assert result.record.model_type == "llama"


def test_a_broken_config_keeps_its_facts() -> None:
    """A field of the wrong type is MALFORMED with a reason, and what the file asks for is still said."""
    result = _scan({"model_type": "bert", "hidden_size": "x", "auto_map": {"AutoModel": "m.M"}})
    assert result.coverage is Coverage.MALFORMED
    assert result.reason == "hidden_size is text where the table has integer"
    assert _said(result)
    assert result.record is None
    assert _scan({"model_type": "bert", "num_labels": 10**6}).coverage is Coverage.LIMIT_EXCEEDED


@pytest.mark.parametrize("data", [b"", b"{", b'{"model_type": "bert", "a": NaN}', b'{"a":1,"a":2}', b"\xff"])
def test_not_json(data: bytes) -> None:
    """Bytes that are no strict JSON are a FormatError for the pipeline."""
    with pytest.raises(FormatError):
        _scan(data)


def test_an_infinity_in_a_config_of_another_model() -> None:
    """State space models count up to infinity: a config without a table of its own may hold one."""
    result = _scan(b'{"model_type": "mamba2", "time_step_limit": [0.0, Infinity]}')
    assert (result.coverage, _said(result)) == (Coverage.SCANNED, ())


def test_size_is_checked_first() -> None:
    """A file over the budget is not read."""
    with pytest.raises(FormatError, match="more than 4"):
        _scan({"model_type": "bert"}, limits=Limits(json_bytes=4))


def test_names() -> None:
    """Meant for config.json, and for no name that only contains it."""
    assert NAMES.fullmatch("config.json")
    assert not NAMES.fullmatch("generation_config.json")
    assert not NAMES.fullmatch("config.json\n")


def test_sealed(sealed: Any) -> None:
    """Scanning opens, imports and executes nothing."""
    _scan({"model_type": "bert"})
    with sealed():
        result = _scan({"model_type": "bert", "x": 1})
    assert _said(result)


def test_many_unknown_fields_are_counted() -> None:
    """A config of a million keys must not become a million findings."""
    result = _scan({"model_type": "bert"} | {f"k{index}": 1 for index in range(300)})
    assert len(_said(result)) == 201
    assert _said(result)[-1].data["key"] == "and 100 more keys"
