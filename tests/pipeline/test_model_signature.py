"""From a key of the trust store to the files of a folder: model signatures through the whole pipeline."""

from __future__ import annotations

import json
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safeload.core import Role, Scope, Status, Verdict
from safeload.errors import PolicyDenied, UsageError
from safeload.pipeline import Origin, admit, audit
from tests.forge import oms
from tests.forge.git import git, repository
from tests.forge.keys import GPG, keyring, sign_head
from tests.forge.trust import write_store as write_commit_store

MODEL = Scope(name="model", roles=frozenset({Role.CONFIG, Role.WEIGHTS, Role.INDEX}))
TOKENIZER = Scope(name="tokenizer", roles=frozenset({Role.TOKENIZER}))
KEY, OTHER = oms.private_key("p256"), oms.private_key("ed25519")


def weights() -> bytes:
    header = json.dumps({"w": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}).encode()
    header += b" " * (-len(header) % 8)
    return struct.pack("<Q", len(header)) + header + bytes(8)


FILES = {
    "config.json": json.dumps({"model_type": "bert", "architectures": ["BertModel"]}).encode(),
    "model.safetensors": weights(),
    "README.md": b"# a model\n",
}


@pytest.fixture(scope="module")
def trust(tmp_path_factory):
    """A trust store with one key that signs models of acme."""
    return str(oms.write_store(tmp_path_factory.mktemp("trust"), oms.store_text({"acme": KEY})))


@pytest.fixture
def model(tmp_path):
    """A folder with its signature."""
    folder = oms.write_model(tmp_path / "model", FILES)
    (folder / "model.sig").write_bytes(oms.bundle(oms.statement(FILES), KEY))
    return folder


@pytest.fixture
def asked(trust, tmp_path):
    """What the user says."""
    return Origin(repository="acme/bert", trust=trust, memory=str(tmp_path / "accepted.json"))


def judged(folder, origin, policy="strict"):
    """Verdict, denying rules, and evidence by kind."""
    decision = audit(folder, policy=policy, origin=origin).decision
    rules = {reason.finding.rule for reason in decision.denials}
    return decision, rules, {item.kind: item for item in decision.evidence}


def test_strict_allows_what_a_trusted_key_signed(model, asked):
    """The signature is enough: that the folder names no commit is nobody's concern then."""
    decision, rules, evidence = judged(model, asked)
    assert (decision.verdict, rules) == (Verdict.ALLOW, set())
    found = evidence["model-signature"]
    assert (found.status, found.level, found.required) == (Status.VERIFIED, "publisher", "publisher")
    assert (evidence["commit-signature"].status, evidence["commit-signature"].code) == (
        Status.ABSENT,
        "not-needed",
    )
    by_path = {artifact.location.artifact: artifact for artifact in decision.artifacts}
    assert (by_path["model.sig"].format, by_path["model.sig"].coverage.value) == ("json", "scanned")


def test_a_policy_that_requires_the_publisher_is_satisfied(model, asked, tmp_path):
    """By a model signature as by a commit's; and the trust store's own requirement under any policy."""
    policy = tmp_path / "p.toml"
    policy.write_text(
        'schema = 1\n[defaults]\nunknown = "deny"\noutside-scope = "deny"\n'
        '[formats]\nallow = ["json", "text", "safetensors"]\n[provenance]\nrequire = "publisher"\n'
    )
    assert judged(model, asked, policy)[0].verdict is Verdict.ALLOW
    (model / "model.sig").write_bytes(oms.bundle(oms.statement(FILES), OTHER))
    for which in (policy, "default"):
        decision, rules, _ = judged(model, asked, which)
        assert decision.verdict is Verdict.DENY
        assert {"provenance.unsigned", "provenance.untrusted-key"} <= rules


def test_without_a_name_nothing_is_believed(model, asked, trust):
    """The signature is there and nobody said whose key counts: said, and no level is reached."""
    for origin in (None, Origin(), Origin(trust=trust)):
        decision, rules, evidence = judged(model, origin)
        assert (decision.verdict, rules) == (Verdict.DENY, {"provenance.unsigned"})
        assert evidence["model-signature"].status is Status.UNAVAILABLE
    assert judged(model, None, "default")[0].verdict is Verdict.ALLOW


