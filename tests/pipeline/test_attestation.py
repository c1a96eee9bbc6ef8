"""Attestations: what an audit established, and every way in which it does not hold for a folder later."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safeload.core import Verdict
from safeload.errors import UsageError
from safeload.formats.public_key import parse_public_key
from safeload.formats.verification_summary import EXTENSION, VERIFIER
from safeload.pipeline import Origin, audit, resolve_policy
from safeload.pipeline.attestation import seal, summary_of
from safeload.pipeline.attested import Asked, AttestationRefused, verify_attestation
from safeload.provenance.keys import load_private
from safeload.record import replace
from tests.forge import oms
from tests.forge.git import git, repository
from tests.forge.keys import GPG, keyring, sign_head
from tests.forge.trust import write_store as write_commit_store

NOW = 1_800_000_000.0
KEY, OTHER = oms.private_key("ed25519"), oms.private_key("p384")
PUBLIC = parse_public_key(oms.public_der(KEY))
FILES = {"config.json": b'{"model_type": "bert"}', "sub/notes.txt": b"hello\n", "empty.txt": b""}
DEFAULT = resolve_policy("default")


@pytest.fixture
def folder(tmp_path):
    return oms.write_model(tmp_path / "model", FILES)


def attest(folder, key=KEY, *, policy="default", now=NOW, change=None, repository=None, origin=None) -> bytes:
    """An attestation of an audit."""
    report = audit(folder, policy=policy, origin=origin)
    summary = summary_of(report, now, repository)
    if change is not None:
        summary = replace(summary, **change)
    return seal(summary, None if key is None else load_private(oms.private_pem(key), None))


def check(folder, data, *, policy=DEFAULT, now=NOW, **asked):
    fields = {"key": PUBLIC} | asked
    return verify_attestation(folder, data, Asked(**fields), policy=policy, now=now)


def refused(folder, data, **more) -> list[str]:
    with pytest.raises(AttestationRefused) as caught:
        check(folder, data, **more)
    assert str(caught.value) == "\n".join(caught.value.problems)
    return list(caught.value.problems)


def said(data: bytes) -> dict:
    """The statement of an attestation."""
    document = json.loads(data)
    if "payload" in document:
        import base64

        document = json.loads(base64.b64decode(document["payload"]))
    return document


@pytest.mark.parametrize("kind", ["ed25519", "p256", "p384", "p521"])
def test_what_was_attested_holds(folder, kind):
    """For every kind of key: the same files, the same policy, an allowed audit."""
    key = oms.private_key(kind)
    found = check(folder, attest(folder, key), key=parse_public_key(oms.public_der(key)))
    assert found.signer == oms.fingerprint(key)
    assert (found.compared, found.policy_differs, found.age) == (3, False, 0)
    assert found.summary.levels == ("SAFELOAD_ALLOWED",)
    assert set(found.summary.files) == set(FILES)


def test_what_stands_in_a_statement(folder):
    """Subjects, verifier, policy and result as the specification names them, and no level of SLSA."""
    document = said(attest(folder))
    predicate = document["predicate"]
    assert {item["name"] for item in document["subject"]} == set(FILES)
    assert predicate["verifier"]["id"] == VERIFIER
    assert predicate["timeVerified"] == "2027-01-15T08:00:00Z"
    assert predicate["policy"]["uri"] == "policies/default.toml"
    assert predicate["policy"]["digest"]["sha256"] == DEFAULT.digest.hex
    assert (predicate["verificationResult"], predicate["verifiedLevels"]) == ("PASSED", ["SAFELOAD_ALLOWED"])
    assert predicate["resourceUri"].startswith("file:/")
    assert "SLSA_" not in json.dumps(document)
    assert predicate[EXTENSION]["undigested"] == []


def test_a_failed_audit_is_attested_and_never_holds(folder):
    """The statement says FAILED and which rules denied; no flag makes it pass."""
    oms.write_model(folder, {"evil.pkl": b"cos\nsystem\n(S'id'\ntR."})
    data = attest(folder)
    predicate = said(data)["predicate"]
    assert (predicate["verificationResult"], predicate["verifiedLevels"]) == ("FAILED", ["FAILED"])
    assert "pickle.dangerous-global" in predicate[EXTENSION]["denied"]
    assert refused(folder, data, any_policy=True) == ["the audit FAILED: these files were denied"]


def test_nothing_to_attest(folder, tmp_path):
    """A folder without a file has no subject, and neither has an audit that digested nothing."""
    (tmp_path / "empty").mkdir()
    for report in (audit(tmp_path / "empty", policy="default"), audit(folder, policy="default", quick=True)):
        with pytest.raises(UsageError, match="nothing to attest"):
            summary_of(report, NOW)
    # an allowed report that says of itself that it was quick
    assert not summary_of(replace(audit(folder, policy="default"), quick=True), NOW).passed


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"config.json": b"{}"}, "config.json: changed: sha256 "),
        ({"more.txt": b""}, "more.txt: no file of the attestation"),
        ({"sub/model.safetensors": b"x"}, "sub/model.safetensors: no file of the attestation"),
    ],
)
def test_changed_and_extra_files(folder, change, problem):
    """Each is named."""
    data = attest(folder)
    oms.write_model(folder, change)
    (found,) = refused(folder, data)
    assert found.startswith(problem)


def test_missing_renamed_and_swapped_files(folder):
    """A file is its name and its bytes."""
    data = attest(folder)
    (folder / "empty.txt").rename(folder / "Empty.txt")
    assert refused(folder, data) == ["Empty.txt: no file of the attestation", "empty.txt: missing"]
    (folder / "Empty.txt").rename(folder / "empty.txt")
    content = (folder / "config.json").read_bytes()
    (folder / "config.json").write_bytes((folder / "sub" / "notes.txt").read_bytes())
    (folder / "sub" / "notes.txt").write_bytes(content)
    assert len(refused(folder, data)) == 2


def test_files_that_cannot_be_read(folder, tmp_path):
    """A link to the same bytes elsewhere is not opened: that is unknown, not changed."""
    data = attest(folder)
    (folder / "config.json").rename(tmp_path / "config.json")
    (folder / "config.json").symlink_to(tmp_path / "config.json")
    with pytest.raises(AttestationRefused) as caught:
        check(folder, data)
    assert caught.value.unread
    assert caught.value.problems[0].startswith("config.json: could not be read")
    oms.write_model(folder, {"more.txt": b""})
    with pytest.raises(AttestationRefused) as caught:
        check(folder, data)
    assert not caught.value.unread


def test_bookkeeping_of_downloads_is_left_alone(folder):
    """What `hf download` writes for itself differs from one machine to the next, and git's store likewise."""
    oms.write_model(folder, {".cache/huggingface/download/x.metadata": b"1\n"})
    data = attest(folder)
    oms.write_model(folder, {".cache/huggingface/download/x.metadata": b"2\n"})
    oms.write_model(folder, {".cache/huggingface/y": b"3\n", ".git/HEAD": b"ref: x\n"})
    assert check(folder, data).compared == 3
    oms.write_model(folder, {".cache/other": b""})
    assert refused(folder, data) == [".cache/other: no file of the attestation"]


