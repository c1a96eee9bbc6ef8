"""Model signatures: whose key counts, over which files, and what is not covered."""

from __future__ import annotations

import datetime as dt
import json
from importlib.util import find_spec

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safeload.core import Manifest, ManifestEntry, Status
from safeload.errors import FormatError
from safeload.formats.layout import role_of
from safeload.formats.sigstore_bundle import parse_bundle
from safeload.limits import DEFAULT_LIMITS
from safeload.provenance import BoundFile, Case, Claim, SignatureFile, model_signing
from safeload.provenance.trust_store import parse_trust
from safeload.record import replace
from tests.forge import oms, oms_reference

INVALID, UNAVAILABLE = Status.INVALID, Status.UNAVAILABLE
NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC).timestamp()
KINDS = ("ed25519", "p256", "p384", "p521")
KEYS = {kind: oms.private_key(kind) for kind in KINDS}
KEY, OTHER = KEYS["p256"], oms.private_key("p256")
GOOD = oms.bundle(oms.statement(), KEY)


def store(text=None, **more):
    written, files = text if text is not None else oms.store_text({"acme": KEY}, **more)
    return parse_trust(written, source="trust.toml", files=files)


def bound(content: bytes, *, read: bool = True, digest: bool = True) -> BoundFile:
    import hashlib

    def chunks():
        # odd sizes, so that pieces never fit chunks
        yield from (content[at : at + 3] for at in range(0, len(content), 3))

    return BoundFile(
        size=len(content),
        chunks=chunks if read else None,
        sha256=hashlib.sha256(content).hexdigest() if digest and read else None,
    )


def case(data=GOOD, files=oms.SOME, trusted=None, *, handed_out=None, digest=True, unread=(), **more) -> Case:
    listed = {**files, "model.sig": data or b""}
    fields = {
        "manifest": Manifest(
            uri="file:/m",
            entries=tuple(
                ManifestEntry(path=path, size=len(content), role=role_of(path))
                for path, content in sorted(listed.items())
            ),
        ),
        "now": NOW,
        "store": store() if trusted is None else trusted,
        "repository": "acme/bert",
        "signature": None if data is None else SignatureFile(name="model.sig", data=data, path="model.sig"),
        "files": {
            path: bound(content, read=path not in unread, digest=digest) for path, content in listed.items()
        },
        "handed_out": handed_out,
    }
    return Case(**(fields | more))


def judge(*args, **more):
    evidence, facts = model_signing.collect(case(*args, **more))
    return evidence, facts


def code(*args, **more):
    evidence, _ = judge(*args, **more)
    assert evidence.status is not Status.VERIFIED
    assert evidence.level == "none"
    return evidence.code


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "form", [{}, {"size": 4}, {"algorithm": "blake2b"}, {"algorithm": "blake2b", "size": 1}]
)
def test_a_listed_key_proves_the_publisher(kind, form):
    """Every kind of key, over whole files and pieces, by the digests of the audit or by others."""
    trusted = store(oms.store_text({"acme": KEYS[kind]}))
    found, facts = judge(oms.bundle(oms.statement(**form), KEYS[kind]), trusted=trusted)
    assert (found.status, found.level, found.code, facts) == (Status.VERIFIED, "publisher", "", [])
    assert found.signer == oms.fingerprint(KEYS[kind])
    assert found.subject.startswith("sha256:")
    assert found.time is None
    assert found.detail.startswith(f"signed by acme ({found.signer}), a publisher key of trust.toml:7;")
    assert found.detail.endswith(
        "2 of 2 files were compared, each is the one that was signed; not covered: model.sig"
    )


def test_what_the_reference_implementation_signs():
    """Its three ways that need no service, from bytes that it wrote."""
    table, files = oms.key_table("acme", oms_reference.KEY, _print(oms_reference.KEY))
    root, more = oms.key_table(
        "ca",
        oms_reference.ROOT,
        _print(oms_reference.ROOT),
        kind="oms-root",
        more='identities = ["*@acme.example"]',
    )
    rules = '[[rules]]\nrepos = ["acme/*"]\nrequire = "publisher"\nkeys = ["acme", "ca"]\n'
    trusted = store((f"version = 1\n{table}{root}{rules}", files | more))
    for data in (oms_reference.FILES_SIG, oms_reference.SHARDS_SIG, oms_reference.CERTIFICATE_SIG):
        found, facts = judge(data, oms_reference.FILES, trusted)
        assert (found.status, facts) == (Status.VERIFIED, [])
        assert "not covered: .gitattributes, model.sig" in found.detail
        for name in ("config.json", "sub/x.txt"):
            changed = oms_reference.FILES | {name: oms_reference.FILES[name][::-1]}
            assert code(data, changed, trusted) == "named"
    assert "release@acme.example" in found.detail


