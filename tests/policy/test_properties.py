"""What holds for every policy: stricter never allows more, and neither do more findings or less evidence."""

from __future__ import annotations

import copy
import datetime as dt
import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safeload.core import EVERYTHING, Level, Status, Verdict
from safeload.pipeline.replay import replay
from safeload.policy.combine import combine
from safeload.policy.engine import decide
from safeload.policy.keys import NEVER_WAIVED
from safeload.policy.overrides import for_subject
from safeload.policy.waivers import bound_to
from safeload.record import replace
from tests.forge.policies import (
    DIGESTED,
    DOCUMENTS,
    EVIDENCE,
    FINDINGS,
    HANDED_OUT,
    KEYS,
    NOW,
    RECORDED,
    SCOPES,
    UNWAIVABLE,
    WHOLE,
    flat_text,
    parse,
    values_of,
)

SPAN = "waivers.max-days"
"""A policy whose waivers span more is no policy."""
REASONS = st.sampled_from([None, None, "INC-1"])
CASE = {
    "policy": WHOLE,
    "findings": st.lists(FINDINGS, max_size=4),
    "artifacts": DIGESTED,
    "evidence": EVIDENCE,
    "scope": SCOPES,
    "handed_out": HANDED_OUT,
    "break_glass": REASONS,
}


@settings(max_examples=60, deadline=None)
@given(**CASE, more=FINDINGS)
def test_a_finding_more_never_turns_deny_into_allow(policy, findings, more, **rest):
    """Also where it is the one that a waiver was waiting for."""
    before = decide(policy, subject="file:/model", findings=findings, now=NOW, **rest)
    after = decide(policy, subject="file:/model", findings=[*findings, more], now=NOW, **rest)
    if before.verdict is Verdict.DENY:
        assert after.verdict is Verdict.DENY


@settings(max_examples=60, deadline=None)
@given(policy=WHOLE, recorded=RECORDED, which=st.integers(0, 2), status=st.sampled_from(Status))
def test_evidence_less_never_turns_deny_into_allow(policy, recorded, which, status):
    """What was verified, and is not any more."""
    if which >= len(recorded.evidence) or status is Status.VERIFIED:
        return
    items = list(recorded.evidence)
    items[which] = replace(items[which], status=status, level="none", key="")
    before = replay(recorded, policy, NOW)
    if before.verdict is Verdict.DENY and recorded.evidence[which].status is Status.VERIFIED:
        assert replay(replace(recorded, evidence=tuple(items)), policy, NOW).verdict is Verdict.DENY


def _excused(document, recorded):
    """The policy with a waiver for everything that it denies here and that can be waived."""
    denials = replay(recorded, parse(flat_text(document)), NOW).denials
    keys = {}
    for reason in denials:
        finding = reason.finding
        sha = bound_to(finding.rule, finding.location.artifact, recorded.artifacts)
        able = finding.waivable and finding.rule not in NEVER_WAIVED and sha is not None
        if able and (finding.rule, sha) not in keys:
            keys[finding.rule, sha] = {
                "id": f"E-{len(keys)}", "rule": finding.rule, "subject": recorded.subject, "sha256": sha,
                "reason": "r", "owner": "o", "created": dt.date(2026, 1, 1), "expires": dt.date(2026, 2, 1),
            }  # fmt: skip
    return {**document, "waiver": [*document["waiver"], *keys.values()]}, denials


@settings(max_examples=60, deadline=None)
@given(document=DOCUMENTS, other=WHOLE, recorded=RECORDED, more=FINDINGS)
def test_a_waiver_excuses_its_own_policy_and_nothing_else(document, other, recorded, more):
    """What is denied for all that: what nobody can waive, another policy's denial, another finding."""
    excused, denials = _excused(document, recorded)
    policy = parse(flat_text(excused))
    decision = replay(recorded, policy, NOW)
    firm = {reason.finding for reason in denials if not reason.finding.waivable}
    bare = {reason.finding for reason in denials if reason.set_by.startswith("built in")}
    assert {reason.finding for reason in decision.denials} == firm | bare
    if len(denials) > len(firm | bare):
        assert any(reason.waiver is not None for reason in decision.reasons)
    both = combine(policy, other)
    if replay(recorded, other, NOW).verdict is Verdict.DENY:
        assert replay(recorded, both, NOW).verdict is Verdict.DENY
    late = NOW + 40 * 86_400
    if replay(recorded, parse(flat_text(document)), late).verdict is Verdict.DENY:
        assert replay(recorded, policy, late).verdict is Verdict.DENY
    rest = {
        "subject": recorded.subject, "scope": EVERYTHING, "artifacts": recorded.artifacts,
        "evidence": recorded.evidence, "handed_out": frozenset(), "now": NOW,
    }  # fmt: skip
    found = [reason.finding for reason in denials]
    whole = for_subject(policy, recorded.subject)
    if decide(whole, findings=found, **rest).verdict is Verdict.DENY:
        assert decide(whole, findings=[*found, more], **rest).verdict is Verdict.DENY


def _tightened(document, name, data):
    """The document with one key at least as strict as it was."""
    key, found = KEYS[name], copy.deepcopy(document)
    old = document.get(name, key.absent)
    value = data.draw(values_of(key))
    value = tuple(value) if isinstance(value, list) else value
    old = tuple(old) if isinstance(old, list) else old
    strict = key.strictest(old, value)
    if not key.at_least(strict, old) or strict is None:
        return found
    found[name] = list(strict) if isinstance(strict, tuple) else strict
    return found


