"""From a trusted key to the files of a clone, through the whole pipeline, with the real gpg and git."""

from __future__ import annotations

import json
import shutil
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safeload.core import Role, Scope, Status, Verdict
from safeload.errors import PolicyDenied, UsageError
from safeload.formats.git_objects import object_id
from safeload.pipeline import Origin, admit, audit
from safeload.record import replace
from tests.forge.git import commit, git, repository, write_object
from tests.forge.keys import GPG, keyring, set_head, sign_head, signed
from tests.forge.trust import rule, write_store

pytestmark = pytest.mark.skipif(GPG is None, reason="gpg is not installed")
CONFIG = json.dumps({"model_type": "bert", "architectures": ["BertModel"]}).encode()
MODEL = Scope(name="model", roles=frozenset({Role.CONFIG, Role.WEIGHTS, Role.INDEX}))
TOKENIZER = Scope(name="tokenizer", roles=frozenset({Role.TOKENIZER}))
REPOSITORY = "acme/bert"


def weights() -> bytes:
    header = json.dumps({"w": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}).encode()
    header += b" " * (-len(header) % 8)
    return struct.pack("<Q", len(header)) + header + bytes(8)


FILES = {"config.json": CONFIG, "model.safetensors": weights()}


@pytest.fixture(scope="module")
def keys():
    for made in keyring():
        made.key("good")
        made.key("other")
        yield made


@pytest.fixture
def clone(tmp_path, keys):
    """A clone of one signed commit, with both a loose and a packed store along the tests."""
    folder = tmp_path / "bert"
    repository(folder, FILES)
    sign_head(folder, keys, "good")
    return folder


@pytest.fixture
def asked(tmp_path, keys):
    """What the user says: repository and trust store, with a memory of the test's own."""
    return Origin(
        repository=REPOSITORY,
        trust=str(write_store(tmp_path / "trust", keys, "good")),
        memory=str(tmp_path / "accepted.json"),
    )


def with_(asked, **changes):
    from safeload.record import replace

    return replace(asked, **changes)


def judged(folder, asked, policy="strict"):
    """Verdict, denying rules, and evidence by kind."""
    report = audit(folder, policy=policy, origin=asked)
    decision = report.decision
    rules = {reason.finding.rule for reason in decision.denials}
    return decision, rules, {item.kind: item for item in decision.evidence}


def test_strict_allows_what_a_trusted_key_signed(clone, asked):
    """Verified, bound and allowed; the commit stands in the report; git is content too."""
    decision, rules, evidence = judged(clone, asked)
    assert (decision.verdict, rules) == (Verdict.ALLOW, set())
    assert evidence["commit-signature"].level == "publisher"
    assert evidence["tree-binding"].detail.startswith("2 of 2 files were compared")
    head = git(clone, "rev-parse", "HEAD").decode().strip()
    assert audit(clone, policy="strict", origin=asked).manifest.commit == head
    assert git(clone, "status", "--porcelain") == b""


def test_strict_denies_the_same_without_a_name(clone, asked):
    """Nobody said which repository it is, so nothing is believed; the default policy does not ask."""
    for said in (None, Origin(trust=asked.trust), Origin()):
        decision, rules, evidence = judged(clone, said)
        assert (decision.verdict, rules) == (Verdict.DENY, {"provenance.unsigned"})
        assert evidence["commit-signature"].status is Status.UNAVAILABLE
    assert judged(clone, None, "default")[0].verdict is Verdict.ALLOW


def test_every_byte_of_every_file_counts(clone, asked):
    """One bit of a file, and the snapshot is not the one that was signed, under any policy."""
    for name in FILES:
        whole = (clone / name).read_bytes()
        (clone / name).write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
        for policy in ("strict", "default"):
            decision, rules, _ = judged(clone, asked, policy)
            assert decision.verdict is Verdict.DENY
            assert "integrity.mismatch" in rules
        (clone / name).write_bytes(whole)
    assert judged(clone, asked)[0].verdict is Verdict.ALLOW