def test_who_signed(folder):
    """The given key and no other; a signature over another statement is none over this one."""
    data = attest(folder)
    other = parse_public_key(oms.public_der(OTHER))
    assert "not signed by the key that was given" in refused(folder, data, key=other)[0]
    document = json.loads(data)
    document["signatures"][0]["keyid"] = oms.fingerprint(OTHER)
    assert refused(folder, json.dumps(document).encode()) == ["it names another key than the one that signed"]
    document = json.loads(data)
    document["payload"] = json.loads(attest(folder, now=NOW + 1))["payload"]
    assert "altered after it was signed" in refused(folder, json.dumps(document).encode())[0]
    document["signatures"] *= 2
    assert "2 signatures" in refused(folder, json.dumps(document).encode())[0]


def test_an_unsigned_report_proves_nothing(folder):
    """Refused, unless the caller takes it for what it is; then everything else still counts."""
    data = attest(folder, None)
    assert "nobody signed it" in refused(folder, data)[0]
    found = check(folder, data, key=None, allow_unsigned=True)
    assert (found.signer, found.who, found.compared) == ("", "nobody", 3)
    oms.write_model(folder, {"config.json": b"{}"})
    assert refused(folder, data, allow_unsigned=True)[0].startswith("config.json: changed")
    # the flag is no way around a signature that does not hold
    signed = attest(folder)
    assert "not signed by" in refused(folder, signed, key=None, allow_unsigned=True)[0]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"{}",
        b"null",
        b'{"_type": "https://in-toto.io/Statement/v1"}',
        b"\x80\x04.",
        oms.bundle(oms.statement(FILES), KEY),
        json.dumps(oms.statement(FILES)).encode(),
    ],
)
def test_what_is_no_attestation(folder, data):
    """Other files, also those that the same key has signed for another purpose."""
    (problem,) = refused(folder, data, allow_unsigned=True)
    assert problem.startswith("no attestation: ")


