"""`safeload rules`: what can be found."""

from __future__ import annotations

import click


@click.command()
def command() -> None:
    """List every rule: its id, severity and what it names."""
    from safeload.cli._output import write
    from safeload.cli._rules import catalogue

    rules = catalogue().values()
    width = max(len(rule.id) for rule in rules)
    lines = []
    for rule in rules:
        mark = " " if rule.waivable else "!"
        lines.append(f"{rule.id:<{width}}  {mark} {rule.severity.name.lower():<8}  {rule.summary}")
    lines += ["", f"{len(rules)} rules; ! nobody can waive it, and no policy sets it below deny"]
    write("\n".join(lines) + "\n", None)
