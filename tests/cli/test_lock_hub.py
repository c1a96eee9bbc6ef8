"""Locks of repositories: the commit that was reviewed, whatever the branch and the server say by now."""

from __future__ import annotations

import json

import pytest
from huggingface_hub import constants

from safeload import AutoConfig, AutoModel, AutoTokenizer
from safeload.cli import main
from safeload.core import Role, Scope
from safeload.errors import PolicyDenied, UsageError
from safeload.pipeline import admit
from safeload.sources.hub_api import HubAccess
from safeload.sources.lock_files import read_lock
from tests.forge import hub_answers, hub_lies
from tests.forge.checkpoints import tiny_bert
from tests.forge.hub import Lfs, by, serve
from tests.forge.keys import GPG, keyring
from tests.forge.locks import tree
from tests.forge.trust import rule, write_store

NAME = "acme/bert"
CONFIG = json.dumps({"model_type": "bert", "architectures": ["BertModel"]}).encode()
CONFIGS = Scope(name="config", roles=frozenset({Role.CONFIG}))
LOCK = "safeload.lock"


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """A Hub with one repository, and an empty cache of everything that is kept about it."""
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    monkeypatch.delenv("SAFELOAD_POLICY", raising=False)
    for variable, folder in (("SAFELOAD_CACHE", "commits"), ("XDG_STATE_HOME", "state")):
        monkeypatch.setenv(variable, str(tmp_path / folder))
    with serve() as served:
        monkeypatch.setattr(constants, "ENDPOINT", served.endpoint)
        template = served.endpoint + "/{repo_id}/resolve/{revision}/{filename}"
        monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
        repository = served.repository(NAME)
        repository.commit(files())
        yield served


def files(**more):
    """A model, its weights in LFS."""
    import tempfile
    from pathlib import Path

    with tempfile.TemporaryDirectory() as folder:
        made = tiny_bert(Path(folder) / "model")
        found = {
            path.name: Lfs(path.read_bytes()) if path.suffix == ".safetensors" else path.read_bytes()
            for path in made.iterdir()
        }
    return {**found, **more}


def entry():
    (found,) = read_lock(LOCK).lock.subjects
    return found


def test_what_is_locked(hub):
    """The revision as it was asked for, its commit, every file; another run writes the same."""
    assert main(["lock", f"hf:{NAME}"]) == 0
    found, repository = entry(), hub.repositories[NAME]
    assert (found.uri, found.revision, found.commit) == (f"hf:{NAME}", "main", repository.branches["main"])
    assert set(found.files) == set(files())
    assert found.repository is None
    assert {item.kind for item in found.evidence} >= {"commit-signature", "tree-binding"}
    text = read_lock(LOCK).text
    assert main(["lock"]) == 0
    assert main(["lock", "--check", f"hf:{NAME}@main"]) == 0
    assert read_lock(LOCK).text == text


def test_a_branch_that_moved(hub, capsys):
    """A locked audit stays with the commit and never asks for the branch; --update follows it."""
    assert main(["lock", f"hf:{NAME}@main"]) == 0
    first = entry().commit
    second = hub.repositories[NAME].commit(files(**{"notes.txt": b"more\n"}))
    hub.forget()
    assert main(["audit", "--locked"]) == 0
    assert main(["audit", f"hf:{NAME}@main", "--locked"]) == 0
    assert f"hf:{NAME}@{first}" in capsys.readouterr().out
    assert {request.revision for request in hub.asked(hub_answers.MODEL)} == {first}
    assert main(["lock"]) == 0
    assert entry().commit == first
    assert main(["lock", "--check", "--update"]) == 1
    assert main(["lock", "--update", f"hf:{NAME}"]) == 0
    assert entry().commit == second
    assert "notes.txt" in entry().files


def test_a_contradicting_revision(hub, capsys):
    """Neither the locked commit nor the other one is loaded."""
    hub.repositories[NAME].branch("dev", hub.repositories[NAME].branches["main"])
    assert main(["lock", f"hf:{NAME}@main"]) == 0
    hub.forget()
    assert main(["audit", f"hf:{NAME}@dev", "--locked"]) == 2
    for loader in (AutoConfig, AutoTokenizer, AutoModel):
        with pytest.raises(UsageError, match="and not at dev"):
            loader.from_pretrained(NAME, revision="dev", lock=LOCK)
    with pytest.raises(UsageError, match="and not at dev"):
        admit(NAME, scope=CONFIGS, lock=LOCK, hub=HubAccess(revision="dev"))
    assert main(["audit", "hf:acme/other", "--locked"]) == 2
    assert not hub.asked()
    # another revision is another subject
    assert main(["lock", f"hf:{NAME}@dev"]) == 0
    assert [item.revision for item in read_lock(LOCK).lock.subjects] == ["dev", "main"]
    assert main(["audit", f"hf:{NAME}@dev", "--locked"]) == 0
    assert main(["audit", "--locked"]) == 0


def test_loaders_take_the_revision_from_the_lock(hub):
    """None given, the same, or its commit: all are the locked commit, of any branch."""
    repository = hub.repositories[NAME]
    commit = repository.branches["main"]
    repository.branch("v1", commit)
    assert main(["lock", f"hf:{NAME}@v1"]) == 0
    repository.commit({"config.json": b"{}"})
    repository.branch("v1", repository.branches["main"])
    for revision in ({}, {"revision": "v1"}, {"revision": commit}):
        assert AutoConfig.from_pretrained(NAME, lock=LOCK, **revision).model_type == "bert"
    assert AutoModel.from_pretrained(f"hf:{NAME}", lock=LOCK) is not None
    assert AutoTokenizer.from_pretrained(NAME, lock=LOCK) is not None


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "vocab.txt"])
def test_a_server_that_gives_other_bytes(hub, name, tmp_path, monkeypatch):
    """Of the same size, at the locked commit, into an empty cache: denied."""
    assert main(["lock", f"hf:{NAME}"]) == 0
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "fresh"))
    hub.lie(hub_lies.flipped(), hub_answers.RESOLVE, hub_answers.CDN, path=name)
    assert main(["audit", "--locked"]) == 1
    with pytest.raises(PolicyDenied) as caught:
        AutoModel.from_pretrained(NAME, lock=LOCK)
    assert "integrity.mismatch" in {reason.finding.rule for reason in caught.value.decision.denials}


