"""Waivers: what they are bound to, when they count, and that they hide nothing."""

from __future__ import annotations

import pytest

from safeload.core import Digest, Level, Verdict
from safeload.policy.combine import combine
from safeload.policy.schema import PolicyInvalid
from safeload.policy.waivers import snapshot_digest
from safeload.record import replace
from tests.forge.findings import artifact, finding
from tests.forge.policies import parse
from tests.forge.waivers import BASE, OTHER, SHA, judge, waiver

POLICY = BASE + waiver()


def rules(decision):
    """Rule and level of every reason, and whether it was waived."""
    return [(item.finding.rule, item.level.value, item.waiver is not None) for item in decision.reasons]


def test_a_waived_finding_stays_and_says_by_what():
    """At allow, with the waiver and its line."""
    decision = judge(POLICY)
    assert (decision.verdict, decision.inconclusive) == (Verdict.ALLOW, False)
    [reason] = decision.reasons
    assert (reason.level, reason.set_by) == (Level.ALLOW, "p.toml:4")
    assert reason.waiver is not None
    assert (reason.waiver.id, reason.waiver.owner, reason.waiver.expires) == (
        "W-1",
        "ml@acme.example",
        "2026-02-28",
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"sha": OTHER},
        {"subject": "file:/other"},
        {"findings": [finding("pickle.trailing-data")]},
        {"findings": [finding(waivable=False)]},
        {"day": "2026-03-01"},
        {"day": "2026-01-09"},
        {"day": None},
    ],
)
def test_what_does_not_fit_is_not_waived(changes):
    """Other bytes, another source, another rule, what nobody can waive, another day, no instant."""
    decision = judge(POLICY, **changes)
    assert decision.verdict is Verdict.DENY
    assert all(reason.waiver is None for reason in decision.reasons)


def test_what_was_not_digested_is_not_waived():
    """Of bytes that nobody read to the end nobody knows whether they are the same."""
    assert judge(POLICY, artifacts=[artifact()]).verdict is Verdict.DENY


def test_both_days_count():
    """From the first to the last, in UTC."""
    for day in ("2026-01-10", "2026-02-28"):
        assert judge(POLICY, day=day).verdict is Verdict.ALLOW


@pytest.mark.parametrize(
    ("wanted", "subject"),
    [
        ("hf:acme/*", "hf:acme/bert@" + "a" * 40),
        ("acme/bert@" + "a" * 40, "hf:acme/bert@" + "a" * 40),
        ("file:**", "file:/model"),
    ],
)
def test_the_subject_is_a_pattern_with_or_without_a_commit(wanted, subject):
    """The digest binds the bytes; the subject says where they may stand."""
    assert judge(BASE + waiver(subject=wanted), subject=subject).verdict is Verdict.ALLOW
    assert judge(BASE + waiver(subject="acme/bert@" + "b" * 40), subject=subject).verdict is Verdict.DENY


@pytest.mark.parametrize("rule", ["format.twins-disagree", "provenance.unsigned"])
def test_findings_about_more_than_a_file_bind_the_snapshot(rule):
    """Else the other file could be exchanged under the waiver."""
    files = [
        replace(artifact(name), digest=Digest(hex=sha)) for name, sha in (("model.bin", SHA), ("b", OTHER))
    ]
    place = "model.bin" if rule.startswith("format") else "file:/model"
    found = [finding(rule, at=place)]
    whole = snapshot_digest(files)
    assert judge(BASE + waiver(rule=rule), findings=found, artifacts=files).verdict is Verdict.DENY
    policy = BASE + waiver(rule=rule, sha256=whole)
    assert judge(policy, findings=found, artifacts=files).verdict is Verdict.ALLOW
    changed = [files[0], replace(files[1], digest=Digest(hex=SHA))]
    assert judge(policy, findings=found, artifacts=changed).verdict is Verdict.DENY
    assert judge(policy, findings=found, artifacts=files[:1]).verdict is Verdict.DENY


def test_a_snapshot_has_a_digest_where_every_file_has_one():
    """Members of archives are part of their file; names count, and their order does not."""
    one, two = (replace(artifact(name), digest=Digest(hex=SHA)) for name in "ab")
    inside = artifact("a", members=("x",))
    assert snapshot_digest([one, two, inside]) == snapshot_digest([two, one])
    assert snapshot_digest([one]) != snapshot_digest([two])
    assert snapshot_digest([one, artifact("c")]) is None
    assert snapshot_digest([]) is None