@pytest.mark.parametrize("change", ["extra", "missing", "link", "folder"])
def test_files_that_the_commit_does_not_name(clone, asked, tmp_path, change):
    """Too many, too few, a link to the same bytes elsewhere, a folder in place of a file."""
    if change == "extra":
        (clone / "notes.txt").write_text("hello\n")
    else:
        (clone / "config.json").unlink()
    if change == "link":
        (tmp_path / "config.json").write_bytes(CONFIG)
        (clone / "config.json").symlink_to(tmp_path / "config.json")
    if change == "folder":
        (clone / "config.json").mkdir()
    decision, rules, _ = judged(clone, asked, "default")
    assert decision.verdict is Verdict.DENY
    assert "integrity.mismatch" in rules


def test_a_load_gets_the_bytes_that_were_signed(clone, asked):
    """Admission hands out what the tree names, for a model and for a part of it."""
    snapshot = admit(clone, scope=MODEL, policy="strict", origin=asked)
    assert bytes(snapshot.content("model.safetensors")) == FILES["model.safetensors"]
    (clone / "model.safetensors").write_bytes(weights()[:-1] + b"!")
    assert snapshot.content("model.safetensors") == FILES["model.safetensors"]
    with pytest.raises(PolicyDenied) as caught:
        admit(clone, scope=MODEL, policy="default", origin=asked)
    assert "integrity.mismatch" in {reason.finding.rule for reason in caught.value.decision.denials}


def test_the_commit_that_is_signed_is_the_one_that_counts(clone, asked, keys):
    """Unsigned, signed by a stranger, by a key for others, altered after signing: each under its rule."""
    head = git(clone, "cat-file", "commit", "HEAD")
    plain = head[: head.index(b"gpgsig")] + head[head.index(b"\n\n") + 1 :]
    stranger = signed(plain, keys.sign("other", plain))
    altered = head.replace(b"first", b"worst")
    doubled = b"tree " + b"1" * 40 + b"\n" + head
    for raw, code, expected in (
        (plain, "unsigned", {"provenance.unsigned"}),
        (stranger, "unknown-key", {"provenance.untrusted-key", "provenance.unsigned"}),
        (altered, "bad-signature", {"provenance.invalid", "provenance.unsigned"}),
        (doubled, "malformed-commit", {"provenance.invalid", "provenance.unsigned"}),
    ):
        set_head(clone, raw)
        for policy in ("strict", "default"):
            decision, rules, evidence = judged(clone, asked, policy)
            assert (decision.verdict, evidence["commit-signature"].code) == (Verdict.DENY, code)
            assert rules == expected


def test_another_repository_of_the_same_signer(clone, asked, tmp_path, keys):
    """The store trusts the key for acme/*, and for nobody else: the same commit is a replay."""
    _, rules, evidence = judged(clone, with_(asked, repository="evil/bert"))
    assert evidence["commit-signature"].code == "no-rule"
    assert "provenance.untrusted-key" in rules
    split = rule("good") + rule("other").replace("acme", "evil")
    both = write_store(tmp_path / "both", keys, "good", "other", rules=split)
    _, rules, evidence = judged(clone, with_(asked, trust=str(both), repository="evil/bert"))
    assert evidence["commit-signature"].code == "key-not-allowed"
    assert "provenance.untrusted-key" in rules


def test_an_older_commit_is_a_rollback(clone, asked, keys):
    """Allowed before, signed, and older than what was allowed since: the branch went back."""
    first = git(clone, "rev-parse", "HEAD").decode().strip()
    commit(clone, {"config.json": CONFIG + b"\n"})
    later = git(clone, "cat-file", "commit", "HEAD").replace(b"1700000000", b"1700000100")
    set_head(clone, signed(later, keys.sign("good", later)))
    assert judged(clone, asked)[0].verdict is Verdict.ALLOW
    git(clone, "reset", "-q", "--hard", first)
    decision, rules, _ = judged(clone, asked)
    assert (decision.verdict, rules) == (Verdict.DENY, {"provenance.rollback"})
    decision, _, _ = judged(clone, asked, "default")
    assert "provenance.rollback" in {reason.finding.rule for reason in decision.warnings}