@pytest.mark.parametrize("policy", ["strict", "default"])
@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"config.json": b"{}"}, "integrity.mismatch"),
        ({"tokenizer.json": b"{}"}, "integrity.mismatch"),
        ({"model.sig": b"{}"}, "provenance.invalid"),
        ({"model.sig": b"\x80\x02."}, "provenance.invalid"),
        ({"model.sig": oms.bundle(oms.statement(FILES), KEY, signature=b"x" * 64)}, "provenance.invalid"),
        ({"model.sig": oms.bundle(oms.statement(FILES), OTHER)}, "provenance.untrusted-key"),
    ],
)
def test_what_was_not_signed_is_denied(model, asked, change, rule, policy):
    """Under its own rule, under any policy."""
    oms.write_model(model, change)
    decision, rules, _ = judged(model, asked, policy)
    assert decision.verdict is Verdict.DENY
    assert rule in rules


@pytest.mark.parametrize("which", ["missing", "link", "folder"])
def test_files_that_are_not_there(model, asked, tmp_path, which):
    """Gone, a link to the same bytes elsewhere, a folder in place of a file."""
    content = (model / "config.json").read_bytes()
    (model / "config.json").unlink()
    if which == "link":
        (tmp_path / "config.json").write_bytes(content)
        (model / "config.json").symlink_to(tmp_path / "config.json")
    if which == "folder":
        (model / "config.json").mkdir()
    decision, rules, _ = judged(model, asked, "default")
    assert decision.verdict is Verdict.DENY
    assert "integrity.mismatch" in rules


def test_a_signature_that_lies_elsewhere(model, asked, tmp_path):
    """Named by the user; and one that cannot be read is an error, not an unsigned model."""
    (model / "model.sig").rename(tmp_path / "other.sig")
    elsewhere = Origin(
        repository=asked.repository, trust=asked.trust, model_signature=str(tmp_path / "other.sig")
    )
    assert judged(model, elsewhere)[0].verdict is Verdict.ALLOW
    with pytest.raises(UsageError, match="or the folder a signed"):
        audit(model, policy="strict", origin=asked)
    for path in ("missing.sig", str(tmp_path)):
        with pytest.raises(UsageError, match="cannot read"):
            audit(model, origin=Origin(repository="acme/bert", trust=asked.trust, model_signature=path))
    with pytest.raises(UsageError, match="without a trust store"):
        audit(model, origin=Origin(repository="acme/bert", model_signature=str(tmp_path / "other.sig")))
    with pytest.raises(UsageError, match="no name of a repository"):
        audit(
            model,
            origin=Origin(repository="../x", trust=asked.trust, model_signature=elsewhere.model_signature),
        )


def test_a_signature_inside_under_another_name(model, asked):
    """It is not part of what it signs, wherever it lies."""
    (model / "sub").mkdir()
    (model / "model.sig").rename(model / "sub" / "acme.sig")
    origin = Origin(
        repository=asked.repository, trust=asked.trust, model_signature=model / "sub" / "acme.sig"
    )
    decision, _, evidence = judged(model, origin, "default")
    assert decision.verdict is Verdict.ALLOW
    assert evidence["model-signature"].detail.endswith("not covered: sub/acme.sig")


def test_a_load_gets_the_bytes_that_were_signed(model, asked):
    """Admission hands out what the manifest lists; a scope without weights does not read them for it."""
    snapshot = admit(model, scope=MODEL, policy="strict", origin=asked)
    assert bytes(snapshot.content("model.safetensors")) == FILES["model.safetensors"]
    (found,) = [item for item in snapshot.decision.evidence if item.kind == "model-signature"]
    assert found.status is Status.VERIFIED
    admit(model, scope=TOKENIZER, policy="strict", origin=asked)
    (model / "model.safetensors").write_bytes(weights()[:-1] + b"!")
    with pytest.raises(PolicyDenied) as caught:
        admit(model, scope=MODEL, policy="default", origin=asked)
    assert "integrity.mismatch" in {reason.finding.rule for reason in caught.value.decision.denials}


def test_a_signer_cannot_leave_out_what_is_loaded(model, asked):
    """The signature names no weights, and says that this is on purpose."""
    few = {path: content for path, content in FILES.items() if path != "model.safetensors"}
    signed = oms.statement(few, ignored=[*oms.IGNORED, "model.safetensors"])
    (model / "model.sig").write_bytes(oms.bundle(signed, KEY))
    with pytest.raises(PolicyDenied) as caught:
        admit(model, scope=MODEL, policy="default", origin=asked)
    assert "integrity.mismatch" in {reason.finding.rule for reason in caught.value.decision.denials}
    assert "integrity.mismatch" in judged(model, asked, "default")[1]