def test_a_waiver_counts_in_its_own_policy_only():
    """A project cannot waive what the organisation denies; both together can."""
    organisation = parse(BASE, source="o.toml")
    for policy in (combine(parse(POLICY), organisation), combine(organisation, parse(POLICY))):
        assert judge(policy).verdict is Verdict.DENY
    lenient = parse(f'{BASE}[rules]\npickle.unlisted-global = "warn"\n', source="o.toml")
    decision = judge(combine(parse(POLICY), lenient))
    assert rules(decision) == [("pickle.unlisted-global", "warn", True)]
    own = parse(BASE + waiver(id="O-1"), source="o.toml")
    assert judge(combine(parse(POLICY), own)).verdict is Verdict.ALLOW


def test_a_load_receives_nothing_unread_for_a_waiver():
    """It excepts from a rule, and gives no bytes that were not judged whole."""
    from safeload.core import Coverage, Role, Scope

    half = replace(artifact(coverage=Coverage.NOT_READ), digest=Digest(hex=SHA))
    policy = BASE + waiver(rule="artifact.not-read")
    found = [finding("artifact.not-read")]
    assert judge(policy, findings=found, artifacts=[half]).verdict is Verdict.ALLOW
    scope = Scope(name="model", roles=frozenset({Role.WEIGHTS}))
    decision = judge(policy, findings=found, artifacts=[half], scope=scope)
    assert [reason.set_by for reason in decision.denials] == ["built in (only what was scanned is loaded)"]


@pytest.mark.parametrize(
    ("changes", "line", "said"),
    [
        ({"rule": "pickle.malformed"}, 6, "nobody can waive pickle.malformed"),
        ({"rule": "policy.break-glass"}, 6, "nobody can waive policy.break-glass"),
        ({"rule": "waiver.expired"}, 6, "nobody can waive waiver.expired"),
        ({"rule": "pickle.unlisted-globl"}, 6,
         "unknown rule pickle.unlisted-globl; did you mean pickle.unlisted-global?"),
        ({"sha256": "AB" * 32}, 8, "sha256 is not 64 hexadecimal digits, lower case"),
        ({"reason": " "}, 9, "waiver 1 has no reason"),
        ({"owner": None}, 4, "waiver 1 has no owner"),
        ({"expires": "2026-02-28T00:00:00Z"}, 12, "waiver 1 has no expires that is a date, as 2027-02-15"),
        ({"expires": None}, 4, "waiver 1 has no expires that is a date, as 2027-02-15"),
        ({"expires": "2026-01-09"}, 12, "waiver 1 ends before it starts"),
        ({"subject": "acme/bert@main"}, 7,
         "acme/bert@main does not end in a commit: write all 40 hexadecimal digits, lower case"),
        ({"subject": "file:model"}, 7,
         "file:model is no pattern of folders: file:/whole/path, or file:**/name"),
    ],
)  # fmt: skip
def test_a_waiver_that_lacks_something_is_no_waiver(changes, line, said):
    """Every part is required, and each mistake has its line."""
    with pytest.raises(PolicyInvalid) as caught:
        parse(BASE + waiver(**changes))
    assert caught.value.problems == (f"p.toml:{line}: {said}",)


def test_two_waivers_of_one_id_are_a_mistake():
    """Reports name them by it."""
    with pytest.raises(PolicyInvalid, match="there are two waivers W-1"):
        parse(POLICY + waiver())


def test_rules_about_upkeep_cannot_deny():
    """Else one finding more, which an idle waiver was waiting for, could turn DENY into ALLOW."""
    with pytest.raises(PolicyInvalid, match=r"waiver.unused cannot deny: it is about upkeep"):
        parse('schema = 1\n[rules]\nwaiver.unused = "deny"\n')
    assert rules(judge(POLICY, findings=[])) == [("waiver.unused", "warn", False)]
    silent = f'{POLICY}[rules]\nwaiver.unused = "allow"\n'
    assert rules(judge(silent, findings=[])) == [("waiver.unused", "allow", False)]


def test_each_policy_has_to_waive_what_it_demands_itself():
    """The one asks for a publisher and waives that; the other asks for the Hub, and does not."""
    sha = snapshot_digest([replace(artifact(), digest=Digest(hex=SHA))])
    level = '[rules]\nprovenance.unsigned = "allow"\n'
    own = waiver(rule="provenance.unsigned", sha256=sha)
    first = parse(f'{BASE}[provenance]\nrequire = "publisher"\n{level}{own}')
    second = parse(f'{BASE}[provenance]\nrequire = "hub"\n{level}', source="o.toml")
    assert judge(first, findings=[]).verdict is Verdict.ALLOW
    for both in (combine(first, second), combine(second, first)):
        assert judge(both, findings=[]).verdict is Verdict.DENY
