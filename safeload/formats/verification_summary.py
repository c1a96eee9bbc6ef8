"""Verification summaries: predicate `https://slsa.dev/verification_summary/v1`, as safeload writes it.

https://slsa.dev/spec/v1.1/verification_summary

Guarantees of a parsed one: who verified (id and versions), when, under which policy by its digest, with which
result, and every file by its sha256. Levels have names of our own; those of SLSA are never claimed. What
safeload adds stands under a key that is an address of its own, as in-toto asks of extensions.

What is parsed is what `write_summary` writes, and summaries of other verifiers that have the same fields.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from typing import TYPE_CHECKING

from safeload.errors import FormatError
from safeload.formats.intoto import STATEMENT
from safeload.formats.json_fields import is_sha256, take_list, take_object, take_text
from safeload.record import record

if TYPE_CHECKING:
    from collections.abc import Mapping

    from safeload.core import Json
    from safeload.formats.intoto import Statement

PREDICATE = "https://slsa.dev/verification_summary/v1"
VERIFIER = "https://safeload.dev/verifier"
EXTENSION = "https://safeload.dev/attestation/v1"
PASSED, FAILED = "PASSED", "FAILED"
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", re.ASCII)


class SummaryUnsupported(FormatError):
    """A statement that is no verification summary."""


class ResultUnknown(FormatError):
    """Neither PASSED nor FAILED."""


class LevelsContradict(FormatError):
    """A result that its levels deny: FAILED among those of a summary that passed, or not where it failed."""


class InstantBroken(FormatError):
    """A time that is no instant in UTC."""


class PolicyDigestBroken(FormatError):
    """A policy without a sha256."""


@record
class Summary:
    """What a verifier established about a snapshot."""

    files: Mapping[str, str]
    """Path -> sha256."""
    verifier: str
    versions: Mapping[str, str]
    """Component -> version."""
    time: int
    """Seconds since 1970."""
    resource: str
    """What was verified: `pkg:huggingface/org/name@<commit>`, or an address of a folder."""
    policy: str
    policy_digest: str
    """sha256 of what the policy means."""
    passed: bool
    levels: tuple[str, ...]
    inputs: tuple[Mapping[str, Json], ...] = ()
    """Resource descriptors of commits and signatures that it rests on. Not read again."""
    more: Mapping[str, Json] | None = None
    """What safeload adds. Not read again."""

    @property
    def result(self) -> str:
        """As the specification spells it."""
        return PASSED if self.passed else FAILED

    @property
    def instant(self) -> str:
        """When, as it is written."""
        return dt.datetime.fromtimestamp(self.time, tz=dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def write_summary(summary: Summary) -> bytes:
    """The statement as JSON, the same for the same summary."""
    predicate: dict[str, Json] = {
        "verifier": {"id": summary.verifier, "version": dict(summary.versions)},
        "timeVerified": summary.instant,
        "resourceUri": summary.resource,
        "policy": {"uri": summary.policy, "digest": {"sha256": summary.policy_digest}},
        "inputAttestations": [dict(item) for item in summary.inputs],
        "verificationResult": summary.result,
        "verifiedLevels": list(summary.levels),
    }
    if summary.more is not None:
        predicate[EXTENSION] = dict(summary.more)
    document = {
        "_type": STATEMENT,
        "subject": [
            {"name": name, "digest": {"sha256": digest}} for name, digest in sorted(summary.files.items())
        ],
        "predicateType": PREDICATE,
        "predicate": predicate,
    }
    return json.dumps(document, indent=1, ensure_ascii=True).encode("ascii") + b"\n"


def parse_summary(statement: Statement) -> Summary:
    """Read the summary that a statement carries.

    Args:
        statement: whose signature the caller has verified, or which nobody signed.

    Raises:
        FormatError: a class of this module or of `json_fields`.
    """
    if statement.predicate_type != PREDICATE:
        raise SummaryUnsupported(f"a statement of type {statement.predicate_type[:80]} is no summary")
    place = "the summary"
    holder = take_object(
        statement.predicate, place,
        ("verifier", "timeVerified", "resourceUri", "policy", "verificationResult", "verifiedLevels"),
    )  # fmt: skip
    verifier = take_object(holder["verifier"], "the verifier", ("id",))
    versions = take_object(verifier.get("version", {}), "the version of the verifier")
    policy = take_object(holder["policy"], "the policy", ("uri", "digest"))
    digest = take_object(policy["digest"], "the digest of the policy").get("sha256")
    if not isinstance(digest, str) or not is_sha256(digest):
        raise PolicyDigestBroken("the policy has no sha256 in lower-case hexadecimal")
    result = take_text(holder, "verificationResult", place)
    if result not in {PASSED, FAILED}:
        raise ResultUnknown(f"the result is {result[:40]}, neither {PASSED} nor {FAILED}")
    levels = take_list(holder, "verifiedLevels", place)
    listed = {f"level {number}": level for number, level in enumerate(levels)}
    named = tuple(take_text(listed, name, place) for name in listed)
    if (FAILED in named) != (result == FAILED):
        raise LevelsContradict(f"the result is {result}, and its levels say the opposite")
    return Summary(
        files=statement.subjects,
        verifier=take_text(verifier, "id", "the verifier"),
        versions={name: take_text(versions, name, "the versions") for name in versions},
        time=_instant(take_text(holder, "timeVerified", place)),
        resource=take_text(holder, "resourceUri", place),
        policy=take_text(policy, "uri", "the policy"),
        policy_digest=digest,
        passed=result == PASSED,
        levels=named,
    )


def _instant(text: str) -> int:
    problem = InstantBroken(f"{text[:40]} is no instant in UTC, to the second")
    if _INSTANT.fullmatch(text) is None:
        raise problem
    try:
        return int(dt.datetime.fromisoformat(text).timestamp())
    except (ValueError, OverflowError):
        raise problem from None
