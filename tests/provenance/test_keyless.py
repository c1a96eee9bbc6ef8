"""Keyless signatures: by an instance of the trust store, for whom the rule takes, never without the package.

The instance is one of our own (tests/forge/sigstore.py). Where `sigstore` is not installed, what it would
verify ends as UNAVAILABLE, and the tests that need it are skipped: `pip install safeload[sigstore]` and they
run.
"""

from __future__ import annotations

import datetime as dt
import json
import socket
from importlib.util import find_spec

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safeload.core import Status
from safeload.errors import FormatError
from safeload.formats.json_fields import FieldMissing
from safeload.formats.sigstore_bundle import LogBroken, MaterialNotOne, parse_bundle
from safeload.limits import DEFAULT_LIMITS
from safeload.provenance.keyless import RootBroken, parse_root
from safeload.provenance.trust_store import TrustInvalid, parse_trust
from tests.forge import oms
from tests.forge.sigstore import ISSUER, MADE, Instance
from tests.provenance.test_model_signing import case, judge

INSTANCE, OTHER = Instance(), Instance()
GOOD = INSTANCE.sign(oms.statement())
installed = pytest.mark.skipif(find_spec("sigstore") is None, reason="sigstore is not installed")
RULE = '[[rules]]\nrepos = ["acme/*"]\nrequire = "publisher"\nkeys = ["acme"]\n'


def store(
    instance=INSTANCE,
    *,
    content=None,
    kind="sigstore",
    identities='["*@acme.example"]',
    issuer=ISSUER,
    more="",
):
    """A trust store that takes keyless signatures of one instance."""
    content = instance.trusted_root() if content is None else content
    try:
        print_ = parse_root(content, DEFAULT_LIMITS).fingerprint
    except FormatError:
        print_ = "SHA256:" + "0" * 64
    table = (
        f'[keys.acme]\nfile = "keys/acme.sigstore.json"\nfingerprint = "{print_}"\nkind = "{kind}"\n'
        f'identities = {identities}\nissuer = "{issuer}"\n{more}'
    )
    return parse_trust(
        f"version = 1\n{table}{RULE}", source="trust.toml", files={"keys/acme.sigstore.json": content}
    )


TRUSTED = store()


@installed
def test_who_an_instance_has_certified(monkeypatch):
    """Verified, with the time of the log, and without a connection."""

    def connects(*_given):
        raise AssertionError("a connection")

    monkeypatch.setattr(socket.socket, "connect", connects)
    found, facts = judge(GOOD, trusted=TRUSTED)
    assert (found.status, found.level, facts) == (Status.VERIFIED, "publisher", [])
    assert found.detail.startswith("signed by release@acme.example (SHA256:")
    assert "certified by acme, a publisher key of trust.toml:" in found.detail
    assert found.time == (MADE + dt.timedelta(seconds=60)).isoformat()


@installed
def test_dates_are_those_of_the_log():
    """The certificate is long over, and the signature was made in time."""
    day = MADE.date()
    for dates, holds in (
        (f"not_after = {day}\n", True),
        (f"not_before = {day}\n", True),
        (f"not_after = {day - dt.timedelta(days=1)}\n", False),
        (f"not_before = {day + dt.timedelta(days=1)}\n", False),
    ):
        found, _ = judge(GOOD, trusted=store(more=dates))
        assert (found.status is Status.VERIFIED) == holds, dates
        assert found.code == ("" if holds else "outside-window")


@installed
@pytest.mark.parametrize(
    ("data", "trusted", "expected"),
    [
        (GOOD, store(OTHER), "unknown-key"),
        (GOOD, store(issuer="https://other.example"), "unknown-key"),
        (INSTANCE.sign(oms.statement(), issuer="https://other.example"), TRUSTED, "unknown-key"),
        (INSTANCE.sign(oms.statement(), address="mallory@evil.example"), TRUSTED, "key-not-allowed"),
        (GOOD, store(identities='["*@acme.example.evil"]'), "key-not-allowed"),
        (
            INSTANCE.sign(oms.statement(), integratedTime=str(int(MADE.timestamp()) + 61)),
            TRUSTED,
            "unknown-key",
        ),
        (INSTANCE.sign(oms.statement(), integratedTime="1"), TRUSTED, "unknown-key"),
        (INSTANCE.sign(oms.statement(), inclusionPromise=None), TRUSTED, "unknown-key"),
        (INSTANCE.sign(oms.statement(), inclusionProof=None), TRUSTED, "unknown-key"),
        (INSTANCE.sign(oms.statement(), canonicalizedBody=oms.text(b"{}")), TRUSTED, "unknown-key"),
        (INSTANCE.sign(oms.statement(), logIndex="1"), TRUSTED, "unknown-key"),
    ],
)
def test_what_does_not_count(data, trusted, expected):
    """Another instance, issuer or identity, and a log that does not hold what it is said to."""
    found, _ = judge(data, trusted=trusted)
    assert (found.status, found.code, found.level) == (Status.UNAVAILABLE, expected, "none")


