"""Envelopes: one signature, one payload, one reading."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safeload.formats.dsse import (
    EnvelopeTooLarge,
    PayloadTypeUnsupported,
    SignaturesNotOne,
    pae,
    parse_envelope,
    write_envelope,
)
from safeload.formats.json_fields import (
    FieldMissing,
    FieldNotBase64,
    FieldTypeWrong,
    FieldUnknown,
    NotAnObject,
)
from safeload.formats.json_strict import JsonDuplicateKey, JsonSyntaxError, JsonTrailingData
from safeload.limits import DEFAULT_LIMITS
from safeload.record import replace
from tests.forge import oms

WHOLE = oms.envelope(b"{}", b"sig")


def parse(document):
    data = document if isinstance(document, bytes) else json.dumps(document).encode()
    return parse_envelope(data, DEFAULT_LIMITS)


def test_an_envelope_is_read():
    """Payload, signature, and what the signature is over, as the protocol's own example has it."""
    found = parse(WHOLE)
    assert (found.payload, found.signature, found.keyid) == (b"{}", b"sig", "")
    assert found.signed == oms.pae(b"{}")
    # https://github.com/secure-systems-lab/dsse/blob/v1.0.2/protocol.md#test-vectors
    vector = b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    assert pae("http://example.com/HelloWorld", b"hello world") == vector


@pytest.mark.parametrize("keyid", [None, "", "abc"])
def test_a_key_id_may_be_left_out_in_three_ways(keyid):
    """Absent, null and empty mean the same; what is there is kept."""
    made = {"sig": oms.text(b"sig"), "keyid": keyid}
    assert parse(WHOLE | {"signatures": [made]}).keyid == (keyid or "")
    assert parse(WHOLE | {"signatures": [{"sig": oms.text(b"sig")}]}).keyid == ""


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"payloadType": "application/json"}, PayloadTypeUnsupported),
        ({"payloadType": ""}, FieldTypeWrong),
        ({"payloadType": 1}, FieldTypeWrong),
        ({"payload": ""}, FieldTypeWrong),
        ({"payload": None}, FieldTypeWrong),
        ({"payload": "e30"}, FieldNotBase64),
        ({"payload": "e31="}, FieldNotBase64),
        ({"payload": "e30=\n"}, FieldNotBase64),
        ({"payload": "e3_="}, FieldNotBase64),
        ({"payload": "\u00e9"}, FieldNotBase64),
        ({"signatures": {}}, FieldTypeWrong),
        ({"signatures": []}, SignaturesNotOne),
        ({"signatures": [{"sig": "c2ln"}, {"sig": "c2ln"}]}, SignaturesNotOne),
        ({"signatures": ["c2ln"]}, NotAnObject),
        ({"signatures": [{"keyid": ""}]}, FieldMissing),
        ({"signatures": [{"sig": "c2ln", "cert": "x"}]}, FieldUnknown),
        ({"signatures": [{"sig": "c2ln", "keyid": []}]}, FieldTypeWrong),
        ({"signatures": [{"sig": "c2ln", "keyid": 7}]}, FieldTypeWrong),
        ({"more": 1}, FieldUnknown),
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


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"", JsonSyntaxError),
        (b"[]", NotAnObject),
        (b"{} {}", JsonTrailingData),
        (b'{"payload": "e30=", "payload": "e30="}', JsonDuplicateKey),
    ],
)
def test_what_is_no_document(data, error):
    """Strict JSON, one object."""
    with pytest.raises(error):
        parse(data)


def test_a_file_that_is_too_large_is_not_parsed():
    """The cap comes first."""
    with pytest.raises(EnvelopeTooLarge):
        parse_envelope(b"{}", replace(DEFAULT_LIMITS, attestation_bytes=1))


@given(st.binary(min_size=1), st.binary(min_size=1), st.text("abcSHA:0123", max_size=70))
def test_what_is_written_is_read(payload, signature, keyid):
    """parse(write(x)) == x."""
    found = parse(write_envelope(payload, signature, keyid))
    assert (found.payload, found.signature, found.keyid) == (payload, signature, keyid)


@given(st.binary(), st.binary())
def test_no_two_payloads_are_signed_alike(first, second):
    """The encoding that is signed tells payload from type, and each from its neighbour."""
    assert (pae("a", first) == pae("a", second)) == (first == second)
    assert pae("a b", first) != pae("a", b"b " + first)
