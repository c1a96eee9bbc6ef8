"""`safeload trust add|list|check`: the keys that you trust, and for which repositories."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from safeload.cli._options import files

if TYPE_CHECKING:
    from safeload.provenance.trust import TrustedKey, TrustRule, TrustStore

SOON_DAYS = 30
"""How long before its end a key is warned about."""

_folder = click.option(
    "--trust",
    "folder",
    default="trust",
    show_default=True,
    metavar="DIR",
    shell_complete=files,
    help="The trust store.",
)


@click.group(short_help="Keep the keys that you trust, and for which repositories.")
def command() -> None:
    """Keep a trust store: trust.toml and keys/*, which people review like code."""


@command.command()
@click.argument("file", metavar="KEY", shell_complete=files)
@click.option("--name", required=True, metavar="NAME", help="What the store shall call the key.")
@click.option("--repos", multiple=True, metavar="GLOB", help="Write a rule for org/name; * is one part.")
@click.option("--fingerprint", metavar="HEX", help="The whole of it, as the publisher told you.")
@click.option(
    "--kind", default="publisher", show_default=True, metavar="K", help="publisher, hub, oms or attester."
)
@click.option("--ref", "refs", multiple=True, metavar="BRANCH", help="Branches that the rule allows.")
@_folder
def add(
    *,
    file: str,
    name: str,
    repos: tuple[str, ...],
    fingerprint: str | None,
    kind: str,
    refs: tuple[str, ...],
    folder: str,
) -> None:
    """Add a public key to the store, and with --repos a rule for it.

    It signs commits (.asc of OpenPGP, .pub of SSH), or models (.pem, --kind oms), or the verdicts of
    `safeload audit --attest` (.pem, --kind attester).

    You say the key's full fingerprint yourself, as you got it from the publisher by another way: it is
    asked for, or given by --fingerprint.
    """
    from safeload.cli._output import write
    from safeload.cli._trust import Addition, add_key, read_key
    from safeload.core import visible
    from safeload.errors import UsageError

    key, public = read_key(file)
    actual = public.primary.fingerprint
    if fingerprint is None:
        click.echo(f"{visible(file)} holds {actual}", err=True)
        for user_id in public.user_ids:
            click.echo(f"  {visible(user_id)}", err=True)
        fingerprint = click.prompt("type the fingerprint that the publisher told you", err=True)
    said = "".join(fingerprint.split())
    plain = said if actual.startswith("SHA256:") else said.upper()
    # openssl shows the digest of a PEM key without saying what it is
    if actual not in {plain, f"SHA256:{plain.lower()}"}:
        raise UsageError(f"{visible(file)} holds {actual}, which is not the fingerprint that you gave")
    add_key(
        folder,
        Addition(
            name=name,
            key=key,
            suffix=file.rpartition(".")[2] if file.endswith((".pub", ".pem")) else "asc",
            fingerprint=actual,
            kind=kind,
            repos=repos,
            refs=refs,
        ),
    )
    write(f"added {name} {actual} to {folder}\n", None)


@command.command("list", short_help="Show the keys and the rules of the store.")
@_folder
def list_(folder: str) -> None:
    """Show the keys of the store and the rules, in the order in which they are asked."""
    from safeload.cli._output import write
    from safeload.cli._trust import load

    store = load(folder)
    lines = ["keys", *(_key(key) for key in store.keys), "rules (the first that names the repository holds)"]
    lines += [_rule(rule, " ".join(rule.repos)) for rule in store.rules]
    lines += [_rule(store.default, "all others"), f"digest {store.digest}"]
    write("\n".join(lines) + "\n", None)


@command.command()
@_folder
def check(folder: str) -> int:
    """Read the store, and ask gpg which of its keys still count.

    Exit code 0: all do, or end soon, which is said. 1: one is expired, revoked or unusable. 2: the
    store has mistakes, or gpg could not be asked.
    """
    import time

    from safeload.cli import ALLOWED, DENIED
    from safeload.cli._output import write
    from safeload.cli._trust import load
    from safeload.errors import UsageError
    from safeload.formats.openpgp_key import PublicKey
    from safeload.provenance.gpg import GpgUnavailable, KeyState, key_states

    store = load(folder)
    try:
        states = key_states(
            {key.fingerprint: key.public.binary for key in store.keys if isinstance(key.public, PublicKey)}
        )
    except GpgUnavailable as error:
        raise UsageError(f"the keys were not checked: {error}") from None
    lines, bad = [], False
    for key in store.keys:
        # keys that gpg does not know do not end by themselves
        state = states.get(key.fingerprint, KeyState(state="good", expires=None))
        ends = [end for end in (state.expires, key.window.not_after) if end is not None]
        days = int((min(ends) - time.time()) // 86_400) if ends else None
        word = state.state
        if word == "good" and days is not None and days < SOON_DAYS:
            word = f"ends in {days} days" if days >= 0 else f"ended {-days} days ago: older signatures count"
        bad |= state.state != "good"
        lines.append(f"{key.name} {key.fingerprint} {word}")
    lines += [f"{rule} is never asked: an earlier rule names the same" for rule in _shadowed(store)]
    write("\n".join([*lines, f"{len(store.keys)} keys, {len(store.rules)} rules"]) + "\n", None)
    return DENIED if bad else ALLOWED


def _key(key: TrustedKey) -> str:
    from safeload.core import visible

    ids = ", ".join(visible(user_id) for user_id in key.public.user_ids)
    whom = f" for {', '.join(map(visible, key.identities))}" if key.identities else ""
    return f"  {visible(key.name)} {key.fingerprint} ({key.kind}{whom}) {ids}"


def _rule(rule: TrustRule, what: str) -> str:
    from safeload.core import visible

    parts = [f"  {visible(what)}: {rule.require}"]
    if rule.keys:
        parts.append(f"by {', '.join(visible(key.name) for key in rule.keys)}")
    if rule.pin:
        parts.append(f"{len(rule.pin)} pinned commits")
    if rule.allow_refs:
        parts.append(f"on {', '.join(map(visible, rule.allow_refs))}")
    return f"{' '.join(parts)} ({visible(rule.place)})"


def _shadowed(store: TrustStore) -> list[str]:
    """Rules whose every pattern stands in an earlier rule too."""
    seen: set[str] = set()
    shadowed = []
    for rule in store.rules:
        if seen.issuperset(rule.repos):
            shadowed.append(rule.place)
        seen.update(rule.repos)
    return shadowed