def test_a_server_without_git_that_lies_about_everything(hub, tmp_path, monkeypatch, capsys):
    """No commit to compare with, a listing that fits the lie: the lock still knows the files."""
    assert main(["lock", f"hf:{NAME}"]) == 0
    first = entry().commit
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "fresh"))
    monkeypatch.setenv("SAFELOAD_CACHE", str(tmp_path / "fresh-commits"))
    other = hub.repositories[NAME].commit(files(**{"config.json": CONFIG}), branch=None)

    def elsewhere(request, *, honest):
        from dataclasses import replace

        revision = other if request.revision == first else request.revision
        return honest(replace(request, revision=revision, target=request.target.replace(first, other)))

    hub.lie(elsewhere, hub_answers.TREE, hub_answers.RESOLVE, hub_answers.PATHS)
    hub.lie(hub_lies.status(500), *hub_answers.GIT)
    capsys.readouterr()
    assert main(["audit", "--locked"]) in {1, 2}
    shown = capsys.readouterr()
    assert "integrity.mismatch" in shown.out or "X-Repo-Commit" in shown.err


def test_offline(hub, tmp_path, capsys):
    """What the cache has of the locked commit is held to the lock; a changed byte is seen."""
    assert main(["lock", f"hf:{NAME}"]) == 0
    hub.repositories[NAME].commit({"config.json": b"{}"})
    hub.forget()
    assert main(["audit", "--locked", "--offline"]) == 0
    assert main(["lock", "--check", "--offline"]) == 0
    model = AutoModel.from_pretrained(NAME, lock=LOCK, local_files_only=True)
    assert model is not None
    assert not hub.asked()
    (cached,) = (tmp_path / "cache").rglob(f"snapshots/{entry().commit}/config.json")
    blob = cached.resolve()
    blob.write_bytes(hub_lies.flip(blob.read_bytes(), -1))
    assert main(["audit", "--locked", "--offline"]) == 1
    with pytest.raises(PolicyDenied):
        AutoConfig.from_pretrained(NAME, lock=LOCK, local_files_only=True)
    assert not hub.asked()


def test_offline_after_a_partial_download(hub, tmp_path, monkeypatch):
    """A cache that holds what a model needs is enough for that model, and not for an audit of everything."""
    hub.repositories[NAME].commit(files(**{"big.safetensors": Lfs(weights_of(5_000_000))}))
    assert main(["lock", f"hf:{NAME}"]) == 0
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "fresh"))
    assert AutoModel.from_pretrained(NAME, lock=LOCK) is not None
    assert AutoConfig.from_pretrained(NAME, lock=LOCK, local_files_only=True) is not None
    hub.forget()
    assert main(["audit", "--locked", "--offline"]) != 0
    assert not hub.asked()


def weights_of(size):
    """A safetensors file too large to be read whole in any case."""
    import struct

    header = json.dumps({"w": {"dtype": "U8", "shape": [size], "data_offsets": [0, size]}}).encode()
    header += b" " * (-len(header) % 8)
    return struct.pack("<Q", len(header)) + header + bytes(size)


@pytest.mark.skipif(GPG is None, reason="gpg is not installed")
def test_a_signed_repository(hub, tmp_path, capsys):
    """Evidence is locked; the lock says the branch that a rule asks for; an older commit stays locked."""
    for keys in keyring():
        keys.key("good")
        store = write_store(
            tmp_path / "trust", keys, "good", rules=rule("good", more='allow_refs = ["main"]\n')
        )
        repository = hub.repositories[NAME]
        sign = by(keys, "good")
        first = repository.commit(files(), sign=sign)
        # strict, but for a repository that has just been made, and audited by its branch
        (tmp_path / "signed.toml").write_text(
            'schema = 1\nextends = ["safeload:strict"]\n[source]\npin = "none"\nmin-age-days = 0\n'
        )
        options = ["--policy", str(tmp_path / "signed.toml"), "--trust", str(store)]
        assert main(["lock", f"hf:{NAME}", *options]) == 0
        evidence = {item.kind: item for item in entry().evidence}
        assert (evidence["commit-signature"].level, evidence["commit-signature"].subject) == (
            "publisher",
            first,
        )
        repository.commit(files(**{"notes.txt": b"more\n"}), sign=sign)
        assert main(["audit", f"hf:{NAME}", *options]) == 0
        assert main(["audit", "--locked", *options]) == 0
        assert main(["audit", "--locked", "--offline", *options]) == 0
        assert main(["lock", "--check", *options]) == 0
        assert main(["lock", "--check", "--offline", *options]) == 0


def test_a_folder_of_the_same_name(hub, capsys):
    """`hf:` says which of the two; without it, the loaders refuse to choose."""
    assert main(["lock", f"hf:{NAME}"]) == 0
    from pathlib import Path

    tree(Path("acme/bert"), {"config.json": CONFIG})
    assert main(["audit", f"hf:{NAME}", "--locked"]) == 0
    assert main(["audit", f"./{NAME}", "--locked"]) == 1
    with pytest.raises(PolicyDenied):
        AutoConfig.from_pretrained(NAME, lock=LOCK)
