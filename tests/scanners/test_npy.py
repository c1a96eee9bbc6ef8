"""scanners.npy: plain arrays are accounted for, and a pickle in the place of data is named."""

from __future__ import annotations

import io
import pickle
from typing import TYPE_CHECKING

import numpy as np
import pytest

from safeload.core import Coverage, Location, Verdict
from safeload.formats.npy import NpyArray
from safeload.formats.view import BytesView
from safeload.limits import DEFAULT_LIMITS, Limits
from safeload.pipeline import audit
from safeload.scanners import ScanResult, Subject
from safeload.scanners.npy import scan
from tests.forge.archives import PAYLOAD
from tests.forge.npy import header, npy

if TYPE_CHECKING:
    from pathlib import Path


def examine(data: bytes, limits: Limits = DEFAULT_LIMITS) -> ScanResult:
    place, packs = Location(artifact="a.npy"), frozenset({"numpy"})
    return scan(Subject(view=BytesView(data), location=place, format="npy", packs=packs), limits)


def test_plain_array() -> None:
    """No finding, and a record."""
    result = examine(npy(header("'<f4'"), bytes(8)))
    assert (result.coverage, result.facts, result.streams) == (Coverage.SCANNED, (), ())
    assert isinstance(result.record, NpyArray)


def test_object_array_of_numpy() -> None:
    """Honest or not, an array of objects is refused, and its pickle is there to be read again."""
    sink = io.BytesIO()
    np.save(sink, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    result = examine(sink.getvalue())
    assert (result.coverage, result.record) == (Coverage.MALFORMED, None)
    assert "the data is a pickle" in result.reason
    [stream] = result.streams
    assert pickle.loads(stream.data).tolist() == [{"a": 1}]
    assert {fact.kind for fact in result.facts} == {"pickle.call"}


@pytest.mark.parametrize(
    "text",
    [
        header("'|O'"),
        header("[('a', '<f4'), ('b', [('c', '|O')])]"),
        header("'object'"),
        header("'<f4,O'"),
        header("'|' 'O'"),
        header("'|O'") + "#",
        header("'<f4'"),
        header("'|O'") + " " * 20_000,
    ],
)
def test_payload_is_named(text: str) -> None:
    """Whatever the header looks like, a pickle behind it is found at its byte."""
    data = npy(text, PAYLOAD)
    result = examine(data)
    assert result.coverage is not Coverage.SCANNED
    [use] = [fact for fact in result.facts if fact.kind == "pickle.global"]
    assert (use.data["module"], use.data["name"]) == ("os", "system")
    assert use.location.offset == data.find(PAYLOAD)
    assert [stream.data for stream in result.streams] == [PAYLOAD]


def test_behind_the_pickle() -> None:
    """A second stream behind the first is stated and named, too."""
    data = npy(header("'|O'"), b"N." + PAYLOAD)
    result = examine(data)
    found = {fact.kind: fact.location.offset for fact in result.facts}
    assert found["pickle.trailing"] == found["pickle.global"] == data.find(PAYLOAD)


def test_broken_array_without_a_pickle() -> None:
    """Data that is merely too short is no broken pickle."""
    result = examine(npy(header("'<f4'"), b"\x00\x00\x80?\x00"))
    assert (result.coverage, result.facts, result.streams) == (Coverage.MALFORMED, (), ())


def test_pickle_budget() -> None:
    """Objects past the budget of pickles are not read, and that is said; what is in front is."""
    result = examine(npy(header("'|O'"), PAYLOAD + bytes(999)), Limits(pickle_bytes=300))
    assert result.coverage is Coverage.LIMIT_EXCEEDED
    assert "of which 300 bytes are read" in result.reason
    assert "pickle.global" in {fact.kind for fact in result.facts}


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_npz(tmp_path: Path, save: object) -> None:
    """An archive of arrays is allowed, and each member ends as scanned."""
    save(tmp_path / "a.npz", first=np.arange(9.0), second=np.array(["x", "yy"]))  # type: ignore[operator]
    report = audit(tmp_path, policy="default")
    assert report.decision.verdict is Verdict.ALLOW
    assert {(item.location.name, item.format, item.coverage) for item in report.artifacts} == {
        ("a.npz", "zip", Coverage.SCANNED),
        ("a.npz!first.npy", "npy", Coverage.SCANNED),
        ("a.npz!second.npy", "npy", Coverage.SCANNED),
    }
