"""Deny overrides, silence is not clean, and order does not matter."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safeload.core import EVERYTHING, Coverage, Level, Role, Scope, Status, Verdict
from safeload.policy.combine import combine
from safeload.policy.engine import decide
from safeload.policy.schema import REQUIREMENTS, Setting
from safeload.record import replace
from tests.forge.findings import artifact, finding, signature
from tests.forge.policies import (
    ARTIFACTS,
    EMPTY,
    EVIDENCE,
    FINDINGS,
    HANDED_OUT,
    POLICIES,
    SCOPES,
    UNWAIVABLE,
    parse,
)

MODEL = Scope(name="model", roles=frozenset({Role.CONFIG, Role.WEIGHTS}))
OPEN = (
    'schema = 1\n[defaults]\nunknown = "warn"\noutside-scope = "warn"\n[formats]\nallow = ["safetensors"]\n'
)
SCANNED = artifact()


def judge(
    text, *, findings=(), artifacts=(SCANNED,), evidence=(), scope=EVERYTHING, handed_out=("model.bin",)
):
    """A decision about one scanned file, unless said otherwise."""
    return decide(
        parse(text),
        subject="file:/model",
        scope=scope,
        findings=findings,
        artifacts=artifacts,
        evidence=evidence,
        handed_out=frozenset(handed_out),
    )


def test_a_scanned_file_without_findings_is_allowed():
    """The clean case, without which every other test would be empty."""
    decision = judge(OPEN)
    assert (decision.verdict, decision.inconclusive, decision.reasons) == (Verdict.ALLOW, False, ())


def test_an_empty_policy_denies():
    """No format is allowed by silence."""
    decision = judge(EMPTY)
    assert decision.verdict is Verdict.DENY
    assert [reason.finding.rule for reason in decision.denials] == ["format.not-loadable"]


def test_nothing_to_scan_is_inconclusive():
    """An empty folder is no pass."""
    decision = judge(OPEN, artifacts=())
    assert (decision.verdict, decision.inconclusive) == (Verdict.DENY, True)


@pytest.mark.parametrize(("level", "verdict"), [("deny", "DENY"), ("warn", "ALLOW"), ("allow", "ALLOW")])
def test_the_level_of_the_rule_decides(level, verdict):
    """deny, warn and allow do what they say, and the reason names the line."""
    decision = judge(f'{OPEN}[rules]\npickle.unlisted-global = "{level}"\n', findings=[finding()])
    assert decision.verdict.value == verdict
    assert [(reason.level.value, reason.set_by) for reason in decision.reasons] == [(level, "p.toml:8")]


def test_a_rule_that_is_not_named_is_denied():
    """A new rule does not pass through an old policy."""
    decision = judge(OPEN, findings=[finding("code.python-file")])
    assert decision.denials[0].set_by == "p.toml (names no level for it, so it is denied)"


def test_what_nobody_can_waive_is_denied_at_any_level():
    """Even if a policy object came about that says otherwise."""
    policy = parse(OPEN)
    loose = replace(policy, rules={"pickle.dangerous-global": Setting(level=Level.ALLOW, set_by="p.toml:9")})
    decision = decide(
        loose,
        subject="s",
        scope=EVERYTHING,
        findings=[finding("pickle.dangerous-global", waivable=False)],
        artifacts=[artifact()],
        evidence=[],
        handed_out=frozenset({"model.bin"}),
    )
    assert decision.verdict is Verdict.DENY
    assert "nobody can waive this rule" in decision.denials[0].set_by


@pytest.mark.parametrize(
    ("waivable", "outside", "verdict"),
    [(True, "warn", "ALLOW"), (True, "deny", "DENY"), (False, "warn", "DENY")],
)
def test_side_files_follow_outside_scope(waivable, outside, verdict):
    """A side file that the load does not hand out warns, unless it is dangerous or the policy is strict."""
    decision = judge(
        OPEN.replace('outside-scope = "warn"', f'outside-scope = "{outside}"'),
        findings=[finding(at="optimizer.pt", waivable=waivable)],
        artifacts=[artifact(), artifact("optimizer.pt", form="pickle")],
        scope=MODEL,
    )
    assert decision.verdict.value == verdict
    assert [reason.in_scope for reason in decision.reasons] == [False]


def test_a_finding_about_the_snapshot_is_always_in_scope():
    """What belongs to no file, such as a signature, is about what is loaded too."""
    decision = judge(OPEN, findings=[finding("source.ambiguous", at="org/name")], scope=MODEL)
    assert decision.verdict is Verdict.DENY
    assert decision.reasons[0].in_scope


@pytest.mark.parametrize("rule", ["source.ambiguous", "provenance.unsigned"])
def test_a_file_named_like_the_snapshot_draws_no_finding_out_of_scope(rule):
    """A file `file:/model` in the folder /model is a file, and the signature is not about it."""
    decision = judge(
        OPEN,
        findings=[finding(rule, at="file:/model")],
        artifacts=[artifact(), artifact("file:/model", form="text", role=Role.OTHER)],
        scope=MODEL,
    )
    assert decision.verdict is Verdict.DENY
    assert decision.reasons[0].in_scope


@pytest.mark.parametrize("coverage", [item for item in Coverage if item is not Coverage.SCANNED])
def test_an_unscanned_file_without_finding_gets_one(coverage):
    """A stage that forgets to say something does not make the file clean."""
    decision = judge(
        OPEN.replace('unknown = "warn"', 'unknown = "deny"'),
        artifacts=[artifact(coverage=coverage, form=None)],
    )
    assert decision.verdict is Verdict.DENY
    assert decision.inconclusive is (coverage is not Coverage.MALFORMED)


def test_one_finding_on_a_container_speaks_for_its_members():
    """Twenty thousand unread tensors need one sentence."""
    members = [artifact(members=(f"data/{index}",), coverage=Coverage.NOT_READ) for index in range(3)]
    decision = judge(OPEN, findings=[finding("artifact.not-read")], artifacts=[artifact(), *members])
    assert len(decision.reasons) == 1
    decision = judge(OPEN, findings=[], artifacts=[artifact(), *members])
    assert len(decision.reasons) == 3


def test_a_load_never_receives_what_was_not_scanned():
    """A policy may let an audit pass with a warning; the bytes are not handed out all the same."""
    half = artifact(coverage=Coverage.NOT_READ)
    said = [finding("artifact.not-read")]
    assert judge(OPEN, findings=said, artifacts=[half]).verdict is Verdict.ALLOW
    decision = judge(OPEN, findings=said, artifacts=[half], scope=MODEL)
    assert (decision.verdict, decision.denials[0].set_by) == (
        Verdict.DENY,
        "built in (only what was scanned is loaded)",
    )


def test_what_was_not_scanned_is_denied_once():
    """A person in a hurry reads the first denials: the same one twice hides another."""
    policy = OPEN.replace('unknown = "warn"', 'unknown = "deny"')
    half = artifact(coverage=Coverage.NOT_READ)
    decision = judge(policy, findings=[finding("artifact.not-read")], artifacts=[half], scope=MODEL)
    assert [reason.finding.rule for reason in decision.denials] == ["artifact.not-read"]


def test_only_allowed_formats_are_handed_out():
    """A file outside the load may be of any format; one inside may not."""
    pickle = artifact("optimizer.pt", form="pickle")
    assert judge(OPEN, artifacts=[artifact(), pickle], scope=MODEL).verdict is Verdict.ALLOW
    decision = judge(OPEN, artifacts=[artifact(form="pickle")], scope=MODEL)
    assert [reason.set_by for reason in decision.denials] == ["p.toml:6"]
    assert judge(OPEN, artifacts=[artifact(form=None)]).verdict is Verdict.DENY


def test_a_picture_beside_the_weights_needs_no_allowed_format():
    """What no loader takes is judged by its own rules, unless the policy allows nothing at all."""
    picture = artifact("logo.png", form="png", role=Role.OTHER)
    assert judge(OPEN, artifacts=[picture], handed_out=["logo.png"]).verdict is Verdict.ALLOW
    assert judge(EMPTY, artifacts=[picture], handed_out=["logo.png"]).verdict is Verdict.DENY
    weights = artifact("model.safetensors", form="png")
    assert judge(OPEN, artifacts=[weights], handed_out=["model.safetensors"]).verdict is Verdict.DENY


def test_a_load_receives_no_other_format_under_any_name():
    """An index may call its shards what it likes: the role that a name has is no way around the list."""
    shard = artifact("part-1.bin", form="pickle", role=Role.OTHER)
    decision = judge(OPEN, artifacts=[shard], handed_out=["part-1.bin"], scope=MODEL)
    assert [reason.set_by for reason in decision.denials] == ["p.toml:6"]


def test_an_unknown_format_alone_is_inconclusive():
    """That a file was not recognised says it all: that its format is not allowed would say something else."""
    text = OPEN.replace('unknown = "warn"', 'unknown = "deny"')
    decision = judge(text, artifacts=[artifact(form="gguf", coverage=Coverage.UNRECOGNISED)])
    assert ([reason.finding.rule for reason in decision.denials], decision.inconclusive) == (
        ["artifact.unrecognised"],
        True,
    )


@pytest.mark.parametrize(
    ("rules", "inconclusive"),
    [
        (["artifact.not-read"], True),
        (["artifact.unrecognised", "limits.exceeded"], True),
        (["artifact.not-read", "pickle.unlisted-global"], False),
        (["artifact.malformed"], False),
    ],
)
def test_inconclusive_means_that_only_unknowns_denied(rules, inconclusive):
    """Exit code 3 is for what is not known; one real denial makes it 1."""
    text = OPEN.replace('unknown = "warn"', 'unknown = "deny"')
    decision = judge(text, findings=[finding(rule) for rule in rules])
    assert (decision.verdict, decision.inconclusive) == (Verdict.DENY, inconclusive)


@pytest.mark.parametrize(("status", "inconclusive"), [(Status.ABSENT, False), (Status.UNAVAILABLE, True)])
def test_a_signature_that_could_not_be_checked_is_unknown_and_a_missing_one_is_not(status, inconclusive):
    """Absent evidence is a fact about the snapshot; unavailable evidence is a fact about us."""
    decision = judge(
        OPEN, findings=[finding("provenance.unsigned", at="file:/model")], evidence=[signature(status)]
    )
    assert (decision.verdict, decision.inconclusive) == (Verdict.DENY, inconclusive)


@pytest.mark.parametrize("require", ["pin", "hub", "publisher"])
def test_required_provenance_that_is_not_there_denies(require):
    """The requirement's own line decides, whatever provenance.unsigned is set to."""
    text = f'{OPEN}[rules]\nprovenance.unsigned = "allow"\n[provenance]\nrequire = "{require}"\n'
    signed = replace(signature(Status.VERIFIED), level=require)
    weaker = replace(signed, level=REQUIREMENTS[REQUIREMENTS.index(require) - 1])
    bound = replace(signature(Status.VERIFIED), kind="tree-binding")
    other = replace(bound, subject="1" * 40)
    unbound = replace(bound, status=Status.UNAVAILABLE)
    for evidence in ([signed], [bound], [weaker, bound], [signed, other], [signed, unbound]):
        decision = judge(text, evidence=evidence)
        assert [reason.set_by for reason in decision.denials] == ["p.toml:10"]
    assert judge(text, evidence=[signed, bound]).verdict is Verdict.ALLOW