def _print(pem: bytes) -> str:
    from safeload.provenance.certificates import parse_pem_file

    return parse_pem_file(pem, DEFAULT_LIMITS).fingerprint


@pytest.mark.skipif(find_spec("model_signing") is None, reason="model-signing is not installed")
@pytest.mark.filterwarnings("ignore")
def test_the_reference_implementation_agrees(tmp_path):
    """Differential, where model-signing and pyopenssl are installed: each verifies what the other signs."""
    from pathlib import Path

    import model_signing as reference

    folder = oms.write_model(tmp_path / "model", oms.SOME)
    (tmp_path / "k.pub").write_bytes(oms.public_pem(KEY))
    (tmp_path / "k.pem").write_bytes(oms.private_pem(KEY))

    def accepts(data: bytes) -> bool:
        (tmp_path / "made.sig").write_bytes(data)
        try:
            reference.verifying.Config().use_elliptic_key_verifier(public_key=tmp_path / "k.pub").verify(
                folder, tmp_path / "made.sig"
            )
        except Exception:  # noqa: BLE001 - of several packages
            return False
        return True

    hashing = reference.hashing.Config().set_ignored_paths(paths=[Path("model.sig")])
    for form in ({}, {"shard_size": 4}):
        config = hashing.use_shard_serialization(**form) if form else hashing
        signer = reference.signing.Config().use_elliptic_key_signer(private_key=tmp_path / "k.pem")
        signer.set_hashing_config(config).sign(folder, tmp_path / "theirs.sig")
        assert judge((tmp_path / "theirs.sig").read_bytes())[0].status is Status.VERIFIED
    pieces = [item | {"algorithm": "sha256-sharded-4"} for item in oms.resources(oms.SOME, size=4)]
    for ours in (GOOD, oms.bundle(oms.statement(size=4, listed=pieces), KEY)):
        assert accepts(ours)
    for wrong in (
        oms.bundle(oms.statement(), OTHER),
        oms.bundle(oms.statement({"config.json": b"{}"}), KEY),
        oms.bundle(oms.statement(), KEY, signature=oms.sign(KEY, b"something else")),
    ):
        assert not accepts(wrong)
        assert code(wrong)


def test_who_does_not_count():
    """Strangers, keys for others, repositories without a rule, dates, and pins."""
    both = oms.store_text({"acme": KEY, "other": OTHER}, rules="")
    split = store((both[0] + _rule("acme/*", "acme") + _rule("evil/*", "other"), both[1]))
    today = "not_after = 2025-12-31\n"
    for data, trusted, expected, status in (
        (oms.bundle(oms.statement(), OTHER), None, "unknown-key", Status.UNAVAILABLE),
        (oms.bundle(oms.statement(), OTHER), split, "key-not-allowed", Status.UNAVAILABLE),
        (
            oms.bundle(oms.statement(), OTHER, material={"publicKey": {}}),
            split,
            "unknown-key",
            Status.UNAVAILABLE,
        ),
        (GOOD, store(rules=_rule("evil/*", "acme")), "no-rule", Status.UNAVAILABLE),
        (GOOD, store(more=today), "outside-window", Status.UNAVAILABLE),
        (GOOD, store(keys_more=today), "outside-window", Status.UNAVAILABLE),
        (GOOD, store(more="not_before = 2026-01-02\n"), "outside-window", Status.UNAVAILABLE),
        (GOOD, store(more=f'pin = ["{"1" * 40}"]\n'), "pinned", Status.UNAVAILABLE),
    ):
        found, facts = judge(data, trusted=trusted)
        assert (found.code, found.status, found.level, facts) == (expected, status, "none", [])
    assert judge(trusted=store(more="not_after = 2026-01-01\n"))[0].status is Status.VERIFIED


def _rule(repos: str, *names: str) -> str:
    listed = ", ".join(f'"{name}"' for name in names)
    return f'[[rules]]\nrepos = ["{repos}"]\nrequire = "publisher"\nkeys = [{listed}]\n'


