"""What holds for all rules at once."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from safeload import discovery
from safeload.scanners import FACT_KINDS

RULES = discovery.modules("safeload.rules")
LISTING = Path(__file__).parent.parent / "golden" / "rules.txt"


def test_the_listing_of_rules_is_the_golden_one():
    """A rule that appears, vanishes or becomes waivable shows in review."""
    lines = [
        f"{module.RULE.id} {module.RULE.severity.name.lower()}{'' if module.RULE.waivable else ' unwaivable'}"
        for module in RULES
    ]
    assert "\n".join(sorted(lines)) + "\n" == LISTING.read_text()


def test_ids_are_unique_and_name_their_file():
    """`ls rules/` is the list of rules."""
    assert [count for count in Counter(module.RULE.id for module in RULES).values() if count > 1] == []
    for module in RULES:
        stem = module.__name__.rsplit(".", 1)[-1]
        assert re.fullmatch(r"[a-z]+\.[a-z]+(-[a-z]+)*", module.RULE.id)
        assert module.RULE.id.replace(".", "_").replace("-", "_") == stem


def test_every_fact_kind_is_read_by_some_rule():
    """No fact is stated in vain, and no rule waits for a kind that does not exist."""
    read = {kind for module in RULES for kind in module.READS}
    assert {kind for kind in read if not kind.startswith("evidence.")} == set(FACT_KINDS)


def test_every_rule_is_documented_in_full_sentences():
    """`safeload explain` prints these fields, and reports print the fix."""
    for module in RULES:
        rule = module.RULE
        assert rule.summary.endswith("."), rule.id
        assert rule.why.endswith("."), rule.id
        assert rule.fix, rule.id
        assert rule.fix[0].islower() or rule.fix[0] == "`", rule.id
        assert all(reference.startswith("https://") for reference in rule.references), rule.id


def test_no_rule_names_a_command_that_does_not_exist():
    """Advice that cannot be followed is worse than none."""
    commands = {module.__name__.rsplit(".", 1)[-1] for module in discovery.modules("safeload.cli")}
    for module in RULES:
        text = f"{module.RULE.why} {module.RULE.fix}"
        assert set(re.findall(r"`safeload ([a-z]+)", text)) <= commands, module.RULE.id


def test_rules_touch_nothing(sealed):
    """Rules open, import and execute nothing, whatever the fact holds."""
    from safeload.core import Status
    from tests.forge.findings import fact, signature

    odd = fact("x", key=None, value=["\x1b[31m", 1], known="yes", coverage=["?"], names={"a": 1}, extra="e")
    with sealed():
        for module in RULES:
            for item in (odd, signature(Status.INVALID), signature(Status.ABSENT)):
                for found in module.check(item):
                    assert found.rule == module.RULE.id
