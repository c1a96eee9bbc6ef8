"""Vocabularies that are not inside tokenizer.json: `vocab.txt`, `vocab.json` and `merges.txt`.

Guarantees of a `vocab.txt` record: the text is UTF-8, line number n (from 0) is the token with id n,
with the white space at its end removed, and a token that stands on two lines has the id of the last
one. That is how the WordPiece reader of the tokenizers library takes such a file.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple, cast

from safeload.errors import FormatError, LimitExceeded
from safeload.formats.json_strict import parse_json
from safeload.formats.tokenizer_json import check_ids
from safeload.formats.view import read_all

if TYPE_CHECKING:
    from collections.abc import Mapping

    from safeload.core import View
    from safeload.limits import Limits

_WHITE_SPACE = (
    "\t\n\x0b\x0c\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)
"""Unicode's White_Space. Python's `rstrip()` would also take the separators U+001C to U+001F."""


class VocabularyNotUtf8(FormatError):
    """A vocabulary that is not UTF-8 text."""


class VocabularyEmpty(FormatError):
    """A vocabulary without a token."""


class VocabularyTooLarge(LimitExceeded):
    """A vocabulary of more bytes or lines than allowed."""


class MergeLineInvalid(FormatError):
    """A line of `merges.txt` that is not two tokens."""


class Vocabulary(NamedTuple):
    """Token to id."""

    ids: Mapping[str, int]
    repeated: int = 0
    """Lines whose token stands on a later line again."""
    languages: Mapping[str, Mapping[str, int]] = MappingProxyType({})
    """Of a `vocab.json` with a vocabulary for each language: those, and `ids` is empty."""


class Merges(NamedTuple):
    """Pairs of tokens in the order in which a BPE model joins them."""

    pairs: tuple[tuple[str, str], ...]


def parse_vocab_txt(view: View, limits: Limits) -> Vocabulary:
    """The record of a `vocab.txt`.

    Raises:
        FormatError: a class of this module.
    """
    text, lines = _lines(view, limits)
    if not lines:
        raise VocabularyEmpty("there is no token")
    if lines != text.split():  # some line has white space in it
        lines = [line.rstrip(_WHITE_SPACE) for line in lines]
    ids = dict(zip(lines, range(len(lines)), strict=True))
    return Vocabulary(ids=MappingProxyType(ids), repeated=len(lines) - len(ids))


def parse_vocab_json(view: View, limits: Limits) -> Vocabulary:
    """The record of a `vocab.json`: token to id, or language to such a vocabulary.

    Raises:
        FormatError: a class of this module, of `tokenizer_json` or of `json_strict`.
    """
    if view.size > limits.vocab_bytes:
        raise VocabularyTooLarge(f"{view.size} bytes, more than {limits.vocab_bytes}")
    value = parse_json(read_all(view), limits)
    if isinstance(value, dict) and value and all(isinstance(item, dict) for item in value.values()):
        return _many_languages(cast("dict[str, dict[str, int]]", value), limits)
    check_ids(value, limits)
    return Vocabulary(ids=MappingProxyType(cast("dict[str, int]", value)))


def _many_languages(value: dict[str, dict[str, int]], limits: Limits) -> Vocabulary:
    """As multilingual speech recognisers have it (MMS): a vocabulary of letters for each language."""
    count = sum(len(vocabulary) for vocabulary in value.values())
    if count > limits.vocab_entries:
        raise VocabularyTooLarge(f"{count} tokens in all languages, more than {limits.vocab_entries}")
    for vocabulary in value.values():
        check_ids(vocabulary, limits)
    frozen = {language: MappingProxyType(vocabulary) for language, vocabulary in value.items()}
    return Vocabulary(ids=MappingProxyType({}), languages=MappingProxyType(frozen))


def parse_merges_txt(view: View, limits: Limits) -> Merges:
    """The record of a `merges.txt`.

    Raises:
        FormatError: a class of this module.
    """
    pairs = []
    for index, line in enumerate(_lines(view, limits)[1]):
        if line.startswith("#version") or not line.strip(_WHITE_SPACE):
            continue
        pair = line.rstrip("\r").split(" ")
        if len(pair) != 2 or not all(pair):
            raise MergeLineInvalid(f"line {index + 1} is not two tokens")
        pairs.append((pair[0], pair[1]))
    return Merges(pairs=tuple(pairs))


def _lines(view: View, limits: Limits) -> tuple[str, list[str]]:
    if view.size > limits.vocab_bytes:
        raise VocabularyTooLarge(f"{view.size} bytes, more than {limits.vocab_bytes}")
    data = read_all(view)
    if data.count(b"\n") >= limits.vocab_entries:
        raise VocabularyTooLarge(f"more than {limits.vocab_entries} lines")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise VocabularyNotUtf8("is not UTF-8", offset=error.start) from None
    lines = text.split("\n")
    if not lines[-1]:
        lines.pop()
    return text, lines