def test_a_quick_audit_verifies_nothing_that_it_did_not_read(model, asked):
    """Small files were read anyway; a large one was not, so nobody compared it."""
    quick = audit(model, policy="default", quick=True, origin=asked)
    assert {item.status for item in quick.decision.evidence if item.kind == "model-signature"} == {
        Status.VERIFIED
    }
    big = FILES | {"model.safetensors": weights() + bytes(0), "big.txt": b"x\n" * (3 << 20)}
    oms.write_model(model, big)
    (model / "model.sig").write_bytes(oms.bundle(oms.statement(big), KEY))
    quick = audit(model, policy="default", quick=True, origin=asked)
    (found,) = [item for item in quick.decision.evidence if item.kind == "model-signature"]
    assert (found.status, found.code) == (Status.UNAVAILABLE, "unread")
    whole = audit(model, policy="default", origin=asked)
    assert {item.status for item in whole.decision.evidence if item.kind == "model-signature"} == {
        Status.VERIFIED
    }


@pytest.fixture(scope="module")
def keys():
    if GPG is None:
        pytest.skip("gpg is not installed")
    for made in keyring():
        made.key("good")
        yield made


def both(tmp_path, keys, names: str):
    """A trust store with a key for commits and one for models; the rule lists those that are named."""
    folder = write_commit_store(tmp_path / "both", keys, "good", rules="")
    table, files = oms.key_table("acme", oms.public_pem(KEY), oms.fingerprint(KEY))
    text = (folder / "trust.toml").read_text() + table
    text += f'[[rules]]\nrepos = ["acme/*"]\nrequire = "publisher"\nkeys = [{names}]\n'
    (folder / "trust.toml").write_text(text)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return Origin(repository="acme/bert", trust=str(folder), memory=str(tmp_path / "accepted.json"))


SIGNED = FILES | {"model.sig": oms.bundle(oms.statement(FILES), KEY)}


@pytest.mark.parametrize(
    ("names", "commit", "model_", "allowed"),
    [
        ('"good", "acme"', True, True, True),
        ('"good", "acme"', True, False, True),
        ('"good", "acme"', False, True, True),
        ('"good", "acme"', False, False, False),
        ('"good"', True, True, True),
        ('"good"', False, True, False),
        ('"acme"', True, True, True),
        ('"acme"', True, False, False),
        ('"acme"', False, True, True),
    ],
)
def test_whichever_signature_the_rule_names(tmp_path, keys, names, commit, model_, allowed):
    """Of a clone: one good signature by a key of the rule is enough, and no other key counts."""
    clone = tmp_path / "bert"
    repository(clone, SIGNED if model_ else FILES)
    if commit:
        sign_head(clone, keys, "good")
    decision, rules, _ = judged(clone, both(tmp_path, keys, names))
    assert (decision.verdict is Verdict.ALLOW) == allowed, rules
    assert rules <= {"provenance.unsigned"}


def test_the_files_of_a_clone_are_bound_to_its_commit_all_the_same(tmp_path, keys):
    """A file that the signer left out is still one that the commit names, or it is refused."""
    clone = tmp_path / "bert"
    repository(clone, SIGNED | {".gitattributes": b"*.bin lfs\n"})
    origin = both(tmp_path, keys, '"acme"')
    assert judged(clone, origin)[0].verdict is Verdict.ALLOW
    (clone / ".gitattributes").write_bytes(b"*.bin filter=x\n")
    _, rules, evidence = judged(clone, origin)
    assert "integrity.mismatch" in rules
    assert evidence["model-signature"].status is Status.VERIFIED
    assert evidence["tree-binding"].status is Status.INVALID
    assert git(clone, "status", "--porcelain") == b" M .gitattributes\n"


@pytest.fixture(scope="module")
def shared(tmp_path_factory, trust):
    folder = oms.write_model(tmp_path_factory.mktemp("shared") / "model", SIGNED)
    return folder, Origin(repository="acme/bert", trust=trust)


@settings(max_examples=40, deadline=None)
@given(name=st.sampled_from(sorted(SIGNED)), place=st.integers(0, 100_000), flip=st.integers(1, 255))
def test_no_flipped_byte_is_allowed(shared, name, place, flip):
    """Of any file or of the signature, unless the signature's JSON still means the same."""
    folder, origin = shared
    whole = SIGNED[name]
    at = place % len(whole)
    try:
        (folder / name).write_bytes(whole[:at] + bytes([whole[at] ^ flip]) + whole[at + 1 :])
        decision = audit(folder, policy="default", origin=origin).decision
    finally:
        (folder / name).write_bytes(whole)
    if decision.verdict is Verdict.ALLOW:
        assert name == "model.sig"
        assert whole[at : at + 1].isspace()