def test_a_signed_manifest_is_no_verdict(folder):
    """The same key over the same files, as a signature of the model: it says nothing about an audit."""
    payload = json.dumps(oms.statement(FILES)).encode()
    made = oms.envelope(payload, oms.sign(KEY, oms.pae(payload)))
    (problem,) = refused(folder, json.dumps(made).encode())
    assert "is no summary" in problem


def test_another_policy_is_another_question(folder):
    """Refused where the policy in force means something else; a flag takes it, and the result says so."""
    data = attest(folder)
    strict = resolve_policy("strict")
    (problem,) = refused(folder, data, policy=strict)
    assert problem.startswith("made under policies/default.toml (sha256:")
    found = check(folder, data, policy=strict, any_policy=True)
    assert found.policy_differs


def test_age(folder):
    """Too old, and from the future."""
    data = attest(folder)
    assert check(folder, data, now=NOW + 100, max_age=100).age == 100
    assert "more than 100 seconds ago" in refused(folder, data, now=NOW + 101, max_age=100)[0]
    assert check(folder, data, now=NOW - 300).age == 0
    assert "in the future" in refused(folder, data, now=NOW - 301)[0]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"verifier": "https://example.com/other"}, "the verifier is https://example.com/other"),
        ({"levels": ("SLSA_BUILD_LEVEL_3",)}, "it does not say SAFELOAD_ALLOWED"),
        ({"levels": ()}, "it does not say SAFELOAD_ALLOWED"),
    ],
)
def test_what_the_verifier_has_to_say(folder, change, problem):
    """Its id, and that the policy allowed the files."""
    assert problem in refused(folder, attest(folder, change=change))[0]


def store(tmp_path, rules: str, **more) -> str:
    """A trust store with KEY as an attester and OTHER as who signs models."""
    written, files = oms.store_text({"ci": KEY}, kind="attester", rules="", **more)
    table, extra = oms.key_table("acme", oms.public_pem(OTHER), oms.fingerprint(OTHER))
    return str(oms.write_store(tmp_path / "trust", (written + table + rules, files | extra)))


RULE = '[[rules]]\nrepos = ["acme/*"]\nrequire = "publisher"\nkeys = ["acme", "ci"]\n'
DENY = '[default]\nrequire = "deny"\n'


def signed(folder, tmp_path, repository="acme/bert") -> bytes:
    """An attestation about a model that its publisher has signed."""
    trust = store(tmp_path / "theirs", RULE.replace("acme/*", repository.split("/")[0] + "/*"))
    (folder / "model.sig").write_bytes(oms.bundle(oms.statement(FILES), OTHER))
    return attest(folder, repository=repository, origin=Origin(repository=repository, trust=trust))


def test_a_proven_origin_is_attested(folder, tmp_path):
    """Its name, its level, and what that rests on."""
    data = signed(folder, tmp_path)
    predicate = said(data)["predicate"]
    assert predicate["resourceUri"] == "pkg:huggingface/acme/bert"
    assert predicate["verifiedLevels"] == ["SAFELOAD_ALLOWED", "SAFELOAD_PROVENANCE_PUBLISHER"]
    (item,) = predicate["inputAttestations"]
    assert item["name"] == "model-signature"
    assert item["annotations"] == {"level": "publisher", "signer": oms.fingerprint(OTHER)}
    assert (
        item["digest"]["sha256"]
        == {entry["name"]: entry["digest"]["sha256"] for entry in said(data)["subject"]}["model.sig"]
    )
    assert len(predicate[EXTENSION]["trustStores"]) == 1


def test_a_name_that_nobody_proved_is_not_attested(folder):
    """What the user typed does not count."""
    assert said(attest(folder, repository="acme/bert"))["predicate"]["resourceUri"].startswith("file:/")


def test_an_attester_of_the_trust_store(folder, tmp_path):
    """Counts for the repository that it says, where the rule for it lists the key."""
    data = signed(folder, tmp_path)
    trust = store(tmp_path, RULE + DENY)
    found = check(folder, data, key=None, trust=trust, repository="acme/bert")
    assert found.who.startswith("ci (SHA256:")
    assert "not about acme/other" in refused(folder, data, key=None, trust=trust, repository="acme/other")[0]
    assert check(folder, data, repository="acme/bert").signer  # a given key needs no store


