"""The progress line: on a terminal only, and one line that nobody else can write to."""

from __future__ import annotations

import os

import pytest

from safeload.cli._progress import ProgressLine


@pytest.fixture
def terminal(monkeypatch):
    """A real pseudo-terminal as stderr; what arrives at its other end is read back."""
    ours, theirs = os.openpty()
    stream = os.fdopen(theirs, "w")
    monkeypatch.setattr("sys.stderr", stream)

    def arrived() -> bytes:
        stream.flush()
        return os.read(ours, 65536)

    yield arrived
    stream.close()
    os.close(ours)


def test_without_a_terminal_there_is_no_callback(capsys):
    """The pipeline does not even count for a line that nobody sees."""
    with ProgressLine() as progress:
        assert progress.callback is None
    assert capsys.readouterr().err == ""


def test_on_a_terminal_the_line_is_drawn_and_wiped(terminal):
    """It names the file and how far the digests are, and leaves nothing behind."""
    with ProgressLine() as progress:
        assert progress.callback is not None
        progress.callback("model.safetensors", 500_000, 1_000_000)
    shown = terminal()
    assert b"[############............] 500.0 kB of 1.0 MB model.safetensors" in shown
    assert shown.endswith(b"\r\x1b[K")


def test_a_file_name_cannot_steer_the_terminal(terminal):
    """Control characters of a name are escaped, and the line is cut to the width."""
    with ProgressLine() as progress:
        assert progress.callback is not None
        progress.callback("\x1b[2Jx\n" + "y" * 500, 1, 1)
    shown = terminal()
    assert b"\\x1b[2Jx\\n" in shown
    assert b"\x1b[2J" not in shown
    assert b"\n" not in shown
