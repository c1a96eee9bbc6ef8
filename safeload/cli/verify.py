"""`safeload verify PATH --attestation FILE`: an earlier verdict, held against the files that are here."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from safeload.cli._options import files, policy_option

if TYPE_CHECKING:
    from collections.abc import Sequence

    from safeload.pipeline.attested import Attested
    from safeload.policy.schema import Policy

SCHEMA = "safeload/verify/v1"


@click.command(short_help="Hold files against the attestation of an earlier audit.")
@click.argument("path", metavar="PATH", shell_complete=files)
@click.option(
    "--attestation",
    required=True,
    metavar="FILE",
    shell_complete=files,
    help="What `safeload audit --attest` wrote.",
)
@click.option("--key", metavar="PEM", shell_complete=files, help="Public key of who attests.")
@click.option(
    "--trust",
    metavar="DIR",
    shell_complete=files,
    help="A trust store with attesters, where the policy names none.",
)
@click.option("--repository", metavar="ORG/NAME", help="What the attestation has to be about.")
@policy_option
@click.option("--any-policy", is_flag=True, help="Take a verdict under another policy, and say so.")
@click.option("--max-age", metavar="SPAN", help="Refuse what is older: 30d, 12h, 90m.")
@click.option("--allow-unsigned", is_flag=True, help="Take a report that proves nothing about its writer.")
@click.option("--format", "form", default="text", show_default=True, type=click.Choice(["text", "json"]))
def command(
    *,
    path: str,
    attestation: str,
    key: str | None,
    trust: str | None,
    repository: str | None,
    policy: str | None,
    any_policy: bool,
    max_age: str | None,
    allow_unsigned: bool,
    form: str,
) -> int:
    """Check that the files are the ones that an attestation says were audited and allowed.

    Nothing is scanned and nothing is loaded: this says that somebody whose key you trust has audited these
    very bytes under this very policy. No network is used.

    Exit code 0: they are. 1: they are not, or the attestation does not hold. 2: an error of usage, policy or
    tool. 3: nothing is known to be wrong, but a file could not be read.
    """
    import os
    import time

    from safeload.cli import ALLOWED, DENIED, INCONCLUSIVE
    from safeload.cli._attest import read_attestation, read_public, seconds
    from safeload.cli._output import write
    from safeload.errors import UsageError
    from safeload.pipeline import resolve_policy
    from safeload.pipeline.attested import Asked, AttestationRefused, verify_attestation

    if key is not None and trust is not None:
        raise UsageError("--key says whose word counts, and so does --trust: give one of them")
    if path.startswith("hf:"):
        raise UsageError(
            f"{path}: files are verified where they are: give the folder that they were put into"
        )
    if not os.path.exists(path):  # noqa: PTH110 - a name is all that is needed
        raise UsageError(f"{path}: no such file or directory")
    resolved = resolve_policy(policy, audited=path)
    asked = Asked(
        key=None if key is None else read_public(key),
        trust=trust,
        repository=repository,
        max_age=seconds(max_age),
        allow_unsigned=allow_unsigned,
        any_policy=any_policy,
    )
    data = read_attestation(attestation)
    try:
        attested = verify_attestation(path, data, asked, policy=resolved, now=time.time())
    except AttestationRefused as error:
        write(_refused(path, error.problems, form), None)
        return INCONCLUSIVE if error.unread else DENIED
    write(_holds(path, attested, resolved, form), None)
    return ALLOWED


def _refused(path: str, problems: Sequence[str], form: str) -> str:
    from safeload.core import shown, visible

    if form == "json":
        return _json(path, verified=False, problems=list(problems))
    return "\n".join([f"REFUSED {visible(path)}", *(f"  {shown(problem)}" for problem in problems)]) + "\n"


def _holds(path: str, attested: Attested, policy: Policy, form: str) -> str:
    from safeload.core import shown, visible

    summary = attested.summary
    if form == "json":
        return _json(
            path,
            verified=bool(attested.signer),
            problems=[],
            signer=attested.signer or None,
            resource=summary.resource,
            time=summary.instant,
            policy={"source": summary.policy, "digest": f"sha256:{summary.policy_digest}"},
            policy_differs=attested.policy_differs,
            levels=list(summary.levels),
            files=attested.compared,
        )
    word = "VERIFIED" if attested.signer else "MATCHES"
    versions = ", ".join(f"{name} {version}" for name, version in summary.versions.items())
    lines = [
        f"{word} {visible(path)}",
        f"  {attested.compared} files are those that were audited as {shown(summary.resource)}",
        f"  on {summary.instant} ({attested.age // 86_400} days ago) by {shown(versions) or 'no version'}",
        f"  attested by {shown(attested.who)}: {shown(', '.join(summary.levels))}",
    ]
    if not attested.signer:
        lines.append("  nobody signed that: it proves nothing about who wrote it")
    if attested.policy_differs:
        lines.append(
            f"  under another policy than {shown(policy.source)}: {shown(summary.policy)} "
            f"(sha256:{summary.policy_digest})"
        )
    else:
        lines.append(f"  policy: {shown(policy.source)} ({policy.digest})")
    return "\n".join(lines) + "\n"


def _json(path: str, **items: object) -> str:
    import json

    return json.dumps({"schema": SCHEMA, "path": path, **items}, indent=1) + "\n"