@pytest.mark.parametrize(
    ("rules", "more", "problem"),
    [
        (RULE.replace(', "ci"', "") + DENY, {}, "ci signed it, which "),
        (RULE.replace("acme/*", "evil/*") + DENY, {}, "ci signed it, which "),
        (RULE, {"keys_more": "not_after = 2027-01-14\n"}, "outside of the dates that ci has"),
        (RULE + "not_before = 2027-01-16\n", {}, "outside of the dates that "),
    ],
)
def test_attesters_that_do_not_count(folder, tmp_path, rules, more, problem):
    """Not for this repository, not at that time."""
    data = signed(folder, tmp_path)
    found = refused(folder, data, key=None, trust=store(tmp_path, rules, **more))
    assert any(problem in item for item in found)


def test_an_attestation_about_no_repository(folder, tmp_path):
    """The default rule speaks for folders that nobody has a name for, and may list an attester."""
    data = attest(folder)
    trust = store(tmp_path, RULE + DENY)
    assert "does not list" in refused(folder, data, key=None, trust=trust)[0]
    trust = store(tmp_path, RULE + '[default]\nrequire = "deny"\nkeys = ["ci"]\n')
    assert check(folder, data, key=None, trust=trust).signer
    assert "not about acme/bert" in refused(folder, data, repository="acme/bert")[0]


def test_the_required_provenance_has_to_be_attested(folder, tmp_path):
    """By the policy, or by the rule of the trust store; another policy is no way around that."""
    policy = tmp_path / "p.toml"
    text = 'schema = 1\n[formats]\nallow = ["json", "text"]\n[provenance]\nrequire = "publisher"\n'
    policy.write_text(text)
    demanding = resolve_policy(policy)
    data = attest(folder)
    found = refused(folder, data, policy=demanding, any_policy=True)
    assert found == ["provenance publisher is required, and it attests none"]
    about = attest(folder, change={"resource": "pkg:huggingface/acme/bert"})
    found = refused(folder, about, key=None, trust=store(tmp_path, RULE))
    assert found == ["provenance publisher is required, and it attests none"]
    about = attest(folder, change={"levels": ("SAFELOAD_ALLOWED", "publisher")})
    assert "attests none" in refused(folder, about, policy=demanding, any_policy=True)[0]


def test_no_store_and_no_key(folder, tmp_path):
    """Nobody's word counts then, which is the caller's mistake; a store without attesters counts nobody."""
    with pytest.raises(UsageError, match="nobody's word counts yet"):
        check(folder, attest(folder), key=None)
    trust = str(oms.write_store(tmp_path / "none", oms.store_text({"acme": OTHER})))
    assert "not signed by an attester" in refused(folder, attest(folder), key=None, trust=trust)[0]


def test_a_trust_store_inside_of_what_it_judges(folder):
    """Refused, as for an audit."""
    with pytest.raises(UsageError, match="lies inside the audited path"):
        check(folder, attest(folder), key=None, trust=store(folder, RULE))


def test_nothing_is_loaded_and_nothing_scanned(folder, monkeypatch):
    """A check decides this one question: no scanner runs, and no snapshot comes out."""
    from safeload.pipeline import examination

    data = attest(folder)

    def scanned(*_given):
        raise AssertionError("a scanner ran")

    monkeypatch.setattr(examination, "_scanner_for", scanned)
    found = check(folder, data)
    assert not hasattr(found, "content")


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    folder = oms.write_model(tmp_path_factory.mktemp("shared") / "model", FILES)
    return folder, {"ed25519": attest(folder), "p384": attest(folder, OTHER)}


@settings(max_examples=300, deadline=None)
@given(which=st.sampled_from(["ed25519", "p384"]), place=st.integers(0, 100_000), flip=st.integers(1, 255))
def test_no_flipped_byte_of_an_attestation_holds(shared, which, place, flip):
    """Of envelope, payload, signature or key id; the last byte is a line end, which JSON does not count."""
    folder, made = shared
    data = made[which]
    at = place % (len(data) - 1)
    changed = data[:at] + bytes([data[at] ^ flip]) + data[at + 1 :]
    key = parse_public_key(oms.public_der({"ed25519": KEY, "p384": OTHER}[which]))
    refused(folder, changed, key=key)
    refused(folder, changed, key=key, allow_unsigned=True)


