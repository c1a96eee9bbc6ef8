"""Model signatures of a repository on a Hub: what they prove before anything is downloaded, and after."""

from __future__ import annotations

import json
import struct

import pytest

from safeload.core import Role, Scope, Status, Verdict
from safeload.errors import PolicyDenied, UsageError
from safeload.formats.public_key import parse_public_key
from safeload.pipeline import Origin, admit, audit, resolve_policy
from safeload.pipeline.attestation import seal, summary_of
from safeload.pipeline.attested import Asked, AttestationRefused, verify_attestation
from safeload.provenance.keys import load_private
from safeload.sources.hub_api import HubAccess
from tests.forge import hub_answers, hub_lies, oms
from tests.forge.hub import Lfs, serve

KEY, OTHER = oms.private_key("p256"), oms.private_key("p256")
MODEL = Scope(name="model", roles=frozenset({Role.CONFIG, Role.WEIGHTS, Role.INDEX}))


def weights() -> bytes:
    header = json.dumps({"w": {"dtype": "F32", "shape": [1 << 18], "data_offsets": [0, 1 << 20]}}).encode()
    header += b" " * (-len(header) % 8)
    return struct.pack("<Q", len(header)) + header + bytes(1 << 20)


FILES = {
    "config.json": json.dumps({"model_type": "bert", "architectures": ["BertModel"]}).encode(),
    "model.safetensors": Lfs(weights()),
    ".gitattributes": b"*.safetensors filter=lfs diff=lfs merge=lfs -text\n",
}
NAMED = {path: content for path, content in FILES.items() if path != ".gitattributes"}


