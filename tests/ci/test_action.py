"""The steps of the action as the runner would run them: a script, variables, and files that it writes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from safeload.cli import main
from tests.cli.test_command_line import RUNS_A_COMMAND, model  # noqa: F401 - a fixture

ROOT = Path(__file__).parent.parent.parent
OUTPUTS = {"report": "decision.json", "sarif": "safeload.sarif", "html": "safeload.html"}


@pytest.fixture
def runner(tmp_path, model):  # noqa: F811
    """What a runner has: folders for temporary files and tools, and files for outputs and summary."""
    tools = tmp_path / "tools"
    tools.mkdir()
    safeload = tools / "safeload"
    safeload.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m safeload "$@"\n')
    safeload.chmod(0o755)
    environ = {
        "PATH": f"{tools}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "RUNNER_TEMP": str(tmp_path / "temp"),
        "GITHUB_OUTPUT": str(tmp_path / "output"),
        "GITHUB_STEP_SUMMARY": str(tmp_path / "summary"),
        "GITHUB_WORKSPACE": str(tmp_path),
        "SAFELOAD_SUMMARY": "true",
    }
    (tmp_path / "temp").mkdir()

    def run(**variables):
        return subprocess.run(
            ["bash", str(ROOT / "action" / "run.sh")],
            env=environ | variables,
            cwd=model.parent,
            capture_output=True,
            text=True,
            check=False,
        )

    return run


def outputs(tmp_path):
    lines = (tmp_path / "output").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines)


def test_an_allowed_model_passes(runner, tmp_path):
    """All reports are there, and the outputs name them."""
    done = runner(SAFELOAD_PATHS="model\n")
    assert done.returncode == 0, done.stderr
    found = outputs(tmp_path)
    assert found.pop("verdict") == "allow"
    assert {name: Path(path).name for name, path in found.items()} == OUTPUTS
    assert json.loads(Path(found["report"]).read_text())["verdict"] == "ALLOW"
    assert (tmp_path / "summary").read_text().startswith("# safeload: ALLOW\n")


def test_a_denied_model_fails_with_annotations(runner, tmp_path, model):  # noqa: F811
    """At its place in the workspace."""
    (model / "pytorch_model.bin").write_bytes(RUNS_A_COMMAND)
    done = runner(SAFELOAD_PATHS="model")
    assert done.returncode == 1
    errors = [line for line in done.stdout.splitlines() if line.startswith("::error ")]
    assert errors
    assert all("file=model/pytorch_model.bin,line=1," in line for line in errors)
    assert outputs(tmp_path)["verdict"] == "deny"
    (run,) = json.loads(Path(outputs(tmp_path)["sarif"]).read_text())["runs"]
    assert len(run["results"]) >= len(errors)
    assert not list(tmp_path.rglob("pwned"))


def test_a_lock_names_what_is_audited_and_gives_findings_their_lines(runner, tmp_path, model):  # noqa: F811
    """Without paths; a file that changed is denied at its line of the lock."""
    assert main(["lock", str(model), "-o", str(tmp_path / "safeload.lock")]) == 0
    assert runner(SAFELOAD_LOCK="safeload.lock").returncode == 0
    (tmp_path / "output").unlink()
    (model / "config.json").write_text("{}")
    done = runner(SAFELOAD_LOCK="safeload.lock")
    assert done.returncode == 1
    (run,) = json.loads(Path(outputs(tmp_path)["sarif"]).read_text())["runs"]
    lines = (tmp_path / "safeload.lock").read_text().splitlines()
    place = next(
        result["locations"][0]["physicalLocation"]
        for result in run["results"]
        if result["ruleId"] == "integrity.mismatch"
    )
    assert place["artifactLocation"]["uri"] == "safeload.lock"
    assert lines[place["region"]["startLine"] - 1].startswith('"config.json" = ')
    again = runner(SAFELOAD_LOCK="../work/safeload.lock", SAFELOAD_PATHS="model")
    assert again.returncode == 2


def test_report_only_passes_a_denied_model_but_no_error(runner, tmp_path, model):  # noqa: F811
    """`fail-on: error` hides verdicts, never failures of the tool."""
    (model / "pytorch_model.bin").write_bytes(RUNS_A_COMMAND)
    assert runner(SAFELOAD_PATHS="model", SAFELOAD_FAIL_ON="error").returncode == 0
    assert outputs(tmp_path)["verdict"] == "deny"
    done = runner(SAFELOAD_PATHS="missing", SAFELOAD_FAIL_ON="error")
    assert done.returncode == 2
    assert outputs(tmp_path)["verdict"] == "error"


def test_an_inconclusive_audit_fails_with_3(runner, tmp_path):
    """Nothing to scan is not green."""
    (tmp_path / "empty").mkdir()
    assert runner(SAFELOAD_PATHS="./empty").returncode == 3
    assert outputs(tmp_path)["verdict"] == "inconclusive"


def test_several_paths_and_an_earlier_run_leave_no_old_report(runner, tmp_path):
    """A failed run has no report of the run before it."""
    assert runner(SAFELOAD_PATHS="model\n\n  model  \n").returncode == 0
    assert len(json.loads(Path(outputs(tmp_path)["report"]).read_text())) == 2
    (tmp_path / "output").unlink()
    assert runner(SAFELOAD_PATHS="missing").returncode == 2
    assert set(outputs(tmp_path)) == {"verdict"}


@pytest.mark.parametrize(
    "hostile",
    [
        "$(touch pwned)", "`touch pwned`", "; touch pwned", "model; touch pwned", "model\n$(touch pwned)",
        "--help", "--policy=research", "-o", "model' || touch pwned '", "*", "model && touch pwned",
        '"; touch pwned; "',
    ],
)  # fmt: skip
def test_inputs_are_never_commands_nor_options(runner, tmp_path, hostile):
    """Whatever a workflow passes on, for instance the title of a pull request, is a path."""
    done = runner(SAFELOAD_PATHS=hostile)
    assert done.returncode == 2
    assert "Usage:" not in done.stdout
    assert not list(tmp_path.rglob("pwned"))
    for name in ("SAFELOAD_ACTION_POLICY", "SAFELOAD_TRUST", "SAFELOAD_LOCK"):
        assert runner(SAFELOAD_PATHS="model", **{name: hostile.replace("\n", " ")}).returncode == 2
    assert not list(tmp_path.rglob("pwned"))


@pytest.mark.parametrize(
    "variables",
    [
        {"SAFELOAD_PATHS": ""},
        {"SAFELOAD_PATHS": " \n \n"},
        {"SAFELOAD_PATHS": "model", "SAFELOAD_OFFLINE": "yes"},
        {"SAFELOAD_PATHS": "model", "SAFELOAD_SUMMARY": "1"},
        {"SAFELOAD_PATHS": "model", "SAFELOAD_FAIL_ON": "never"},
    ],
)
def test_inputs_that_make_no_sense_are_2(runner, variables):
    """And nothing is audited."""
    done = runner(**variables)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr


def test_without_github_it_runs_too(runner, tmp_path):
    """No outputs, no summary: the folder that was asked for has the reports."""
    done = runner(
        SAFELOAD_PATHS="model", GITHUB_OUTPUT="", GITHUB_STEP_SUMMARY="", SAFELOAD_REPORTS="reports"
    )
    assert done.returncode == 0
    assert sorted(file.name for file in (tmp_path / "reports").iterdir()) == sorted(OUTPUTS.values())


@pytest.mark.parametrize("version", ["0.1.0; touch pwned", "--index-url=x", "$(touch pwned)", "1 2", "../x"])
def test_a_version_is_a_version(tmp_path, version):
    """What is none ends the step before anything is installed."""
    done = subprocess.run(
        ["bash", str(ROOT / "action" / "install.sh")],
        env={"PATH": os.environ["PATH"], "RUNNER_TEMP": str(tmp_path), "SAFELOAD_VERSION": version},
        cwd=tmp_path,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 2
    assert list(tmp_path.iterdir()) == []
