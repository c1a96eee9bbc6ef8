"""scanners.msgpack: what Flax wrote is read, what others wrote is unknown, what is broken is an error."""

from __future__ import annotations

import msgpack
import pytest

from safeload.core import Coverage, Location
from safeload.errors import FormatError
from safeload.formats.msgpack import Msgpack
from safeload.formats.view import BytesView
from safeload.limits import DEFAULT_LIMITS
from safeload.scanners import ScanResult, Subject
from safeload.scanners.msgpack import scan
from tests.forge.flax import pack, params


def examine(data: bytes) -> ScanResult:
    location = Location(artifact="flax_model.msgpack")
    return scan(Subject(view=BytesView(data), location=location, format="msgpack"), DEFAULT_LIMITS)


def test_a_flax_checkpoint() -> None:
    """Scanned, and named as not loadable."""
    result = examine(pack(params()))
    assert result.coverage is Coverage.SCANNED
    assert isinstance(result.record, Msgpack)
    assert [fact.kind for fact in result.facts] == ["format.not-loadable"]


def test_msgpack_of_another_program() -> None:
    """A numpy array as another package packs it: unrecognised, with the reason, and not malformed."""
    result = examine(msgpack.packb({"W": {b"nd": True, b"type": "<f4", b"shape": [1], b"data": b"xxxx"}}))
    assert (result.coverage, result.record) == (Coverage.UNRECOGNISED, None)
    assert "Flax does not write" in result.reason
    assert [fact.kind for fact in result.facts] == ["format.not-loadable"]


def test_readers_that_could_differ_are_an_error() -> None:
    """A key that stands twice goes to the pipeline as malformed."""
    with pytest.raises(FormatError):
        examine(b"\x82\xa1a\xc0\xa1a\xc0")
