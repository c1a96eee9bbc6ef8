"""SentencePiece models: a vocabulary with scores and a table that normalises text. Data, and read whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.core import Coverage
from safeload.scanners import ScanResult

if TYPE_CHECKING:
    from safeload.limits import Limits
    from safeload.scanners import Subject

FORMATS = ("sentencepiece",)


def scan(subject: Subject, limits: Limits) -> ScanResult:
    """Read the vocabulary. No loader of ours takes it, and nothing in it names anything.

    Raises:
        FormatError: the model breaks its format.
    """
    from safeload.formats.sentencepiece import UnlistedField, parse_sentencepiece

    try:
        model = parse_sentencepiece(subject.view, limits)
    except UnlistedField as error:
        return ScanResult(coverage=Coverage.UNRECOGNISED, reason=str(error))
    return ScanResult(coverage=Coverage.SCANNED, record=model)
