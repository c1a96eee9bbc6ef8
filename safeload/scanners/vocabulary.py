"""Vocabularies beside tokenizer.json: vocab.txt, vocab.json, added_tokens.json and merges.txt."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from safeload.core import Coverage
from safeload.errors import FormatError
from safeload.formats.tokenizer_config import parse_added_tokens
from safeload.formats.vocabulary import parse_merges_txt, parse_vocab_json, parse_vocab_txt
from safeload.scanners import ScanResult

if TYPE_CHECKING:
    from safeload.limits import Limits
    from safeload.scanners import Subject

FORMATS = ("json", "text")
NAMES = re.compile(r"(vocab|merges)\.txt\Z|(vocab|added_tokens)\.json\Z")

_READERS = {
    ("vocab.txt", "text"): parse_vocab_txt,
    ("merges.txt", "text"): parse_merges_txt,
    ("vocab.json", "json"): parse_vocab_json,
    ("added_tokens.json", "json"): parse_added_tokens,
}


class VocabularyOfAnotherKind(FormatError):
    """A name that promises text over JSON, or the other way round."""


def scan(subject: Subject, limits: Limits) -> ScanResult:
    """Read the vocabulary into its record. There is nothing in one to have an opinion about.

    Raises:
        FormatError: the bytes are no such vocabulary.
    """
    reader = _READERS.get((subject.base_name, subject.format))
    if reader is None:
        raise VocabularyOfAnotherKind(f"{subject.base_name} holds {subject.format}")
    return ScanResult(coverage=Coverage.SCANNED, record=reader(subject.view, limits))
