"""scanners.torch_legacy: not loaded, and every one of the five pickles is looked into."""

from __future__ import annotations

import io
import pickle

import pytest
import torch

from safeload.core import Coverage, Location
from safeload.formats.view import BytesView
from safeload.limits import DEFAULT_LIMITS
from safeload.scanners import ScanResult, Subject
from safeload.scanners.torch_legacy import scan
from tests.forge.archives import PAYLOAD

MAGIC = 0x1950A86A20F9469CFC6C


def examine(data: bytes) -> ScanResult:
    location = Location(artifact="old.pt")
    return scan(Subject(view=BytesView(data), location=location, format="torch-legacy"), DEFAULT_LIMITS)


def test_honest_stream() -> None:
    """Five streams, no finding but what it is, and still unrecognised: nothing of it loads."""
    sink = io.BytesIO()
    torch.save({"a": torch.ones(3)}, sink, _use_new_zipfile_serialization=False)
    result = examine(sink.getvalue())
    assert result.coverage is Coverage.UNRECOGNISED
    assert "legacy torch stream" in result.reason
    assert len(result.streams) == 5
    assert [(fact.kind, fact.data["verdict"]) for fact in result.facts] == [("weights.pickle", "not judged")]


@pytest.mark.parametrize("position", range(5))
def test_payload_in_any_of_the_five(position: int) -> None:
    """Magic, protocol, system information, object or keys: the payload is named at its byte."""
    streams = [pickle.dumps(item, 2) for item in (MAGIC, 1001, {"little_endian": True}, {}, [])]
    streams[position] = PAYLOAD
    result = examine(b"".join(streams))
    [use] = [fact for fact in result.facts if fact.kind == "pickle.global"]
    assert (use.data["module"], use.data["name"]) == ("os", "system")
    assert result.facts[-1].data["verdict"] == "dangerous"
