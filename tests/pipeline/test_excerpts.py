"""The bytes that a report shows are those of the file, at the place that the finding names."""

from __future__ import annotations

import zipfile

from safeload import pipeline
from safeload.pipeline.excerpts import MOST, excerpts_of
from tests.forge.findings import artifact, finding, report
from tests.reports.test_reports import POLICY

STREAM = b"cos\nsystem\n(S'id'\ntR."


def found(folder):
    made = pipeline.audit(f"{folder}/", policy="default")
    return made, {(item.location.name, item.location.offset): item for item in made.excerpts}


def test_a_pickle_in_a_file(tmp_path):
    """The import stands where the excerpt says."""
    data = STREAM + b"padding" * 30 + STREAM
    (tmp_path / "a.pkl").write_bytes(data)
    made, items = found(tmp_path)
    assert made.decision.denials
    assert ("a.pkl", 0) in items
    for (_, offset), item in items.items():
        assert item.data == data[item.start : item.start + len(item.data)]
        assert item.start <= offset < item.start + len(item.data)
        assert len(item.data) <= 64


def test_a_pickle_in_an_archive(tmp_path):
    """Offsets count from the start of the member, and so do the bytes."""
    with zipfile.ZipFile(tmp_path / "a.bin", "w") as archive:
        archive.writestr("archive/data.pkl", b"\x80\x02" + STREAM)
        archive.writestr("archive/version", b"3\n")
    _, items = found(tmp_path)
    (item,) = [item for (name, _), item in items.items() if name == "a.bin!archive/data.pkl"][:1]
    assert item.location.offset == 2
    assert (item.start, item.data) == (0, b"\x80\x02" + STREAM)


def test_isolation_shows_the_same_bytes(tmp_path):
    """Where children read the files, the parent shows the judged bytes."""
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "a.pkl").write_bytes(STREAM)
    policy = tmp_path / "p.toml"
    policy.write_text('schema = 1\nisolation = "all"\n')
    here = pipeline.audit(f"{folder}/", policy="default").excerpts
    assert here
    assert pipeline.audit(f"{folder}/", policy=policy).excerpts == here


class Bytes:
    """A file of ten bytes."""

    size = 10

    def read(self, offset, length):
        """A part of it."""
        return b"0123456789"[offset : offset + length]


class Long(Bytes):
    """A longer one."""

    size = 10_000

    def read(self, offset, length):
        """Zeros."""
        return bytes(length)


def test_places_that_are_not_there_have_no_bytes():
    """A finding beyond the end, in an unknown file, in a member, or without a byte."""
    made = report(
        POLICY,
        [
            finding(at="a", offset=10),
            finding(at="b", offset=0),
            finding(at="a", members=("m",), offset=0),
            finding(at="a"),
        ],
        [artifact("a")],
    )
    assert excerpts_of(made.decision, (), {"a": Bytes()}) == ()


def test_the_number_of_excerpts_is_bounded():
    """A report of many findings does not repeat the file."""
    many = [finding(at="a", offset=at % 10, message=str(at)) for at in range(40)]
    made = report(POLICY, many, [artifact("a")])
    assert len(excerpts_of(made.decision, (), {"a": Bytes()})) == 10
    many = [finding(at="a", offset=at) for at in range(MOST + 100)]
    made = report(POLICY, many, [artifact("a")])
    assert len(excerpts_of(made.decision, (), {"a": Long()})) == MOST
