"""`safeload provenance export`: a bundle that git reads too, and that verifies elsewhere."""

from __future__ import annotations

import json
import shutil

import pytest

from safeload.cli import main
from tests.forge.git import commit, git, repository
from tests.forge.keys import GPG, keyring, sign_head
from tests.forge.trust import write_store

CONFIG = json.dumps({"model_type": "bert", "architectures": ["BertModel"]}).encode()


@pytest.fixture
def clone(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    repository(tmp_path / "bert", {"config.json": CONFIG, "a/b.txt": b"x\n", "c/b.txt": b"x\n"})
    return tmp_path / "bert"


@pytest.mark.skipif(GPG is None, reason="gpg is not installed")
def test_an_exported_bundle_verifies_elsewhere(clone, tmp_path, capsys):
    """The folder without `.git`, the bundle and a trust store are all that another machine needs."""
    for keys in keyring():
        keys.key("good")
        commit(clone, {"a/b.txt": b"y\n"})
        sign_head(clone, keys, "good")
        write_store(tmp_path / "trust", keys, "good")
        assert main(["provenance", "export", "bert", "-o", "bert.bundle"]) == 0
        head = git(clone, "rev-parse", "HEAD").decode().strip()
        assert capsys.readouterr().out == f"wrote {head} with its trees to bert.bundle\n"
        shutil.copytree(clone, tmp_path / "plain", ignore=shutil.ignore_patterns(".git"))
        audit = ["audit", "plain", "--repository", "acme/bert", "--trust", "trust", "--bundle", "bert.bundle"]
        assert main(audit) == 0
        assert "commit-signature verified: signed by good" in capsys.readouterr().out
        (tmp_path / "plain" / "a" / "b.txt").write_bytes(b"z\n")
        assert main(audit) == 1


def test_git_reads_what_we_write(clone, tmp_path):
    """Differential: `git bundle list-heads` and `git index-pack` accept it, with the same objects."""
    head = git(clone, "rev-parse", "HEAD").decode().strip()
    assert main(["provenance", "export", "bert", "-o", "bert.bundle"]) == 0
    assert git(tmp_path, "bundle", "list-heads", "bert.bundle").decode() == f"{head} refs/heads/main\n"
    data = (tmp_path / "bert.bundle").read_bytes()
    pack = data[data.index(b"PACK") :]
    git(tmp_path, "init", "-q", "--bare", "check")
    git(tmp_path / "check", "index-pack", "--stdin", data=pack)
    listed = git(tmp_path / "check", "cat-file", "--batch-all-objects", "--batch-check").decode()
    shown = git(clone, "ls-tree", "-r", "-t", "HEAD").decode().splitlines()
    assert len({line.split()[2] for line in shown if " tree " in line}) == 1
    assert sorted(line.split()[1] for line in listed.splitlines()) == ["commit", "tree", "tree"]


def test_what_cannot_be_exported(clone, tmp_path, capsys):
    """No clone, no such commit, a short id, nowhere to write."""
    (tmp_path / "empty").mkdir()
    for arguments in (
        ["empty", "-o", "x"],
        ["missing", "-o", "x"],
        ["bert", "-o", "x", "--revision", "abc1234"],
        ["bert", "-o", "x", "--revision", "1" * 40],
        ["bert", "-o", "missing/x"],
    ):
        assert main(["provenance", "export", *arguments]) == 2
        assert len(capsys.readouterr().err.splitlines()) == 1
    assert not (tmp_path / "x").exists()