@settings(max_examples=60, deadline=None)
@given(name=st.sampled_from(sorted(FILES)), place=st.integers(0, 1000), flip=st.integers(1, 255))
def test_no_flipped_byte_of_a_file_holds(shared, name, place, flip):
    """Nor one more, nor one less."""
    folder, made = shared
    whole = FILES[name]
    at = place % (len(whole) + 1)
    changed = whole[:at] + bytes([(whole[at] if at < len(whole) else 0) ^ flip]) + whole[at + 1 :]
    try:
        for content in (changed, whole + b"\0", whole[:-1] or b"\0"):
            (folder / name).write_bytes(content)
            refused(folder, made["ed25519"])
    finally:
        (folder / name).write_bytes(whole)
    assert check(folder, made["ed25519"]).compared == 3


def test_the_verdict_of_an_audit_is_what_is_attested(folder):
    """ALLOW and PASSED go together."""
    for policy in ("default", "strict"):
        report = audit(folder, policy=policy)
        assert summary_of(report, NOW).passed == (report.decision.verdict is Verdict.ALLOW)


@pytest.mark.skipif(GPG is None, reason="gpg is not installed")
def test_a_signed_commit_is_attested(tmp_path):
    """The commit stands in the address, with who signed it; the attester has to be listed for that name."""
    clone = tmp_path / "bert"
    for keys in keyring():
        keys.key("good")
        repository(clone, FILES)
        sign_head(clone, keys, "good")
        trust = write_commit_store(tmp_path / "trust", keys, "good", rules="")
        written, extra = oms.store_text({"ci": KEY}, kind="attester", rules="")
        rules = RULE.replace('acme", "ci', 'good", "ci')
        text = (trust / "trust.toml").read_text() + written.removeprefix("version = 1\n") + rules
        (trust / "trust.toml").write_text(text)
        for name, content in extra.items():
            (trust / name).write_bytes(content)
        origin = Origin(repository="acme/bert", trust=str(trust), memory=str(tmp_path / "accepted.json"))
        data = attest(clone, repository="acme/bert", origin=origin)
        commit = git(clone, "rev-parse", "HEAD").decode().strip()
        predicate = said(data)["predicate"]
        assert predicate["resourceUri"] == f"pkg:huggingface/acme/bert@{commit}"
        (item,) = predicate["inputAttestations"]
        assert item == {
            "name": "commit-signature",
            "digest": {"gitCommit": commit},
            "annotations": {"level": "publisher", "signer": keys.prints["good"]},
        }
        assert check(clone, data, key=None, trust=trust, repository="acme/bert").compared == 3
        oms.write_model(clone, {"empty.txt": b"x"})
        # the folder is not the commit's any more, so nothing is proven
        failed = said(attest(clone, repository="acme/bert", origin=origin))["predicate"]
        assert failed["verificationResult"] == "FAILED"
        assert (failed["inputAttestations"], failed["resourceUri"][:6]) == ([], "file:/")


def test_what_the_store_denies_no_key_allows(folder, tmp_path):
    """A rule that trusts nobody holds for a key that was given too, and so does a pin."""
    rules = '[[rules]]\nrepos = ["evil/*"]\nrequire = "deny"\n'
    rules += f'[[rules]]\nrepos = ["acme/*"]\nrequire = "pin"\npin = ["{"b" * 40}"]\nkeys = ["ci"]\n'
    rules += '[default]\nrequire = "deny"\nkeys = ["ci"]\n'
    trust = store(tmp_path, rules)
    levels = ("SAFELOAD_ALLOWED", "SAFELOAD_PROVENANCE_PUBLISHER")

    def about(resource):
        return attest(folder, change={"resource": f"pkg:huggingface/{resource}", "levels": levels})

    for name in ("evil/x", "others/x"):
        for key in (PUBLIC, None):
            problems = refused(folder, about(f"{name}@{'a' * 40}"), trust=trust, key=key)
            assert any(f"trusts nobody for {name}" in problem for problem in problems)
    for resource in (f"acme/x@{'a' * 40}", "acme/x"):
        assert "pins other commits" in refused(folder, about(resource), trust=trust, key=None)[0]
    assert check(folder, about(f"acme/x@{'b' * 40}"), trust=trust, key=None).signer
    # of a folder that has no repository's name, the default rule speaks, which may list an attester
    assert check(folder, attest(folder), trust=trust, key=None).signer


def test_an_attestation_about_nothing_that_counts(tmp_path):
    """Where the only files are notes of `hf download`, nothing was compared."""
    folder = oms.write_model(tmp_path / "model", {".cache/huggingface/x": b"x"})
    assert refused(folder, attest(folder)) == ["there is no file to compare"]