@settings(max_examples=80, deadline=None)
@given(document=DOCUMENTS, recorded=RECORDED, data=st.data(), why=REASONS)
def test_tightening_a_key_never_turns_deny_into_allow(document, recorded, data, why):
    """Any key of the table, at the top or for some sources, and any waiver that is taken out."""
    where = data.draw(st.sampled_from(["top", "override", "waiver"]))
    tight = copy.deepcopy(document)
    if where == "waiver" and document["waiver"]:
        tight["waiver"] = document["waiver"][1:]
    elif where == "override" and document["override"]:
        names = [name for name in document["override"][0] if name != "repos"]
        if names:
            name = data.draw(st.sampled_from(names))
            tight["override"][0] = _tightened(document["override"][0], name, data)
    else:
        name = data.draw(
            st.sampled_from([name for name in KEYS if name in document and name != SPAN] or ["formats.allow"])
        )
        tight = _tightened(document, name, data)
    loose, strict = parse(flat_text(document)), parse(flat_text(tight))
    before = replay(recorded, loose, NOW, break_glass=why)
    if before.verdict is Verdict.DENY:
        assert replay(recorded, strict, NOW, break_glass=why).verdict is Verdict.DENY


@settings(max_examples=60, deadline=None)
@given(first=WHOLE, second=WHOLE, recorded=RECORDED, why=REASONS)
def test_a_combination_denies_what_either_denies(first, second, recorded, why):
    """Neither its overrides nor its waivers get around the other."""
    alone = [replay(recorded, policy, NOW, break_glass=why).verdict for policy in (first, second)]
    both = replay(recorded, combine(first, second), NOW, break_glass=why).verdict
    if Verdict.DENY in alone:
        assert both is Verdict.DENY


def _meaning(policy):
    # a preference comes from the first: it says nothing about what is allowed
    parts = tuple(replace(part, prefer=()) for part in policy.parts)
    return replace(policy, prefer=(), parts=parts).digest.hex


@settings(max_examples=40, deadline=None)
@given(WHOLE, WHOLE, WHOLE)
def test_combining_is_commutative_associative_and_idempotent(first, second, third):
    """So it does not matter who finds which file first, or twice."""
    assert _meaning(combine(first, second)) == _meaning(combine(second, first))
    left, right = combine(combine(first, second), third), combine(first, combine(second, third))
    assert _meaning(left) == _meaning(right)
    both = combine(first, second)
    assert combine(first, first).digest == first.digest
    assert _meaning(combine(both, first)) == _meaning(combine(both, both)) == _meaning(both)


@settings(max_examples=30, deadline=None)
@given(policies=st.lists(WHOLE, min_size=3, max_size=3), recorded=RECORDED)
def test_the_order_of_the_policies_never_matters(policies, recorded):
    """The verdict of three is one, however they are read."""
    verdicts = set()
    for order in itertools.permutations(policies):
        decision = replay(recorded, combine(combine(order[0], order[1]), order[2]), NOW)
        levels = sorted((reason.finding.rule, reason.level.value) for reason in decision.reasons)
        verdicts.add((decision.headline, tuple(levels)))
    assert len(verdicts) == 1


@settings(max_examples=40, deadline=None)
@given(policy=WHOLE, recorded=RECORDED, claimed=st.sampled_from(["acme/bert", "other/bert"]))
def test_a_claim_never_turns_deny_into_allow(policy, recorded, claimed):
    """That a folder is said to be of some repository cannot loosen what holds for it."""
    plain = for_subject(policy, recorded.subject)
    said = for_subject(policy, recorded.subject, claimed=claimed)
    assert said.digest == policy.digest or said == policy
    for key in KEYS.values():
        if key.name.startswith("rules."):
            rule = key.name.removeprefix("rules.")
            levels = [Level.ALLOW, Level.WARN, Level.DENY]
            assert levels.index(said.setting(rule).level) >= levels.index(plain.setting(rule).level)
    assert said.formats <= plain.formats


@settings(max_examples=60, deadline=None)
@given(**CASE)
def test_nothing_is_lost_and_nobody_waives_what_nobody_can(policy, findings, **rest):
    """Every finding is in the decision, whatever waivers and break-glass did to it."""
    decision = decide(policy, subject="file:/model", findings=findings, now=NOW, **rest)
    kept = [reason.finding for reason in decision.reasons]
    for item in findings:
        assert kept.count(item) >= findings.count(item)
    for reason in decision.reasons:
        if reason.finding.rule in UNWAIVABLE:
            assert (reason.level, reason.waiver) == (Level.DENY, None)


@pytest.mark.parametrize("why", [None, "INC-1"])
def test_the_empty_policy_denies_under_any_circumstances(why):
    """Nothing in it permits anything, break-glass included."""
    decision = decide(
        parse("schema = 1\n"), subject="file:/model", scope=EVERYTHING, findings=[], artifacts=[],
        evidence=[], handed_out=frozenset(), now=NOW, break_glass=why,
    )  # fmt: skip
    assert decision.verdict is Verdict.DENY
