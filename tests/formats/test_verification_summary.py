"""Verification summaries: what is written is read, and nothing that contradicts itself."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safeload.formats.intoto import parse_statement
from safeload.formats.json_fields import FieldMissing, FieldTypeWrong, NotAnObject
from safeload.formats.verification_summary import (
    EXTENSION,
    VERIFIER,
    InstantBroken,
    LevelsContradict,
    PolicyDigestBroken,
    ResultUnknown,
    Summary,
    SummaryUnsupported,
    parse_summary,
    write_summary,
)
from safeload.limits import DEFAULT_LIMITS
from safeload.record import replace

A = "a" * 64
SUMMARY = Summary(
    files={"config.json": A},
    verifier=VERIFIER,
    versions={"safeload": "1"},
    time=1_700_000_000,
    resource="pkg:huggingface/acme/bert",
    policy="p.toml",
    policy_digest="b" * 64,
    passed=True,
    levels=("SAFELOAD_ALLOWED",),
)
WHOLE = json.loads(write_summary(SUMMARY))


def parse(data: bytes) -> Summary:
    return parse_summary(parse_statement(data, DEFAULT_LIMITS))


def changed(**fields):
    predicate = {name: value for name, value in (WHOLE["predicate"] | fields).items() if value is not None}
    return parse(json.dumps(WHOLE | {"predicate": predicate}).encode())


def test_it_follows_the_specification():
    """The fields of SLSA's predicate, with the instant in UTC."""
    predicate = WHOLE["predicate"]
    assert WHOLE["predicateType"] == "https://slsa.dev/verification_summary/v1"
    assert predicate["timeVerified"] == "2023-11-14T22:13:20Z"
    assert predicate["policy"] == {"uri": "p.toml", "digest": {"sha256": "b" * 64}}
    assert predicate["verificationResult"] == "PASSED"
    assert "slsaVersion" not in predicate


def test_what_is_added_stands_under_an_address():
    """Other readers leave it alone, and so does ours."""
    more = write_summary(replace(SUMMARY, more={"verdict": "ALLOW"}))
    assert json.loads(more)["predicate"][EXTENSION] == {"verdict": "ALLOW"}
    assert parse(more) == SUMMARY


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"verifier": {}}, FieldMissing),
        ({"verifier": {"id": ""}}, FieldTypeWrong),
        ({"verifier": {"id": "x", "version": "1"}}, NotAnObject),
        ({"verifier": {"id": "x", "version": {"a": 1}}}, FieldTypeWrong),
        ({"timeVerified": "2023-11-14T22:13:20"}, InstantBroken),
        ({"timeVerified": "2023-11-14T22:13:20+00:00"}, InstantBroken),
        ({"timeVerified": "2023-13-14T22:13:20Z"}, InstantBroken),
        ({"timeVerified": "0000-01-01T00:00:00Z"}, InstantBroken),
        ({"timeVerified": "2023-11-14 22:13:20Z"}, InstantBroken),
        ({"timeVerified": "\u0662023-11-14T22:13:20Z"}, InstantBroken),
        ({"timeVerified": None}, FieldMissing),
        ({"resourceUri": 1}, FieldTypeWrong),
        ({"policy": {"uri": "x"}}, FieldMissing),
        ({"policy": {"uri": "x", "digest": {}}}, PolicyDigestBroken),
        ({"policy": {"uri": "x", "digest": {"sha256": "B" * 64}}}, PolicyDigestBroken),
        ({"verificationResult": "passed"}, ResultUnknown),
        ({"verificationResult": "FAILED"}, LevelsContradict),
        ({"verifiedLevels": ["FAILED"]}, LevelsContradict),
        ({"verifiedLevels": "SAFELOAD_ALLOWED"}, FieldTypeWrong),
        ({"verifiedLevels": [1]}, FieldTypeWrong),
    ],
)
def test_each_way_to_be_wrong(change, error):
    """One changed field, and its own error."""
    with pytest.raises(error):
        changed(**change)


def test_another_predicate_is_no_summary():
    """A signed manifest of a model says nothing about an audit."""
    with pytest.raises(SummaryUnsupported):
        parse(json.dumps(WHOLE | {"predicateType": "https://model_signing/signature/v1.0"}).encode())


NAMES = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), min_size=1, max_size=9)


@given(
    st.builds(
        Summary,
        files=st.dictionaries(NAMES, st.just(A), min_size=1, max_size=3),
        verifier=NAMES,
        versions=st.dictionaries(NAMES, NAMES, max_size=2),
        time=st.integers(0, 253_402_300_799),
        resource=NAMES,
        policy=NAMES,
        policy_digest=st.just("c" * 64),
        passed=st.sampled_from([True]),
        levels=st.lists(NAMES.filter(lambda name: name != "FAILED"), max_size=2).map(tuple),
    )
)
def test_what_is_written_is_read(summary):
    """parse(write(x)) == x, and the same for its opposite."""
    assert parse(write_summary(summary)) == summary
    failed = replace(summary, passed=False, levels=("FAILED",))
    assert parse(write_summary(failed)) == failed
