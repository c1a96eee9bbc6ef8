"""The parent gets an answer or the reason why there is none, whatever the child does."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from safeload.isolation import frames, runner
from safeload.isolation.runner import ChildFailure, run_isolated
from safeload.limits import DEFAULT_LIMITS
from safeload.record import replace

SLOW = b"\x80\x02N" + b"\x85" * 600_000 + b"."
"""600,000 nested tuples: seconds of fickling's time."""


def limits(**changes):
    return replace(DEFAULT_LIMITS, **changes)


def test_an_answer_names_the_layers_that_held():
    """The answer says how far the child was isolated: rlimits everywhere, more where the kernel can."""
    answer = run_isolated("second-reader", b"N.", limits=DEFAULT_LIMITS)
    assert isinstance(answer, dict)
    assert "rlimits" in answer["room"]
    assert answer["result"]["readings"][0]["source"] == "result = None"


def test_a_child_that_computes_too_long_is_ended():
    """CPU time is the kernel's to enforce, and the parent's clock ends a child that is given none."""
    failure = run_isolated("second-reader", SLOW, limits=limits(child_seconds=1))
    assert isinstance(failure, ChildFailure)
    assert failure.kind == "time"


def test_a_child_that_needs_too_much_memory_is_ended():
    """The address space is bounded, and the overrun ends in a reason."""
    failure = run_isolated("second-reader", bytes(4 << 20), limits=limits(child_memory_bytes=16 << 20))
    assert isinstance(failure, ChildFailure)
    assert failure.kind in {"memory", "crash"}


def test_the_current_folder_is_no_source_of_code(tmp_path, monkeypatch):
    """A checkpoint that brings a fickling of its own is not imported, not even from inside it."""
    marker = tmp_path / "imported"
    for name in ("fickling", "safeload"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text(f"open({str(marker)!r}, 'w')")
    (tmp_path / "ast.py").write_text(f"open({str(marker)!r}, 'w')")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", ["", str(tmp_path), *sys.path])
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    answer = run_isolated("second-reader", b"N.", limits=DEFAULT_LIMITS)
    assert isinstance(answer, dict)
    assert not marker.exists()


def test_a_missing_library_is_said(monkeypatch):
    """Without fickling there is no reading, and the reason says so."""
    monkeypatch.setattr(sys, "path", [])
    failure = run_isolated("second-reader", b"N.", limits=DEFAULT_LIMITS)
    assert failure == ChildFailure(kind="start", detail="fickling is not installed")


def test_nothing_is_left_open():
    """A thousand audits in one process do not run out of files."""
    before = open_files()
    for _ in range(3):
        run_isolated("second-reader", b"N.", limits=DEFAULT_LIMITS)
    assert open_files() == before


def open_files() -> int:
    folder = Path("/proc/self/fd")
    return len(list(folder.iterdir())) if folder.is_dir() else 0


@pytest.mark.parametrize(
    ("program", "kind", "fact"),
    [
        ("", "answer", "ends after 0 bytes"),
        ("import os; os.write(1, bytes(3))", "answer", "ends after 3 bytes"),
        ("import os; os.write(1, b'\\0\\0\\0\\2[]')", "answer", "no object"),
        ("import os; os.write(1, b'\\0\\0\\0\\2{}')", "answer", "no result"),
        ("import os; os.write(1, b'\\0\\0\\0\\2{}more')", "answer", "4 raw bytes and announces 0"),
        ("raise SystemExit(7)", "crash", "exit status 7"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "crash", "signal 11"),
        ("import os\nwhile True: os.write(1, bytes(1 << 16))", "answer", "too long"),
        ("import time; time.sleep(60)", "time", "no answer within 2 s"),
        ("import os, time; os.close(1); time.sleep(60)", "time", "no answer within 2 s"),
    ],
)
def test_a_child_under_hostile_control_ends_in_a_reason(monkeypatch, program, kind, fact):
    """Whatever hostile bytes might make of the child, the parent is told and goes on."""
    monkeypatch.setattr(runner, "BOOTSTRAP", program)
    failure = run_isolated("second-reader", bytes(1 << 20), limits=limits(child_seconds=1))
    assert isinstance(failure, ChildFailure)
    assert failure.kind == kind
    assert fact in failure.detail


def test_an_exception_name_from_the_child_is_a_name():
    """The child's text does not reach a report unless it is an identifier."""
    frame = frames.encode({"error": "ValueError\n\x1b[31m all is well"})
    failure = runner._checked(frame, 0, DEFAULT_LIMITS, 0)
    assert failure == ChildFailure(kind="crash", detail="raised an exception")
