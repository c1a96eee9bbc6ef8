"""Statements: at least one subject, each once and with its sha256."""

from __future__ import annotations

import json

import pytest

from safeload.formats.intoto import (
    StatementTypeUnsupported,
    SubjectDigestBroken,
    SubjectsMissing,
    SubjectTwice,
    TooManySubjects,
    parse_statement,
)
from safeload.formats.json_fields import FieldMissing, FieldTypeWrong, NotAnObject
from safeload.limits import DEFAULT_LIMITS
from safeload.record import replace

A = "a" * 64
WHOLE = {
    "_type": "https://in-toto.io/Statement/v1",
    "subject": [{"name": "x", "digest": {"sha256": A}}],
    "predicateType": "https://example.com/v1",
    "predicate": {"k": 1},
}


def parse(document, limits=DEFAULT_LIMITS):
    return parse_statement(json.dumps(document).encode(), limits)


def test_a_statement_is_read():
    """Subjects by name, type and predicate; unknown fields are left alone, as the specification asks."""
    found = parse(WHOLE | {"more": 1})
    assert (found.subjects, found.predicate_type, found.predicate) == (
        {"x": A},
        "https://example.com/v1",
        {"k": 1},
    )
    other = {"name": "x", "digest": {"sha512": "b", "sha256": A}, "uri": "u"}
    assert parse(WHOLE | {"subject": [other]}).subjects == {"x": A}


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"_type": "https://in-toto.io/Statement/v0.1"}, StatementTypeUnsupported),
        ({"_type": None}, FieldTypeWrong),
        ({"subject": []}, SubjectsMissing),
        ({"subject": {}}, FieldTypeWrong),
        ({"subject": [1]}, NotAnObject),
        ({"subject": [{"name": "x"}]}, FieldMissing),
        ({"subject": [{"name": "", "digest": {"sha256": A}}]}, FieldTypeWrong),
        ({"subject": [{"name": "x", "digest": A}]}, NotAnObject),
        ({"subject": [{"name": "x", "digest": {"sha1": A}}]}, SubjectDigestBroken),
        ({"subject": [{"name": "x", "digest": {"sha256": A[1:]}}]}, SubjectDigestBroken),
        ({"subject": [{"name": "x", "digest": {"sha256": A.upper()}}]}, SubjectDigestBroken),
        ({"subject": [{"name": "x", "digest": {"sha256": [A]}}]}, SubjectDigestBroken),
        ({"subject": WHOLE["subject"] * 2}, SubjectTwice),
        ({"predicateType": ""}, FieldTypeWrong),
        ({"predicate": []}, NotAnObject),
    ],
)
def test_each_way_to_be_wrong(change, error):
    """One changed field, and its own error."""
    with pytest.raises(error):
        parse(WHOLE | change)


@pytest.mark.parametrize("field", list(WHOLE))
def test_every_field_has_to_be_there(field):
    """No field has a default."""
    with pytest.raises(FieldMissing):
        parse({name: value for name, value in WHOLE.items() if name != field})


def test_more_subjects_than_files_are_a_limit():
    """Nothing is kept of a list that is too long."""
    with pytest.raises(TooManySubjects):
        parse(WHOLE, replace(DEFAULT_LIMITS, files=0))
