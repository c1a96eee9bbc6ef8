"""`safeload lock`, and `safeload audit --locked`: exit codes, what is written, and what stays."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from safeload.cli import main
from safeload.formats.lock_file import parse_lock
from safeload.formats.lock_file_write import write_lock
from safeload.sources.lock_files import read_lock
from tests.forge.git import git
from tests.forge.git import repository as git_repository
from tests.forge.keys import GPG, keyring, sign_head
from tests.forge.locks import HOSTILE, subject, tree
from tests.forge.locks import repository as hub
from tests.forge.repositories import tensors
from tests.forge.trust import write_store

CONFIG = json.dumps({"model_type": "bert", "architectures": ["BertModel"]}).encode()
FILES = {"config.json": CONFIG, "model.safetensors": tensors("w")}
EVIL = b"cos\nsystem\n(S'touch pwned'\ntR."
LOCK = "safeload.lock"
POLICY = (
    'schema = 1\nname = "mine"\n[rules]\nprovenance.unsigned = "warn"\n'
    '[formats]\nallow = ["safetensors", "json"]\n'
)


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A working directory with two models."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SAFELOAD_POLICY", raising=False)
    tree(tmp_path / "models" / "a", FILES)
    tree(tmp_path / "models" / "b", {"config.json": CONFIG})
    return tmp_path


def entries(lock=LOCK):
    return {item.uri: item for item in read_lock(lock).lock.subjects}


def lines(capsys):
    return capsys.readouterr().out.splitlines()


def test_from_a_model_to_a_lock_to_a_verdict(place, capsys):
    """Lock, hold, change one byte, refuse, mean it, hold again."""
    assert main(["lock", "./models/a"]) == 0
    assert lines(capsys) == ["locked file:models/a (2 files)"]
    assert main(["audit", "--locked"]) == 0
    assert "lock verified: 2 of 2 files were compared" in capsys.readouterr().out
    assert main(["audit", "./models/a", "--locked"]) == 0
    (place / "models" / "a" / "config.json").write_bytes(CONFIG + b" ")
    assert main(["audit", "--locked"]) == 1
    assert "rule integrity.mismatch (critical)" in capsys.readouterr().out
    assert main(["audit", "./models/a"]) == 0
    assert main(["lock", "./models/a"]) == 1
    assert main(["lock"]) == 1
    assert capsys.readouterr().err.count("models/a is not locked") == 2
    assert main(["audit", "--locked"]) == 1
    assert main(["lock", "--update", "./models/a"]) == 0
    assert main(["audit", "--locked"]) == 0


def test_what_an_entry_says(place):
    """Verdict, policy, evidence and files; nothing of this machine and no time."""
    assert main(["lock", "./models/a", "--policy", "default"]) == 0
    text = (place / LOCK).read_text()
    assert str(place) not in text
    found = entries()["file:models/a"]
    assert (found.policy_name, found.commit, found.revision) == ("default", None, None)
    assert [(item.kind, item.status.value, item.subject) for item in found.evidence] == [
        ("commit-signature", "absent", "file:models/a")
    ]
    assert {path: file.size for path, file in found.files.items()} == {
        path: len(content) for path, content in FILES.items()
    }
    assert main(["lock", "./models/a"]) == 0
    assert (place / LOCK).read_text() == text


def test_other_subjects_keep_their_entries(place):
    """Whatever happens to one subject, the text of the others stays."""
    assert main(["lock", "./models/a", "./models/b"]) == 0
    before = (place / LOCK).read_text()
    kept = write_lock([entries()["file:models/b"]]).partition("[[subject]]")[2]
    (place / "models" / "a" / "config.json").write_bytes(CONFIG + b"\n")
    assert main(["lock", "--update", "./models/a"]) == 0
    after = (place / LOCK).read_text()
    assert after != before
    assert kept in before
    assert kept in after


def test_a_denied_subject_is_not_locked(place, capsys):
    """Nothing is written, the reason is told, and what was locked before stays."""
    assert main(["lock", "./models/a"]) == 0
    before = (place / LOCK).read_bytes()
    (place / "models" / "b" / "evil.bin").write_bytes(EVIL)
    capsys.readouterr()
    for arguments in (["./models/b"], ["./models/a", "./models/b"], ["./models/b", "./models/a"]):
        assert main(["lock", *arguments]) == 1
        shown = capsys.readouterr()
        assert "file:" not in shown.out
        assert shown.out == "safeload.lock was not written\n"
        assert "models/b is not locked" in shown.err
        assert "imports os.system" in shown.err
        assert "rule pickle.dangerous-global, denied by policies/default.toml:" in shown.err
    assert (place / LOCK).read_bytes() == before
    (place / LOCK).unlink()
    assert main(["lock", "./models/b", "-o", "new.lock"]) == 1
    assert not (place / "new.lock").exists()
    assert not list(place.rglob("pwned"))


def test_a_subject_that_became_evil_keeps_its_entry(place):
    """--update takes in what the policy allows and nothing else."""
    assert main(["lock", "./models/a"]) == 0
    before = (place / LOCK).read_bytes()
    (place / "models" / "a" / "evil.bin").write_bytes(EVIL)
    assert main(["lock", "--update"]) == 1
    assert (place / LOCK).read_bytes() == before
    assert main(["audit", "--locked"]) == 1


def test_unknown_is_not_locked(place):
    """What ends without a verdict has exit code 3."""
    (place / "models" / "b" / "what").write_bytes(b"\x93\x01\x02 no format has this\xff" * 20)
    assert main(["audit", "./models/b"]) == 3
    assert main(["lock", "./models/b"]) == 3
    assert not (place / LOCK).exists()


def test_check_writes_nothing(place, capsys):
    """0 where the lock is what `safeload lock` would write; else 1, and it says what is different."""
    assert main(["lock", "--check", "./models/a"]) == 1
    assert lines(capsys) == ["safeload.lock is not in step", "would have locked file:models/a (2 files)"]
    assert not (place / LOCK).exists()
    assert main(["lock", "./models/a", "./models/b"]) == 0
    capsys.readouterr()
    for arguments in ([], ["./models/a"], ["--update"]):
        assert main(["lock", "--check", *arguments]) == 0
        assert all(line.startswith("kept ") for line in lines(capsys))
    before = (place / LOCK).read_text()
    (place / "models" / "b" / "config.json").write_bytes(CONFIG + b"\n")
    assert main(["lock", "--check"]) == 1
    assert main(["lock", "--check", "./models/a"]) == 0
    capsys.readouterr()
    assert main(["lock", "--check", "--update"]) == 1
    assert lines(capsys) == ["safeload.lock is not in step", "would have updated file:models/b (1 file)"]
    assert (place / LOCK).read_text() == before


def test_check_by_another_policy(place, capsys):
    """A policy that judges otherwise is a change of the lock; that a line was moved by hand is one too."""
    assert main(["lock", "./models/a"]) == 0
    (place / "p.toml").write_text(POLICY)
    assert main(["lock", "--check", "--policy", "p.toml"]) == 1
    assert "would have updated file:models/a (2 files)" in lines(capsys)
    assert main(["lock", "--check"]) == 0
    text = (place / LOCK).read_text()
    (place / LOCK).write_text(text.replace("version = 1\n", "version = 1\n\n"))
    assert main(["lock", "--check"]) == 1
    (place / LOCK).write_bytes(text.replace("\n", "\r\n").encode())
    assert main(["lock", "--check"]) == 0


def test_another_version_that_says_the_same(place, monkeypatch):
    """An update of safeload alone changes no entry."""
    assert main(["lock", "./models/a"]) == 0
    text = (place / LOCK).read_text()
    monkeypatch.setattr("safeload.cli._lock.__version__", "9.9.9")
    assert main(["lock", "--check"]) == 0
    assert main(["lock"]) == 0
    assert (place / LOCK).read_text() == text
    (place / "models" / "a" / "config.json").write_bytes(CONFIG + b"\n")
    assert main(["lock", "--update"]) == 0
    assert entries()["file:models/a"].safeload == "9.9.9"


def test_remove(place, capsys):
    """Of a subject that is there, of one that is gone, and of one that was never locked."""
    assert main(["lock", "./models/a", "./models/b"]) == 0
    (place / "models" / "b" / "config.json").unlink()
    (place / "models" / "b").rmdir()
    assert main(["lock", "--remove", "./models/b"]) == 0
    assert set(entries()) == {"file:models/a"}
    assert main(["lock", "--remove", "./models/b"]) == 2
    assert "models/b is not in safeload.lock" in capsys.readouterr().err
    assert main(["lock", "--remove", "--check", "./models/a"]) == 1
    assert main(["lock", "--remove", "./models/a"]) == 0
    assert entries() == {}


def test_a_subject_that_moved(place, capsys):
    """The lock says where it was: nobody guesses where it is now."""
    assert main(["lock", "./models/a"]) == 0
    (place / "models" / "a").rename(place / "models" / "c")
    for command in (["audit", "--locked"], ["lock"], ["lock", "--check"]):
        assert main(command) == 2
        shown = capsys.readouterr()
        assert "safeload.lock:5: " in shown.err
        assert "models/a: no such file" in shown.err
    assert main(["audit", "./models/c", "--locked"]) == 1
    assert "is not in safeload.lock" in capsys.readouterr().out
    assert main(["lock", "./models/c"]) == 0
    assert main(["lock", "--remove", "./models/a"]) == 0
    assert main(["audit", "--locked"]) == 0


def test_a_project_that_moved(place, monkeypatch):
    """As a whole, lock and models: everything holds."""
    assert main(["lock", "./models/a"]) == 0
    place.rename(place.parent / "moved")
    monkeypatch.chdir(place.parent)
    assert main(["audit", "--lock", "moved/safeload.lock"]) == 0
    monkeypatch.chdir(place.parent / "moved" / "models" / "a")
    assert main(["audit", ".", "--lock", "../../safeload.lock"]) == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ["lock"],
        ["lock", "missing"],
        ["lock", "."],
        ["lock", "./models/a", "-o", "models/a/safeload.lock"],
        ["lock", "./models/a", "-o", "missing/safeload.lock"],
        ["lock", "./models/a", "-o", "models"],
        ["lock", "./models/a", "-o", "broken.lock"],
        ["lock", "./models/a", "--policy", "missing.toml"],
        ["lock", "./models/a", "--policy", "models/a/config.json"],
        ["lock", "--remove"],
        ["lock", "--remove", "--update", "./models/a"],
        ["lock", "./models/a", "--repository", "acme/a"],
        ["audit"],
        ["audit", "--locked"],
        ["audit", "--lock", "empty.lock"],
        ["audit", "./models/a", "--lock", "broken.lock"],
        ["audit", "./models/b", "--lock", "models/b/l"],
        ["audit", "hf:acme/other", "--lock", "hub.lock"],
        ["audit", "hf:acme/bert@dev", "--lock", "hub.lock"],
    ],
)
def test_usage_errors(place, capsys, arguments):
    """Exit code 2, said on stderr, and nothing is written."""
    (place / "broken.lock").write_text("version = 3\n")
    (place / "empty.lock").write_text(write_lock([]))
    (place / "hub.lock").write_text(write_lock([hub()]))
    (place / "models" / "b" / "l").symlink_to(place / "empty.lock")
    before = sorted(path for path in place.rglob("*"))
    assert main(arguments) == 2
    assert capsys.readouterr().err
    assert sorted(path for path in place.rglob("*")) == before


def test_every_mistake_of_a_lock_is_told_in_one_run(place, capsys):
    """With file and line, for the audit as for the lock."""
    assert main(["lock", "./models/a"]) == 0
    text = (place / LOCK).read_text().replace("ALLOW", "DENY").replace('"config.json"', '"../config.json"')
    (place / LOCK).write_text(text)
    capsys.readouterr()
    for command in (["audit", "--locked"], ["lock"]):
        assert main(command) == 2
        assert [line.split(":")[1:3] for line in capsys.readouterr().err.splitlines()] == [
            [" safeload.lock", "7"],
            [" safeload.lock", "15"],
        ]


def test_hostile_names(place, capsys):
    """A folder full of them: written, read and held, and no name breaks a line of any output."""
    files = dict.fromkeys((name for name in HOSTILE if "/" not in name), b"hello\n")
    tree(place / "models" / "new\nline", files)
    # names that pass for others are denied, and the lock has to take them all the same
    assert main(["lock", "models/new\nline"]) == 1
    (place / LOCK).write_text(write_lock([subject("file:models/new\nline", files)]))
    assert set(entries()["file:models/new\nline"].files) == set(files)
    assert "\x1b" not in (place / LOCK).read_text()
    capsys.readouterr()
    assert main(["audit", "--locked"]) == 1
    shown = capsys.readouterr()
    assert "lock verified: " in shown.out
    assert all(line.isprintable() for line in (shown.out + shown.err).splitlines())
    assert main(["lock", "--remove", "models/new\nline"]) == 0
    assert lines(capsys) == ["removed file:models/new\\nline"]


def run(*arguments):
    code = "import sys; from safeload.cli import main; sys.exit(main())"
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def test_two_processes_at_once(place):
    """Each locks another subject of the same file: both entries are there in the end, and it can be read."""
    names = [f"m{number}" for number in range(4)]
    for name in names:
        tree(place / name, {"config.json": CONFIG})
    running = [run("lock", name) for name in names]
    for process in running:
        _, error = process.communicate()
        assert process.returncode == 0, error
    assert set(entries()) == {f"file:{name}" for name in names}
    assert not list(place.glob(".*.part"))


def test_the_same_entry_at_once(place, capsys):
    """Who comes second is told, instead of undoing what somebody else meant."""
    from safeload.cli._lock import Locking
    from safeload.errors import UsageError

    asked = dict.fromkeys(("repository", "revision", "trust", "bundle"))
    locking = Locking(LOCK, None, asked, update=False, offline=True)
    assert locking.add("./models/a") == 0
    assert main(["lock", "./models/a", "--policy", "default"]) == 0
    with pytest.raises(UsageError, match="was changed meanwhile"):
        locking.write()
    assert set(entries()) == {"file:models/a"}


def test_a_full_disk_leaves_the_old_lock(place, monkeypatch, capsys):
    """Whole or not at all: a write that fails changes nothing and leaves nothing behind."""
    assert main(["lock", "./models/a"]) == 0
    before = (place / LOCK).read_bytes()

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    assert main(["lock", "./models/b"]) == 2
    assert "no space left" in capsys.readouterr().err
    assert (place / LOCK).read_bytes() == before
    assert sorted(path.name for path in place.iterdir()) == ["models", LOCK]


def test_models_on_a_volume(place, capsys):
    """Where the folder of the models became a link, entries stay as they are written."""
    assert main(["lock", "./models/a"]) == 0
    text = (place / LOCK).read_text()
    (place / "models").rename(place.parent / "volume")
    (place / "models").symlink_to(place.parent / "volume", target_is_directory=True)
    assert main(["audit", "--locked"]) == 0
    assert main(["lock"]) == 0
    assert main(["lock", "--update", "./models/a"]) == 0
    assert (place / LOCK).read_text() == text


def test_a_lock_behind_a_link(place):
    """The file that the link leads to is written, and paths are relative to it."""
    (place / "locks").mkdir()
    (place / LOCK).symlink_to("locks/real.lock")
    assert main(["lock", "./models/a"]) == 0
    assert (place / LOCK).is_symlink()
    assert [item.uri for item in parse_lock((place / "locks/real.lock").read_text(), "l").subjects] == [
        "file:../models/a"
    ]
    assert main(["audit", "--locked"]) == 0


def test_several_subjects_have_the_worst_code(place, capsys):
    """As everywhere: 2 before 1 before 3 before 0; each gets its report."""
    assert main(["lock", "./models/a", "./models/b"]) == 0
    (place / "models" / "b" / "new").write_bytes(b"x")
    capsys.readouterr()
    assert main(["audit", "--locked", "--format", "json"]) == 1
    reports = json.loads(capsys.readouterr().out)
    assert [report["verdict"] for report in reports] == ["ALLOW", "DENY"]
    assert {
        item["status"] for report in reports for item in report["evidence"] if item["kind"] == "lock"
    } == {
        "verified",
        "invalid",
    }


@pytest.mark.skipif(GPG is None, reason="gpg is not installed")
def test_a_signed_clone(place, monkeypatch):
    """Commit, repository and evidence are locked, and asked for again without being named again."""
    monkeypatch.setenv("XDG_STATE_HOME", str(place / "state"))
    for keys in keyring():
        keys.key("good")
        clone = place / "clone"
        git_repository(clone, {"config.json": CONFIG})
        sign_head(clone, keys, "good")
        write_store(place / "trust", keys, "good")
        head = git(clone, "rev-parse", "HEAD").decode().strip()
        options = ["--policy", "strict", "--trust", "trust"]
        assert main(["lock", "clone", "--repository", "acme/bert", *options]) == 0
        found = entries()["file:clone"]
        assert (found.commit, found.repository) == (head, "acme/bert")
        evidence = {item.kind: item for item in found.evidence}
        assert evidence["commit-signature"].level == "publisher"
        assert evidence["commit-signature"].basis.startswith("sha256:")
        assert {item.subject for item in found.evidence} == {head}
        assert main(["audit", "--locked", *options]) == 0
        assert main(["lock", "--check", *options]) == 0
        (clone / "config.json").write_bytes(CONFIG + b" ")
        assert main(["audit", "--locked", *options]) == 1
        # without the trust store nobody can say whose commit it is
        assert main(["audit", "--locked"]) == 2
