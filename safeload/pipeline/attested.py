"""Does an attestation hold for the files that are here?

The check, each step before the next one costs anything:

    1. the file is read whole; a bare statement proves nothing about its writer, and is refused unless allowed
    2. the signature, by the key that the caller gives or by an attester of the trust store
    3. what was signed is a summary of this tool, that passed, not from the future and not too old, under the
       policy in force, with the provenance that policy and trust store require
    4. every file of the folder is in it with its digest, and every file of it is in the folder

Nothing is scanned, and nothing is handed out: a VerifiedSnapshot comes from `admit` alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.errors import FormatError, ProvenanceError, UsageError
from safeload.formats.dsse import parse_document, read_envelope
from safeload.formats.intoto import parse_statement
from safeload.formats.json_fields import NotAnObject
from safeload.formats.verification_summary import VERIFIER, parse_summary
from safeload.pipeline.attestation import ALLOWED, PACKAGE, PROVENANCE
from safeload.pipeline.digests import digest_all
from safeload.pipeline.origin import Origin, find_store
from safeload.policy.schema import REQUIREMENTS
from safeload.provenance.tree_binding import BOOKKEEPING
from safeload.record import record
from safeload.sources.local import LocalSource

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from safeload.formats.dsse import Envelope
    from safeload.formats.public_key import PemKey
    from safeload.formats.verification_summary import Summary
    from safeload.policy.schema import Policy
    from safeload.provenance.trust import TrustedKey, TrustStore

_CLOCK_SKEW = 300
"""Seconds that an attester's clock may be ahead of ours."""
_MOST_PROBLEMS = 100


class AttestationRefused(ProvenanceError):
    """An attestation that does not hold for this folder. `problems` says each reason."""

    def __init__(self, problems: Sequence[str], *, unread: bool = False) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)
        self.unread = unread
        """True where the only reasons are files that could not be read."""


@record
class Asked:
    """Whose word counts, and for what."""

    key: PemKey | None = None
    """The attester's key; else an attester of the trust store."""
    trust: str | Path | None = None
    """Folder of the trust store, where the policy names none."""
    repository: str | None = None
    """The repository that the attestation has to be about."""
    max_age: int | None = None
    """Seconds."""
    allow_unsigned: bool = False
    any_policy: bool = False


@record
class Attested:
    """An attestation that holds."""

    summary: Summary
    signer: str
    """Full fingerprint of who signed it; empty where nobody did: then it proves nothing about its writer."""
    who: str
    """The same in words."""
    compared: int
    """Files."""
    policy_differs: bool
    """True where it was made under another policy than the one in force, which the caller allows."""
    age: int
    """Seconds."""


def verify_attestation(
    target: str | Path, data: bytes, asked: Asked, *, policy: Policy, now: float
) -> Attested:
    """Check that an attestation holds for a folder, file by file.

    Args:
        target: the folder or file.
        data: the attestation.
        asked: whose word counts.
        policy: the policy in force.
        now: seconds since 1970.

    Raises:
        AttestationRefused: it does not hold.
        UsageError: the target or the trust store cannot be read, or nobody's word counts.
    """
    store = find_store(Origin(trust=asked.trust), policy, str(target))
    if asked.key is None and store is None and not asked.allow_unsigned:
        raise UsageError("nobody's word counts yet: name a public key or a trust store")
    try:
        document = parse_document(data, policy.limits)
        if not isinstance(document, dict):
            raise NotAnObject("neither an envelope nor a statement")
        envelope = None if "_type" in document else read_envelope(document)
        signer = None if envelope is None else _signer(envelope, asked, store)
        payload = data if envelope is None else envelope.payload
        # nothing of the payload is looked at before its signature holds
        if signer is None and not asked.allow_unsigned:
            raise AttestationRefused(["nobody signed it, so it proves nothing about who wrote it"])
        summary = parse_summary(parse_statement(payload, policy.limits))
    except FormatError as error:
        raise AttestationRefused([f"no attestation: {error}"]) from None
    problems = [
        *_not_allowed(summary, signer, asked, store),
        *_not_good_enough(summary, asked, store, policy, now),
    ]
    if problems:
        raise AttestationRefused(problems)
    compared = _compare(target, summary, policy)
    return Attested(
        summary=summary,
        signer="" if signer is None else signer[0].fingerprint,
        who="nobody" if signer is None else signer[1],
        compared=compared,
        policy_differs=summary.policy_digest != policy.digest.hex,
        age=max(0, int(now) - summary.time),
    )


def _signer(
    envelope: Envelope, asked: Asked, store: TrustStore | None
) -> tuple[PemKey, str, TrustedKey | None]:
    """Step 2: the key, who it is, and its entry in the trust store.

    Raises:
        AttestationRefused: nobody whose word counts has signed.
    """
    from safeload.formats.public_key import PemKey
    from safeload.provenance.keys import holds

    trusted = () if store is None else tuple(key for key in store.keys if key.kind == "attester")
    candidates: list[tuple[PemKey, str, TrustedKey | None]] = [
        (key.public, f"{key.name} ({key.fingerprint})", key)
        for key in trusted
        if isinstance(key.public, PemKey)
    ]
    if asked.key is not None:
        candidates = [(asked.key, asked.key.fingerprint, None)]
    signed = envelope.signed
    for candidate in candidates:
        if holds(candidate[0], signed, envelope.signature):
            if envelope.keyid and not candidate[0].is_named(envelope.keyid):
                raise AttestationRefused(["it names another key than the one that signed"])
            return candidate
    named = f" (it names {envelope.keyid[:80]})" if envelope.keyid else ""
    where = "the key that was given" if asked.key is not None else "an attester of the trust store"
    raise AttestationRefused([f"altered after it was signed, or not signed by {where}{named}"])