def test_what_is_denied_is_not_remembered(clone, asked, tmp_path):
    """Only an allowed commit sets the mark."""
    (clone / "notes.txt").write_text("hello\n")
    assert judged(clone, asked)[0].verdict is Verdict.DENY
    assert not (tmp_path / "accepted.json").exists()
    audit(clone, policy="default", origin=asked, quick=True)
    assert not (tmp_path / "accepted.json").exists()


def test_without_gpg_the_answer_is_inconclusive(clone, asked, monkeypatch, tmp_path):
    """Nothing is wrong, and nothing is known: exit code 3, under every policy."""
    monkeypatch.setenv("PATH", str(tmp_path))
    for policy in ("strict", "default"):
        decision, rules, evidence = judged(clone, asked, policy)
        assert (decision.verdict, decision.inconclusive) == (Verdict.DENY, True)
        assert rules == {"provenance.unsigned"}
        assert evidence["commit-signature"].code == "gpg-unavailable"


def test_a_pin_needs_no_signature(clone, asked, keys, tmp_path):
    """Integrity of a reviewed commit, and of no other; the files are bound all the same."""
    head = git(clone, "rev-parse", "HEAD").decode().strip()
    rules = f'[[rules]]\nrepos = ["acme/*"]\nrequire = "pin"\npin = ["{head}"]\n'
    pinned = with_(asked, trust=str(write_store(tmp_path / "pins", keys, rules=rules)))
    decision, _, evidence = judged(clone, pinned)
    assert (decision.verdict, evidence["commit-signature"].level) == (Verdict.ALLOW, "pin")
    commit(clone, {"config.json": CONFIG + b"\n"})
    _, found, evidence = judged(clone, pinned)
    assert evidence["commit-signature"].code == "pin-mismatch"
    assert "provenance.invalid" in found
    policy = tmp_path / "publisher.toml"
    policy.write_text('schema = 1\n[provenance]\nrequire = "publisher"\n')
    assert judged(clone, pinned, policy)[0].verdict is Verdict.DENY


def test_a_bundle_for_a_folder_without_git(clone, asked, tmp_path):
    """Commit and trees in one file, the real git's; the files come from anywhere."""
    bundle = tmp_path / "bert.bundle"
    git(clone, "bundle", "create", "-q", "--version=3", str(bundle), "--filter=blob:none", "main")
    plain = tmp_path / "plain"
    shutil.copytree(clone, plain, ignore=shutil.ignore_patterns(".git"))
    said = with_(asked, bundle=str(bundle))
    decision, _, evidence = judged(plain, said)
    assert (decision.verdict, evidence["tree-binding"].status) == (Verdict.ALLOW, Status.VERIFIED)
    (plain / "config.json").write_bytes(CONFIG + b" ")
    assert "integrity.mismatch" in judged(plain, said)[1]
    whole = bundle.read_bytes()
    for cut in (b"", whole[:50], whole[:-1], whole + b"x", whole[:-30] + b"\0" + whole[-29:]):
        bundle.write_bytes(cut)
        decision, rules, evidence = judged(plain, said, "default")
        assert (decision.verdict, rules) == (Verdict.DENY, {"provenance.unsigned"})
        assert evidence["commit-signature"].status is Status.UNAVAILABLE


def test_large_files_in_lfs(clone, asked, keys):
    """A pointer in the tree and the content on disk, as git-lfs leaves it; a pointer on disk is no model."""
    import hashlib

    from safeload.formats.lfs_pointer import canonical_pointer

    content = FILES["model.safetensors"]
    pointer = canonical_pointer(hashlib.sha256(content).hexdigest(), len(content))
    commit(clone, {"model.safetensors": pointer})
    sign_head(clone, keys, "good")
    (clone / "model.safetensors").write_bytes(content)
    assert judged(clone, asked)[0].verdict is Verdict.ALLOW
    snapshot = admit(clone, scope=MODEL, policy="strict", origin=asked)
    assert snapshot.content("model.safetensors") == content
    (clone / "model.safetensors").write_bytes(content[:-1] + b"!")
    assert "integrity.mismatch" in judged(clone, asked, "default")[1]
    (clone / "model.safetensors").write_bytes(pointer)
    decision, rules, evidence = judged(clone, asked, "default")
    assert evidence["tree-binding"].status is Status.VERIFIED
    assert (decision.verdict, "integrity.mismatch" in rules) == (Verdict.DENY, False)


