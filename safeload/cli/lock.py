"""`safeload lock SUBJECT...`: audit checkpoints, and write down what was allowed, file by file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from safeload.cli._options import files, policy_option

if TYPE_CHECKING:
    from collections.abc import Sequence


@click.command(short_help="Write down, file by file, what an audit allowed.")
@click.argument("subjects", metavar="[SUBJECT]...", nargs=-1, shell_complete=files)
@click.option(
    "--lock",
    "-o",
    "file",
    default="safeload.lock",
    show_default=True,
    metavar="FILE",
    shell_complete=files,
    help="The lock file.",
)
@policy_option
@click.option("--update", is_flag=True, help="Take the files as they are now in place of the locked ones.")
@click.option("--remove", is_flag=True, help="Take these subjects out of the lock.")
@click.option("--check", is_flag=True, help="Write nothing. Exit code 1 where something would be written.")
@click.option("--offline", is_flag=True, help="Of a Hub repository: what is in the cache, and no network.")
@click.option("--repository", metavar="ORG/NAME", help="What a clone is said to be of; to be verified.")
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
def command(
    subjects: Sequence[str],
    file: str,
    policy: str | None,
    *,
    update: bool,
    remove: bool,
    check: bool,
    offline: bool,
    **asked: str | None,
) -> int:
    """Audit checkpoints, and lock what is allowed: commit, and size and sha256 of every file.

    SUBJECT is a folder, a file or hf:org/name@revision; without one, all subjects of the lock. What is
    locked already has to be as it was locked, unless --update says that the change is meant. Other
    subjects keep their entries. The lock is written where every subject is allowed, and else not at all.

    Exit code 0: the lock holds the subjects as they are. 1: one of them is denied or not as it was locked;
    with --check, the lock is not in step. 2: an error of usage, policy or tool. 3: something that matters
    is unknown or unread.
    """
    from safeload.cli import ALLOWED, DENIED, FAILED, complain, worst
    from safeload.cli._lock import Locking
    from safeload.cli._output import write
    from safeload.errors import UsageError

    if remove and (update or not subjects):
        raise click.UsageError("--remove takes the subjects to remove, and no --update")
    locking = Locking(file, policy, asked, update=update, offline=offline)
    codes = []
    for target, place in locking.targets(subjects):
        try:
            codes.append(locking.remove(target) if remove else locking.add(target))
        except UsageError as error:
            # the other subjects are judged all the same, so that one run says everything
            complain(f"{place}{error}")
            codes.append(FAILED)
    code = worst(codes)
    if check and code == ALLOWED and locking.changed:
        code = DENIED
    elif not check and code == ALLOWED:
        locking.write()
    write("".join(f"{line}\n" for line in locking.summary(check=check, done=code == ALLOWED)), None)
    return code