def test_an_attester_signs_no_models():
    """A key that the store has for something else is not tried."""
    written, files = oms.store_text({"ci": KEY}, kind="attester", rules="")
    table, more = oms.key_table("acme", oms.public_pem(OTHER), oms.fingerprint(OTHER))
    trusted = store((written + table + _rule("acme/*", "acme", "ci"), files | more))
    assert code(trusted=trusted) == "unknown-key"


def made(said=None, by=KEY, **more) -> bytes:
    """A bundle like the good one but for what is given."""
    return oms.bundle(oms.statement(**(said or {})), by, **more)


def by_key(**fields) -> dict:
    """Verification material."""
    return {"publicKey": fields}


ELSEWHERE = oms.resources({"../x": b""})
ANOTHER = "application/vnd.dev.sigstore.bundle.v0.4+json"
KEYLESS = {"certificate": {"rawBytes": "AA=="}, "tlogEntries": [{}]}


@pytest.mark.parametrize(
    ("data", "expected", "status"),
    [
        (b"", "malformed-signature", INVALID),
        (b"{}", "malformed-signature", INVALID),
        (oms.bundle(b"not json", KEY), "malformed-signature", INVALID),
        (made({"listed": ELSEWHERE}), "malformed-signature", INVALID),
        (made(signature=b"\0" * 70), "bad-signature", INVALID),
        (made(by=OTHER, material=by_key(hint=oms.hint(KEY))), "bad-signature", INVALID),
        (made(material=by_key(hint=oms.hint(OTHER))), "malformed-signature", INVALID),
        (made(material=by_key(rawBytes=oms.text(oms.public_der(OTHER)))), "malformed-signature", INVALID),
        (made(keyid="someone"), "malformed-signature", INVALID),
        (made({"predicateType": "https://model_signing/Digests/v0.1"}), "unsupported-signature", UNAVAILABLE),
        (made({"serialization": {"hash_type": "blake3"}}), "unsupported-signature", UNAVAILABLE),
        (made(material=KEYLESS), "unsupported-signature", UNAVAILABLE),
        (made(mediaType=ANOTHER), "unsupported-signature", UNAVAILABLE),
        (made(chain=[oms.certificate(KEY, "alone")]), "unknown-key", UNAVAILABLE),
    ],
)
def test_bundles_that_do_not_count(data, expected, status):
    """What is wrong is INVALID; what is of a kind that nobody reads here is UNAVAILABLE, never VERIFIED."""
    found, facts = judge(data)
    assert (found.code, found.status, facts) == (expected, status, [])


def test_a_payload_of_another_type_is_not_in_totos():
    """The type is under the signature; a bundle of another one is not read."""
    made = json.loads(GOOD)
    made["dsseEnvelope"]["payloadType"] = "application/json"
    assert code(json.dumps(made).encode()) == "unsupported-signature"
    # and what another protocol signed does not hold as this one's
    payload = json.dumps(oms.statement()).encode()
    other = oms.bundle(payload, KEY, signature=oms.sign(KEY, oms.pae(payload, "application/json")))
    assert code(other) == "bad-signature"
    assert code(oms.bundle(payload, KEY, signature=oms.sign(KEY, payload))) == "bad-signature"


def test_older_bundles_that_bring_their_key():
    """Their key has to be the trusted one; that the bundle brings it proves nothing."""
    for written in (oms.public_der(KEY), oms.public_pem(KEY)):
        key = {"rawBytes": oms.text(written), "keyDetails": "PKIX_ECDSA_P256_SHA_256"}
        assert (
            judge(oms.bundle(oms.statement(), KEY, material={"publicKey": key}))[0].status is Status.VERIFIED
        )
    key = {"rawBytes": oms.text(oms.public_der(OTHER))}
    assert code(oms.bundle(oms.statement(), OTHER, material={"publicKey": key})) == "unknown-key"


ROOT_KEY = oms.private_key("p384")
ROOT = oms.certificate(ROOT_KEY, "root", authority=True)
LEAF = oms.certificate(KEY, "leaf", (ROOT_KEY, ROOT), addresses=["release@acme.example"])


def authority(identities='["*@acme.example"]', item=ROOT, key=ROOT_KEY):
    table, files = oms.key_table(
        "ca",
        oms.certificate_pem(item),
        oms.fingerprint(key),
        kind="oms-root",
        more=f"identities = {identities}",
    )
    return store((f"version = 1\n{table}{_rule('acme/*', 'ca')}", files))