@pytest.fixture
def hub(tmp_path, monkeypatch):
    for name in ("XDG_CACHE_HOME", "XDG_STATE_HOME", "HF_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name.lower()))
    with serve() as hub:
        yield hub


@pytest.fixture
def asked(tmp_path):
    """A rule that takes model signatures alone."""
    trust = oms.write_store(tmp_path / "trust", oms.store_text({"acme": KEY}))
    return Origin(trust=str(trust), memory=str(tmp_path / "accepted.json"))


def access(hub, tmp_path) -> HubAccess:
    return HubAccess(endpoint=hub.endpoint, cache_dir=str(tmp_path / "cache"), token=False)


def judged(hub, tmp_path, asked):
    report = audit("hf:acme/bert", policy="default", origin=asked, hub=access(hub, tmp_path))
    found = {item.kind: item for item in report.decision.evidence}
    return report.decision, {reason.finding.rule for reason in report.decision.denials}, found


def publish(hub, key=KEY, **files):
    bundle = oms.bundle(oms.statement(NAMED), key)
    return hub.repository("acme/bert").commit({**FILES, "model.sig": bundle, **files})


def test_a_signed_model_of_a_hub(hub, tmp_path, asked):
    """An unsigned commit is nobody's concern, and its files are bound to it all the same."""
    commit = publish(hub)
    decision, rules, found = judged(hub, tmp_path, asked)
    assert (decision.verdict, rules) == (Verdict.ALLOW, set())
    assert (found["model-signature"].status, found["model-signature"].level) == (Status.VERIFIED, "publisher")
    assert "2 of 2 files were compared" in found["model-signature"].detail
    assert (found["commit-signature"].code, found["commit-signature"].subject) == ("not-needed", commit)
    assert found["tree-binding"].status is Status.VERIFIED


def test_a_load_needs_the_same(hub, tmp_path, asked):
    """Admission from the Hub, where weights are fetched last."""
    publish(hub)
    snapshot = admit("hf:acme/bert", scope=MODEL, policy="default", origin=asked, hub=access(hub, tmp_path))
    assert bytes(snapshot.content("model.safetensors")) == FILES["model.safetensors"]
    (found,) = [item for item in snapshot.decision.evidence if item.kind == "model-signature"]
    assert found.status is Status.VERIFIED


@pytest.mark.parametrize("which", ["stranger", "none"])
def test_nothing_is_downloaded_of_what_nobody_signed(hub, tmp_path, asked, which):
    """Denied by its origin alone: no weights are asked for, and nothing passes for compared."""
    if which == "none":
        hub.repository("acme/bert").commit(FILES)
    else:
        publish(hub, OTHER)
    decision, rules, found = judged(hub, tmp_path, asked)
    assert decision.verdict is Verdict.DENY
    assert "provenance.unsigned" in rules
    assert found["model-signature"].status is not Status.VERIFIED
    assert hub.asked(hub_answers.CDN) == []
    with pytest.raises(PolicyDenied):
        admit("hf:acme/bert", scope=MODEL, policy="default", origin=asked, hub=access(hub, tmp_path))


def test_a_file_that_the_publisher_did_not_sign(hub, tmp_path, asked):
    """Committed by whoever may write there: its name alone is enough."""
    publish(hub, **{"tokenizer.json": b"{}"})
    decision, rules, found = judged(hub, tmp_path, asked)
    assert decision.verdict is Verdict.DENY
    assert "integrity.mismatch" in rules
    assert found["model-signature"].status is Status.INVALID


@pytest.mark.parametrize("load", [False, True])
def test_weights_that_were_changed_on_the_server(hub, tmp_path, asked, load):
    """Of the same size: the digest decides, after the signature looked good."""
    publish(hub)
    hub.lie(hub_lies.flipped(-1), hub_answers.CDN)
    if load:
        with pytest.raises(PolicyDenied) as caught:
            admit("hf:acme/bert", scope=MODEL, policy="default", origin=asked, hub=access(hub, tmp_path))
        rules = {reason.finding.rule for reason in caught.value.decision.denials}
    else:
        decision, rules, _ = judged(hub, tmp_path, asked)
        assert decision.verdict is Verdict.DENY
    assert "integrity.mismatch" in rules


def test_a_signature_that_the_user_brings(hub, tmp_path, asked):
    """From elsewhere, about files of the Hub; without a trust store it is an error."""
    hub.repository("acme/bert").commit(FILES)
    (tmp_path / "mine.sig").write_bytes(oms.bundle(oms.statement(NAMED), KEY))
    named = Origin(trust=asked.trust, memory=asked.memory, model_signature=str(tmp_path / "mine.sig"))
    assert judged(hub, tmp_path, named)[0].verdict is Verdict.ALLOW
    with pytest.raises(UsageError, match="without a trust store"):
        judged(hub, tmp_path, Origin(model_signature=str(tmp_path / "mine.sig")))


def test_what_is_refused_early_claims_no_comparison(hub, tmp_path, asked):
    """A good signature over files that were never fetched is not VERIFIED."""
    bundle = oms.bundle(oms.statement(NAMED), KEY)
    repository = hub.repository("acme/bert")
    repository.commit({**FILES, "model.sig": bundle, ".github/a\u200b.json": b"{}"})
    decision, _, found = judged(hub, tmp_path, asked)
    assert decision.verdict is Verdict.DENY
    assert found["model-signature"].status is Status.UNAVAILABLE
    assert found["model-signature"].detail.startswith("not compared with files that were not downloaded")
    assert hub.asked(hub_answers.CDN) == []


def test_a_repository_of_a_hub_is_attested(hub, tmp_path, asked):
    """By the name and commit that it was served under; its snapshot is held against that later."""
    commit = publish(hub)
    report = audit("hf:acme/bert", policy="default", origin=asked, hub=access(hub, tmp_path))
    summary = summary_of(report, 1_800_000_000)
    assert summary.resource == f"pkg:huggingface/acme/bert@{commit}"
    assert summary.levels == ("SAFELOAD_ALLOWED", "SAFELOAD_PROVENANCE_PUBLISHER")
    data = seal(summary, load_private(oms.private_pem(OTHER), None))
    snapshot = tmp_path / "cache" / "models--acme--bert" / "snapshots" / commit
    wanted = Asked(key=parse_public_key(oms.public_der(OTHER)), repository="acme/bert")
    policy = resolve_policy("default")
    found = verify_attestation(snapshot, data, wanted, policy=policy, now=1_800_000_000)
    assert found.compared == len(FILES) + 1
    target = (snapshot / "config.json").resolve()
    target.write_bytes(FILES["config.json"] + b" ")
    with pytest.raises(AttestationRefused, match=r"config\.json: changed"):
        verify_attestation(snapshot, data, wanted, policy=policy, now=1_800_000_000)
