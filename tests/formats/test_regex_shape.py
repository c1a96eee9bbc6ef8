r"""formats.regex_shape: what may backtrack for long is refused by its shape, and ordinary splits pass."""

from __future__ import annotations

import pytest

from safeload.errors import FormatError
from safeload.formats.regex_list import KNOWN
from safeload.formats.regex_shape import (
    LONGEST,
    PatternMayBacktrack,
    PatternTooLong,
    PatternUnreadable,
    check_shape,
)


@pytest.mark.parametrize(
    "pattern",
    [
        r"(a+)+$", r"(a|a)*b", r"(.*)*", r"(\w+\s?)*$", r"^(([a-z])+.)+[A-Z]([a-z])+$", r"([a-zA-Z]+)*",
        r"(a?){30}a{30}", "a?" * 30 + "a" * 30, "(a|b)" * 30, r"(x+x+)+y", r"\s*\s*\s*\s*x", ".*.*.*.*=.*",
        r"(?:a{1,30}){1,30}b", r"(?=(a+)+b)", r"(?=a*b*)", r"(a)\1+", r"(?<n>a+)\g<n>*", r"((a*)?b?)*",
        r"(?x) a +", r"(?x: a +)", r"(?~a)", r"(?(1)a|b)", r"(?&n)", r"(?R)", r"\X", r"(*FAIL)", r"(a*)+?",
        r"(?:(?:a+)?)+", "(?:a{200}){200}", "(?:a{2,}){3}", "a{9,2}", r"(?i:(a+)+)", r"(?i)(a+)+",
        "(a+){2,}", "(a{0,5}){5}", "(" * 40 + ")" * 40, r"(?:\b)+", "(?:|a)+", r"(a++b*)+",
        "[a&&[^b]]*", "[a[b](x+x+)+y]", "[[:x(a+)+:]]",
    ],
)  # fmt: skip
def test_what_may_backtrack(pattern: str) -> None:
    """Repetitions inside repetitions, choices inside them, and what the text decides."""
    with pytest.raises(PatternMayBacktrack):
        check_shape(pattern)


@pytest.mark.parametrize(
    "pattern",
    [
        "", r"\p{L}+|\d{1,3}", r"(?<=\d)(?=(\d{3})+(?!\d))", r"'(?i:[sdmt]|ll|ve|re)| ?\p{L}++",
        r"[^\s]+|\s+", r"<\|[^>]{1,40}\|>", r"\d", r"(?>a+|b)+", r"[\u0E00-\u0E7F]{1,}",
        r"(?:\r\n){2}", "[]a]+", "[^]a]+", "[[:alpha:]]+", r"a{,}", "a{x}", "{", r"\(a+\)+", "(?#x+)a",
        r"(?<name>a)b", r"\x{41}+", "(?i)abc+", r"[\]]+",
    ],
)  # fmt: skip
def test_ordinary_splits(pattern: str) -> None:
    """What tokenizers split by, repeated once and not again."""
    check_shape(pattern)


@pytest.mark.parametrize("pattern", ["(", ")", "[a", "*a", "|+", "a\\", r"\p", "(?#a", "(?:+)"])
def test_no_expression(pattern: str) -> None:
    """Brackets and repetitions that do not fit together."""
    with pytest.raises(PatternUnreadable):
        check_shape(pattern)


def test_the_length_is_bounded() -> None:
    """The check itself is one pass, and its input is bounded all the same."""
    check_shape("a" * LONGEST)
    with pytest.raises(PatternTooLong):
        check_shape("a" * (LONGEST + 1))


def test_most_listed_expressions_have_such_a_shape() -> None:
    """The list may hold what the shape does not show to be harmless: two classes in classes, two others."""
    refused = set()
    for pattern in KNOWN:
        try:
            check_shape(pattern)
        except FormatError:
            refused.add(pattern)
    assert len(refused) == 4
    assert len(KNOWN) > 40


def test_every_listed_expression_is_one_for_the_library() -> None:
    """The tokenizers library compiles each of them."""
    tokenizers = pytest.importorskip("tokenizers")
    for pattern in KNOWN:
        tokenizers.Regex(pattern)