def test_a_certified_key_counts():
    """The chain of the bundle leads to the authority of the rule; who that is stands in the evidence."""
    for chain in ([LEAF], [LEAF, ROOT]):
        found, _ = judge(oms.bundle(oms.statement(), KEY, chain=chain), trusted=authority())
        assert (found.status, found.signer) == (Status.VERIFIED, oms.fingerprint(KEY))
        assert "release@acme.example" in found.detail
        assert "certified by ca" in found.detail


@pytest.mark.parametrize(
    ("data", "trusted", "expected", "status"),
    [
        (made(by=OTHER, chain=[LEAF]), authority(), "bad-signature", INVALID),
        (made(chain=[LEAF]), authority('["*@evil.example"]'), "key-not-allowed", UNAVAILABLE),
        (made(chain=[LEAF]), None, "unknown-key", UNAVAILABLE),
        (made(chain=[oms.certificate(KEY, "leaf")]), authority(), "unknown-key", UNAVAILABLE),
        (made(chain=[LEAF], keyid="x"), authority(), "malformed-signature", INVALID),
        (made(), authority(), "unknown-key", UNAVAILABLE),
    ],
)
def test_certified_keys_that_do_not_count(data, trusted, expected, status):
    """Another signer, another name, another authority, and a bare key where an authority is asked for."""
    found, _ = judge(data, trusted=trusted)
    assert (found.code, found.status) == (expected, status)


def test_an_expired_certificate_is_invalid():
    """Nothing proves when the signature was made, so it counts as made now."""
    late = dt.datetime(2040, 1, 1, tzinfo=dt.UTC).timestamp()
    found, _ = judge(oms.bundle(oms.statement(), KEY, chain=[LEAF]), trusted=authority(), now=late)
    assert (found.code, found.status) == ("certificate-expired", Status.INVALID)


@pytest.mark.parametrize(
    ("files", "path", "problem"),
    [
        (oms.SOME | {"config.json": b"{}"}, "config.json", "content"),
        (oms.SOME | {"tokenizer.json": b"{}"}, "tokenizer.json", "extra"),
        (oms.SOME | {"notes.txt": b""}, "notes.txt", "extra"),
        (oms.SOME | {"sub/.gitattributes": b""}, "sub/.gitattributes", "extra"),
        (oms.SOME | {"model.sig.txt": b""}, "model.sig.txt", "extra"),
        ({"config.json": oms.SOME["config.json"]}, "sub/x.txt", "missing"),
    ],
)
@pytest.mark.parametrize("form", [{}, {"size": 4}, {"algorithm": "blake2b"}])
def test_files_that_were_not_signed(files, path, problem, form):
    """Changed, too many, too few: a fact for each, and the evidence is INVALID."""
    found, facts = judge(oms.bundle(oms.statement(**form), KEY), files)
    assert (found.status, found.code) == (Status.INVALID, "named")
    assert [(fact.kind, fact.location.artifact, fact.data["problem"]) for fact in facts] == [
        ("integrity.mismatch", path, problem)
    ]


@pytest.mark.parametrize("content", [b'{"model_type": "ber', b'{"model_type": "bert"}!', b""])
def test_a_file_of_another_length_has_other_pieces(content):
    """Shorter, longer and empty: the pieces end where the file does."""
    _, facts = judge(oms.bundle(oms.statement(size=4), KEY), oms.SOME | {"config.json": content})
    assert [fact.data["problem"] for fact in facts] == ["content"]


def test_what_the_signer_left_out_is_said():
    """A side file may be left out; what a loader takes by its name, or takes at all, may not."""
    signed = oms.bundle(oms.statement(ignored=["notes.txt", "docs", "tokenizer.json"]), KEY)
    side = oms.SOME | {"notes.txt": b"x", "docs/a.txt": b"y", ".gitattributes": b"", ".github/w.yml": b""}
    found, facts = judge(signed, side)
    assert (found.status, facts) == (Status.VERIFIED, [])
    assert found.detail.endswith(
        "not covered: .gitattributes, .github/w.yml, docs/a.txt, model.sig, notes.txt"
    )
    assert code(signed, side | {"tokenizer.json": b"{}"}) == "named"
    assert code(signed, side, handed_out=frozenset({"notes.txt"})) == "named"
    assert code(signed, side, handed_out=frozenset({".gitattributes"})) == "named"
    assert code(signed, side, handed_out=frozenset({"model.sig"})) == "named"


