"""`safeload trust` and `safeload audit --repository`: the whole way on the command line."""

from __future__ import annotations

import json

import pytest

from safeload.cli import main
from safeload.formats.ssh_signature import parse_ssh_key
from safeload.limits import DEFAULT_LIMITS
from tests.forge.git import git, repository
from tests.forge.keys import GPG, PAST, keyring, set_head, sign_head, signed
from tests.forge.ssh import SSH, make_key, sign

pytestmark = pytest.mark.skipif(GPG is None, reason="gpg is not installed")
CONFIG = json.dumps({"model_type": "bert", "architectures": ["BertModel"]}).encode()


@pytest.fixture(scope="module")
def keys():
    for made in keyring():
        made.key("acme")
        made.key("other")
        made.key("old", "--faked-system-time", PAST, expires="seconds=100")
        made.key("soon", expires="10d")
        yield made


@pytest.fixture
def place(tmp_path, keys, monkeypatch):
    """A working directory with the publisher's key file, and a state of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.delenv("SAFELOAD_POLICY", raising=False)
    for name in keys.prints:
        (tmp_path / f"{name}.asc").write_bytes(keys.public(name))
    return tmp_path


def add(keys, name, *more):
    return main(["trust", "add", f"{name}.asc", "--name", name, "--fingerprint", keys.prints[name], *more])


def test_from_a_key_to_a_verdict(place, keys, capsys):
    """Add a key, audit a clone, tamper with it: 0, then 1."""
    assert add(keys, "acme", "--repos", "acme/*") == 0
    assert capsys.readouterr().out == f"added acme {keys.prints['acme']} to trust\n"
    repository(place / "bert", {"config.json": CONFIG})
    sign_head(place / "bert", keys, "acme")
    audit = ["audit", "bert", "--policy", "strict", "--trust", "trust", "--repository", "acme/bert"]
    assert main(audit) == 0
    shown = capsys.readouterr().out
    assert f"commit-signature verified: signed by acme ({keys.prints['acme']})" in shown
    assert "tree-binding verified: 1 of 1 files were compared" in shown
    assert main([*audit, "--format", "json"]) == 0
    evidence = json.loads(capsys.readouterr().out)["evidence"]
    assert {item["kind"]: item["level"] for item in evidence}["commit-signature"] == "publisher"
    (place / "bert" / "config.json").write_bytes(CONFIG + b" ")
    assert main(audit) == 1
    assert "rule integrity.mismatch" in capsys.readouterr().out
    assert git(place / "bert", "status", "--porcelain") == b" M config.json\n"


def test_a_fingerprint_is_said_by_the_user(place, keys, capsys, monkeypatch):
    """Another one, a short one, or none that was typed: nothing is written."""
    for wrong in (keys.prints["other"], keys.prints["acme"][-16:], ""):
        assert main(["trust", "add", "acme.asc", "--name", "acme", "--fingerprint", wrong]) == 2
        assert "not the fingerprint that you gave" in capsys.readouterr().err
    assert not (place / "trust").exists()
    spaced = " ".join(keys.prints["acme"][at : at + 4] for at in range(0, 40, 4)).lower()
    monkeypatch.setattr("click.prompt", lambda *_, **__: spaced)
    assert main(["trust", "add", "acme.asc", "--name", "acme"]) == 0
    shown = capsys.readouterr()
    assert f"acme.asc holds {keys.prints['acme']}" in shown.err
    assert "acme <acme@acme.example>" in shown.err


@pytest.mark.parametrize(
    ("more", "what"),
    [
        (["--kind", "root"], "use publisher or hub"),
        (["--kind", "hub", "--repos", "acme/*"], "set allow_refs"),
        (["--repos", "a/b/c"], "no pattern of repositories"),
        (["--repos", 'a"]\n[x'], "no plain name"),
        (["--name", "Acme Inc"], "lower-case letters"),
        (["--name", "../x"], "lower-case letters"),
    ],
)
def test_a_store_with_mistakes_is_never_written(place, keys, capsys, more, what):
    """The whole store is read again with what is new, before anything is written."""
    assert add(keys, "acme", *more) == 2
    assert what in capsys.readouterr().err
    assert not (place / "trust").exists()


def test_files_that_are_no_public_key(place, keys, capsys):
    """Missing, some other text, and the secret key of somebody who mixed them up."""
    (place / "text.asc").write_text("hello")
    (place / "secret.asc").write_bytes(keys.gpg("--armor", "--export-secret-keys", keys.prints["acme"]))
    for name in ("missing", "text", "secret"):
        assert main(["trust", "add", f"{name}.asc", "--name", "x", "--fingerprint", "A" * 40]) == 2
        assert len(capsys.readouterr().err.splitlines()) == 1


def test_more_keys_and_rules(place, keys, capsys):
    """A second key; the same name, key or repositories again are refused."""
    assert add(keys, "acme", "--repos", "acme/*") == 0
    assert add(keys, "other", "--repos", "other/*", "--kind", "hub", "--ref", "main") == 0
    capsys.readouterr()
    for again in (["acme"], ["acme", "--name", "acme2"], ["soon", "--repos", "acme/*"]):
        assert add(keys, *again) == 2
        assert capsys.readouterr().err
    assert main(["trust", "list"]) == 0
    shown = capsys.readouterr().out
    assert f"  acme {keys.prints['acme']} (publisher) acme <acme@acme.example>" in shown
    assert "  acme/*: publisher by acme (trust/trust.toml:8)" in shown
    assert "  other/*: hub by other on main (trust/trust.toml:" in shown
    assert "  all others: deny (trust/trust.toml:1)" in shown
    assert shown.splitlines()[-1].startswith("digest sha256:")


def test_check_asks_gpg(place, keys, capsys):
    """Good, ending soon, expired; and a rule that is never asked."""
    assert add(keys, "acme", "--repos", "acme/*") == 0
    assert add(keys, "soon") == 0
    capsys.readouterr()
    assert main(["trust", "check"]) == 0
    shown = capsys.readouterr().out
    assert f"acme {keys.prints['acme']} good\n" in shown
    assert f"soon {keys.prints['soon']} ends in 9 days\n" in shown
    with (place / "trust" / "trust.toml").open("a") as file:
        file.write('[[rules]]\nrepos = ["acme/*"]\nrequire = "deny"\n')
    assert add(keys, "old") == 0
    assert main(["trust", "check"]) == 1
    shown = capsys.readouterr().out
    assert f"old {keys.prints['old']} expired\n" in shown
    assert "is never asked: an earlier rule names the same" in shown


def test_a_broken_store_is_an_error(place, capsys, monkeypatch):
    """Exit code 2, each mistake on a line; and so is a check without gpg."""
    for command in ("list", "check"):
        assert main(["trust", command, "--trust", "missing"]) == 2
        assert "there is no trust store missing" in capsys.readouterr().err
    (place / "trust").mkdir()
    (place / "trust" / "trust.toml").write_text("version = 1\nx = 1\ny = 1\n")
    assert main(["trust", "check"]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 2
    (place / "trust" / "trust.toml").write_text("version = 1\n")
    monkeypatch.setenv("PATH", str(place))
    assert main(["trust", "check"]) == 2
    assert "gpg is not installed" in capsys.readouterr().err


@pytest.mark.skipif(SSH is None, reason="ssh-keygen is not installed")
def test_an_ssh_key_on_the_whole_way(place, capsys):
    """Add a .pub file, audit a clone that it signed; half a fingerprint is none, in whatever case."""
    line = make_key(place, "ed", "-t", "ed25519")
    fingerprint = parse_ssh_key(line, DEFAULT_LIMITS).fingerprint
    command = ["trust", "add", "ed.pub", "--name", "ed", "--repos", "acme/*", "--fingerprint"]
    for wrong in (fingerprint[:-1], fingerprint.upper(), fingerprint.removeprefix("SHA256:")):
        assert main([*command, wrong]) == 2
    assert main([*command, fingerprint]) == 0
    repository(place / "bert", {"config.json": CONFIG})
    payload = git(place / "bert", "cat-file", "commit", "HEAD")
    set_head(place / "bert", signed(payload, sign(place, "ed", payload)))
    capsys.readouterr()
    audit = ["audit", "bert", "--policy", "strict", "--trust", "trust", "--repository", "acme/bert"]
    assert main(audit) == 0
    assert f"commit-signature verified: signed by ed ({fingerprint})" in capsys.readouterr().out
    assert main(["trust", "check"]) == 0
    assert f"ed {fingerprint} good" in capsys.readouterr().out
