"""`safeload audit PATH...`: judge every file and report; `--locked` holds the files to a lock."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from safeload.cli._options import policy_option

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path
    from types import ModuleType

    from safeload.core import AuditReport
    from safeload.sources.lock_files import LockFile


@click.command()
@click.argument("paths", metavar="PATH...", nargs=-1)
@policy_option
@click.option("--format", "form", default="text", show_default=True, metavar="F", help="text or json.")
@click.option("--output", "-o", metavar="FILE", help="Write the report to FILE instead of stdout.")
@click.option("--repository", metavar="ORG/NAME", help="What the clone is said to be of; to be verified.")
@click.option("--revision", metavar="COMMIT", help="All 40 digits; else what is checked out or bundled.")
@click.option("--trust", metavar="DIR", help="A trust store, where the policy names none.")
@click.option("--bundle", metavar="FILE", help="git bundle with commit and trees, for a plain folder.")
@click.option(
    "--locked", is_flag=True, help="Hold all files to safeload.lock; without PATH, all of its subjects."
)
@click.option("--lock", metavar="FILE", help="The same with another lock file.")
@click.option("--quick", is_flag=True, help="Read interpreted bytes only. Never allows: exit code 3 at best.")
def command(
    paths: Sequence[str],
    policy: str | None,
    form: str,
    output: str | None,
    *,
    locked: bool,
    lock: str | None,
    quick: bool,
    **asked: str | None,
) -> int:
    """Judge every file of a checkpoint by a policy.

    Exit code 0: allowed, warnings may stand. 1: denied. 2: an error of usage, policy or tool.
    3: nothing was denied as such, but something that matters is unknown or unread.

    With --repository and a trust store, the commit of a clone or bundle is verified and every file is
    compared with it. git is never run, and its configuration never read.

    With --locked or --lock, a subject has to be in the lock file, and its files have to be the ones that
    were locked: no other, no more, no fewer.
    """
    from safeload.cli import FAILED, complain, worst
    from safeload.cli._output import coloured, write
    from safeload.errors import UsageError

    reporter = _reporter(form)
    documents: list[str] = []
    codes: list[int] = []
    held = _lock(lock, locked=locked)
    for target, place, more in _subjects(paths, held):
        try:
            said = {key: value for key, value in asked.items() if value is not None}
            report = _audit(target, policy, more | said, quick=quick, lock=held)
        except UsageError as error:
            # the other subjects still get their reports
            complain(f"{place}{error}")
            codes.append(FAILED)
            continue
        documents.append(reporter.render(report, colour=coloured(output)))
        codes.append(exit_code(report))
    if documents:
        write(reporter.join(documents), output)
    return worst(codes)


def exit_code(report: AuditReport) -> int:
    """The exit code of one report."""
    from safeload.cli import ALLOWED, DENIED, INCONCLUSIVE
    from safeload.core import Verdict

    decision = report.decision
    if decision.verdict is Verdict.DENY:
        return INCONCLUSIVE if decision.inconclusive else DENIED
    return INCONCLUSIVE if report.quick else ALLOWED


def _lock(named: str | None, *, locked: bool) -> LockFile | None:
    """The lock that the subjects are held to, where the user asks for one.

    Raises:
        UsageError: it cannot be read.
    """
    if named is None and not locked:
        return None
    # most audits have none
    from safeload.sources.lock_files import NAME, read_lock

    return read_lock(named or NAME)


def _subjects(paths: Sequence[str], lock: LockFile | None) -> list[tuple[str | Path, str, dict[str, str]]]:
    """What to audit, where the lock names it, and what the lock says about its origin."""
    if lock is None or paths:
        if not paths:
            raise click.UsageError("Missing argument 'PATH...'.")
        return [(target_of_argument(path), "", {}) for path in paths]
    from safeload.errors import UsageError
    from safeload.sources.lock_files import target_of

    if not lock.lock.subjects:
        raise UsageError(f"{lock.lock.source} holds no subject")
    return [
        (
            target_of(lock, subject),
            f"{lock.lock.place(subject)}: ",
            {} if subject.repository is None else {"repository": subject.repository},
        )
        for subject in lock.lock.subjects
    ]


def target_of_argument(path: str) -> str | Path:
    """A file is a path; anything else may also be the name of a repository, which the pipeline decides."""
    if os.path.isfile(path):  # noqa: PTH113 - most subjects are folders, and start without pathlib
        from pathlib import Path

        return Path(path)
    return path


def _audit(
    target: str | Path,
    policy: str | None,
    asked: Mapping[str, str],
    *,
    quick: bool,
    lock: LockFile | None,
) -> AuditReport:
    from safeload.cli._progress import ProgressLine
    from safeload.pipeline import Origin, audit

    with ProgressLine() as progress:
        return audit(
            target,
            policy=policy,
            quick=quick,
            progress=progress.callback,
            origin=Origin(**asked),
            lock=lock,
        )


def _reporter(form: str) -> ModuleType:
    """The module that renders a format.

    Raises:
        UsageError: no such format.
    """
    from safeload import discovery
    from safeload.errors import UsageError

    known = {module.FORMAT: module for module in discovery.modules("safeload.reports")}
    if form not in known:
        raise UsageError(f"--format {form} is not one of {', '.join(sorted(known))}")
    return known[form]
