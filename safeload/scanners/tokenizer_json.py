"""tokenizer.json: the schema, and regular expressions outside the list."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from safeload.core import Coverage, Fact
from safeload.errors import FormatError, LimitExceeded
from safeload.scanners import ScanResult

if TYPE_CHECKING:
    from safeload.limits import Limits
    from safeload.scanners import Subject

FORMATS = ("json",)
NAMES = re.compile(r"tokenizer\.json\Z")


def scan(subject: Subject, limits: Limits) -> ScanResult:
    """State each regular expression that is not a known one.

    One that may take very long on some text is over its budget, and no such tokenizer is handed out.

    Raises:
        FormatError: the bytes do not follow the schema.
    """
    # Most audits do without this reader.
    from safeload.formats.regex_list import KNOWN
    from safeload.formats.regex_shape import check_shape
    from safeload.formats.tokenizer_json import parse_tokenizer_json

    record = parse_tokenizer_json(subject.view, limits)
    facts = []
    coverage, reason = Coverage.SCANNED, ""
    for use in record.regexes:
        if use.pattern in KNOWN:
            continue
        where = subject.location.at(key=use.where)
        data = {"pattern": use.pattern, "where": use.where}
        facts.append(Fact(kind="tokenizer.regex", location=where, data=data))
        if reason:
            continue
        try:
            check_shape(use.pattern)
        except LimitExceeded as error:
            coverage, reason = Coverage.LIMIT_EXCEEDED, f"{use.where} may take very long to match: {error}"
        except FormatError as error:
            coverage, reason = Coverage.MALFORMED, f"{use.where} is no regular expression: {error}"
    whole = coverage is Coverage.SCANNED
    return ScanResult(coverage=coverage, reason=reason, facts=tuple(facts), record=record if whole else None)