def test_a_tree_with_a_link(clone, asked, keys):
    """Signed, and refused: a checkpoint holds plain files."""
    (clone / "link.json").symlink_to("config.json")
    commit(clone, {})
    sign_head(clone, keys, "good")
    decision, rules, evidence = judged(clone, asked, "default")
    assert "a symbolic link" in evidence["tree-binding"].detail
    assert (decision.verdict, "integrity.mismatch" in rules) == (Verdict.DENY, True)


def test_objects_that_were_swapped(clone, asked):
    """A tree of other files under the id of the signed one."""
    root = git(clone, "rev-parse", "HEAD^{tree}").decode().strip()
    fake = write_object(clone, "tree", git(clone, "cat-file", "tree", root)[:-1] + b"\0")
    place = clone / ".git" / "objects"
    target = place / root[:2] / root[2:]
    target.unlink()
    shutil.copy(place / fake[:2] / fake[2:], target)
    decision, rules, evidence = judged(clone, asked, "default")
    assert evidence["tree-binding"].status is Status.INVALID
    assert (decision.verdict, "integrity.mismatch" in rules) == (Verdict.DENY, True)
    target.unlink()
    decision, rules, evidence = judged(clone, asked, "default")
    assert evidence["tree-binding"].status is Status.UNAVAILABLE
    assert (decision.verdict, rules) == (Verdict.DENY, {"provenance.unsigned"})


def test_the_policy_may_name_the_store(clone, asked, tmp_path):
    """Relative to its own file, and no other store may be named beside it."""
    policy = tmp_path / "policy.toml"
    policy.write_text(
        'schema = 1\n[defaults]\nunknown = "deny"\n[formats]\nallow = ["safetensors", "json"]\n'
        '[provenance]\nrequire = "publisher"\ntrust-store = "trust"\n'
    )
    assert judged(clone, with_(asked, trust=None), policy)[0].verdict is Verdict.ALLOW
    assert judged(clone, asked, policy)[0].verdict is Verdict.ALLOW
    with pytest.raises(UsageError, match="names another trust store"):
        judged(clone, with_(asked, trust=str(tmp_path / "else")), policy)


def test_the_store_of_the_machine(clone, asked, tmp_path, monkeypatch):
    """It counts where nobody names one, and only there."""
    without = replace(asked, trust=None)
    with pytest.raises(UsageError, match="without a trust store"):
        audit(str(clone), policy="strict", origin=without)
    monkeypatch.setattr("safeload.pipeline.origin.MACHINE", str(tmp_path / "trust"))
    assert audit(str(clone), policy="strict", origin=without).decision.verdict is Verdict.ALLOW
    nobody = tmp_path / "nobody"
    nobody.mkdir()
    (nobody / "trust.toml").write_text("version = 1\n")
    named = replace(asked, trust=str(nobody))
    assert audit(str(clone), policy="strict", origin=named).decision.verdict is Verdict.DENY


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"repository": "a b"}, "no name of a repository"),
        ({"repository": "../x"}, "no name of a repository"),
        ({"revision": "main"}, "is no commit"),
        ({"revision": "abc1234"}, "is no commit"),
        ({"trust": None}, "without a trust store"),
        ({"repository": None, "revision": "1" * 40}, "without the name of the repository"),
        ({"repository": None, "bundle": "x"}, "without the name of the repository"),
        ({"trust": "missing"}, "there is no trust store"),
        ({"bundle": "missing"}, "cannot read missing"),
    ],
)
def test_what_cannot_be_asked(clone, asked, changes, what):
    """Usage errors, one line each."""
    with pytest.raises(UsageError, match=what):
        judged(clone, with_(asked, **changes))


def test_a_trust_store_inside_of_what_it_judges(clone, asked, tmp_path):
    """Whoever wrote the checkpoint would name its own keys, by a link too."""
    shutil.copytree(tmp_path / "trust", clone / "trust")
    with pytest.raises(UsageError, match="lies inside the audited path"):
        judged(clone, with_(asked, trust=str(clone / "trust")))
    (tmp_path / "linked").symlink_to(clone / "trust")
    with pytest.raises(UsageError, match="lies inside the audited path"):
        judged(clone, with_(asked, trust=str(tmp_path / "linked")))


