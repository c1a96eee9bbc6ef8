"""vocab.txt as the WordPiece reader of the tokenizers library takes it, and the JSON and merges forms."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safeload.errors import FormatError
from safeload.formats import vocabulary as format_
from safeload.formats.view import BytesView
from safeload.formats.vocabulary import parse_merges_txt, parse_vocab_json, parse_vocab_txt
from safeload.limits import DEFAULT_LIMITS
from safeload.record import replace

if TYPE_CHECKING:
    from pathlib import Path


def test_lines_are_ids() -> None:
    """Line n is id n; white space at the end goes, a repeated token has its last line."""
    record = parse_vocab_txt(BytesView(b"[PAD]\na \r\n a\n\nb\na\n"), DEFAULT_LIMITS)
    assert record.ids == {"[PAD]": 0, "a": 5, " a": 2, "": 3, "b": 4}
    assert record.repeated == 1


@settings(max_examples=60, deadline=None)
@given(
    lines=st.lists(
        st.text(
            st.sampled_from("ab\t\r \x0b\x0c\x1c\x1d\x1e\x1f\x85\xa0\u2028\u2029\u3000\u200b\ufeff"),
            max_size=4,
        ),
        min_size=1,
        max_size=6,
    ),
    newline=st.booleans(),
)
def test_same_as_the_library(tmp_path_factory, lines, newline):
    """The library reads the same vocabulary from the same file."""
    from tokenizers.models import WordPiece

    path: Path = tmp_path_factory.getbasetemp() / "vocab.txt"
    data = ("\n".join(lines) + "\n" * newline).encode()
    path.write_bytes(data)
    try:
        ours = dict(parse_vocab_txt(BytesView(data), DEFAULT_LIMITS).ids)
    except format_.VocabularyEmpty:
        ours = {}
    assert ours == WordPiece.read_file(str(path))


@pytest.mark.parametrize(
    ("data", "error"),
    [(b"", format_.VocabularyEmpty), (b"a\n\xff\n", format_.VocabularyNotUtf8)],
)
def test_broken_text(data: bytes, error: type[FormatError]) -> None:
    """No token, or no text."""
    with pytest.raises(error):
        parse_vocab_txt(BytesView(data), DEFAULT_LIMITS)


def test_budgets() -> None:
    """Bytes and lines are counted before they are split."""
    for limits in (replace(DEFAULT_LIMITS, vocab_bytes=3), replace(DEFAULT_LIMITS, vocab_entries=2)):
        with pytest.raises(format_.VocabularyTooLarge):
            parse_vocab_txt(BytesView(b"a\nb\n"), limits)
    with pytest.raises(format_.VocabularyTooLarge):
        parse_vocab_json(BytesView(b'{"a": 0}'), replace(DEFAULT_LIMITS, vocab_bytes=3))


def test_vocab_json() -> None:
    """Token to id; ids are whole and unique."""
    assert parse_vocab_json(BytesView(b'{"a": 1, "b": 0}'), DEFAULT_LIMITS).ids == {"a": 1, "b": 0}
    for bad in (b"[]", b'{"a": 1.0}', b'{"a": 1, "b": 1}', b'{"a": 1, "a": 2}'):
        with pytest.raises(FormatError):
            parse_vocab_json(BytesView(bad), DEFAULT_LIMITS)


def test_a_vocabulary_for_each_language() -> None:
    """As multilingual speech recognisers have it; each one is checked, and they are counted together."""
    record = parse_vocab_json(BytesView(b'{"deu": {"a": 0}, "eng": {"a": 0, "b": 1}}'), DEFAULT_LIMITS)
    assert record.ids == {}
    assert record.languages == {"deu": {"a": 0}, "eng": {"a": 0, "b": 1}}
    for bad in (
        b'{"deu": {"a": 0.5}}',
        b'{"deu": {"a": 0, "b": 0}}',
        b'{"deu": {"a": 0}, "b": 1}',
        b'{"a": {"b": {}}}',
    ):
        with pytest.raises(FormatError):
            parse_vocab_json(BytesView(bad), DEFAULT_LIMITS)
    with pytest.raises(format_.VocabularyTooLarge, match="3 tokens in all languages"):
        parse_vocab_json(
            BytesView(b'{"deu": {"a": 0}, "eng": {"a": 0, "b": 1}}'), replace(DEFAULT_LIMITS, vocab_entries=2)
        )


def test_merges() -> None:
    """Pairs in order, without the version line; anything else on a line is an error."""
    record = parse_merges_txt(BytesView("#version: 0.2\nĠ t\nh e\n\n".encode()), DEFAULT_LIMITS)
    assert record.pairs == (("Ġ", "t"), ("h", "e"))
    for bad in (b"a\n", b"a b c\n", b"a  b\n"):
        with pytest.raises(format_.MergeLineInvalid):
            parse_merges_txt(BytesView(bad), DEFAULT_LIMITS)
