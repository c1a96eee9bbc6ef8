"""The report for programs."""

from __future__ import annotations

import json
from pathlib import Path

from safeload import __version__
from safeload.reports import json_v2
from tests.reports.test_reports import HOSTILE, hostile_report
from tests.reports.test_text import sample

GOLDEN = Path(__file__).parent.parent / "golden"


def test_the_whole_report_is_the_golden_one():
    """The schema only grows: a change of this file is a change for every program that reads it."""
    rendered = json_v2.render(sample()).replace(f'"{__version__}"', '"VERSION"')
    assert rendered == (GOLDEN / "report.json").read_text()


def test_names_arrive_unchanged():
    """JSON's escapes carry the bytes of a name; nothing is lost in between."""
    document = json.loads(json_v2.render(hostile_report()))
    assert {item["location"]["artifact"] for item in document["artifacts"]} == set(HOSTILE)


def test_several_reports_are_a_list_and_one_is_an_object():
    """Either way the output is one JSON document."""
    one = json_v2.render(sample())
    assert json.loads(json_v2.join([one]))["schema"] == "safeload/report/v1"
    assert [item["schema"] for item in json.loads(json_v2.join([one, one]))] == ["safeload/report/v1"] * 2
