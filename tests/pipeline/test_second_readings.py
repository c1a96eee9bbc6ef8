"""What an audit makes of second readings: each stream has its own, and the ones that matter come first."""

from __future__ import annotations

import io
import zipfile

from safeload import pipeline
from safeload.pipeline import second_readings
from safeload.reports import text
from tests.forge.legacy import legacy

GADGET = b"\x80\x02cos\nsystem\nX\x04\x00\x00\x00echo\x85R."


def readings(report):
    return {str(fact.location): fact.data for fact in report.facts if fact.kind == "pickle.second-reader"}


def test_each_stream_of_a_file_has_its_own_explanation(tmp_path):
    """A file of torch before 1.6 stacks five pickles; what one of them would do is not hidden by another."""
    (tmp_path / "pytorch_model.bin").write_bytes(legacy(system=GADGET))
    report = pipeline.audit(tmp_path)
    said = readings(report)
    assert len(said) > 1
    assert {data["status"] for data in said.values()} == {"agreed"}
    commands = [place for place, source in report.explanations.items() if "import system" in source]
    assert len(commands) == 1
    assert commands[0] in said
    assert set(report.explanations) == set(said)


def test_members_of_archives_are_read_again(tmp_path):
    """A pickle inside a zip file is read a second time under its own name."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("inner/evil.pkl", GADGET)
    (tmp_path / "x.zip").write_bytes(buffer.getvalue())
    report = pipeline.audit(tmp_path)
    assert readings(report)["x.zip!inner/evil.pkl"]["status"] == "agreed"
    assert "import system" in report.explanations["x.zip!inner/evil.pkl"]


def test_the_readers_own_rating_is_shown_and_decides_nothing(tmp_path):
    """Fickling rates what it reads; the report says so, and that nothing follows from it."""
    (tmp_path / "a.pkl").write_bytes(GADGET)
    report = pipeline.audit(tmp_path)
    severity = readings(report)["a.pkl"]["severity"]
    assert severity
    assert f"its own rating, which decides nothing: {severity}" in text.render(report)
    (tmp_path / "a.pkl").write_bytes(b"\x80\x02}X\x01\x00\x00\x00aK\x01s.")
    calm = pipeline.audit(tmp_path)
    assert not [
        reason for reason in calm.decision.denials if reason.finding.rule.startswith("pickle.readers")
    ]


def test_inert_streams_do_not_use_up_the_budget(tmp_path, monkeypatch):
    """Many harmless streams in front of a hostile one: the hostile one is explained."""
    monkeypatch.setattr(second_readings, "_INERT_READINGS", 2)
    for count in range(4):
        (tmp_path / f"a{count}.pkl").write_bytes(b"\x80\x02N.")
    (tmp_path / "z.pkl").write_bytes(GADGET)
    report = pipeline.audit(tmp_path)
    assert "z.pkl" in report.explanations
    said = readings(report)
    assert said["a3.pkl"]["detail"] == "more than 2 streams in one audit"
    assert said["a3.pkl"]["status"] == "did-not-run"


def test_the_report_names_the_layers_that_held(tmp_path):
    """Where children ran, their isolation is said; where none ran, nothing is."""
    (tmp_path / "a.txt").write_text("x")
    assert "child processes" not in text.render(pipeline.audit(tmp_path))
    (tmp_path / "a.pkl").write_bytes(GADGET)
    report = pipeline.audit(tmp_path)
    assert all("rlimits" in room for room in report.rooms)
    assert "child processes\n  isolated by rlimits" in text.render(report)
