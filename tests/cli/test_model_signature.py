"""`safeload trust add --kind oms`, `audit --model-signature`, and a lock of a signed model."""

from __future__ import annotations

import pytest

from safeload.cli import main
from tests.forge import oms

KEY = oms.private_key("p256")
FILES = {"config.json": b'{"model_type": "bert"}', "notes.txt": b"hello\n"}
STRICT = ["--policy", "strict", "--trust", "trust"]


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A signed model, and the publisher's key as a file."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    oms.write_model(tmp_path / "model", FILES)
    (tmp_path / "model" / "model.sig").write_bytes(oms.bundle(oms.statement(FILES), KEY))
    (tmp_path / "acme.pem").write_bytes(oms.public_pem(KEY))
    return tmp_path


def add(*more: str) -> int:
    return main(["trust", "add", "acme.pem", "--name", "acme", *more])


def test_from_a_key_to_a_verdict(here, capsys):
    """Add the publisher's key by its fingerprint, audit, tamper: 0, then 1."""
    digits = oms.fingerprint(KEY).removeprefix("SHA256:")
    assert add("--kind", "oms", "--repos", "acme/*", "--fingerprint", digits) == 0
    assert main(["trust", "check"]) == 0
    assert main(["trust", "list"]) == 0
    assert f"acme {oms.fingerprint(KEY)} (oms)" in capsys.readouterr().out
    audit = ["audit", "model", *STRICT, "--repository", "acme/bert"]
    assert main(audit) == 0
    assert "model-signature verified: signed by acme (SHA256:" in capsys.readouterr().out
    (here / "model" / "model.sig").rename(here / "acme.sig")
    assert main(audit) == 2
    assert main([*audit, "--model-signature", "acme.sig"]) == 0
    (here / "model" / "notes.txt").write_bytes(b"other\n")
    assert main([*audit, "--model-signature", "acme.sig"]) == 1
    assert "rule integrity.mismatch" in capsys.readouterr().out


def test_keys_that_are_not_added(here, capsys):
    """Another fingerprint, a kind that signs commits, and rules that such a key does not make."""
    good = ["--fingerprint", oms.fingerprint(KEY)]
    assert add("--kind", "oms", "--fingerprint", "SHA256:" + "0" * 64) == 2
    assert add(*good) == 2
    assert "signs no commits" in capsys.readouterr().err
    assert add("--kind", "attester", "--repos", "acme/*", *good) == 2
    assert "makes no rule" in capsys.readouterr().err
    assert add("--kind", "oms-root", *good) == 2
    assert not (here / "trust").exists()


def test_a_lock_verifies_the_signature_again(here, capsys):
    """The repository that it was verified for stands in the lock, though there is no commit."""
    add("--kind", "oms", "--repos", "acme/*", "--fingerprint", oms.fingerprint(KEY))
    assert main(["lock", "model", *STRICT, "--repository", "acme/bert"]) == 0
    text = (here / "safeload.lock").read_text()
    assert 'repository = "acme/bert"' in text
    assert 'kind = "model-signature", status = "verified"' in text
    assert "commit =" not in text
    capsys.readouterr()
    assert main(["audit", "--locked", *STRICT]) == 0
    assert "model-signature verified" in capsys.readouterr().out
    other = oms.bundle(oms.statement(FILES), oms.private_key("p256"))
    (here / "model" / "model.sig").write_bytes(other)
    assert main(["audit", "--locked", *STRICT]) == 1
