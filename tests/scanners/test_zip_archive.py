"""scanners.zip_archive: facts, children and accounts of archives."""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from safeload.core import Coverage, Location
from safeload.formats.torch_zip import TorchZip
from safeload.formats.view import BytesView, read_all
from safeload.limits import DEFAULT_LIMITS, Limits
from safeload.pipeline import audit
from safeload.scanners import ScanResult, Subject
from safeload.scanners.zip_archive import scan
from tests.forge.archives import (
    ONE_TENSOR,
    PAYLOAD,
    TWO_FLOATS,
    Part,
    build,
    plain,
    torch_parts,
    torch_zip,
)
from tests.forge.keras import zipped

if TYPE_CHECKING:
    from pathlib import Path


def examine(data: bytes, limits: Limits = DEFAULT_LIMITS, **fields: object) -> ScanResult:
    subject = Subject(
        view=BytesView(data),
        location=Location(artifact="pytorch_model.bin"),
        format="zip",
        **fields,  # type: ignore[arg-type]
    )
    return scan(subject, limits)


def kinds(result: ScanResult) -> list[str]:
    return [fact.kind for fact in result.facts]


HONEST = torch_zip(ONE_TENSOR, {"0": TWO_FLOATS})


def test_checkpoint(sealed) -> None:
    """An honest checkpoint: its record, its stream, and every member accounted for; nothing is touched."""
    examine(HONEST)  # our own contracts are imported on first use
    with sealed():
        result = examine(HONEST)
    assert result.coverage is Coverage.SCANNED
    assert isinstance(result.record, TorchZip)
    assert [(fact.kind, dict(fact.data)) for fact in result.facts] == [
        ("weights.pickle", {"verdict": "inert"})
    ]
    assert {member.name for member in result.members} == set(zipfile.ZipFile(io.BytesIO(HONEST)).namelist())
    assert {member.coverage for member in result.members} == {Coverage.SCANNED}
    assert [(stream.location.name, stream.data) for stream in result.streams] == [
        ("pytorch_model.bin!archive/data.pkl", ONE_TENSOR)
    ]


def test_quick_reads_no_tensor() -> None:
    """Under --quick tensor data is not read, and that is said once; the record still tells the names."""

    class Guarded(BytesView):
        def stream(self, offset: int, length: int) -> object:  # type: ignore[override]
            assert offset != data_offset, "tensor data was read"
            return super().stream(offset, length)

    data_offset = HONEST.index(TWO_FLOATS)
    subject = Subject(
        view=Guarded(HONEST), location=Location(artifact="m.bin"), format="zip", read_data=False
    )
    result = scan(subject, DEFAULT_LIMITS)
    assert result.coverage is Coverage.NOT_READ
    assert [(m.name, m.size) for m in result.members if m.coverage is Coverage.NOT_READ] == [
        ("archive/data", 8)
    ]
    assert isinstance(result.record, TorchZip)


def test_dangerous_checkpoint() -> None:
    """A pickle that would run a command: named, with its place, and no record."""
    result = examine(torch_zip(PAYLOAD, {}))
    assert result.record is None
    [use] = [fact for fact in result.facts if fact.kind == "pickle.global"]
    assert (use.data["module"], use.data["name"], use.data["known"]) == ("os", "system", True)
    assert str(use.location) == "pytorch_model.bin!archive/data.pkl at byte 0"
    assert result.facts[0].data["verdict"] == "dangerous"


def test_bytes_behind_the_pickle() -> None:
    """Torch stops at STOP; what stands behind it is a fact, and its globals are named."""
    result = examine(torch_zip(ONE_TENSOR + PAYLOAD, {"0": TWO_FLOATS}))
    [fact] = [fact for fact in result.facts if fact.kind == "pickle.trailing"]
    assert dict(fact.data) == {"size": len(PAYLOAD), "pickle": True}
    assert "pickle.global" in kinds(result)
    assert result.record is None


def test_broken_pickle_is_malformed_with_its_facts() -> None:
    """A payload first and garbage behind it: CPython would have run it before it failed."""
    result = examine(torch_zip(PAYLOAD[:-1] + b"\xff", {}))
    assert result.coverage is Coverage.MALFORMED
    assert {"pickle.global", "pickle.malformed"} <= set(kinds(result))


