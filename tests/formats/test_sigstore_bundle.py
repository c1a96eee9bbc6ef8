"""Bundles: understood whole, with verification material of exactly one kind."""

from __future__ import annotations

import json

import pytest

from safeload.formats.json_fields import (
    FieldMissing,
    FieldNotBase64,
    FieldTypeWrong,
    FieldUnknown,
    NotAnObject,
)
from safeload.formats.sigstore_bundle import (
    MOST_CERTIFICATE_BYTES,
    MOST_CERTIFICATES,
    ChainBroken,
    ContentUnsupported,
    LogUnexpected,
    MaterialNotOne,
    MediaTypeUnsupported,
    parse_bundle,
)
from safeload.limits import DEFAULT_LIMITS
from tests.forge import oms

KEY = {"publicKey": {"hint": "abc"}}
CHAIN = {"x509CertificateChain": {"certificates": [{"rawBytes": oms.text(b"der")}]}}
KEYLESS = {"certificate": {"rawBytes": oms.text(b"der")}, "tlogEntries": [{"logIndex": "1"}]}
WHOLE = {
    "mediaType": oms.MEDIA,
    "verificationMaterial": KEY,
    "dsseEnvelope": oms.envelope(b"{}", b"sig"),
}


def parse(**change):
    document = {name: value for name, value in (WHOLE | change).items() if value is not None}
    return parse_bundle(json.dumps(document).encode(), DEFAULT_LIMITS)


def material(**change):
    return parse(verificationMaterial=change)


def test_three_kinds_are_told_apart():
    """A key with its hint, a chain, and Sigstore's own services."""
    assert (parse().kind, parse().hint, parse().envelope.payload) == ("key", "abc", b"{}")
    found = material(**CHAIN)
    assert (found.kind, found.certificates) == ("certificate", (b"der",))
    assert material(**KEYLESS).kind == "keyless"


@pytest.mark.parametrize("nothing", [{}, {"hint": None}, {"hint": ""}])
def test_a_key_need_not_say_which_it_is(nothing):
    """The hint decides nothing, so it may be left out."""
    assert material(publicKey=nothing).hint == ""


def test_older_bundles_bring_the_key_itself():
    """Before version 1.1 of the reference implementation; it is kept to be compared, not to be used."""
    found = material(publicKey={"rawBytes": oms.text(b"pem"), "keyDetails": "PKIX_ECDSA_P256_SHA_256"})
    assert (found.hint, found.key) == ("", b"pem")


@pytest.mark.parametrize(
    "beside",
    [
        {"tlogEntries": []},
        {"timestampVerificationData": {}},
        {"timestampVerificationData": {"rfc3161Timestamps": []}},
    ],
)
def test_empty_lists_are_as_good_as_none(beside):
    """Implementations differ in what they write where nothing is to be said."""
    assert material(**KEY, **beside).kind == "key"
    assert material(**CHAIN, **beside).kind == "certificate"


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"mediaType": "application/vnd.dev.sigstore.bundle+json;version=0.2"}, MediaTypeUnsupported),
        ({"mediaType": 3}, FieldTypeWrong),
        ({"dsseEnvelope": None}, ContentUnsupported),
        ({"dsseEnvelope": None, "messageSignature": {}}, ContentUnsupported),
        ({"messageSignature": {}}, ContentUnsupported),
        ({"dsseEnvelope": []}, NotAnObject),
        ({"dsse_envelope": {}}, FieldUnknown),
        ({"verificationMaterial": None}, FieldMissing),
        ({"verificationMaterial": []}, NotAnObject),
        ({"verificationMaterial": {}}, MaterialNotOne),
        ({"verificationMaterial": KEY | CHAIN}, MaterialNotOne),
        ({"verificationMaterial": KEY | KEYLESS}, MaterialNotOne),
        ({"verificationMaterial": KEY | {"more": 1}}, FieldUnknown),
        ({"verificationMaterial": KEY | {"tlogEntries": [{}]}}, LogUnexpected),
        ({"verificationMaterial": CHAIN | {"tlogEntries": [{}]}}, LogUnexpected),
        ({"verificationMaterial": KEY | {"tlogEntries": {}}}, FieldTypeWrong),
        (
            {"verificationMaterial": KEY | {"timestampVerificationData": {"rfc3161Timestamps": [{}]}}},
            LogUnexpected,
        ),
        ({"verificationMaterial": KEY | {"timestampVerificationData": {"more": 1}}}, FieldUnknown),
        ({"verificationMaterial": {"publicKey": "abc"}}, NotAnObject),
        ({"verificationMaterial": {"publicKey": {"hint": 1}}}, FieldTypeWrong),
        ({"verificationMaterial": {"publicKey": {"hint": []}}}, FieldTypeWrong),
        ({"verificationMaterial": {"publicKey": {"rawBytes": "!"}}}, FieldNotBase64),
        ({"verificationMaterial": {"publicKey": {"keyDetails": 1}}}, FieldTypeWrong),
        ({"verificationMaterial": {"publicKey": {"validFor": {}}}}, FieldUnknown),
        ({"verificationMaterial": {"x509CertificateChain": {"certificates": []}}}, ChainBroken),
        ({"verificationMaterial": {"x509CertificateChain": {}}}, FieldMissing),
        ({"verificationMaterial": {"x509CertificateChain": {"certificates": [{}]}}}, FieldMissing),
        (
            {"verificationMaterial": {"x509CertificateChain": {"certificates": [{"rawBytes": ""}]}}},
            FieldTypeWrong,
        ),
    ],
)
def test_each_way_to_be_wrong(change, error):
    """One changed part, and its own error."""
    with pytest.raises(error):
        parse(**change)


def test_a_chain_is_bounded():
    """In its length, and in the length of each certificate."""
    one = CHAIN["x509CertificateChain"]["certificates"]
    long = [{"rawBytes": oms.text(b"x" * (MOST_CERTIFICATE_BYTES + 1))}]
    for chain in (one * (MOST_CERTIFICATES + 1), long):
        with pytest.raises(ChainBroken):
            material(x509CertificateChain={"certificates": chain})
    assert len(material(x509CertificateChain={"certificates": one * MOST_CERTIFICATES}).certificates) == 8
