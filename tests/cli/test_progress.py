"""The progress line: on a terminal only, and one line that nobody else can write to."""

from __future__ import annotations

import os
from contextlib import redirect_stderr

from safeload.cli._progress import ProgressLine


def drawn(path: str, done: int, total: int) -> bytes:
    """What one step of progress writes to a real pseudo-terminal."""
    ours, theirs = os.openpty()
    with os.fdopen(theirs, "w") as stream, redirect_stderr(stream):
        with ProgressLine() as progress:
            assert progress.callback is not None
            progress.callback(path, done, total)
        stream.flush()
        shown = b""
        # the terminal hands on each write by itself
        while not shown.endswith(b"\r\x1b[K"):
            shown += os.read(ours, 65536)
    os.close(ours)
    return shown


def test_without_a_terminal_there_is_no_callback(capsys):
    """The pipeline does not even count for a line that nobody sees."""
    with ProgressLine() as progress:
        assert progress.callback is None
    assert capsys.readouterr().err == ""


def test_on_a_terminal_the_line_is_drawn_and_wiped(monkeypatch):
    """It names the file and how far the digests are, and leaves nothing behind."""
    monkeypatch.setenv("COLUMNS", "100")
    shown = drawn("model.safetensors", 500_000, 1_000_000)
    assert b"[############............] 500.0 kB of 1.0 MB model.safetensors" in shown
    assert shown.endswith(b"\r\x1b[K")


def test_a_file_name_cannot_steer_the_terminal(monkeypatch):
    """Control characters of a name are escaped, and the line is cut to the width."""
    monkeypatch.setenv("COLUMNS", "100")
    shown = drawn("\x1b[2Jx\n" + "y" * 500, 1, 1)
    assert b"\\x1b[2Jx\\n" in shown
    assert b"\x1b[2J" not in shown
    assert b"\n" not in shown
    assert len(shown) < 120