@installed
def test_an_altered_payload_is_invalid():
    """The certified key has signed something else: that is wrong, not unknown."""
    document = json.loads(GOOD)
    payload = json.dumps(oms.statement({"config.json": b"{}"})).encode()
    document["dsseEnvelope"]["payload"] = oms.text(payload)
    found, _ = judge(json.dumps(document).encode(), trusted=TRUSTED)
    assert (found.status, found.code) == (Status.INVALID, "bad-signature")


@installed
def test_the_files_count_as_always():
    """A good signature over other files is none over these."""
    found, facts = judge(GOOD, oms.SOME | {"config.json": b"{}"}, TRUSTED)
    assert (found.status, found.code) == (Status.INVALID, "named")
    assert [fact.location.artifact for fact in facts] == ["config.json"]


@installed
@settings(max_examples=150, deadline=None)
@given(place=st.integers(0, 100_000), flip=st.integers(1, 255))
def test_no_flipped_byte_verifies(place, flip):
    """Of envelope, payload, signature, certificate or time; a log's note has a name that nobody reads."""
    at = place % len(GOOD)
    changed = GOOD[:at] + bytes([GOOD[at] ^ flip]) + GOOD[at + 1 :]
    if judge(changed, trusted=TRUSTED)[0].status is Status.VERIFIED:
        assert parse_bundle(changed, DEFAULT_LIMITS) == parse_bundle(GOOD, DEFAULT_LIMITS)


def test_without_the_package_nothing_is_verified(monkeypatch):
    """UNAVAILABLE with what to install; what can be told without it is told."""
    import sys

    for name in ("sigstore", "sigstore.models", "sigstore.verify"):
        monkeypatch.setitem(sys.modules, name, None)
    found, _ = judge(GOOD, trusted=TRUSTED)
    assert (found.status, found.code, found.level) == (Status.UNAVAILABLE, "unsupported-signature", "none")
    assert "pip install 'safeload[sigstore]'" in found.detail


def test_a_rule_without_a_trusted_root():
    """A key of another kind does not speak for an instance."""
    found, _ = judge(GOOD)
    assert (found.status, found.code) == (Status.UNAVAILABLE, "unsupported-signature")
    assert "lists no trusted root of Sigstore" in found.detail
    assert case().signature is not None


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"tlogEntries": []}, LogBroken),
        ({"tlogEntries": [{}, {}]}, LogBroken),
        ({"tlogEntries": [{"inclusionPromise": {"x": 1}}]}, LogBroken),
        ({"tlogEntries": [{"inclusionPromise": {"x": 1}, "integratedTime": 5}]}, LogBroken),
        ({"tlogEntries": [{"inclusionPromise": {"x": 1}, "integratedTime": "-5"}]}, LogBroken),
        ({"tlogEntries": [{"inclusionPromise": {"x": 1}, "integratedTime": "9" * 12}]}, LogBroken),
        ({"certificate": {}}, FieldMissing),
        ({"publicKey": {}}, MaterialNotOne),
    ],
)
def test_material_that_is_broken(change, error):
    """Exactly one log entry, and a promise has its time."""
    document = json.loads(GOOD)
    document["verificationMaterial"] |= change
    with pytest.raises(error):
        parse_bundle(json.dumps(document).encode(), DEFAULT_LIMITS)


def test_a_certificate_that_is_none():
    """INVALID before any package is asked."""
    document = json.loads(GOOD)
    document["verificationMaterial"]["certificate"] = {"rawBytes": oms.text(b"der")}
    found, _ = judge(json.dumps(document).encode(), trusted=TRUSTED)
    assert (found.status, found.code) == (Status.INVALID, "malformed-signature")
    document = json.loads(GOOD)
    document["dsseEnvelope"]["signatures"][0]["keyid"] = "x"
    assert judge(json.dumps(document).encode(), trusted=TRUSTED)[0].code == "malformed-signature"


@pytest.mark.parametrize(
    ("given", "what"),
    [
        ({"content": b"{}"}, "the trusted root has no mediaType"),
        ({"content": b'{"mediaType": "x"}'}, "no trusted root of type"),
        ({"content": b"x"}, "not JSON"),
        ({"identities": "[]"}, "says whose certificates count: identities"),
        ({"issuer": ""}, "a key of kind sigstore, and no other, names an issuer"),
        ({"kind": "oms"}, "keys/acme.sigstore.json is no .pem"),
        ({"kind": "publisher"}, "signs no commits: its kind is sigstore"),
    ],
)
def test_mistakes_in_a_trust_store(given, what):
    """The root, whom it certifies and by whom it was told."""
    with pytest.raises(TrustInvalid) as caught:
        store(**given)
    assert any(what in problem for problem in caught.value.problems), caught.value.problems


def test_a_root_is_the_file_of_its_fingerprint():
    """Of the whole file: another space is another root."""
    content = INSTANCE.trusted_root()
    first = parse_root(content, DEFAULT_LIMITS)
    assert first.fingerprint != parse_root(content + b"\n", DEFAULT_LIMITS).fingerprint
    with pytest.raises(RootBroken):
        parse_root(b'{"mediaType": "application/json"}', DEFAULT_LIMITS)
