"""`safeload explain RULE`: what a rule means, what helps, and what the policy says about it."""

from __future__ import annotations

import click

from safeload.cli._options import policy_option


def _rules(_context: click.Context, _argument: click.Parameter, start: str) -> list[str]:
    """What a shell completes."""
    from safeload.cli._rules import catalogue

    return [rule for rule in catalogue() if rule.startswith(start)]


@click.command(short_help="Say what a rule means, why it matters and what to do.")
@click.argument("rule", metavar="RULE", shell_complete=_rules)
@policy_option
def command(rule: str, policy: str | None) -> None:
    """Say what a rule means, why it matters and what to do, with the policy line that applies."""
    import textwrap

    from safeload.cli._output import write
    from safeload.cli._rules import catalogue
    from safeload.core import visible
    from safeload.errors import UsageError
    from safeload.policy.combine import resolve
    from safeload.sources.policy_files import policy_texts

    rules = catalogue()
    if rule not in rules:
        from difflib import get_close_matches

        near = get_close_matches(rule, rules, n=1, cutoff=0.75)
        hint = f"did you mean {near[0]}?" if near else "`safeload rules` lists them"
        raise UsageError(f"there is no rule {rule}; {hint}")
    found = rules[rule]
    unwaivable = {item.id for item in rules.values() if not item.waivable}
    setting = resolve(policy_texts(policy), rule_ids=rules, unwaivable=unwaivable).setting(rule)
    paragraphs = [found.summary, found.why, f"What to do: {found.fix}."]
    lines = [f"{found.id} ({found.severity.name.lower()})"]
    for paragraph in paragraphs:
        lines += ["", *textwrap.wrap(paragraph, 96, break_long_words=False, break_on_hyphens=False)]
    lines += ["", f"policy: {setting.level.value}, set by {visible(setting.set_by)}"]
    if not found.waivable:
        lines.append("nobody can waive it, and no policy sets it below deny")
    lines += [f"see {reference}" for reference in found.references]
    write("\n".join(lines) + "\n", None)