@pytest.mark.parametrize("require", ["pin", "hub", "publisher"])
def test_a_model_signature_reaches_its_level_by_itself(require):
    """It is over the files, so no commit has to be bound; unless VERIFIED it reaches none."""
    text = f'{OPEN}[provenance]\nrequire = "{require}"\n'
    signed = replace(
        signature(Status.VERIFIED), kind="model-signature", level="publisher", subject="sha256:1"
    )
    assert judge(text, evidence=[signed, signature(Status.ABSENT)]).verdict is Verdict.ALLOW
    for status in (Status.ABSENT, Status.INVALID, Status.UNAVAILABLE):
        lacking = replace(signed, status=status)
        assert judge(text, evidence=[lacking]).verdict is Verdict.DENY
    assert judge(text, evidence=[replace(signed, level="none")]).verdict is Verdict.DENY
    assert judge(text, evidence=[replace(signed, kind="commit-signature")]).verdict is Verdict.DENY


def test_a_signature_that_nobody_asked_for_makes_nothing_unknown():
    """An unsigned commit is denied as such, also where a bundle lies there that nobody wants."""
    commit = replace(signature(Status.ABSENT), required="publisher", required_by="trust.toml:9")
    beside = replace(
        signature(Status.UNAVAILABLE), kind="model-signature", subject="sha256:1", code="not-needed"
    )
    for evidence in ([commit, beside], [beside, commit]):
        decision = judge(OPEN, evidence=evidence)
        assert (decision.verdict, decision.inconclusive) == (Verdict.DENY, False)
    keyless = replace(beside, code="unsupported-signature")
    assert judge(OPEN, evidence=[replace(commit, status=Status.UNAVAILABLE), keyless]).inconclusive
    assert not judge(OPEN, evidence=[keyless, commit]).inconclusive