def test_one_file_of_a_clone(clone, asked):
    """A commit is about a folder; a file alone has no origin that could be checked."""
    with pytest.raises(UsageError, match="is one file"):
        judged(clone / "config.json", asked)
    assert judged(clone / "config.json", None)[2]["commit-signature"].status is Status.ABSENT


def test_a_folder_without_a_store(tmp_path, asked):
    """A name without anything that it could be checked by."""
    (tmp_path / "plain").mkdir()
    (tmp_path / "plain" / "config.json").write_bytes(CONFIG)
    with pytest.raises(UsageError, match="is no clone"):
        judged(tmp_path / "plain", asked)


def test_another_commit_than_the_one_checked_out(clone, asked, keys):
    """The files have to be those of the commit that was asked for."""
    first = git(clone, "rev-parse", "HEAD").decode().strip()
    commit(clone, {"config.json": CONFIG + b"\n"})
    sign_head(clone, keys, "good")
    assert judged(clone, with_(asked, revision=first))[1] == {"integrity.mismatch", "provenance.unsigned"}
    assert object_id("commit", git(clone, "cat-file", "commit", first)) == first


def test_a_work_tree_that_git_converted(clone, asked, keys):
    """core.autocrlf gave other bytes than those that were signed, and the message says so."""
    commit(clone, {"vocab.txt": b"a\nb\n"})
    sign_head(clone, keys, "good")
    git(clone, "config", "core.autocrlf", "true")
    (clone / "vocab.txt").unlink()
    git(clone, "checkout", "-q", "vocab.txt")
    assert (clone / "vocab.txt").read_bytes() == b"a\r\nb\r\n"
    decision, rules, _ = judged(clone, asked, "default")
    assert "integrity.mismatch" in rules
    assert "only line endings differ" in decision.explain()
    snapshot_scope = TOKENIZER
    with pytest.raises(PolicyDenied):
        admit(clone, scope=snapshot_scope, policy="default", origin=asked)


def test_a_repository_of_a_thousand_files_in_packs(tmp_path, asked, keys):
    """Loose or packed, the answer is the same."""
    folder = tmp_path / "many"
    repository(folder, FILES | {f"part/{number:04}.json": b"%d" % number for number in range(1000)})
    sign_head(folder, keys, "good")
    git(folder, "repack", "-q", "-a", "-d")
    _, _, evidence = judged(folder, asked, "default")
    assert evidence["tree-binding"].detail.startswith("1002 of 1002 files")


def test_auto_classes_take_an_origin(tmp_path, asked, keys):
    """A model, a configuration and a tokenizer of a signed clone; refused after one byte changed."""
    import safeload
    from tests.forge.checkpoints import tiny_bert

    folder = tiny_bert(tmp_path / "tiny")
    repository(folder, {})
    sign_head(folder, keys, "good")
    said = {"policy": "strict", "origin": asked}
    assert safeload.AutoConfig.from_pretrained(folder, **said).hidden_size == 16
    assert safeload.AutoTokenizer.from_pretrained(folder, **said).vocab_size == 13
    model = safeload.AutoModelForMaskedLM.from_pretrained(folder, **said)
    assert model.config.hidden_size == 16
    with pytest.raises(UsageError, match=r"takes a safeload\.Origin"):
        safeload.AutoConfig.from_pretrained(folder, origin="acme/bert")
    weights_file = folder / "model.safetensors"
    whole = weights_file.read_bytes()
    weights_file.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    with pytest.raises(PolicyDenied, match=r"integrity\.mismatch"):
        safeload.AutoModelForMaskedLM.from_pretrained(folder, **said)
    # small files are compared whatever is loaded
    with pytest.raises(PolicyDenied, match=r"integrity\.mismatch"):
        safeload.AutoTokenizer.from_pretrained(folder, **said)


