"""Any bytes give an envelope or statement with a verification summary, or a FormatError.

The invariant holds within the limits and under the seal. What is accepted is, written again, read as the
same. Input that is neither an envelope nor a statement is also taken for a payload and wrapped.
"""

from __future__ import annotations

import json

from safeload.errors import FormatError
from safeload.formats.dsse import parse_document, read_envelope
from safeload.formats.intoto import parse_statement
from safeload.formats.json_strict import JsonNotUtf8, JsonSyntaxError
from safeload.formats.verification_summary import Summary, parse_summary, write_summary
from safeload.limits import DEFAULT_LIMITS
from tests.forge import oms

SUMMARY = Summary(
    files={"config.json": "a" * 64, "\u00e9": "b" * 64},
    verifier="https://safeload.dev/verifier",
    versions={"safeload": "1"},
    time=1_700_000_000,
    resource="pkg:huggingface/acme/bert@" + "1" * 40,
    policy="p.toml",
    policy_digest="c" * 64,
    passed=True,
    levels=("SAFELOAD_ALLOWED",),
)


def seeds() -> list[bytes]:
    """Signed and bare, passed and failed, and other statements."""
    passed = write_summary(SUMMARY)
    failed = passed.replace(b"PASSED", b"FAILED").replace(b"SAFELOAD_ALLOWED", b"FAILED")
    return [
        passed,
        failed,
        json.dumps(oms.envelope(passed, b"sig")).encode(),
        json.dumps(oms.envelope(failed, b"sig", signatures=[{"sig": "c2ln", "keyid": "abc"}])).encode(),
        json.dumps(oms.statement()).encode(),
    ]


def read(data: bytes) -> object:
    """The summary, or the error that is allowed."""
    try:
        document = parse_document(data, DEFAULT_LIMITS)
        signed = isinstance(document, dict) and "_type" not in document
        payload = read_envelope(document).payload if signed else data
        return parse_summary(parse_statement(payload, DEFAULT_LIMITS))
    except FormatError as error:
        return error


def check(data: bytes, result: object) -> None:
    """What has to hold of a summary."""
    if isinstance(result, Summary):
        assert data
        again = parse_summary(parse_statement(write_summary(result), DEFAULT_LIMITS))
        assert again == result
        assert result.passed == ("FAILED" not in result.levels)


def deep(result: object) -> bool:
    """Whether it was a document at all."""
    return not isinstance(result, (JsonSyntaxError, JsonNotUtf8))
