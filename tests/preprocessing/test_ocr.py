"""What reaches tesseract's command line, what it is given, and what is made of its answer."""

from __future__ import annotations

import os
import shutil
import stat
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from pytesseract import pytesseract

import safeload
from safeload.errors import FormatError, MissingExtra, PolicyDenied, UsageError
from safeload.formats.image_settings import (
    SettingTypeWrong,
    TooManyPixels,
    language_names,
    tesseract_arguments,
)
from safeload.limits import Limits
from safeload.preprocessing import ocr
from safeload.preprocessing.ocr import OcrFailed, OcrTookTooMuch, portable, read_words, words_of
from tests.forge.pages import folder, page

if TYPE_CHECKING:
    from pathlib import Path

HEAD = b"level\tpage_num\tblock_num\tpar_num\tline_num\tword_num\tleft\ttop\twidth\theight\tconf\ttext\n"
GREY = np.full((1, 4, 4), 200, np.uint8)
HOSTILE = (
    "-c user_words_file=/etc/passwd", "--psm 6 -c debug_file=/tmp/x", "--tessdata-dir /tmp", "--psm 6 x",
    "--psm", "--psm 0", "--psm 14", "--psm 06", "--psm -1", "--psm 6 --psm 7", "--oem 4", "--psm=6", "pdf",
    "--print-parameters", "makebox", "--psm 6\x00", "--psm ٦", "6 --psm", "-l eng", "--psm 6;id",
    "$(id)", "--dpi 300", "--loglevel ALL", "@file", "--psm 6 " * 20,
)  # fmt: skip
LANGUAGES = ("../x", "/tmp/x", "-c", "eng ", "", "eng+", "+eng", "eng.traineddata", "script/Latin", "e",
             "eng\n", "\uff45ng", "eng+../x", "eng deu", "a" * 17, "+".join(["eng"] * 9), "eng_", 5, ["eng"],
             "~eng", "eng\x00")  # fmt: skip


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Puts a shell script in the place of tesseract."""

    def put(script: str) -> Path:
        path = tmp_path / "program"
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setattr(pytesseract, "tesseract_cmd", str(path))
        return tmp_path

    return put


def test_arguments_that_are_listed() -> None:
    """Two modes with their numbers, in any order and spacing, and names of languages."""
    assert tesseract_arguments("") == tesseract_arguments("  ") == []
    assert tesseract_arguments(" --psm 11\t--oem 1 ") == ["--psm", "11", "--oem", "1"]
    assert tesseract_arguments("--oem 0") == ["--oem", "0"]
    for name in ("eng", "chi_sim", "chi_tra_vert+eng", "Japanese", "eng+deu+fra"):
        assert language_names(name) == name


@pytest.mark.parametrize("text", HOSTILE)
def test_arguments_that_are_refused(text: str, program: Any) -> None:
    """As a setting and as an argument of the function that starts tesseract, which then does not start."""
    at = program('echo "$@" > "$(dirname "$0")/ran"')
    with pytest.raises(SettingTypeWrong, match="tesseract_config can have --psm 1 to 13 and --oem 0 to 3"):
        tesseract_arguments(text)
    with pytest.raises(FormatError):
        read_words(GREY, language=None, config=text)
    assert not (at / "ran").exists()


@pytest.mark.parametrize("name", LANGUAGES)
def test_languages_that_are_refused(name: Any) -> None:
    """Paths, options and everything else that is no name."""
    with pytest.raises(SettingTypeWrong, match="ocr_lang is names of languages"):
        language_names(name)


@pytest.mark.parametrize(
    "settings",
    [{"tesseract_config": text} for text in HOSTILE]
    + [{"ocr_lang": name} for name in LANGUAGES]
    + [{"apply_ocr": "yes"}, {"tesseract_config": 5}],
)
def test_a_checkpoint_with_such_settings_does_not_load(settings: dict[str, Any], tmp_path: Path) -> None:
    """The policy denies it, or the processor is not built."""
    folder(tmp_path, **settings)
    for load in (safeload.AutoImageProcessor, safeload.AutoProcessor):
        with pytest.raises((FormatError, PolicyDenied)):
            load.from_pretrained(tmp_path)


def test_a_program_sets_them_under_the_same_rules(tmp_path: Path) -> None:
    """As attributes, and in a call."""
    processor = safeload.AutoImageProcessor.from_pretrained(folder(tmp_path))
    processor.tesseract_config = "--psm 6"
    with pytest.raises(UsageError, match="tesseract_config"):
        processor.tesseract_config = HOSTILE[0]
    with pytest.raises(UsageError, match="ocr_lang"):
        processor(page(), ocr_lang="../x")
    assert processor.tesseract_config == "--psm 6"


def test_the_command_line(program: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Arguments one by one, an environment of our own, the root as folder, and a picture as input."""
    at = program(
        'd="$(dirname "$0")"\nfor a in "$@"; do echo "$a"; done > "$d/arguments"\n/usr/bin/env > "$d/env"\n'
        'pwd > "$d/pwd"\ncat > "$d/input"\nprintf "level\\tx\\n"'
    )
    monkeypatch.setenv("SECRET", "1")
    monkeypatch.setenv("TESSDATA_PREFIX", "/nowhere")
    # the script writes files, which tesseract need not
    monkeypatch.setattr(ocr, "_limit", lambda _process, _limits: None)
    assert read_words(GREY, language="eng+deu", config="--psm 6") == ([], [])
    lines = (at / "arguments").read_text().split("\n")[:-1]
    assert lines == ["stdin", "stdout", "-l", "eng+deu", "-c", "tessedit_create_tsv=1", "--psm", "6"]
    names = {line.split("=")[0] for line in (at / "env").read_text().splitlines()}
    assert names <= {"LC_ALL", "OMP_THREAD_LIMIT", "TESSDATA_PREFIX", "PWD", "_", "SHLVL", "OLDPWD"}
    assert (at / "pwd").read_text() == "/\n"
    assert (at / "input").read_bytes() == b"P5 4 4 255\n" + bytes([200]) * 16


