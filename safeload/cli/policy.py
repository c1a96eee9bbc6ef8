"""`safeload policy ...`: check, test, explain and compare policies, and keep their waivers.

Each command is a function of `_policy_commands`; here stand names, arguments and help.
"""

from __future__ import annotations

import click

from safeload.cli._options import files as complete_files

_facts = click.option(
    "--facts",
    multiple=True,
    metavar="PATH",
    shell_complete=complete_files,
    help="What was recorded: JSON reports, facts documents, folders of them.",
)


@click.group(short_help="Check, test, explain and compare policies.")
def command() -> None:
    """Check, test, explain and compare policies, and keep their waivers."""


@command.command(short_help="Read policies and tell every mistake in them.")
@click.argument("files", metavar="[POLICY]...", shell_complete=complete_files, nargs=-1)
def check(files: tuple[str, ...]) -> int:
    """Read policies and tell every mistake, with file, line and the word that was meant.

    Without a name, the policies that apply here. Exit code 0: none has a mistake. 2: one has.
    """
    from safeload.cli._policy_commands import check

    return check(files)


@command.command(short_help="Run tests of policies.")
@click.argument("paths", metavar="[PATH]...", shell_complete=complete_files, nargs=-1)
@click.option("--coverage", is_flag=True, help="Also list the rules that no test has seen fire.")
def test(paths: tuple[str, ...], *, coverage: bool) -> int:
    """Run tests of policies: *.test.toml, in policies/tests where no path is given.

    Exit code 0: all hold. 1: one does not. 2: one cannot be read.
    """
    from safeload.cli._policy_commands import test

    return test(paths, coverage=coverage)


@command.command(short_help="Show the value in force, and the line that set it.")
@click.argument("name", metavar="RULE|KEY")
@click.option(
    "--policy",
    metavar="P",
    shell_complete=complete_files,
    help="A policy file or a built-in; else the one that applies here.",
)
@click.option("--for", "subject", metavar="SUBJECT", help="hf:org/name or a folder: with its overrides.")
def explain(name: str, policy: str | None, subject: str | None) -> None:
    """Show the value of a rule or key that is in force, and the line that set it.

    Below it stand the lines that it took the place of, in the policies that are extended.
    """
    from safeload.cli._policy_commands import explain

    explain(name, policy, subject)


@command.command(short_help="Show what a new policy tightens and loosens.")
@click.argument("first", metavar="OLD", shell_complete=complete_files)
@click.argument("second", metavar="NEW", shell_complete=complete_files)
@_facts
@click.option(
    "--lock",
    metavar="FILE",
    shell_complete=complete_files,
    help="Also all subjects of a lock, read again without network.",
)
@click.option("--fail-on-loosened", is_flag=True, help="End with 1 where a key was loosened.")
def diff(first: str, second: str, facts: tuple[str, ...], lock: str | None, *, fail_on_loosened: bool) -> int:
    """Show what a new policy tightens and loosens, and which verdicts it changes."""
    from safeload.cli._policy_commands import diff

    return diff(first, second, facts, lock, fail_on_loosened=fail_on_loosened)


@command.command(short_help="Write a policy under which what was recorded passes.")
@click.option(
    "--from-audit",
    "facts",
    multiple=True,
    required=True,
    metavar="PATH",
    shell_complete=complete_files,
    help="Recorded reports.",
)
@click.option(
    "--extends",
    "base",
    default="default",
    show_default=True,
    metavar="P",
    shell_complete=complete_files,
    help="A built-in.",
)
@click.option("--owner", required=True, metavar="WHO", help="Who answers for the waivers.")
@click.option("--reason", default="there when the policy was introduced", show_default=True, metavar="TEXT")
@click.option("--days", default=30, show_default=True, help="How long the waivers last.")
@click.option(
    "--output",
    "-o",
    metavar="FILE",
    shell_complete=complete_files,
    help="Write the policy to FILE instead of stdout.",
)
def init(
    *, facts: tuple[str, ...], base: str, owner: str, reason: str, days: int, output: str | None
) -> None:
    """Write a policy under which what was recorded passes for some days: a baseline to start from.

    Each denied finding gets a waiver that is bound to its file. What nobody can waive is listed.
    """
    from safeload.cli._policy_commands import init

    init(facts, base, owner=owner, reason=reason, days=days, output=output)


@command.command(short_help="Add a waiver to a policy file.")
@click.argument("file", metavar="POLICY", shell_complete=complete_files)
@click.option(
    "--report",
    "facts",
    multiple=True,
    required=True,
    metavar="PATH",
    shell_complete=complete_files,
    help="Recorded reports.",
)
@click.option("--rule", required=True, metavar="RULE", help="The rule to waive.")
@click.option("--file", "artifact", metavar="NAME", help="Only findings in this file of the model.")
@click.option("--subject", metavar="PATTERN", help="Sources that it is for; the report's own by default.")
@click.option("--reason", required=True, metavar="TEXT")
@click.option("--owner", required=True, metavar="WHO")
@click.option("--days", default=30, show_default=True, help="How long the waiver lasts.")
def waive(
    *,
    file: str,
    facts: tuple[str, ...],
    rule: str,
    artifact: str | None,
    subject: str | None,
    reason: str,
    owner: str,
    days: int,
) -> None:
    """Add a waiver to a policy file, bound to the digest of what a recorded report found."""
    from safeload.cli._policy_commands import waive

    waive(file, facts, rule, artifact, subject, reason=reason, owner=owner, days=days)


@command.command(short_help="Take out waivers that ended or match nothing.")
@click.argument("file", metavar="POLICY", shell_complete=complete_files)
@_facts
@click.option("--check", "only_check", is_flag=True, help="Change nothing; end with 1 where there is any.")
def prune(*, file: str, facts: tuple[str, ...], only_check: bool) -> int:
    """Take out waivers that have ended, and those that match nothing in recorded reports."""
    from safeload.cli._policy_commands import prune

    return prune(file, facts, only_check=only_check)


@command.command()
def schema() -> None:
    """Print the JSON schema of policies, for editors."""
    from safeload.cli._policy_commands import schema

    schema()