def _not_allowed(
    summary: Summary,
    signer: tuple[PemKey, str, TrustedKey | None] | None,
    asked: Asked,
    store: TrustStore | None,
) -> list[str]:
    """Step 3: about what this signer may speak, and whether it is what was asked about."""
    problems = []
    repository = repository_of(summary.resource)
    if asked.repository is not None and repository != asked.repository:
        problems.append(f"it is about {summary.resource}, not about {asked.repository}")
    trusted = None if signer is None else signer[2]
    if trusted is None or store is None:
        return problems
    rule = store.default if repository is None else store.rule_for(repository)
    if trusted not in rule.keys:
        problems.append(f"{trusted.name} signed it, which {rule.place} does not list: {summary.resource}")
    for window, whose in ((trusted.window, trusted.name), (rule.window, rule.place)):
        if not window.holds(summary.time):
            problems.append(f"made on {summary.instant}, outside of the dates that {whose} has")
    return problems


def _not_good_enough(
    summary: Summary, asked: Asked, store: TrustStore | None, policy: Policy, now: float
) -> list[str]:
    """Step 3: what the verifier said."""
    problems = []
    if summary.verifier != VERIFIER:
        problems.append(f"the verifier is {summary.verifier}, not {VERIFIER}")
    if not summary.passed:
        problems.append("the audit FAILED: these files were denied")
    elif ALLOWED not in summary.levels:
        problems.append(f"it does not say {ALLOWED}")
    if summary.time > now + _CLOCK_SKEW:
        problems.append(f"made in the future: {summary.instant}")
    if asked.max_age is not None and now - summary.time > asked.max_age:
        problems.append(f"made on {summary.instant}, more than {asked.max_age} seconds ago")
    if summary.policy_digest != policy.digest.hex and not asked.any_policy:
        problems.append(
            f"made under {summary.policy} (sha256:{summary.policy_digest}), "
            f"and {policy.source} ({policy.digest}) is in force"
        )
    required = policy.require
    repository = repository_of(summary.resource)
    if store is not None and repository is not None:
        rule = store.rule_for(repository)
        if rule.require in REQUIREMENTS:
            required = max(required, rule.require, key=REQUIREMENTS.index)
        else:
            # what an audit would deny here, nobody's word allows
            problems.append(f"{rule.place} trusts nobody for {repository}")
        if rule.pin and summary.resource.partition("@")[2] not in rule.pin:
            problems.append(f"it is about {summary.resource}, and {rule.place} pins other commits")
    said = {level.removeprefix(PROVENANCE).lower() for level in summary.levels if PROVENANCE in level}
    reached = max((level for level in said if level in REQUIREMENTS), key=REQUIREMENTS.index, default="none")
    if REQUIREMENTS.index(reached) < REQUIREMENTS.index(required):
        problems.append(f"provenance {required} is required, and it attests {reached}")
    return problems


def _compare(target: str | Path, summary: Summary, policy: Policy) -> int:
    """Step 4: how many files were compared.

    What `hf download` writes for itself beside the files differs from one machine to the next, and nothing
    is loaded from it.

    Raises:
        AttestationRefused: the files are others.
    """
    source = LocalSource(target, policy.limits)
    try:
        digests = digest_all(source.blobs, None)
        there = {entry.path for entry in source.manifest.entries}
    finally:
        source.close()
    unread: list[str] = []
    changed: list[str] = []
    extra = sorted(path for path in there - summary.files.keys() if not path.startswith(BOOKKEEPING))
    changed += [f"{path}: no file of the attestation" for path in extra]
    for path, expected in sorted(summary.files.items()):
        if path.startswith(BOOKKEEPING):
            continue
        found = digests.get(path)
        if path not in there:
            changed.append(f"{path}: missing")
        elif found is None or isinstance(found, FormatError):
            why = found if isinstance(found, FormatError) else source.broken.get(path, "not opened")
            unread.append(f"{path}: could not be read: {why}")
        elif found.hex != expected:
            changed.append(f"{path}: changed: sha256 {found.hex}, and {expected} was attested")
    if changed or unread:
        problems = [*changed, *unread]
        more = len(problems) - _MOST_PROBLEMS
        said = problems[:_MOST_PROBLEMS] + ([f"and {more} more files"] if more > 0 else [])
        raise AttestationRefused(said, unread=not changed)
    compared = sum(not path.startswith(BOOKKEEPING) for path in summary.files)
    if not compared:
        raise AttestationRefused(["there is no file to compare"])
    return compared


def repository_of(resource: str) -> str | None:
    """The repository that an attestation says it is about, if it is one of a hub."""
    if not resource.startswith(PACKAGE):
        return None
    return resource.removeprefix(PACKAGE).partition("@")[0] or None