def test_big_endian() -> None:
    """Named as what no loader of ours reads."""
    parts = [part for part in torch_parts(ONE_TENSOR, {"0": TWO_FLOATS}) if part.name != b"archive/byteorder"]
    result = examine(build([*parts, Part(b"archive/byteorder", b"big")]))
    assert "format.not-loadable" in kinds(result)
    assert result.record is None


def test_plain_archives_give_children() -> None:
    """Npz files and any other: each member once, with its plain bytes, and no torch record."""
    sink = io.BytesIO()
    np.savez_compressed(sink, a=np.arange(5), b=np.ones(3))
    result = examine(sink.getvalue())
    assert (result.coverage, result.record) == (Coverage.SCANNED, None)
    peer = zipfile.ZipFile(sink)
    assert {child.name: read_all(child.view) for child in result.children} == {
        name: peer.read(name) for name in peer.namelist()
    }


def test_nested_is_a_fact() -> None:
    """An archive inside another says so, and only then."""
    assert "archive.nested" in kinds(examine(build([plain("a", b"x")]), depth=1))
    assert "archive.nested" not in kinds(examine(build([plain("a", b"x")])))


def test_inflation_budget_counts_all_members() -> None:
    """Members that exceed the budget together are accounted for one by one; those before are children."""
    data = build([plain(name, b"x" * 100, method=8) for name in "abc"])
    result = examine(data, Limits(inflated_bytes=250))
    assert [child.name for child in result.children] == ["a", "b"]
    assert [(member.name, member.coverage) for member in result.members] == [("c", Coverage.LIMIT_EXCEEDED)]


def test_broken_deflate_is_that_member_alone() -> None:
    """The archive goes on behind it."""
    data = build([plain("a", b"x" * 100, method=8), plain("b", b"y")])
    stream = data.index(b"a", 30) + 1
    data = data[:stream] + b"\xff" + data[stream + 1 :]
    result = examine(data)
    assert [(member.name, member.coverage) for member in result.members] == [("a", Coverage.MALFORMED)]
    assert [child.name for child in result.children] == ["b"]


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_real_checkpoints(protocol: int) -> None:
    """What torch.save writes is scanned without a fact but the verdict."""
    sink = io.BytesIO()
    torch.save(torch.nn.Linear(3, 4).state_dict(), sink, pickle_protocol=protocol)
    result = examine(sink.getvalue())
    assert kinds(result) == ["weights.pickle"]
    assert isinstance(result.record, TorchZip)


def test_logs_and_tables_may_deflate_well(tmp_path: Path) -> None:
    """Text that is only measured may grow more than what is parsed: twentyfold is nothing unusual."""
    log = "".join(f"epoch 1 step {i} loss 0.5 lr 1.0e-4 memory 1234 MB\n" for i in range(400_000)).encode()
    lines = b"".join(b'{"id": %d, "text": "the same text again", "label": 3}\n' % i for i in range(300_000))
    table = b"".join(b"%d,1,2,3,4,5,6\n" % i for i in range(300_000))
    data = zipped(
        {"train.log": log, "data.jsonl": lines, "data.csv": table},
        zipfile.ZIP_DEFLATED,
    )
    assert len(log) + len(lines) > 10 * len(data)
    (tmp_path / "logs.zip").write_bytes(data)
    report = audit(tmp_path, policy="default")
    assert not report.decision.denials
    assert {artifact.coverage for artifact in report.artifacts} == {Coverage.SCANNED}


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_mutations(data: st.DataObject) -> None:
    """Any damage ends in a result; with a record only where zipfile and torch read the very same."""
    mutant = bytearray(HONEST)
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(mutant) - 1))
        if data.draw(st.booleans()):
            mutant[at] ^= 1 << data.draw(st.integers(0, 7))
        elif data.draw(st.booleans()):
            del mutant[at + 1 :]
        else:
            mutant[at:at] = mutant[: data.draw(st.integers(1, 80))]
    result = examine(bytes(mutant))
    if result.coverage is Coverage.SCANNED and isinstance(result.record, TorchZip):
        oracle = torch.load(io.BytesIO(bytes(mutant)), weights_only=True)
        assert list(result.record.tensors) == list(oracle)
        for name, entry in result.record.tensors.items():
            read = torch.frombuffer(mutant, dtype=getattr(torch, entry.dtype), offset=entry.offset, count=2)
            assert entry.shape == tuple(oracle[name].shape)
            assert torch.equal(read, oracle[name])