def test_what_the_trust_store_requires_of_a_model_holds_too():
    """Its requirement comes with either kind of evidence, and the strictest counts."""
    asked = replace(
        signature(Status.ABSENT), kind="model-signature", required="publisher", required_by="trust.toml:9"
    )
    assert [reason.set_by for reason in judge(OPEN, evidence=[asked]).denials] == ["trust.toml:9"]
    denied = replace(asked, status=Status.VERIFIED, level="publisher", required="deny")
    assert judge(OPEN, evidence=[denied]).verdict is Verdict.DENY


@pytest.mark.parametrize("require", ["pin", "hub", "publisher", "deny"])
def test_what_the_trust_store_requires_holds_under_every_policy(require):
    """A rule that asks for a publisher is not loosened by a policy that asks for nothing."""
    text = f'{OPEN}[rules]\nprovenance.unsigned = "allow"\n'
    asked = replace(signature(Status.ABSENT), required=require, required_by="trust.toml:9")
    bound = replace(signature(Status.VERIFIED), kind="tree-binding")
    assert [reason.set_by for reason in judge(text, evidence=[asked, bound]).denials] == ["trust.toml:9"]
    proven = replace(asked, status=Status.VERIFIED, level="publisher")
    expected = Verdict.DENY if require == "deny" else Verdict.ALLOW
    assert judge(text, evidence=[proven, bound]).verdict is expected


