"""Formats, outputs, and reports that are rendered again."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys

import pytest

from safeload.cli import main
from safeload.reports import json_v2
from tests.cli.test_command_line import model, twin  # noqa: F401 - a fixture
from tests.reports.test_reports import REPORTERS, findings, hostile_report
from tests.reports.test_text import sample


@pytest.fixture
def saved(model):  # noqa: F811
    """A JSON report of a denied checkpoint."""
    twin(model)
    assert main(["audit", str(model), "--format", "json", "-o", "decision.json"]) == 1
    return model.parent / "decision.json"


@pytest.mark.parametrize("form", REPORTERS)
def test_every_format_renders_again_as_audit_wrote_it(model, saved, capsys, form):  # noqa: F811
    """Byte for byte, from the JSON alone."""
    assert main(["audit", str(model), "--format", form]) == 1
    first = capsys.readouterr().out
    assert main(["report", str(saved), "--format", form]) == 0
    assert capsys.readouterr().out == first
    assert findings(form, first) == len(json.loads(saved.read_text())["reasons"])


def test_one_audit_writes_several_formats(model, capsys):  # noqa: F811
    """Reading is dear, rendering is cheap: stdout still has the text."""
    arguments = ["audit", str(model), "-o", "sarif=r.sarif", "-o", "json=r.json", "-o", "junit=r.xml"]
    assert main(arguments) == 0
    assert capsys.readouterr().out.startswith("ALLOW ")
    assert json.loads((model.parent / "r.sarif").read_text())["version"] == "2.1.0"
    assert (model.parent / "r.xml").read_text().startswith("<?xml")
    assert main([*arguments, "--format", "html", "-o", "r.html"]) == 0
    assert capsys.readouterr().out == ""
    assert (model.parent / "r.html").read_text().startswith("<!doctype html>")


@pytest.mark.parametrize(
    "arguments",
    [
        ["-o", "a", "-o", "b"],
        ["-o", "json=a", "-o", "a"],
        ["-o", "json="],
        ["-o", ""],
        ["--format", "yaml"],
        ["--summary"],
    ],
)
def test_outputs_that_make_no_sense_are_errors(model, capsys, monkeypatch, arguments):  # noqa: F811
    """Before anything is read."""
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    assert main(["audit", str(model), *arguments]) == 2
    assert capsys.readouterr().out == ""


def test_a_file_may_have_an_equals_sign_in_its_name(model):  # noqa: F811
    """Only the name of a format before it counts."""
    assert main(["audit", str(model), "-o", "run=1.txt"]) == 0
    assert (model.parent / "run=1.txt").read_text().startswith("ALLOW ")


def test_the_job_summary_is_appended(model, capsys, monkeypatch):  # noqa: F811
    """Behind what other steps wrote, as markdown, for each subject."""
    target = model.parent / "summary.md"
    target.write_text("before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(target))
    assert main(["audit", str(model), str(model), "--format", "github", "--summary"]) == 0
    written = target.read_text()
    assert written.startswith("before\n# safeload: ALLOW\n")
    assert written.count("# safeload: ALLOW") == 2
    assert capsys.readouterr().out.count("safeload: policy ") == 2


def test_a_long_summary_is_cut_at_a_line(monkeypatch):
    """GitHub refuses one of more than 1 MiB; what is missing is counted."""
    text = REPORTERS["markdown"].within(hostile_report(), 5_000)
    assert len(text.encode()) <= 5_000
    assert text.splitlines()[-1].endswith("more lines: the JSON report has all of them.")
    whole = REPORTERS["markdown"].within(hostile_report(), 1_000_000)
    assert whole == REPORTERS["markdown"].render(hostile_report())


def test_a_report_may_come_from_a_pipe(monkeypatch, capsys):
    """`-` is standard input."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(json_v2.render(sample()).encode())))
    assert main(["report", "-"]) == 0
    assert capsys.readouterr().out.startswith("DENY file:/model\n")


@pytest.mark.parametrize(
    "data", [b"", b"[]", b"\x80\x04.", b'{"schema": "safeload/report/v1"}', b"{" * 10_000]
)
def test_what_is_no_report_is_2_with_the_name_of_the_error(tmp_path, capsys, data):
    """And no traceback."""
    file = tmp_path / "decision\n.json"
    file.write_bytes(data)
    assert main(["report", str(file)]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert len(shown.err.splitlines()) == 1
    assert "bug" not in shown.err


def test_a_missing_report_is_2(capsys):
    """With the reason."""
    assert main(["report", "missing.json"]) == 2
    assert capsys.readouterr().err == "safeload: cannot read missing.json: no such file or directory\n"


def test_settings_choose_the_format(model, capsys):  # noqa: F811
    """And an option of the command line comes first."""
    (model.parent / "pyproject.toml").write_text('[tool.safeload]\nformat = "json"\n')
    assert main(["audit", str(model)]) == 0
    assert json.loads(capsys.readouterr().out)["verdict"] == "ALLOW"
    assert main(["audit", str(model), "--format", "text"]) == 0
    assert capsys.readouterr().out.startswith("ALLOW ")


@pytest.mark.parametrize(("wanted", "coloured"), [("always", True), ("never", False), ("auto", False)])
def test_settings_choose_colour(model, capsys, monkeypatch, wanted, coloured):  # noqa: F811
    """On a pipe there is none by default, and NO_COLOR comes first."""
    (model.parent / "pyproject.toml").write_text(f'[tool.safeload]\ncolor = "{wanted}"\n')
    monkeypatch.delenv("NO_COLOR", raising=False)
    main(["audit", str(model)])
    assert ("\x1b[" in capsys.readouterr().out) == coloured
    monkeypatch.setenv("NO_COLOR", "1")
    main(["audit", str(model)])
    assert "\x1b[" not in capsys.readouterr().out


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_a_script(shell, capsys):
    """Without starting the shell."""
    assert main(["completion", shell]) == 0
    assert "_SAFELOAD_COMPLETE" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "expected"), [("safeload aud", "audit"), ("safeload audit --format sar", "sarif")]
)
def test_completion_completes(words, expected):
    """As bash asks for it."""
    code = "import sys; sys.argv = ['safeload']; from safeload.cli import main; sys.exit(main())"
    environ = {
        "_SAFELOAD_COMPLETE": "bash_complete",
        "COMP_WORDS": words,
        "COMP_CWORD": str(words.count(" ")),
    }
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ | environ
    )
    assert done.stdout == f"plain,{expected}\n"
    assert done.stderr == ""


def test_the_bash_script_is_bash():
    """Bash itself can read it."""
    script = subprocess.run(
        [sys.executable, "-m", "safeload", "completion", "bash"], capture_output=True, check=True
    ).stdout
    subprocess.run(["bash", "-n"], input=script, check=True, capture_output=True)
