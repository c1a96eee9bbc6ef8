"""in-toto Statements, version 1: which artifacts, and what is said about them.

https://github.com/in-toto/attestation/blob/v1.1.0/spec/v1/statement.md

Guarantees: at least one subject, each with a name of its own and a sha256; a predicate that is an object.
What the predicate says is for the parser of its type. As the specification asks, fields that nobody knows
are left alone: whoever signed the statement signed them too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.errors import FormatError, LimitExceeded
from safeload.formats.dsse import parse_document
from safeload.formats.json_fields import is_sha256, take_list, take_object, take_text
from safeload.record import record

if TYPE_CHECKING:
    from collections.abc import Mapping

    from safeload.core import Json
    from safeload.limits import Limits

STATEMENT = "https://in-toto.io/Statement/v1"


class StatementTypeUnsupported(FormatError):
    """No Statement of version 1."""


class SubjectsMissing(FormatError):
    """A statement about nothing."""


class SubjectDigestBroken(FormatError):
    """A subject without a sha256 in lower-case hexadecimal."""


class SubjectTwice(FormatError):
    """Two subjects of one name: one reader takes the first, another the last."""


class TooManySubjects(LimitExceeded):
    """More subjects than `files`."""


@record
class Statement:
    """What was said, and about what."""

    subjects: Mapping[str, str]
    """Name -> sha256."""
    predicate_type: str
    predicate: dict[str, Json]


def parse_statement(payload: bytes, limits: Limits) -> Statement:
    """Read a statement.

    Args:
        payload: of the envelope, whose signature the caller has verified over these very bytes.
        limits: `attestation_bytes` and `files` bound it.

    Raises:
        FormatError: a class of this module, of `json_fields` or of `json_strict`.
    """
    place = "the statement"
    needed = ("_type", "subject", "predicateType", "predicate")
    holder = take_object(parse_document(payload, limits), place, needed)
    kind = take_text(holder, "_type", place)
    if kind != STATEMENT:
        raise StatementTypeUnsupported(f"a statement of type {kind[:80]}, and only {STATEMENT} is read")
    subjects = take_list(holder, "subject", place)
    if not subjects:
        raise SubjectsMissing("a statement about nothing")
    if len(subjects) > limits.files:
        raise TooManySubjects(f"{len(subjects)} subjects, more than {limits.files}")
    found: dict[str, str] = {}
    for item in subjects:
        subject = take_object(item, "a subject", ("name", "digest"))
        name = take_text(subject, "name", "a subject")
        digest = take_object(subject["digest"], "the digest of a subject").get("sha256")
        if not isinstance(digest, str) or not is_sha256(digest):
            raise SubjectDigestBroken(f"{name[:200]} has no sha256 in lower-case hexadecimal")
        if name in found:
            raise SubjectTwice(f"{name[:200]} is a subject twice")
        found[name] = digest
    return Statement(
        subjects=found,
        predicate_type=take_text(holder, "predicateType", place),
        predicate=take_object(holder["predicate"], "the predicate"),
    )
