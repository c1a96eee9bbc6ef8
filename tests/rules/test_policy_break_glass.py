"""policy.break-glass: fires, stays quiet, near miss."""

from __future__ import annotations

from safeload.core import EVERYTHING
from safeload.policy.engine import decide
from safeload.rules import policy_break_glass as rule
from tests.forge.findings import artifact, finding
from tests.forge.policies import parse


def test_policy_break_glass_has_its_id():
    """The id is never renumbered or reused."""
    assert rule.RULE.id == "policy.break-glass"


PERMITTED = 'schema = 1\n[formats]\nallow = ["safetensors"]\n[rules]\npolicy.break-glass = "warn"\n'


def rules_of(text, why):
    """The rules of a decision about one denied finding."""
    decision = decide(
        parse(text), subject="file:/model", scope=EVERYTHING, findings=[finding()],
        artifacts=[artifact()], evidence=[], handed_out=frozenset({"model.bin"}), break_glass=why,
    )  # fmt: skip
    return [(reason.finding.rule, reason.level.value) for reason in decision.reasons]


def test_policy_break_glass_fires():
    """Where the policy permits it, and the denial is a warning."""
    assert rules_of(PERMITTED, "INC-1") == [
        ("policy.break-glass", "warn"),
        ("pickle.unlisted-global", "warn"),
    ]


def test_policy_break_glass_stays_quiet():
    """Nobody asked for it."""
    assert rules_of(PERMITTED, None) == [("pickle.unlisted-global", "deny")]


def test_policy_break_glass_near_miss():
    """Asked for, and not permitted: one denial more."""
    assert rules_of(PERMITTED.replace("warn", "deny"), "INC-1") == [
        ("policy.break-glass", "deny"),
        ("pickle.unlisted-global", "deny"),
    ]
