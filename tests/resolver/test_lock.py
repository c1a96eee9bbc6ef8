"""`lock=` of the loaders: the model is the one that was reviewed, or there is none."""

from __future__ import annotations

import pytest

import safeload
from safeload import AutoConfig, AutoModel, AutoModelForMaskedLM, AutoTokenizer
from safeload.cli import main
from safeload.errors import PolicyDenied, UsageError
from tests.forge.checkpoints import tiny_bert

LOADERS = (AutoTokenizer, AutoConfig, AutoModel, AutoModelForMaskedLM)


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A checkpoint, locked."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SAFELOAD_POLICY", raising=False)
    tiny_bert(tmp_path / "model")
    assert main(["lock", "model"]) == 0
    return tmp_path


@pytest.mark.parametrize("loader", LOADERS)
def test_what_was_locked_loads(place, loader):
    """By a string or a Path, of the model or of the lock."""
    for model in ("model", "./model", place / "model"):
        for lock in ("safeload.lock", place / "safeload.lock"):
            assert loader.from_pretrained(model, lock=lock) is not None


@pytest.mark.parametrize("loader", LOADERS)
@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "vocab.txt"])
def test_one_changed_byte(place, loader, name):
    """Whatever was read whole is compared, also what the object is not made of."""
    path = place / "model" / name
    whole = path.read_bytes()
    path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    with pytest.raises(PolicyDenied) as caught:
        loader.from_pretrained("model", lock="safeload.lock")
    wrong = {
        reason.finding.location.artifact
        for reason in caught.value.decision.denials
        if reason.finding.rule == "integrity.mismatch"
    }
    assert wrong == {name}


@pytest.mark.parametrize("loader", LOADERS)
def test_no_lock_no_model(place, loader):
    """Not in the lock, not locked so, no such lock, another kind of thing: never loaded all the same."""
    tiny_bert(place / "other")
    with pytest.raises(PolicyDenied):
        loader.from_pretrained("other", lock="safeload.lock")
    (place / "model" / "more.txt").write_text("more\n")
    with pytest.raises(PolicyDenied):
        loader.from_pretrained("model", lock="safeload.lock")
    for lock in ("missing.lock", 5, "model/config.json"):
        with pytest.raises(UsageError):
            loader.from_pretrained("model", lock=lock)


def test_a_model_without_a_checkpoint(place):
    """There is nothing that a lock could hold, and no argument is ignored."""
    config = AutoConfig.from_pretrained("model")
    with pytest.raises(UsageError, match="from_config reads none"):
        AutoModel.from_config(config, lock="safeload.lock")


def test_audit_and_admit_take_it_too(place):
    """The public functions, by keyword."""
    assert safeload.audit("model", lock="safeload.lock").decision.verdict is safeload.Verdict.ALLOW
    (place / "model" / "config.json").unlink()
    assert safeload.audit("model", lock="safeload.lock").decision.verdict is safeload.Verdict.DENY
