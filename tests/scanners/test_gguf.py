"""scanners.gguf: read to the last header byte, its templates named, and not loadable."""

from __future__ import annotations

import hashlib

import pytest

from safeload.core import Coverage, Location
from safeload.errors import FormatError
from safeload.formats.gguf import Gguf
from safeload.formats.view import BytesView
from safeload.limits import DEFAULT_LIMITS
from safeload.scanners import ScanResult, Subject
from safeload.scanners.gguf import scan
from tests.forge.gguf import TEMPLATE, small_model


def examine(data: bytes) -> ScanResult:
    location = Location(artifact="m.gguf")
    return scan(Subject(view=BytesView(data), location=location, format="gguf"), DEFAULT_LIMITS)


def test_a_model_with_its_template() -> None:
    """Scanned, named as not loadable, and the template is a fact with its digest."""
    result = examine(small_model())
    assert result.coverage is Coverage.SCANNED
    assert isinstance(result.record, Gguf)
    assert [fact.kind for fact in result.facts] == ["format.not-loadable", "template.found"]
    template = result.facts[1].data
    assert template["where"] == "tokenizer.chat_template"
    assert template["sha256"] == hashlib.sha256(TEMPLATE.encode()).hexdigest()


def test_a_broken_header_is_left_to_the_pipeline() -> None:
    """The parser's error goes through: the artifact ends as malformed."""
    with pytest.raises(FormatError):
        examine(small_model()[:-30])