@settings(max_examples=30, deadline=None)
@given(which=st.integers(0, 5), place=st.integers(0, 1_000_000), flip=st.integers(1, 255))
def test_no_flipped_byte_is_allowed(one_clone, which, place, flip):
    """Of a file, the commit, its tree, the branch or HEAD, as it lies on disk."""
    folder, asked, files = one_clone
    path = files[which]
    whole = path.read_bytes()
    at = place % len(whole)
    path.write_bytes(whole[:at] + bytes([whole[at] ^ flip]) + whole[at + 1 :])
    try:
        assert judged(folder, asked)[0].verdict is not Verdict.ALLOW
    finally:
        path.write_bytes(whole)


@pytest.fixture(scope="module")
def one_clone(tmp_path_factory, keys):
    """A signed clone that is allowed, and the files that its verdict rests on."""
    place = tmp_path_factory.mktemp("one")
    folder = place / "bert"
    repository(folder, FILES)
    head = sign_head(folder, keys, "good")
    root = git(folder, "rev-parse", "HEAD^{tree}").decode().strip()
    objects = [folder / ".git" / "objects" / name[:2] / name[2:] for name in (head, root)]
    for path in objects:
        path.chmod(0o644)
    trust = write_store(place / "trust", keys, "good", more='allow_refs = ["main"]\n')
    asked = Origin(repository=REPOSITORY, trust=str(trust), memory=str(place / "accepted.json"))
    assert judged(folder, asked)[0].verdict is Verdict.ALLOW
    refs = [folder / ".git" / "HEAD", folder / ".git" / "refs" / "heads" / "main"]
    return folder, asked, [*objects, *refs, *(folder / name for name in FILES)]


def test_budgets_of_the_policy_hold_for_the_tree(clone, asked, tmp_path):
    """A tree that is larger than a policy allows could not be read, so nothing is bound."""
    policy = tmp_path / "tight.toml"
    policy.write_text('schema = 1\n[limits]\ngit-tree-entries = 1\n[rules]\nprovenance.unsigned = "allow"\n')
    _, rules, evidence = judged(clone, asked, policy)
    assert evidence["tree-binding"].status is Status.UNAVAILABLE
    assert "provenance.unsigned" in rules


def test_weights_too_large_for_memory_at_once(tmp_path, asked, keys):
    """Read once into sealed memory for a model; not read at all for a tokenizer, and that is said."""
    import hashlib

    from safeload.formats.lfs_pointer import canonical_pointer

    size = 18 << 20
    header = json.dumps({"w": {"dtype": "F32", "shape": [size // 4], "data_offsets": [0, size]}}).encode()
    header += b" " * (-len(header) % 8)
    large = struct.pack("<Q", len(header)) + header + bytes(size)
    pointer = canonical_pointer(hashlib.sha256(large).hexdigest(), len(large))
    folder = tmp_path / "large"
    repository(folder, {"config.json": CONFIG, "model.safetensors": pointer, "vocab.txt": b"a\nb\n"})
    sign_head(folder, keys, "good")
    (folder / "model.safetensors").write_bytes(large)
    assert admit(folder, scope=MODEL, policy="strict", origin=asked).content("model.safetensors") == large
    assert judged(folder, asked)[0].verdict is Verdict.ALLOW
    (folder / "model.safetensors").write_bytes(large[:-1] + b"!")
    with pytest.raises(PolicyDenied, match=r"integrity\.mismatch"):
        admit(folder, scope=MODEL, policy="default", origin=asked)
    snapshot = admit(folder, scope=TOKENIZER, policy="default", origin=asked)
    (bound,) = [item for item in snapshot.decision.evidence if item.kind == "tree-binding"]
    assert bound.detail.endswith("; 1 that this load does not hand out were not")
    assert snapshot.content("vocab.txt") == b"a\nb\n"


def test_isolated_children_change_nothing(clone, asked, tmp_path):
    """The same verdicts where every file is read in a child process."""
    policy = tmp_path / "apart.toml"
    policy.write_text(
        'schema = 1\nisolation = "all"\n[formats]\nallow = ["safetensors", "json"]\n'
        '[provenance]\nrequire = "publisher"\n'
    )
    assert judged(clone, asked, policy)[0].verdict is Verdict.ALLOW
    (clone / "config.json").write_bytes(CONFIG + b" ")
    assert "integrity.mismatch" in judged(clone, asked, policy)[1]
