"""`safeload audit PATH...`: judge every file and report; `--locked` holds the files to a lock."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from safeload.cli._options import files, policy_option
from safeload.cli._rendering import output_options

if TYPE_CHECKING:
    from collections.abc import Sequence

    from safeload.cli._attest import Attester
    from safeload.core import AuditReport


@click.command(short_help="Judge every file of a checkpoint by a policy.")
@click.argument("paths", metavar="[PATH]...", nargs=-1, shell_complete=files)
@policy_option
@output_options
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
    "--model-signature",
    metavar="FILE",
    shell_complete=files,
    help="Bundle of OpenSSF Model Signing, else model.sig.",
)
@click.option(
    "--attest",
    metavar="FILE",
    shell_complete=files,
    help="Write what was established to FILE, for `safeload verify`.",
)
@click.option(
    "--attest-key",
    metavar="PEM",
    shell_complete=files,
    help="Private key that signs it; without one it is a report.",
)
@click.option(
    "--locked", is_flag=True, help="Hold all files to safeload.lock; without PATH, all of its subjects."
)
@click.option("--lock", metavar="FILE", shell_complete=files, help="The same with another lock file.")
@click.option("--offline", is_flag=True, help="Of a Hub repository: what is in the cache, and no network.")
@click.option("--break-glass", metavar="REASON", help="Overrule denials, where the policy permits it.")
@click.option("--quick", is_flag=True, help="Read interpreted bytes only. Never allows: exit code 3 at best.")
def command(
    paths: Sequence[str],
    policy: str | None,
    form: str | None,
    outputs: Sequence[str],
    *,
    attest: str | None,
    attest_key: str | None,
    summary: bool,
    locked: bool,
    lock: str | None,
    quick: bool,
    offline: bool,
    break_glass: str | None,
    **asked: str | None,
) -> int:
    """Judge every file of a checkpoint by a policy: of folders, files, or hf:org/name@revision.

    Exit code 0: allowed, warnings may stand. 1: denied. 2: an error of usage, policy or tool.
    3: nothing was denied as such, but something that matters is unknown or unread.

    A Hub repository is resolved to a commit once and downloaded into the cache of huggingface_hub, whose
    environment variables hold (HF_TOKEN, HF_ENDPOINT, HF_HOME, HF_HUB_OFFLINE). Its signature is verified by
    the trust store of the policy, or of --trust.

    With --repository and a trust store, the commit of a clone or bundle is verified and every file is
    compared with it; so is a model.sig in the folder. git is never run, and its configuration never read.

    With --locked or --lock, a subject has to be in the lock file, and its files have to be the ones that
    were locked: no other, no more, no fewer. A Hub repository is then asked for at its locked commit.
    """
    from safeload.cli import FAILED, complain, worst
    from safeload.cli._rendering import Rendering
    from safeload.cli._subjects import audit_subject, read_lock_of, subjects_of
    from safeload.errors import UsageError
    from safeload.sources.tool_settings import read_settings

    settings = read_settings(paths)
    rendering = Rendering(form, outputs, settings=settings, summary=summary)
    attester = _attester(paths, attest, attest_key, quick=quick)
    codes: list[int] = []
    held = read_lock_of(lock, locked=locked)
    for subject in subjects_of(paths, held, asked):
        try:
            report = audit_subject(
                subject,
                policy,
                quick=quick,
                offline=offline,
                lock=held,
                break_glass=break_glass,
                progress=settings.progress,
            )
        except UsageError as error:
            # the other subjects still get their reports
            complain(f"{subject.place}{error}")
            codes.append(FAILED)
            continue
        rendering.add(report)
        codes.append(exit_code(report))
        if attester is not None:
            codes.append(_attested(attester, report, asked["repository"]))
    rendering.write()
    return worst(codes)


def exit_code(report: AuditReport) -> int:
    """The exit code of one report."""
    from safeload.cli import ALLOWED, DENIED, INCONCLUSIVE
    from safeload.core import Verdict

    decision = report.decision
    if decision.verdict is Verdict.DENY:
        return INCONCLUSIVE if decision.inconclusive else DENIED
    return INCONCLUSIVE if report.quick else ALLOWED


def _attested(attester: Attester, report: AuditReport, repository: str | None) -> int:
    """Write the attestation; that it could not be written is not the verdict, but counts before it."""
    from safeload.cli import ALLOWED, FAILED, complain
    from safeload.errors import UsageError

    try:
        complain(attester.write(report, repository))
    except UsageError as error:
        complain(str(error))
        return FAILED
    return ALLOWED


def _attester(paths: Sequence[str], attest: str | None, key: str | None, *, quick: bool) -> Attester | None:
    """What writes the attestation, if one was asked for.

    Raises:
        UsageError: it cannot be written, or would not say what it seems to.
    """
    from safeload.errors import UsageError

    if attest is None:
        if key is not None:
            raise UsageError("--attest-key signs what --attest writes: name its file")
        return None
    if quick or len(paths) != 1:
        raise UsageError("an attestation is about one folder or file that was read whole")
    from safeload.cli._attest import Attester

    return Attester(attest, key, paths[0])
