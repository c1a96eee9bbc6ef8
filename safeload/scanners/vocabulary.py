"""Vocabularies beside tokenizer.json: vocab.txt, vocab.json, added_tokens.json and merges.txt."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from safeload.core import Coverage
from safeload.scanners import ScanResult

if TYPE_CHECKING:
    from safeload.limits import Limits
    from safeload.scanners import Subject

FORMATS = ("json", "text", "text-8bit")
NAMES = re.compile(r"(vocab|merges)\.txt\Z|(vocab|added_tokens)\.json\Z")


def scan(subject: Subject, limits: Limits) -> ScanResult:
    """Read the vocabulary into its record. There is nothing in one to have an opinion about.

    Raises:
        FormatError: the bytes are no such vocabulary.
    """
    # Most audits do without these readers.
    from safeload.formats.tokenizer_config import parse_added_tokens
    from safeload.formats.vocabulary import parse_merges_txt, parse_vocab_json, parse_vocab_txt

    # loaders read by name: tokens in vocab.txt may look like the start of a JSON value
    reader = {
        "vocab.txt": parse_vocab_txt,
        "merges.txt": parse_merges_txt,
        "vocab.json": parse_vocab_json,
        "added_tokens.json": parse_added_tokens,
    }[subject.base_name]
    return ScanResult(coverage=Coverage.SCANNED, record=reader(subject.view, limits))
