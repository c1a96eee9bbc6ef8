"""scanners.torch_legacy: every one of the five pickles is looked into, and an inert file has a record."""

from __future__ import annotations

import io
from typing import Any

import pytest
import torch

from safeload.core import Coverage, Location
from safeload.formats.torch_legacy import TorchLegacy
from safeload.formats.view import BytesView
from safeload.limits import DEFAULT_LIMITS
from safeload.scanners import ScanResult, Subject
from safeload.scanners.torch_legacy import scan
from tests.forge.archives import PAYLOAD
from tests.forge.legacy import SYSTEM, TWO_FLOATS, legacy, table

PARTS = ("magic", "version", "system", "state", "keys")


def examine(data: bytes) -> ScanResult:
    location = Location(artifact="old.pt")
    return scan(Subject(view=BytesView(data), location=location, format="torch-legacy"), DEFAULT_LIMITS)


def test_honest_stream() -> None:
    """No finding but what it is, a record with its tensors, and the object as the stream to read again."""
    sink = io.BytesIO()
    torch.save({"a": torch.ones(3)}, sink, _use_new_zipfile_serialization=False)
    result = examine(sink.getvalue())
    assert (result.coverage, result.reason) == (Coverage.SCANNED, "")
    assert isinstance(result.record, TorchLegacy)
    assert list(result.record.tensors) == ["a"]
    [stream] = result.streams
    assert stream.data == sink.getvalue()[stream.location.offset : stream.trace.end]
    assert stream.trace.storages
    assert [(fact.kind, fact.data["verdict"]) for fact in result.facts] == [("weights.pickle", "inert")]


@pytest.mark.parametrize("part", PARTS)
def test_payload_in_any_of_the_five(part: str) -> None:
    """Magic, protocol, system information, object or keys: the payload is named at its byte."""
    data = legacy(**{part: PAYLOAD})
    result = examine(data)
    [use] = [fact for fact in result.facts if fact.kind == "pickle.global"]
    assert (use.data["module"], use.data["name"]) == ("os", "system")
    assert use.location.offset == data.find(b"cos\nsystem")
    assert result.facts[-1].data["verdict"] == "dangerous"
    assert result.record is None
    assert PAYLOAD in [stream.data for stream in result.streams]


@pytest.mark.parametrize("part", PARTS)
def test_broken_in_any_of_the_five(part: str) -> None:
    """What stands behind a break cannot be found, so the file is malformed, and says where it breaks."""
    result = examine(legacy(**{part: b"\x80\x02\xff"}))
    assert result.coverage is Coverage.MALFORMED
    assert "pickle.malformed" in {fact.kind for fact in result.facts}
    assert result.record is None


def test_big_endian() -> None:
    """Such tensors are named for what they are."""
    result = examine(legacy(system={**SYSTEM, "little_endian": False}))
    assert result.coverage is Coverage.MALFORMED
    assert result.record is None
    assert [fact.data for fact in result.facts if fact.kind == "format.not-loadable"] == [
        {"format": "big-endian torch-legacy"}
    ]


@pytest.mark.parametrize("more", [PAYLOAD, b"\0" * 9])
def test_bytes_behind_the_table(more: bytes) -> None:
    """Torch would not look at them; a tool that calls its unpickler once more would."""
    data, another = legacy(), more == PAYLOAD
    result = examine(data + more)
    assert result.coverage is Coverage.MALFORMED
    [behind] = [fact for fact in result.facts if fact.kind == "pickle.trailing"]
    assert (behind.location.offset, behind.data) == (len(data), {"size": len(more), "pickle": another})
    uses = [fact.location.offset for fact in result.facts if fact.kind == "pickle.global"]
    assert uses == ([len(data)] if another else [])


@pytest.mark.parametrize(
    "parts", [{"rows": table((3, TWO_FLOATS))}, {"keys": ()}, {"version": 7}, {"system": {}}]
)
def test_inert_pickles_around_a_lie(parts: dict[str, Any]) -> None:
    """Without a table that fits there is nothing to load."""
    result = examine(legacy(**parts))
    assert result.coverage is Coverage.MALFORMED
    assert result.record is None
