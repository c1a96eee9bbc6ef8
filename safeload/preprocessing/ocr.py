"""Words of a picture and their boxes, read by tesseract.

Its arguments: https://tesseract-ocr.github.io/tessdoc/Command-Line-Usage.html

Guarantees: of a checkpoint's settings only a page segmentation mode, an engine mode and names of languages
reach the command line, each of a listed shape. The program's path is absolute, and not from the current
folder, which may be a checkpoint. It runs without a shell, with an environment of our own, in `/`, in a
session that is ended with it. Its limits of memory, CPU time and written files hold before it gets the
first byte of a picture; its answer and the time that we wait are bounded.

What it reads is a plain picture of our making on its standard input. That matters: it takes bytes that it
does not know for a list of files to open.

The extra `ocr` brings pytesseract, whose `tesseract_cmd` says where the program is. pytesseract would start
it with our whole environment, on files with guessable names and without limits: docs/adr says more.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from typing import TYPE_CHECKING

from safeload.errors import FormatError, LimitExceeded, MissingExtra, UsageError
from safeload.formats.image_settings import check_pixels, language_names, tesseract_arguments
from safeload.isolation.runner import ChildFailure, converse, end
from safeload.limits import DEFAULT_LIMITS

if TYPE_CHECKING:
    from safeload.limits import Limits
    from safeload.preprocessing.pixels import Array

_COLUMNS = 12
_LEFT, _TEXT = 6, 11
_NUMBER = re.compile(r"-?[0-9]{1,9}\Z", re.ASCII)

Words = tuple[list[str], list[list[int]]]


class OcrFailed(FormatError):
    """Tesseract gave no answer, or one that is not a table of words."""


class OcrTookTooMuch(LimitExceeded):
    """Tesseract needed more time, memory or words than a page may."""


def read_words(
    image: Array, *, language: str | None, config: str | None, limits: Limits = DEFAULT_LIMITS
) -> Words:
    """The words of a picture, and their boxes in thousandths of its width and height.

    Args:
        image: whole levels from 0 to 255: 1, 3 or 4 channels, height, width.
        language: names of tesseract's languages, joined by `+`; None for its default, English.
        config: a page segmentation mode and an engine mode, as `--psm 6 --oem 1`.
        limits: seconds, memory and bytes.

    Raises:
        MissingExtra: pytesseract is not installed.
        UsageError: the program is not installed.
        FormatError: a setting that is not listed, a failed run, or one that took too much.
    """
    program = find_program()
    names = [] if language is None else ["-l", language_names(language)]
    arguments = tesseract_arguments(config or "")
    picture = portable(image)
    command = [program, "stdin", "stdout", *names, "-c", "tessedit_create_tsv=1", *arguments]
    answer = _run(command, picture, limits)
    return words_of(answer, image.shape[2], image.shape[1])


def find_program() -> str:
    """The absolute path of tesseract.

    Raises:
        MissingExtra: pytesseract is not installed.
        UsageError: the program is not installed, or is found through a relative path.
    """
    try:
        from pytesseract import pytesseract
    except ImportError:
        raise MissingExtra("reading words (apply_ocr)", "pytesseract", "ocr") from None
    path: str | None = shutil.which(str(pytesseract.tesseract_cmd))
    if path is None:
        raise UsageError(
            "tesseract is not installed (apt-get install tesseract-ocr): install it, or read the words "
            "yourself and pass them with apply_ocr=False"
        )
    if not os.path.isabs(path):  # noqa: PTH117 - a str
        raise UsageError(f"tesseract is found as {path!r}, relative to the current folder: that is not run")
    return path


def portable(image: Array) -> bytes:
    """The picture as a portable any-map, with what is transparent on white.

    Raises:
        ValueError: another number of channels.
        TooManyPixels: an image beyond the budget.
    """
    import numpy as np

    from safeload.preprocessing.pixels import are_fractions, rescale

    channels, height, width = image.shape
    check_pixels(height, width, "a page", most=DEFAULT_LIMITS.image_pixels)
    if channels not in (1, 3, 4):
        raise ValueError(f"a page has 1, 3 or 4 channels, not {channels}")
    levels = (rescale(image, 255) if are_fractions(image) else image).astype(np.uint8)
    if channels == 4:
        alpha = levels[3:].astype(np.uint32)
        mixed = levels[:3] * alpha + 255 * (255 - alpha) + 128
        levels = (((mixed >> 8) + mixed) >> 8).astype(np.uint8)
    kind = b"P5" if channels == 1 else b"P6"
    return b"%s %d %d 255\n" % (kind, width, height) + np.moveaxis(levels, 0, -1).tobytes()


def words_of(table: bytes | bytearray, width: int, height: int) -> Words:
    """The words of tesseract's table (TSV) that are not blank, with their boxes.

    Raises:
        OcrFailed: it is no such table.
    """
    try:
        lines = table.decode("utf-8").strip().split("\n")
    except UnicodeDecodeError:
        raise OcrFailed("tesseract answered in no UTF-8") from None
    if not lines[0].startswith("level\t"):
        raise OcrFailed("tesseract answered with no table of words")
    words, boxes = [], []
    for line in lines[1:]:
        cells = line.split("\t")
        if len(cells) < _COLUMNS or not cells[_TEXT].strip():
            continue
        numbers = cells[_LEFT : _LEFT + 4]
        if not all(map(_NUMBER.match, numbers)):
            raise OcrFailed("tesseract gave a word a place that is no number")
        left, top, wide, high = map(int, numbers)
        words.append(cells[_TEXT])
        boxes.append(
            [
                int(1000 * (left / width)),
                int(1000 * (top / height)),
                int(1000 * ((left + wide) / width)),
                int(1000 * ((top + high) / height)),
            ]
        )
    return words, boxes


def _run(command: list[str], picture: bytes, limits: Limits) -> bytearray:
    """Tesseract's standard output."""
    environment = {"LC_ALL": "C.UTF-8", "OMP_THREAD_LIMIT": "1"}
    if "TESSDATA_PREFIX" in os.environ:  # where the user's languages are
        environment["TESSDATA_PREFIX"] = os.environ["TESSDATA_PREFIX"]
    try:
        child = subprocess.Popen(  # noqa: S603 - an absolute path, and arguments of listed shapes
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            cwd="/",
            bufsize=0,
            start_new_session=True,
        )
    except OSError as error:
        raise OcrFailed(f"tesseract did not start: {error.strerror}") from None
    deadline = time.monotonic() + limits.ocr_seconds
    try:
        _limit(child.pid, limits)
        answer = converse(child, (picture,), limits.ocr_bytes, deadline)
        if isinstance(answer, bytearray):
            child.wait(max(0.0, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        answer = None
    finally:
        end(child)
    if answer is None:
        raise OcrTookTooMuch(f"tesseract gave no answer within {limits.ocr_seconds} s")
    if isinstance(answer, ChildFailure):
        raise OcrTookTooMuch(f"tesseract answered with more than {limits.ocr_bytes} bytes")
    if child.returncode < 0:
        raise OcrTookTooMuch(f"tesseract was ended by signal {-child.returncode}")
    if child.returncode:
        raise OcrFailed(
            f"tesseract ended with exit status {child.returncode}: a language may not be installed, or the "
            f"page needs more than {limits.ocr_memory_bytes} bytes"
        )
    return answer


def _limit(process: int, limits: Limits) -> None:
    """Bound a child that still waits for its input; where the kernel cannot, the clock alone does."""
    try:
        import resource

        prlimit = resource.prlimit
    except (ImportError, AttributeError):
        return
    for kind, most in (
        (resource.RLIMIT_AS, limits.ocr_memory_bytes),
        (resource.RLIMIT_CPU, limits.ocr_seconds),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        try:
            prlimit(process, kind, (most, most))
        except ProcessLookupError:  # it ended at once, and its exit status says so
            return
        except (OSError, ValueError) as error:  # a lower one holds already
            if isinstance(error, PermissionError):
                continue
            raise OcrFailed(f"tesseract cannot be limited: {error}") from None
