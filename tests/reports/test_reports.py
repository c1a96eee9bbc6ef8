"""What holds for every report format: N findings for N, and nothing that attacks its reader."""

from __future__ import annotations

import json
import re
import unicodedata
from html.parser import HTMLParser
from pathlib import Path

import pytest
from lxml import etree

from safeload import discovery
from safeload.cli._rendering import FORMATS, formats, reporter
from safeload.core import Coverage, Excerpt, Location, Status
from safeload.reports import Style, _saved, json_v2
from tests.forge.findings import artifact, fact, finding, report, signature, waived
from tests.forge.policies import parse
from tests.golden.write import ENDINGS
from tests.reports.test_text import sample

GOLDEN = Path(__file__).parent.parent / "golden"
REPORTERS = {module.FORMAT: module for module in discovery.modules("safeload.reports")}
POLICY = parse(
    'schema = 1\n[formats]\nallow = ["safetensors"]\n'
    '[rules]\ncode.python-file = "warn"\nsource.ambiguous = "allow"\n'
)
HOSTILE = [
    "\x1b[2J\x1b[31mALLOW",
    "line\nverdict ALLOW",
    "carriage\rreturn",
    "right\u202eto\u2066left",
    "::error file=x::pwned",
    "  ::set-output name=x::y",
    "##[command]rm",
    "x ##[error]y",
    "\u2028separator\u2029",
    "surrogate\udc80",
    "half\ud800",
    "nul\x00",
    "\x9b31m",
    "not a character\ufffe\uffff",
    "</script><img src=x onerror=alert(1)>",
    "]]></failure><x/>&lt;&#0;<!--",
    "`code` ``` | \\| [a](https://evil.example) ![i](https://evil.example/i.png)",
    "@everyone #1 $x^2$ https://evil.example/?q=1 <b>",
    "[click](1) {0} {{1}} \\[x\\]",
    '=HYPERLINK("https://evil.example")',
    "javascript:alert(1)",
    "../../../etc/passwd",
    "/etc/passwd",
    "a:b,c%0Ad",
    '"quote\\"',
    "long" * 5_000,
    "\u0301" * 50,
    "",
]


def hostile_report():
    """Every hostile text in every place where a file could put it, at all three levels, and waived."""
    found = [
        finding(rule, at=text, members=(text,), offset=7, message=f"{text}|{text}")
        for text in HOSTILE
        for rule in ("pickle.unlisted-global", "code.python-file", "source.ambiguous")
    ]
    made = report(
        POLICY,
        found,
        [artifact(text, coverage=Coverage.UNRECOGNISED, form=None, reason=text) for text in HOSTILE]
        + [artifact(text, members=(text,)) for text in HOSTILE],
        evidence=[signature(Status.UNAVAILABLE, text) for text in HOSTILE],
        facts=[fact("pickle.second-reader", at=text, status="did-not-run", detail=text) for text in HOSTILE],
        excerpts=[
            Excerpt(
                location=Location(artifact=text, members=(text,), offset=7), start=0, data=b"<b>&`|\x1b" * 4
            )
            for text in HOSTILE
        ],
        subject=HOSTILE[0],
    )
    return waived(made, "pickle.unlisted-global", HOSTILE[2] + HOSTILE[3] + HOSTILE[14])


