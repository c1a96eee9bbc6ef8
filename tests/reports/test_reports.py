"""What holds for every report format: N findings for N, and nothing that attacks its reader."""

from __future__ import annotations

import json
import re

import pytest

from safeload import discovery
from safeload.core import Coverage, Status
from tests.forge.findings import artifact, fact, finding, report, signature
from tests.forge.policies import parse

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
    "nul\x00",
    "\x9b31m",
    "</script><img>",
    '"quote\\"',
    "",
]


def hostile_report():
    """Every hostile text in every place where a file could put it, at all three levels."""
    found = [
        finding(rule, at=text, members=(text,), offset=7, message=f"{text}|{text}")
        for text in HOSTILE
        for rule in ("pickle.unlisted-global", "code.python-file", "source.ambiguous")
    ]
    return report(
        POLICY,
        found,
        [artifact(text, coverage=Coverage.UNRECOGNISED, form=None, reason=text) for text in HOSTILE]
        + [artifact(text, members=(text,)) for text in HOSTILE],
        evidence=[signature(Status.UNAVAILABLE, text) for text in HOSTILE],
        facts=[fact("pickle.second-reader", at=text, status="did-not-run", detail=text) for text in HOSTILE],
        subject=HOSTILE[0],
    )


def count(form: str, text: str) -> int:
    """How many findings a rendered report shows."""
    if form == "json":
        return len(json.loads(text)["reasons"])
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
@pytest.mark.parametrize("number", [0, 1, 300])
def test_n_findings_give_n_findings(form, number):
    """No report drops, merges or cuts findings."""
    found = [finding(at="model.safetensors", offset=index) for index in range(number)]
    made = report(POLICY, found, [artifact("model.safetensors")])
    assert count(form, REPORTERS[form].render(made)) == number


@pytest.mark.parametrize("form", REPORTERS)
def test_hostile_names_lose_no_finding_and_write_nothing_of_their_own(form):
    """No control, format or line character and no workflow command reaches the output."""
    made = hostile_report()
    text = REPORTERS[form].render(made)
    assert count(form, text) == len(made.decision.reasons)
    lines = text.split("\n")
    assert all(line.isprintable() for line in lines)
    assert not any(line.lstrip().startswith("::") for line in lines)
    if form == "text":
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
    assert "ALLOW" in text
    assert not re.search(r"\bsafe\b", text, re.IGNORECASE)
