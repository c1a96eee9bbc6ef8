"""Any text is an expression of a harmless shape, or a FormatError; what passes, Python matches quickly.

Python's own reader backtracks, too. Where it takes the expression at all, a short text that repeats one
character must not keep it busy.
"""

from __future__ import annotations

import re
import warnings

from safeload.errors import FormatError
from safeload.formats.regex_shape import check_shape

TEXTS = ("a" * 64, "1" * 64 + "x", " " * 64 + "a", "ab" * 32, "x" * 24 + "\n")


def seeds() -> list[bytes]:
    """Expressions of tokenizers, and ones that backtrack."""
    return [
        rb"'s|'t| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+",
        rb"[^\r\n\w]?[a-z]*[A-Z]+(?i:'s|'t)?|\d{1,3}| ?[^\s\w]+[\r\n]*|\s*[\r\n]+",
        rb"(?:\r\n){2}|(?=(\d{3})+(?!\d))|[[:alpha:]]++",
        rb"(a+)+$|(a|a)*b|(?:a{1,30}){1,30}|a?a?a?a?",
        rb"(?<name>a)b|[]a]+|\x{41}|a{,}|(?#x)",
    ]


def read(data: bytes) -> object:
    """The text, where its shape is harmless."""
    text = data.decode("utf-8", "replace")
    try:
        check_shape(text)
    except FormatError as error:
        return error
    return text


def check(data: bytes, result: object) -> None:
    """Python, where it can read the expression, comes to an end: the runner bounds the time."""
    if not isinstance(result, str) or len(data) > 400:
        return
    if "[:" in result:
        return  # a class by name for Oniguruma: Python reads another expression here
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            pattern = re.compile(result)
    except (re.error, OverflowError, RecursionError):
        return
    for text in TEXTS:
        pattern.search(text)


def deep(result: object) -> bool:
    """Whether it is an expression of any shape."""
    return not isinstance(result, FormatError) or type(result).__name__ != "PatternUnreadable"
