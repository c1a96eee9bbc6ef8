"""tokenizer.json: the schema, and regular expressions outside the list."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from safeload.core import Coverage, Fact
from safeload.formats.regex_list import KNOWN
from safeload.formats.tokenizer_json import parse_tokenizer_json
from safeload.scanners import ScanResult

if TYPE_CHECKING:
    from safeload.limits import Limits
    from safeload.scanners import Subject

FORMATS = ("json",)
NAMES = re.compile(r"tokenizer\.json\Z")


def scan(subject: Subject, limits: Limits) -> ScanResult:
    """State each regular expression that is not a known one.

    Raises:
        FormatError: the bytes do not follow the schema.
    """
    record = parse_tokenizer_json(subject.view, limits)
    facts = tuple(
        Fact(
            kind="tokenizer.regex",
            location=subject.location.at(key=use.where),
            data={"pattern": use.pattern, "where": use.where},
        )
        for use in record.regexes
        if use.pattern not in KNOWN
    )
    return ScanResult(coverage=Coverage.SCANNED, facts=facts, record=record)