def test_reasons_are_sorted_denials_first_then_by_place():
    """The same audit reads the same every time."""
    text = f'{OPEN}[rules]\ncode.python-file = "warn"\ncode.native-binary = "allow"\n'
    found = [
        finding("code.native-binary", at="a"),
        finding("code.python-file", at="b"),
        finding("pickle.trailing-data", at="c", offset=9),
        finding("pickle.trailing-data", at="c", offset=2),
    ]
    order = [
        (r.level.value, r.finding.location.artifact, r.finding.location.offset)
        for r in judge(text, findings=found).reasons
    ]
    assert order == [("deny", "c", 2), ("deny", "c", 9), ("warn", "b", None), ("allow", "a", None)]


CASE = {
    "policy": POLICIES,
    "findings": st.lists(FINDINGS, max_size=4),
    "artifacts": ARTIFACTS,
    "evidence": EVIDENCE,
    "scope": SCOPES,
    "handed_out": HANDED_OUT,
}


@settings(max_examples=60, deadline=None)
@given(**CASE, more=FINDINGS)
def test_adding_a_finding_never_turns_deny_into_allow(policy, findings, more, **rest):
    """More knowledge can only make the verdict stricter."""
    before = decide(policy, subject="file:/model", findings=findings, **rest)
    after = decide(policy, subject="file:/model", findings=[*findings, more], **rest)
    if before.verdict is Verdict.DENY:
        assert after.verdict is Verdict.DENY


