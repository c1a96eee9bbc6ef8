"""Files of policy tests: what a case may say, and how its mistakes are told."""

from __future__ import annotations

import pytest

from safeload.core import Coverage, Role, Status
from safeload.formats.layout import role_of
from safeload.policy.testing import TestsInvalid as Invalid
from safeload.policy.testing import parse_tests
from safeload.scanners import FACT_KINDS
from tests.forge.policies import RULES

TOP = 'policy = "safeload:strict"\nnow = 2026-12-01\n'


def cases(text):
    """The cases of a file."""
    return parse_tests(text, source="t.toml", rule_ids=RULES.keys(), fact_kinds=FACT_KINDS, role_of=role_of)


def test_a_case_states_files_facts_and_evidence():
    """All that a decision is made from, with defaults for what does not matter."""
    [case] = cases(
        TOP + '[[test]]\nname = "n"\nexpect = "deny"\nrules = ["license.unlisted"]\nset = { "a.b.c" = 1 }\n'
        'file = [{ path = "config.json", format = "json", coverage = "not-read" }]\n'
        'fact = [{ kind = "license.stated", at = "README.md", data = { licenses = ["x"] } }]\n'
        'evidence = [{ kind = "commit-signature", status = "verified", level = "hub" }]\n'
    )
    assert (case.name, case.policy, case.place, case.expect) == ("n", "safeload:strict", "t.toml:3", "deny")
    assert case.now == 1_796_083_200 + 43_200
    [file] = case.artifacts
    assert (file.role, file.coverage, file.format) == (Role.CONFIG, Coverage.NOT_READ, "json")
    assert (case.facts[0].location.artifact, case.facts[0].data) == ("README.md", {"licenses": ["x"]})
    assert (case.evidence[0].status, case.evidence[0].level) == (Status.VERIFIED, "hub")
    assert (case.denied, case.waived, case.values) == (None, None, {"a.b.c": 1})


def test_all_mistakes_are_told_at_once():
    """With line and hint, like those of a policy."""
    text = (
        "polcy = 'x'\n[[test]]\nexpect = 'refuse'\nrules = ['licence.unlisted']\n"
        "[[test]]\nexpect = 'deny'\npolicy = 'p'\nnow = 2026-12-01T00:00:00\n"
        "fact = [{ kind = 'license.state', data = 1 }]\nfile = [{ form = 'x', sha256 = 'y' }]\n"
    )
    with pytest.raises(Invalid) as caught:
        cases(text)
    assert str(caught.value).splitlines() == [
        "t.toml:1: unknown key polcy; did you mean policy?",
        "t.toml:2: test 1 has no now that is a date, or a time with its offset",
        "t.toml:2: test 1 names no policy",
        "t.toml:3: test.0.expect is 'refuse': use allow or warn or deny or inconclusive",
        "t.toml:4: unknown rule licence.unlisted; did you mean license.unlisted?",
        "t.toml:5: test 2 has no now that is a date, or a time with its offset",
        "t.toml:9: data is not a table",
        "t.toml:9: unknown kind of fact license.state; did you mean license.stated?",
        "t.toml:10: file has no path, or one that is no string",
        "t.toml:10: sha256 is not 64 hexadecimal digits, lower case",
        "t.toml:10: unknown key in [[test.file]] form; did you mean format?",
    ]