def test_limits_hold_before_the_picture_comes(program: Any) -> None:
    """Memory, CPU time, and no file that it could write."""
    script = (
        'read -r a\nulimit -v >&2\nprintf "level\\t\\n0\\t0\\t0\\t0\\t0\\t0\\t0\\t0\\t%s\\t%s\\t0\\tw\\n" '
    )
    program(f'{script} "$(ulimit -t)" "$(( $(ulimit -v) / 1024 ))"')
    limits = Limits(ocr_seconds=7, ocr_memory_bytes=1 << 30)
    image = np.full((1, 1000, 1000), 200, np.uint8)
    assert read_words(image, language=None, config=None, limits=limits) == (["w"], [[0, 0, 7, 1024]])
    program('cat > /dev/null; echo x > "$(dirname "$0")/written"; printf "level\\t\\n"')
    with pytest.raises((OcrFailed, OcrTookTooMuch)):
        read_words(GREY, language=None, config=None)


@pytest.mark.parametrize(
    ("script", "error", "reason"),
    [
        ("exec sleep 60", OcrTookTooMuch, "no answer within 1 s"),
        ("exec >&-; exec sleep 60", OcrTookTooMuch, "no answer within 1 s"),
        ("exec cat /dev/zero", OcrTookTooMuch, "more than 1000 bytes"),
        ("exit 3", OcrFailed, "exit status 3"),
        ("kill -9 $$", OcrTookTooMuch, "signal 9"),
        ("cat > /dev/null", OcrFailed, "no table of words"),
        ("cat > /dev/null; printf 'level\\t\\377'", OcrFailed, "no UTF-8"),
    ],
)
def test_programs_that_misbehave(script: str, error: type[Exception], reason: str, program: Any) -> None:
    """Each ends with its reason."""
    program(script)
    with pytest.raises(error, match=reason):
        read_words(GREY, language=None, config=None, limits=Limits(ocr_seconds=1, ocr_bytes=1000))


def test_which_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """None is one line, and one in the current folder, which may be a checkpoint, is not run."""
    monkeypatch.setattr(pytesseract, "tesseract_cmd", "no-such-program")
    with pytest.raises(UsageError, match="tesseract is not installed"):
        read_words(GREY, language=None, config=None)
    (tmp_path / "tesseract").write_text("#!/bin/sh\ntouch ran\n")
    (tmp_path / "tesseract").chmod(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(pytesseract, "tesseract_cmd", "tesseract")
    monkeypatch.setenv("PATH", f".{os.pathsep}")
    with pytest.raises(UsageError, match="that is not run"):
        read_words(GREY, language=None, config=None)
    assert not (tmp_path / "ran").exists()
    broken = tmp_path / "broken"
    broken.write_bytes(b"\x7fELF")
    broken.chmod(0o755)
    monkeypatch.setattr(pytesseract, "tesseract_cmd", str(broken))
    with pytest.raises(OcrFailed, match="did not start"):
        read_words(GREY, language=None, config=None)


def test_without_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """One line says what to install."""
    monkeypatch.setitem(sys.modules, "pytesseract", None)
    with pytest.raises(MissingExtra, match="ocr"):
        read_words(GREY, language=None, config=None)


def test_pictures_as_they_are_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    """Never anything but a picture: tesseract would open other bytes as a list of files."""
    fractions = np.full((3, 1, 2), 0.5, np.float32)
    assert portable(fractions) == b"P6 2 1 255\n" + bytes([127]) * 6
    clear = np.array([[[0]], [[0]], [[0]], [[0]]], np.uint8)
    assert portable(clear) == b"P6 1 1 255\n\xff\xff\xff"
    with pytest.raises(ValueError, match="not 2"):
        portable(np.zeros((2, 1, 1), np.uint8))
    monkeypatch.setattr(ocr, "DEFAULT_LIMITS", Limits(image_pixels=15))
    with pytest.raises(TooManyPixels):
        portable(GREY)


def test_answers() -> None:
    """Blank words and short lines are left out, boxes are in thousandths, and a place is a number."""
    row = b"5\t1\t1\t1\t1\t%d\t%b\t20\t30\t40\t96.5\t%b\n"
    table = HEAD + row % (1, b"10", b"a") + row % (2, b"10", b" ") + b"4\t1\n" + row % (3, b"0", "é".encode())
    assert words_of(table, 200, 100) == (["a", "é"], [[50, 200, 200, 600], [0, 200, 150, 600]])
    for place in (b"x", b"1e9", b"", b"9" * 10):
        with pytest.raises(OcrFailed, match="no number"):
            words_of(HEAD + row % (1, place, b"a"), 10, 10)


@pytest.mark.skipif(shutil.which("tesseract") is None, reason="tesseract is not installed")
def test_a_language_that_is_not_installed() -> None:
    """The real program says no."""
    with pytest.raises(OcrFailed, match="a language may not be installed"):
        read_words(GREY, language="xxx", config=None)
    assert read_words(GREY, language=None, config="") == ([], [])
