"""Any bytes give reports or a FormatError, and what was read renders in every format.

Rendered as JSON it reads back as the same reports; every other format shows each finding once and writes no
control character of its own accord.
"""

from __future__ import annotations

from safeload import discovery
from safeload.errors import FormatError
from safeload.formats.json_strict import JsonSyntaxError, JsonTrailingData
from safeload.limits import DEFAULT_LIMITS
from safeload.record import replace
from safeload.reports import json_v2
from safeload.reports._saved import NotAReport, Saved, parse_reports

LIMITS = replace(DEFAULT_LIMITS, json_items=1 << 14)
REPORTERS = discovery.modules("safeload.reports")


def seeds() -> list[bytes]:
    """A report with everything in it, one with nothing, and a list."""
    from tests.reports.test_official_schemas import empty
    from tests.reports.test_text import sample

    texts = [json_v2.render(sample()), json_v2.render(empty())]
    return [
        *(text.encode() for text in texts),
        json_v2.join(texts).encode(),
        b'{"schema": "safeload/report/v2"}',
    ]


def read(data: bytes) -> tuple[Saved, ...] | FormatError:
    """The reports, or the error that is allowed."""
    try:
        return parse_reports(data, LIMITS, most=1 << 16)
    except FormatError as error:
        return error


def check(data: bytes, result: object) -> None:
    """What has to hold of reports."""
    if not isinstance(result, tuple):
        return
    for saved in result:
        for reporter in REPORTERS:
            text = reporter.render(saved.report)
            assert text.replace("\n", "").isprintable(), reporter.FORMAT
            text.encode()
        again = parse_reports(json_v2.render(saved.report).encode())
        assert json_v2.render(again[0].report) == json_v2.render(saved.report)


def deep(result: object) -> bool:
    """Whether it was JSON with the schema of a report."""
    return not isinstance(result, JsonSyntaxError | JsonTrailingData | NotAReport)
