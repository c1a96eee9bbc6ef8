"""Chains of certificates: to an authority of the trust store, by strong keys, for signatures, and now."""

from __future__ import annotations

import datetime as dt

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import given, settings
from hypothesis import strategies as st

from safeload.errors import FormatError
from safeload.limits import DEFAULT_LIMITS
from safeload.provenance.certificates import (
    CertificateBroken,
    ChainRefused,
    certified_signer,
    parse_pem_file,
)
from safeload.provenance.trust import TrustedKey, Window
from tests.forge.oms import (
    END,
    START,
    certificate,
    certificate_pem,
    fingerprint,
    private_key,
    public_der,
    public_pem,
)

NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC).timestamp()
ROOT_KEY, MIDDLE_KEY, LEAF_KEY, OTHER_KEY = (private_key("p256") for _ in range(4))
ROOT = certificate(ROOT_KEY, "root", authority=True)
MIDDLE = certificate(MIDDLE_KEY, "middle", (ROOT_KEY, ROOT), authority=True, length=0)
LEAF = certificate(LEAF_KEY, "leaf", (MIDDLE_KEY, MIDDLE), addresses=["release@acme.example"])


def der(item: x509.Certificate) -> bytes:
    return item.public_bytes(serialization.Encoding.DER)


def trusted(item: x509.Certificate = ROOT, *identities: str) -> TrustedKey:
    public = parse_pem_file(certificate_pem(item), DEFAULT_LIMITS)
    return TrustedKey(
        name="ca",
        fingerprint=public.fingerprint,
        kind="oms-root",
        file="keys/ca.pem",
        window=Window(),
        public=public,
        identities=identities or ("*@acme.example",),
    )


def judge(*chain: x509.Certificate | bytes, roots=None, now: float = NOW, min_rsa: int = 2048):
    listed = [item if isinstance(item, bytes) else der(item) for item in chain]
    return certified_signer(listed, [trusted()] if roots is None else roots, now, min_rsa)


def refused(*chain, **more) -> str:
    with pytest.raises(ChainRefused) as caught:
        judge(*chain, **more)
    return caught.value.why


def test_a_chain_leads_to_the_trust_store():
    """With the root in it or without; the signer's key and address come out."""
    for chain in ((LEAF, MIDDLE), (LEAF, MIDDLE, ROOT)):
        found = judge(*chain)
        assert (found.key.fingerprint, found.name) == (fingerprint(LEAF_KEY), "release@acme.example")
        assert found.root.name == "ca"


def test_an_authority_may_be_an_intermediate_one():
    """What the trust store names is trusted, whoever has issued that."""
    assert judge(LEAF, roots=[trusted(MIDDLE)]).name == "release@acme.example"
    assert judge(LEAF, MIDDLE, roots=[trusted(MIDDLE)]).name == "release@acme.example"
    assert refused(LEAF, MIDDLE, ROOT, roots=[trusted(MIDDLE)]) == "certificate-invalid"


def test_a_certificate_may_be_trusted_by_itself():
    """Self-signed, and the very one in the trust store."""
    alone = certificate(LEAF_KEY, "alone")
    assert judge(alone, roots=[trusted(alone, "alone")]).key.fingerprint == fingerprint(LEAF_KEY)
    twin = certificate(LEAF_KEY, "alone")
    assert refused(twin, roots=[trusted(alone, "alone")]) == "certificate-invalid"


def issued(**more) -> x509.Certificate:
    """A signer's certificate directly below the root."""
    fields = {"addresses": ["release@acme.example"]} | more
    return certificate(LEAF_KEY, "leaf", (ROOT_KEY, ROOT), **fields)


def test_a_signer_directly_below_the_root():
    """The base that the next test changes."""
    assert judge(issued()).name == "release@acme.example"
    assert judge(issued(purposes=None)).name == "release@acme.example"
    assert judge(issued(addresses=[]), roots=[trusted(ROOT, "leaf")]).name == "leaf"


PAST = (START, dt.datetime(2025, 1, 1, tzinfo=dt.UTC))
FUTURE = (dt.datetime(2027, 1, 1, tzinfo=dt.UTC), END)
CONSTRAINTS = x509.NameConstraints([x509.DNSName("acme.example")], None)
UNKNOWN = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.99999.1"), b"\x05\x00")


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"window": PAST}, "certificate-expired"),
        ({"window": FUTURE}, "certificate-expired"),
        ({"usage": None}, "certificate-invalid"),
        ({"usage": "key_encipherment"}, "certificate-invalid"),
        ({"purposes": [ExtendedKeyUsageOID.SERVER_AUTH]}, "certificate-invalid"),
        ({"authority": True}, "certificate-invalid"),
        ({"addresses": ["mallory@evil.example"]}, "key-not-allowed"),
        ({"addresses": []}, "key-not-allowed"),
        ({"extra": [(UNKNOWN, True)]}, "certificate-invalid"),
        ({"extra": [(CONSTRAINTS, False)]}, "certificate-invalid"),
    ],
)
def test_certificates_that_do_not_count(change, why):
    """Each for a reason of its own."""
    assert refused(issued(**change)) == why


