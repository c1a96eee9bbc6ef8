"""How a model writes text: the record of it, and the keys that ask for code."""

from __future__ import annotations

import json
from typing import Any

import pytest

from safeload.core import Coverage, Location
from safeload.formats.generation_config import GenerationSettings
from safeload.formats.json_strict import JsonTooLarge
from safeload.formats.view import BytesView
from safeload.limits import DEFAULT_LIMITS, Limits
from safeload.scanners import ScanResult, Subject
from safeload.scanners.generation_config import NAMES, scan


def _scanned(value: Any, limits: Limits = DEFAULT_LIMITS) -> ScanResult:
    location = Location(artifact="generation_config.json")
    view = BytesView(json.dumps(value).encode())
    return scan(Subject(view=view, location=location, format="json"), limits)


def test_record() -> None:
    """An honest file is data, and states nothing."""
    result = _scanned({"max_length": 20, "eos_token_id": [1, 2], "transformers_version": "5.0"})
    assert result.coverage is Coverage.SCANNED
    assert result.facts == ()
    assert isinstance(result.record, GenerationSettings)
    assert result.record.fields == {"max_length": 20, "eos_token_id": [1, 2]}
    assert NAMES.fullmatch("generation_config.json")
    assert not NAMES.fullmatch("config.json")


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ({"custom_generate": "attacker/repo"}, "config.remote-code"),
        ({"trust_remote_code": True}, "config.remote-code"),
        ({"auto_map": {"AutoModel": "a.B"}}, "config.remote-code"),
        ({"cache_implementation": "attacker/cache"}, "config.redirect"),
        ({"x": {"custom_generate": "attacker/repo"}}, "config.remote-code"),
        ({"custom_generate": "attacker/repo", "max_length": "broken"}, "config.remote-code"),
    ],
)
def test_what_asks_for_code(value: Any, kind: str) -> None:
    """Stated, also where the rest of the file is broken."""
    assert [fact.kind for fact in _scanned(value).facts] == [kind]


@pytest.mark.parametrize("value", [{"max_length": {}}, {"eos_token_id": [1] * 1_000_000}, {"top_p": 2}])
def test_what_cannot_be(value: Any) -> None:
    """A broken setting makes the file MALFORMED, with the setting's name."""
    result = _scanned(value)
    assert result.coverage is Coverage.MALFORMED
    assert next(iter(value)) in result.reason
    assert result.record is None


def test_a_list_is_no_settings() -> None:
    """Somebody's data under this name is data."""
    result = _scanned([1, 2])
    assert (result.coverage, result.record) == (Coverage.SCANNED, None)


def test_budget() -> None:
    """The size is checked before the bytes are read."""
    with pytest.raises(JsonTooLarge):
        _scanned({"max_length": 20}, Limits(json_bytes=10))
