"""The wheel, in an environment where nothing else is."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.test_command_line import RUNS_A_COMMAND, model  # noqa: F401 - a fixture

ROOT = Path(__file__).parent.parent.parent
HEAVY = {"torch", "numpy", "transformers", "tensorflow", "jax", "keras", "scipy"}
MOST_PACKAGES = 60
MOST_MEGABYTES = 150


def run(*command, **options):
    return subprocess.run(
        [*map(str, command)],
        capture_output=True,
        text=True,
        check=True,
        env={"PATH": "/usr/bin:/bin"},
        **options,
    ).stdout


def size(folder):
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file() and not file.is_symlink())


@pytest.mark.slow
def test_the_wheel_audits_in_an_empty_environment(tmp_path, model):  # noqa: F811
    """Without torch; how many packages and megabytes that takes is printed (`pytest -s`)."""
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input", "-q")
    run(*pip, "wheel", "--no-deps", "--wheel-dir", tmp_path, ROOT)
    (wheel,) = tmp_path.glob("safeload-*.whl")
    home = tmp_path / "env"
    run(sys.executable, "-m", "venv", home)
    (packages,) = home.glob("lib/python3*/site-packages")
    before = size(packages)
    run(home / "bin/python", "-m", *pip[2:], "install", "-c", ROOT / "constraints.txt", wheel)
    names = {
        item["name"].lower()
        for item in json.loads(run(home / "bin/python", "-m", "pip", "list", "--format=json"))
    }
    names -= {"pip", "setuptools"}
    megabytes = (size(packages) - before) / 1e6
    print(f"\nwheel {wheel.stat().st_size / 1e6:.1f} MB; {len(names)} packages, {megabytes:.0f} MB installed")
    assert not names & HEAVY
    assert len(names) <= MOST_PACKAGES
    assert megabytes <= MOST_MEGABYTES

    safeload = home / "bin" / "safeload"
    report = json.loads(run(safeload, "audit", "--format", "json", model, cwd=tmp_path))
    assert report["verdict"] == "ALLOW"
    assert report["policy"]["source"] == "policies/default.toml"
    (model / "pytorch_model.bin").write_bytes(RUNS_A_COMMAND)
    denied = subprocess.run(
        [safeload, "audit", model], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert denied.returncode == 1
    assert "second reader (fickling)" in denied.stdout
    doctor = run(safeload, "doctor", cwd=tmp_path)
    assert "\nok    base packages" in doctor
    assert "\nnote  extra torch" in doctor
    for form in ("sarif", "html", "cyclonedx"):
        assert run(safeload, "report", "-", "--format", form, input=json.dumps(report), cwd=tmp_path)
