"""preprocessor_config.json and its relatives: the part they play, and their record."""

from __future__ import annotations

import pytest

from safeload.core import Coverage, Location, Role
from safeload.formats.layout import role_of
from safeload.formats.processor_config import NotAProcessorConfig, ProcessorConfig, interpret
from safeload.formats.view import BytesView
from safeload.limits import DEFAULT_LIMITS
from safeload.scanners import Subject, processor_config


@pytest.mark.parametrize(
    ("path", "role"),
    [
        ("preprocessor_config.json", Role.PROCESSOR),
        ("processor_config.json", Role.PROCESSOR),
        ("video_preprocessor_config.json", Role.PROCESSOR),
        ("unet/preprocessor_config.json", Role.OTHER),
        ("preprocessor_config.json.bak", Role.OTHER),
    ],
)
def test_the_name_gives_the_role(path: str, role: Role) -> None:
    """Only the root's own files are those of a processor."""
    assert role_of(path) is role


def test_a_record_holds_the_settings_and_those_of_the_parts() -> None:
    """Settings stand at the top, or below the name of a processor's part."""
    record = interpret({"do_resize": True, "image_processor": {"size": 224}, "tokenizer": "no object"})
    assert record.values["do_resize"] is True
    assert dict(record.part("image_processor") or {}) == {"size": 224}
    assert record.part("tokenizer") is None
    assert record.part("feature_extractor") is None


def test_what_is_no_object_is_no_configuration() -> None:
    """A list or a number has no settings."""
    with pytest.raises(NotAProcessorConfig):
        interpret([])


def _scan(data: bytes) -> object:
    place = Location(artifact="preprocessor_config.json")
    subject = Subject(location=place, view=BytesView(data), format="json")
    result = processor_config.scan(subject, DEFAULT_LIMITS)
    assert result.coverage is Coverage.SCANNED
    return result.record


def test_the_scanner_hands_the_record_on() -> None:
    """What was judged is what a processor is built from; another document gives no record."""
    record = _scan(b'{"image_processor_type": "ViTImageProcessor", "size": {"height": 224, "width": 224}}')
    assert isinstance(record, ProcessorConfig)
    assert record.values["size"] == {"height": 224, "width": 224}
    assert _scan(b"[]") is None