@settings(max_examples=40, deadline=None)
@given(**CASE, seed=st.integers(0, 9))
def test_the_order_of_the_inputs_never_matters(policy, findings, artifacts, seed, **rest):
    """Scanners run in any order, and the decision is the same object."""
    shuffle = random.Random(seed)
    mixed = shuffle.sample(findings, len(findings))
    files = shuffle.sample(artifacts, len(artifacts))
    first = decide(policy, subject="s", findings=findings, artifacts=artifacts, **rest)
    assert decide(policy, subject="s", findings=mixed, artifacts=files, **rest) == first


@settings(max_examples=60, deadline=None)
@given(**CASE, other=POLICIES)
def test_combining_with_another_policy_never_turns_deny_into_allow(policy, other, **rest):
    """The strictest of two policies denies what either denies: tightening any level is a special case."""
    alone = [decide(item, subject="s", **rest).verdict for item in (policy, other)]
    both = decide(combine(policy, other), subject="s", **rest).verdict
    if Verdict.DENY in alone:
        assert both is Verdict.DENY


@settings(max_examples=40, deadline=None)
@given(**{key: value for key, value in CASE.items() if key != "policy"})
def test_the_empty_policy_never_allows(**rest):
    """Whatever is found or not found, as soon as anything is handed out."""
    rest["handed_out"] = frozenset({item.location.artifact for item in rest["artifacts"]})
    rest["artifacts"] = [item for item in rest["artifacts"] if not item.location.members]
    assert decide(parse(EMPTY), subject="s", **rest).verdict is Verdict.DENY


@settings(max_examples=40, deadline=None)
@given(**CASE)
def test_every_finding_is_in_the_decision(policy, findings, **rest):
    """None is lost, whatever its level, and none of the unwaivable ones passes."""
    decision = decide(policy, subject="s", findings=findings, **rest)
    kept = [reason.finding for reason in decision.reasons]
    for item in findings:
        assert kept.count(item) >= findings.count(item)
    assert all(reason.level is Level.DENY for reason in decision.reasons if reason.finding.rule in UNWAIVABLE)


@pytest.mark.parametrize(
    ("keys", "key", "level", "verdict"),
    [
        ('["acme"]', "acme", "publisher", "ALLOW"),
        ('["acme"]', "other", "publisher", "DENY"),
        ("[]", "acme", "publisher", "DENY"),
        ('["acme"]', "acme", "hub", "DENY"),
    ],
)
def test_a_policy_can_name_the_keys_that_count(keys, key, level, verdict):
    """Among those of the trust store; a good signature by another one is not enough."""
    text = f'{OPEN}[provenance]\nrequire = "publisher"\nkeys = {keys}\n'
    evidence = [
        replace(signature(Status.VERIFIED), level=level, key=key),
        replace(signature(Status.VERIFIED), kind="tree-binding"),
    ]
    decision = judge(text, evidence=evidence)
    assert decision.verdict.value == verdict
    if (key, level) == ("other", "publisher"):
        assert decision.denials[0].finding.message.endswith("[provenance] keys names, and other signed")


def test_a_pin_counts_whatever_keys_are_named():
    """It is nobody's signature."""
    text = f'{OPEN}[provenance]\nrequire = "pin"\nkeys = ["acme"]\n'
    pinned = [
        replace(signature(Status.VERIFIED), level="pin"),
        replace(signature(Status.VERIFIED), kind="tree-binding"),
    ]
    assert judge(text, evidence=pinned).verdict is Verdict.ALLOW
