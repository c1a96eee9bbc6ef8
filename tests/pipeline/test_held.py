"""Audits and admissions that are held to a lock file."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from safeload import pipeline
from safeload.core import Role, Scope, Status, Verdict
from safeload.errors import PolicyDenied, UsageError
from safeload.formats.lock_file_write import write_lock
from safeload.pipeline import Origin, admit, audit
from safeload.sources.lock_files import read_lock
from tests.forge.git import commit, git, repository
from tests.forge.locks import HOSTILE, POLICY, subject, tree
from tests.forge.locks import repository as hub
from tests.forge.repositories import tensors

CONFIG = json.dumps({"model_type": "bert", "architectures": ["BertModel"]}).encode()
FILES = {"config.json": CONFIG, "model.safetensors": tensors("w"), "notes/readme.txt": b"hello\n"}
CONFIGS = Scope(name="config", roles=frozenset({Role.CONFIG}))
MODEL = Scope(name="model", roles=frozenset({Role.CONFIG, Role.WEIGHTS, Role.INDEX}))


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder and a lock that holds it as it is."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SAFELOAD_POLICY", raising=False)
    tree(tmp_path / "model", FILES)
    (tmp_path / "safeload.lock").write_text(write_lock([subject(files=FILES)]))
    return tmp_path


def held(folder="model", lock="safeload.lock", **more):
    """Verdict, evidence of the lock, and the paths of integrity.mismatch."""
    report = audit(folder, lock=lock, **more)
    (evidence,) = [item for item in report.decision.evidence if item.kind == "lock"]
    wrong = {
        reason.finding.location.artifact
        for reason in report.decision.denials
        if reason.finding.rule == "integrity.mismatch"
    }
    assert bool(wrong) is (evidence.status is Status.INVALID)
    return report.decision.verdict, evidence, wrong


def test_the_locked_files(place):
    """Allowed, with evidence, and the report knows the line of each file."""
    verdict, evidence, _ = held()
    assert (verdict, evidence.status) == (Verdict.ALLOW, Status.VERIFIED)
    report = audit("model", lock="safeload.lock")
    lines = (place / "safeload.lock").read_text().splitlines()
    assert report.lock == "safeload.lock"
    assert lines[report.lock_lines[""] - 1] == "[[subject]]"
    for path in FILES:
        assert lines[report.lock_lines[path] - 1].startswith(f'"{path}" = ')
    assert report.anchors == {
        report.decision.subject: {path: ("safeload.lock", line) for path, line in report.lock_lines.items()}
    }
    assert (audit("model").lock, audit("model").anchors) == (None, {})


@pytest.mark.parametrize("path", FILES)
def test_a_flipped_bit_in_any_file(place, path):
    """First, middle and last byte: denied under every policy, for the audit and for whoever would load it."""
    whole = FILES[path]
    for at in {0, len(whole) // 2, len(whole) - 1}:
        changed = bytearray(whole)
        changed[at] ^= 1
        (place / "model" / path).write_bytes(changed)
        for policy in ("default", "strict"):
            verdict, _, wrong = held(policy=policy)
            assert (verdict, wrong) == (Verdict.DENY, {path})
        with pytest.raises(PolicyDenied):
            admit("model", scope=MODEL, lock="safeload.lock")


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_byte_of_any_file(place, data):
    """Whichever byte is another one, the files are not the locked ones."""
    path = data.draw(st.sampled_from(sorted(FILES)))
    at, bits = data.draw(st.integers(0, len(FILES[path]) - 1)), data.draw(st.integers(1, 255))
    changed = bytearray(FILES[path])
    changed[at] ^= bits
    (place / "model" / path).write_bytes(changed)
    try:
        verdict, _, wrong = held()
        assert (verdict, wrong) == (Verdict.DENY, {path})
    finally:
        (place / "model" / path).write_bytes(FILES[path])


@pytest.mark.parametrize("path", FILES)
def test_any_digit_of_the_lock(place, path):
    """A lock that says another digest or size holds another file."""
    lock = place / "safeload.lock"
    whole = lock.read_text()
    start = whole.index(f'"{path}" = ')
    line = whole[start : whole.index("\n", start)]
    digest, size = line.index("sha256 = ") + len("sha256 = ") + 1, line.index("size = ") + len("size = ")
    for at in (digest, digest + 31, digest + 63, size, len(line) - 3):
        other = "1" if line[at] != "1" else "2"
        lock.write_text(whole.replace(line, line[:at] + other + line[at + 1 :]))
        assert held()[2] == {path}


@pytest.mark.parametrize("scope", [CONFIGS, MODEL])
@pytest.mark.parametrize("change", ["extra", "missing", "empty", "folder", "case"])
def test_files_that_are_too_many_or_too_few(place, change, scope):
    """Also where the load would not take them: without a file, another one may come up in its place."""
    folder = place / "model"
    if change == "extra":
        (folder / "adapter_config.json").write_bytes(b"{}")
    elif change == "empty":
        (folder / "new").touch()
    else:
        (folder / "notes" / "readme.txt").unlink()
    if change == "folder":
        (folder / "notes" / "readme.txt").mkdir()
    if change == "case":
        (folder / "notes" / "README.txt").write_bytes(b"hello\n")
    verdict, _, wrong = held()
    assert verdict is Verdict.DENY
    assert wrong
    with pytest.raises(PolicyDenied) as caught:
        admit("model", scope=scope, lock="safeload.lock")
    assert "integrity.mismatch" in {reason.finding.rule for reason in caught.value.decision.denials}


def test_a_link_in_place_of_a_file(place):
    """To the very same bytes: whoever can move the link can move it again."""
    tree(place / "elsewhere", {"config.json": CONFIG})
    (place / "model" / "config.json").unlink()
    (place / "model" / "config.json").symlink_to(place / "elsewhere" / "config.json")
    assert held()[0] is Verdict.DENY


def test_a_load_compares_what_it_hands_out(place, monkeypatch):
    """A scope without weights reads none of them; their names and sizes count all the same."""
    from safeload.limits import DEFAULT_LIMITS
    from safeload.record import replace

    limits = replace(DEFAULT_LIMITS, small_file_bytes=64)
    policy = replace(pipeline.resolve_policy("default"), limits=limits)
    snapshot = admit("model", scope=CONFIGS, lock="safeload.lock", policy=policy)
    (evidence,) = [item for item in snapshot.decision.evidence if item.kind == "lock"]
    assert evidence.status is Status.VERIFIED
    assert "2 of 3 files were compared" in evidence.detail
    assert "1 that this load does not hand out were not, but for names and sizes" in evidence.detail
    weights = place / "model" / "model.safetensors"
    weights.write_bytes(FILES["model.safetensors"][:-1] + b"\x01")
    assert admit("model", scope=CONFIGS, lock="safeload.lock", policy=policy).content("config.json") == CONFIG
    with pytest.raises(PolicyDenied):
        admit("model", scope=MODEL, lock="safeload.lock", policy=policy)
    weights.write_bytes(tensors("w", "v"))
    with pytest.raises(PolicyDenied):
        admit("model", scope=CONFIGS, lock="safeload.lock", policy=policy)


def test_another_policy_is_said(place):
    """The files are what the lock is about; which policy allowed them then stands in the evidence."""
    verdict, evidence, _ = held()
    assert verdict is Verdict.ALLOW
    assert (
        f"; allowed then by the policy default ({POLICY[:19]}), judged now by default (sha256:"
        in evidence.detail
    )


def test_the_lock_allows_nothing(place):
    """What the policy denies is denied, locked or not."""
    (place / "model" / "evil.bin").write_bytes(b"cos\nsystem\n(S'true'\ntR.")
    (place / "safeload.lock").write_text(
        write_lock([subject(files={**FILES, "evil.bin": b"cos\nsystem\n(S'true'\ntR."})])
    )
    verdict, evidence, _ = held()
    assert (verdict, evidence.status) == (Verdict.DENY, Status.VERIFIED)


def test_a_subject_that_is_not_in_the_lock(place):
    """A folder is denied; for a repository nobody is asked at all."""
    tree(place / "other", FILES)
    verdict, _, wrong = held("other")
    assert (verdict, wrong) == (Verdict.DENY, {f"file:{place / 'other'}"})
    with pytest.raises(PolicyDenied):
        admit("other", scope=CONFIGS, lock="safeload.lock")
    with pytest.raises(UsageError, match=r"hf:acme/bert is not in safeload\.lock"):
        audit("hf:acme/bert", lock="safeload.lock")


def test_a_repository_is_asked_for_at_its_locked_commit(place, monkeypatch):
    """Whatever the branch is by now."""
    (place / "safeload.lock").write_text(write_lock([hub(commit="3" * 40)]))
    opened = []

    def spy(target, *rest):
        opened.append(target)
        raise UsageError("no network here")

    monkeypatch.setattr(pipeline, "_open_target", spy)
    for name in ("hf:acme/bert", "hf:acme/bert@main", "acme/bert", f"hf:acme/bert@{'3' * 40}"):
        with pytest.raises(UsageError, match="no network here"):
            audit(name, lock="safeload.lock")
    assert opened == [f"hf:acme/bert@{'3' * 40}"] * 4
    with pytest.raises(UsageError, match="and not at dev"):
        audit("hf:acme/bert@dev", lock="safeload.lock")
    assert len(opened) == 4


def test_a_lock_in_the_audited_path(place):
    """Is refused before anything is judged, and so is one that has been read before."""
    text = (place / "safeload.lock").read_text()
    (place / "model" / "safeload.lock").write_text(text)
    for lock in ("model/safeload.lock", place / "model" / "safeload.lock", read_lock("model/safeload.lock")):
        with pytest.raises(UsageError, match="inside the audited path"):
            audit("model", lock=lock)
        with pytest.raises(UsageError, match="inside the audited path"):
            admit(place / "model", scope=CONFIGS, lock=lock)


@pytest.mark.parametrize("lock", ["missing.lock", 5, b"safeload.lock", ""])
def test_no_lock_is_no_way_through(place, lock):
    """What cannot be read is not ignored."""
    with pytest.raises(UsageError):
        audit("model", lock=lock)
    with pytest.raises(UsageError):
        admit("model", scope=CONFIGS, lock=lock)


def test_one_file(place):
    """A single file is a subject of its own."""
    (place / "safeload.lock").write_text(
        write_lock([subject("file:model/config.json", {"config.json": CONFIG})])
    )
    assert held("./model/config.json")[0] is Verdict.ALLOW
    (place / "model" / "config.json").write_bytes(CONFIG + b" ")
    assert held("./model/config.json")[2] == {"config.json"}


def test_hostile_names(place):
    """Files with names that break lines and quotes are held like any other."""
    names = [path for path in HOSTILE if "/" not in path]
    files = dict.fromkeys(names, b"hello\n")
    tree(place / "strange", files)
    (place / "safeload.lock").write_text(write_lock([subject("file:strange", files)]))
    assert held("strange")[1].status is Status.VERIFIED
    for path in names[:3]:
        (place / "strange" / path).write_bytes(b"other\n")
    assert held("strange")[2] == set(names[:3])


def test_a_clone_at_another_commit(place, tmp_path):
    """Where the commit is checked, it has to be the locked one, even if the files are the same."""
    clone = place / "clone"
    repository(clone, {"config.json": CONFIG})
    trust = tmp_path / "trust"
    trust.mkdir()
    (trust / "trust.toml").write_text('version = 1\n[default]\nrequire = "pin"\npin = ["%s"]\n' % ("1" * 40))
    head = git(clone, "rev-parse", "HEAD").decode().strip()
    origin = Origin(repository="acme/bert", trust=str(trust), memory=str(tmp_path / "memory"))
    (place / "safeload.lock").write_text(
        write_lock([subject("file:clone", {"config.json": CONFIG}, commit=head)])
    )
    assert held("clone", origin=origin)[1].status is Status.VERIFIED
    commit(clone, {"config.json": CONFIG + b"\n"})
    commit(clone, {"config.json": CONFIG})
    assert held("clone", origin=origin)[2] == {f"file:{clone}"}
    assert held("clone")[1].status is Status.VERIFIED