class Page(HTMLParser):
    """What a page is made of."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.said = ""

    def handle_starttag(self, tag, attrs):  # noqa: D102 - of the parser
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):  # noqa: D102 - of the parser
        self.said += data


def page(text):
    read = Page()
    read.feed(text)
    read.close()
    return read


def findings(form: str, text: str) -> int:
    """How many findings a rendered report shows."""
    match form:
        case "json":
            return len(json.loads(text)["reasons"])
        case "jsonl":
            return sum(json.loads(line)["type"] == "reason" for line in text.splitlines())
        case "sarif":
            return sum(len(run["results"]) for run in json.loads(text)["runs"])
        case "gitlab":
            return len({item["fingerprint"] for item in json.loads(text)})
        case "cyclonedx":
            return len(json.loads(text)["vulnerabilities"])
        case "github":
            return sum(line.startswith("::") for line in text.splitlines())
        case "junit":
            cases = etree.fromstring(text.encode()).findall(".//testcase")
            return sum(case.get("classname") != "coverage" for case in cases)
        case "html":
            return sum(tag == "article" for tag, _ in page(text).tags)
        case "markdown":
            return sum(bool(re.match(r"\| `+[^|]*`+ \| [a-z]+ \((denied|warning|allowed|waived)\) \|", line))
                       for line in text.splitlines())  # fmt: skip
        case "text":
            return in_text(text)
    raise AssertionError(form)


def in_text(text: str) -> int:
    shown = 0
    for section in re.split(r"\n\n", text):
        if re.match(r"(denied|warnings|allowed by the policy) \(\d+\)\n", section):
            lines = section.split("\n")[1:]
            more = [
                int(line.split()[1])
                for line in lines
                if re.fullmatch(r"  and \d+ more places in this file", line)
            ]
            shown += sum(not line.startswith("    ") for line in lines) - len(more) + sum(more)
    return shown


@pytest.mark.parametrize("form", REPORTERS)
def test_the_whole_report_is_the_golden_one(form):
    """Every word that a user or a program reads is reviewed. JSON only grows."""
    made = REPORTERS[form].render(sample(), Style(version="VERSION"))
    assert made == (GOLDEN / f"report.{ENDINGS[form]}").read_text(encoding="utf-8")


def test_the_help_lists_the_formats():
    """`--format` names them all without importing any."""
    assert sorted(FORMATS) == sorted(REPORTERS)
    assert sorted(formats()) == sorted(FORMATS)
    assert all(form == reporter(module).FORMAT for form, module in formats().items())


@pytest.mark.parametrize("form", REPORTERS)
@pytest.mark.parametrize("number", [0, 1, 300])
def test_n_findings_give_n_findings(form, number):
    """No report drops, merges or cuts findings, though they differ in nothing but a byte."""
    found = [finding(at="model.safetensors", offset=index) for index in range(number)]
    made = report(POLICY, found, [artifact("model.safetensors")])
    assert findings(form, REPORTERS[form].render(made)) == number


@pytest.mark.parametrize("form", REPORTERS)
def test_hostile_names_lose_no_finding_and_write_nothing_of_their_own(form):
    """No control, format or line character and no workflow command reaches the output."""
    made = hostile_report()
    text = REPORTERS[form].render(made)
    assert findings(form, text) == len(made.decision.reasons)
    lines = text.split("\n")
    assert all(line.isprintable() for line in lines)
    assert not any(unicodedata.category(char) in {"Cc", "Cf", "Cs", "Cn"} for char in text.replace("\n", ""))
    ours = len(made.decision.reasons) if form == "github" else 0
    assert sum(line.lstrip().startswith("::") for line in lines) == ours
    if form not in {"json", "jsonl", "cyclonedx", "sarif", "gitlab"}:
        assert "##[" not in text
    text.encode()


@pytest.mark.parametrize("form", REPORTERS)
def test_the_same_audit_renders_the_same_text(form):
    """Reports can be compared."""
    assert REPORTERS[form].render(hostile_report()) == REPORTERS[form].render(hostile_report())


@pytest.mark.parametrize("form", REPORTERS)
def test_no_report_says_safe(form):
    """A verdict says what was scanned and found, never that something is safe."""
    text = REPORTERS[form].render(report(POLICY, [], [artifact("model.safetensors")]))
    assert "ALLOW" in text or form == "gitlab"
    assert not re.search(r"\bsafe\b", text, re.IGNORECASE)


@pytest.mark.parametrize("form", REPORTERS)
def test_waived_findings_are_marked_and_not_removed(form):
    """Each says that it is waived, by which waiver, and for how long or why."""
    made = report(POLICY, [finding(at="model.safetensors")], [artifact("model.safetensors")])
    text = REPORTERS[form].render(waived(made, "pickle.unlisted-global", "W-0007"))
    assert findings(form, text) == 1
    if form != "github":
        assert "W-0007" in text
    assert re.search(r"waive|suppressions", text)


@pytest.mark.parametrize("form", REPORTERS)
def test_several_reports_are_one_output(form):
    """Findings of all of them are in it, and it is still a document of its format."""
    first = report(POLICY, [finding(at="a.bin")], [artifact("a.bin")], subject="file:/a")
    second = report(POLICY, [finding(at="b.bin", offset=9)] * 2, [artifact("b.bin")], subject="file:/b")
    render = REPORTERS[form].render
    joined = REPORTERS[form].join([render(first), render(second)])
    if form in {"json", "cyclonedx"}:
        assert [findings(form, json.dumps(item)) for item in json.loads(joined)] == [1, 2]
    else:
        assert findings(form, joined) == 3
    assert REPORTERS[form].join([render(first)]) == render(first)


@pytest.mark.parametrize("form", REPORTERS)
def test_a_saved_report_renders_as_the_first_time(form):
    """JSON holds all that the other formats need."""
    for made in (hostile_report(), report(POLICY, [], [artifact("model.safetensors")])):
        (saved,) = _saved.parse_reports(json_v2.render(made).encode())
        assert REPORTERS[form].render(saved.report) == REPORTERS[form].render(made)


@pytest.mark.parametrize(
    "form", ["text", "markdown", "html", "junit", "sarif", "github", "gitlab", "cyclonedx"]
)
def test_very_long_texts_are_cut_where_people_read(form):
    """One name of a megabyte does not make a report of a gigabyte."""
    text = "x" * 1_000_000
    made = report(POLICY, [finding(at="model.bin", message=text)], [artifact("model.bin", reason=text)])
    assert len(REPORTERS[form].render(made)) < 40_000
