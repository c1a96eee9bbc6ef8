"""`safeload facts PATH...`: what is known about a checkpoint, for an engine of the user's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from safeload.cli._options import files, policy_option

if TYPE_CHECKING:
    from collections.abc import Sequence


@click.command(short_help="Print what is known about a checkpoint as JSON.")
@click.argument("paths", metavar="PATH...", nargs=-1, required=True, shell_complete=files)
@policy_option
@click.option(
    "--output",
    "-o",
    metavar="FILE",
    shell_complete=files,
    help="Write the document to FILE instead of stdout.",
)
@click.option("--repository", metavar="ORG/NAME", help="What the clone is said to be of; to be verified.")
@click.option("--revision", metavar="COMMIT", help="All 40 digits; else what is checked out or bundled.")
@click.option(
    "--trust", metavar="DIR", shell_complete=files, help="A trust store, where the policy names none."
)
@click.option(
    "--bundle",
    metavar="FILE",
    shell_complete=files,
    help="git bundle with commit and trees, for a plain folder.",
)
@click.option(
    "--lock",
    metavar="FILE",
    shell_complete=files,
    help="A lock file; whether it holds the files is evidence.",
)
@click.option("--offline", is_flag=True, help="Of a Hub repository: what is in the cache, and no network.")
def command(
    paths: Sequence[str],
    policy: str | None,
    output: str | None,
    *,
    lock: str | None,
    offline: bool,
    **asked: str | None,
) -> int:
    """Print facts, evidence and artifacts as JSON (safeload/facts/v1, see docs/facts.md), and decide nothing.

    Several subjects make a list. The policy's limits and packs of pickle records hold while files are read;
    its levels do not show.

    Exit code 0: the facts are there, whatever they say. 2: an error of usage, policy or tool.
    """
    from safeload.cli import ALLOWED, FAILED, complain
    from safeload.cli._output import write
    from safeload.cli._subjects import audit_subject, read_lock_of, subjects_of
    from safeload.errors import UsageError
    from safeload.reports._facts import render_facts

    held = read_lock_of(lock, locked=False)
    documents: list[str] = []
    code = ALLOWED
    for subject in subjects_of(paths, held, asked):
        try:
            report = audit_subject(subject, policy, quick=False, offline=offline, lock=held)
        except UsageError as error:
            # the other subjects still get their facts
            complain(str(error))
            code = FAILED
            continue
        documents.append(render_facts(report))
    if len(paths) == 1:
        text = "".join(documents)
    else:
        text = "[\n" + ",\n".join(document.rstrip("\n") for document in documents) + "\n]\n"
    if documents:
        write(text, output)
    return code