def test_extensions_that_do_not_matter_are_left_alone():
    """Not critical, and nothing that limits whom an authority may certify."""
    assert judge(issued(extra=[(UNKNOWN, False)])).name == "release@acme.example"


def below(key, item, **more) -> x509.Certificate:
    return certificate(LEAF_KEY, "leaf", (key, item), addresses=["release@acme.example"], **more)


def middle(**more) -> x509.Certificate:
    return certificate(MIDDLE_KEY, "middle", (ROOT_KEY, ROOT), **({"authority": True} | more))


def test_authorities_that_may_not_certify():
    """No authority, expired, another usage, and a chain that is longer than one of them allows."""
    for change, why in (
        ({"authority": False, "usage": "key_cert_sign"}, "certificate-invalid"),
        ({"window": PAST}, "certificate-expired"),
        ({"usage": "crl_sign"}, "certificate-invalid"),
        ({"extra": [(CONSTRAINTS, True)]}, "certificate-invalid"),
    ):
        item = middle(**change)
        assert refused(below(MIDDLE_KEY, item), item) == why
    short = certificate(ROOT_KEY, "root", authority=True, length=0)
    one = certificate(MIDDLE_KEY, "middle", (ROOT_KEY, short), authority=True)
    assert refused(below(MIDDLE_KEY, one), one, roots=[trusted(short)]) == "certificate-invalid"
    assert judge(below(ROOT_KEY, short), roots=[trusted(short)]).root.name == "ca"


def test_a_signer_may_not_certify_others():
    """What a leaf has issued is worth nothing, also where its holder is trusted."""
    leaf = issued()
    under = certificate(OTHER_KEY, "under", (LEAF_KEY, leaf), addresses=["release@acme.example"])
    assert refused(under, leaf) == "certificate-invalid"


def test_chains_that_lead_elsewhere():
    """Another authority, also one of the same name; a gap; another order."""
    fake = certificate(OTHER_KEY, "root", authority=True)
    forged = certificate(LEAF_KEY, "leaf", (OTHER_KEY, fake), addresses=["release@acme.example"])
    assert refused(forged) == "unknown-key"
    assert refused(forged, fake) == "unknown-key"
    assert refused(forged, ROOT) == "certificate-invalid"
    assert refused(LEAF) == "unknown-key"
    assert refused(MIDDLE, LEAF) == "unknown-key"
    assert refused(LEAF, ROOT) == "certificate-invalid"
    assert refused(LEAF, MIDDLE, roots=[]) == "unknown-key"


def test_weak_keys_and_digests():
    """RSA below what the rule asks for, small curves, SHA-1."""
    small = rsa.generate_private_key(65537, 2048)
    root = certificate(small, "root", authority=True)
    leaf = below(small, root)
    assert judge(leaf, roots=[trusted(root)]).name == "release@acme.example"
    assert refused(leaf, roots=[trusted(root)], min_rsa=3072) == "weak-key"
    curve = ec.generate_private_key(ec.SECP224R1())
    root = certificate(curve, "root", authority=True)
    assert refused(below(curve, root), roots=[trusted(root)]) == "weak-key"
    weak = middle(digest=hashes.SHA224())
    assert refused(below(MIDDLE_KEY, weak), weak) == "weak-digest"


def test_a_signer_with_a_key_that_is_not_read():
    """RSA certifies here and does not sign."""
    key = rsa.generate_private_key(65537, 2048)
    item = certificate(key, "leaf", (ROOT_KEY, ROOT), addresses=["release@acme.example"])
    assert refused(item) == "unsupported-signature"


@pytest.mark.parametrize(
    "data", [b"", b"\x30\x00", der(LEAF)[:-1], der(LEAF) + b"\0", b"\x30\x84\xff\xff\xff\xff"]
)
def test_what_is_no_certificate(data):
    """Cut off, with something behind, and lengths beyond the file."""
    with pytest.raises(CertificateBroken):
        judge(data, MIDDLE)


@settings(max_examples=150, deadline=None)
@given(which=st.integers(0, 1), place=st.integers(0, 10_000), flip=st.integers(1, 255))
def test_no_flipped_byte_is_certified(which, place, flip):
    """Of any certificate below the root: an error of ours, and no other exception."""
    chain = [der(LEAF), der(MIDDLE)]
    at = place % len(chain[which])
    changed = bytearray(chain[which])
    changed[at] ^= flip
    chain[which] = bytes(changed)
    with pytest.raises(FormatError):
        judge(*chain)


def test_files_of_a_trust_store():
    """A certificate or a key, each whole; a fingerprint is that of the key in either."""
    found = parse_pem_file(certificate_pem(ROOT), DEFAULT_LIMITS)
    assert (found.fingerprint, found.certificate) == (fingerprint(ROOT_KEY), der(ROOT))
    assert (found.algorithm, found.bits, found.user_ids) == ("ECDSA", 256, ("CN=root",))
    assert parse_pem_file(public_pem(ROOT_KEY), DEFAULT_LIMITS).der == public_der(ROOT_KEY)
    spoilt = certificate_pem(ROOT)
    for content in (spoilt + spoilt, spoilt[:-40], b"", b"-----BEGIN CERTIFICATE-----\n"):
        with pytest.raises(FormatError):
            parse_pem_file(content, DEFAULT_LIMITS)