def test_only_the_signature_itself_is_no_part_of_the_model():
    """Given from elsewhere, a model.sig of the folder is a file like any other."""
    elsewhere = SignatureFile(name="/else/where.sig", data=GOOD, path=None)
    listed = oms.bundle(oms.statement(ignored=None), KEY)
    assert code(listed, signature=replace(elsewhere, data=listed)) == "named"
    assert judge(signature=elsewhere)[0].status is Status.VERIFIED  # its signer left model.sig out


def test_a_load_needs_what_it_hands_out():
    """Files outside of the scope are skipped and counted; inside of it, unread is not compared."""
    found, _ = judge(unread={"sub/x.txt"}, handed_out=frozenset({"config.json"}))
    assert found.status is Status.VERIFIED
    assert "1 of 2 files were compared" in found.detail
    assert "1 that this load does not hand out were not" in found.detail
    for handed_out in (frozenset({"sub/x.txt"}), None):
        assert code(unread={"sub/x.txt"}, handed_out=handed_out) == "unread"
    some = {path: bound(content) for path, content in oms.SOME.items() if path != "sub/x.txt"}
    lacking = replace(case(), files=some)
    assert model_signing.collect(lacking)[0].code == "named"


def test_a_partial_source_may_lack_files():
    """Where needed files alone were fetched, others may be missing."""
    few = {"config.json": oms.SOME["config.json"]}
    for partial, status in ((True, Status.VERIFIED), (False, Status.INVALID)):
        claim = Claim(repository="acme/bert", commit="1" * 40, objects=None, partial=partial)
        assert judge(files=few, claim=claim)[0].status is status


def test_bytes_that_change_while_they_are_compared():
    """What cannot be read again is no match."""

    def broken():
        raise FormatError("the file was modified while it was read")
        yield b""

    files = dict(case().files) | {"config.json": BoundFile(size=22, chunks=broken)}
    found, facts = model_signing.collect(replace(case(), files=files))
    assert (found.code, facts[0].data["detail"]) == (
        "named",
        "could not be compared: the file was modified while it was read",
    )


def test_without_a_bundle():
    """ABSENT where a rule names keys for one; nothing at all where nobody asks."""
    found, _ = judge(None)
    assert (found.status, found.code, found.subject) == (Status.ABSENT, "", "file:/m")
    assert (found.required, found.required_by) == ("publisher", "trust.toml:7")
    assert judge(None, repository="evil/bert") == (None, [])


def test_a_bundle_that_nobody_asked_about():
    """UNAVAILABLE, with why, and with a code that no rule takes for a missing signature."""
    for trusted, repository in ((None, None), (store(), None)):
        found, _ = model_signing.collect(replace(case(), store=trusted, repository=repository))
        assert (found.status, found.code, found.required) == (Status.UNAVAILABLE, "not-needed", "none")


BUNDLES = {
    "key": (GOOD, store()),
    "ed25519": (
        oms.bundle(oms.statement(), KEYS["ed25519"]),
        store(oms.store_text({"acme": KEYS["ed25519"]})),
    ),
    "certificate": (oms.bundle(oms.statement(), KEY, chain=[LEAF, ROOT]), authority()),
}


@settings(max_examples=300, deadline=None)
@given(name=st.sampled_from(sorted(BUNDLES)), place=st.integers(0, 100_000), flip=st.integers(1, 255))
def test_no_flipped_byte_of_a_bundle_verifies(name, place, flip):
    """Of envelope, payload, signature, hint or chain; unless the bundle means the same, as JSON may."""
    data, trusted = BUNDLES[name]
    at = place % len(data)
    changed = data[:at] + bytes([data[at] ^ flip]) + data[at + 1 :]
    found, _ = judge(changed, trusted=trusted)
    if found.status is Status.VERIFIED:
        assert parse_bundle(changed, DEFAULT_LIMITS) == parse_bundle(data, DEFAULT_LIMITS)
        assert data[at : at + 1].isspace()


@settings(max_examples=100, deadline=None)
@given(
    form=st.sampled_from([{}, {"size": 4}, {"algorithm": "blake2b"}]),
    name=st.sampled_from(sorted(oms.SOME)),
    place=st.integers(0, 1000),
    flip=st.integers(1, 255),
)
def test_no_flipped_byte_of_a_file_verifies(form, name, place, flip):
    """Whatever the digests are taken over."""
    content = bytearray(oms.SOME[name])
    content[place % len(content)] ^= flip
    found, _ = judge(oms.bundle(oms.statement(**form), KEY), oms.SOME | {name: bytes(content)})
    assert (found.status, found.code) == (Status.INVALID, "named")
