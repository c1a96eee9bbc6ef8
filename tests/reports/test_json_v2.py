"""The report for programs."""

from __future__ import annotations

import json
import subprocess
import sys

from safeload.core import Fact, Location
from safeload.record import replace
from safeload.reports import json_v2, jsonl
from tests.reports.test_reports import HOSTILE, hostile_report
from tests.reports.test_text import sample


def test_names_arrive_unchanged():
    """JSON's escapes carry the bytes of a name; nothing is lost in between."""
    document = json.loads(json_v2.render(hostile_report()))
    assert {item["location"]["artifact"] for item in document["artifacts"]} == set(HOSTILE)


def test_several_reports_are_a_list_and_one_is_an_object():
    """Either way the output is one JSON document."""
    one = json_v2.render(sample())
    assert json.loads(json_v2.join([one]))["schema"] == "safeload/report/v2"
    assert [item["schema"] for item in json.loads(json_v2.join([one, one]))] == ["safeload/report/v2"] * 2


def test_numbers_that_json_lacks_are_texts():
    """NaN is no JSON, and an integer of 2000 bits is another number to most readers."""
    odd = Fact(
        kind="config.callable",
        location=Location(artifact="a"),
        data={
            "a": float("nan"),
            "b": float("-inf"),
            "c": 1 << 2000,
            "d": -(1 << 63),
            "e": True,
            "f": (1, None),
        },
    )
    text = json_v2.render(replace(sample(), facts=(odd,)))

    def refuse(name):
        raise AssertionError(name)

    (group,) = json.loads(text, parse_constant=refuse)["facts"]
    assert group["facts"][0]["data"] == {
        "a": "nan", "b": "-inf", "c": f"{1 << 2000:#x}", "d": -(1 << 63), "e": True, "f": [1, None],
    }  # fmt: skip


def test_facts_of_one_place_name_it_once():
    """66,000 facts about a member with a name of 4 kB are no file of 275 MB."""
    name = "n" * 4_000
    facts = tuple(
        Fact(
            kind="pickle.global",
            location=Location(artifact="model.bin", members=(name,), offset=at),
            data={"module": "lib", "name": f"thing{at}"},
        )
        for at in range(66_000)
    )
    text = json_v2.render(replace(sample(), facts=facts))
    assert len(text) < 8_000_000
    (group,) = json.loads(text)["facts"]
    assert [item["offset"] for item in group["facts"]] == list(range(66_000))


def test_lines_are_records_of_their_own():
    """Each line can be read without the ones before it, but for the schema in the first."""
    lines = [json.loads(line) for line in jsonl.render(sample()).splitlines()]
    assert lines[0]["schema"] == "safeload/report-line/v1"
    assert {line["subject"] for line in lines} == {"file:/model"}
    kinds = [line["type"] for line in lines]
    assert kinds == ["report", *["reason"] * 4, *["artifact"] * 5, "evidence", "fact"]
    assert lines[-1]["location"]["artifact"] == "pytorch_model.bin!archive/data.pkl"


def test_a_report_of_many_facts_costs_little_more_than_its_text():
    """The tree of it is never held whole: 400,000 facts take less than three times their 60 MB of text."""
    code = (
        "import resource\n"
        "from safeload.core import Fact, Location\n"
        "from safeload.record import replace\n"
        "from safeload.reports import json_v2\n"
        "from tests.reports.test_text import sample\n"
        "one = [Fact(kind='pickle.global', location=Location(artifact=str(at)), data={'name': 'x' * 60})"
        " for at in range(400)]\n"
        "made = replace(sample(), facts=tuple(one) * 1000)\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "size = len(json_v2.render(made))\n"
        "print(size // 1024, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    size, grown = map(int, done.stdout.split())
    assert size > 30_000
    assert grown < 3 * size
