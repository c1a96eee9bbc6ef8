"""`safeload audit --attest` and `safeload verify`: files, keys, exit codes, and what is said."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from safeload.cli import main
from tests.forge import oms

KEY = oms.private_key("ed25519")
FILES = {"config.json": b'{"model_type": "bert"}', "notes.txt": b"hello\n"}
POLICY = ["--policy", "default"]


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A model, a private key that nobody else may read, and its public half."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SAFELOAD_ATTEST_PASSPHRASE", raising=False)
    oms.write_model(tmp_path / "model", FILES)
    secret("ci.pem", oms.private_pem(KEY))
    (tmp_path / "ci.pub").write_bytes(oms.public_pem(KEY))
    return tmp_path


def secret(path: str, content: bytes, mode: int = 0o600) -> None:
    Path(path).write_bytes(content)
    Path(path).chmod(mode)


def attest(*more: str) -> int:
    return main(["audit", "model", *POLICY, "--attest", "a.json", *more])


def verify(*more: str) -> int:
    return main(["verify", "model", *POLICY, "--attestation", "a.json", *more])


def test_an_audit_is_attested_and_verified(here, capsys):
    """The report goes to stdout as ever; what was written is said on stderr; the check says who and what."""
    assert attest("--attest-key", "ci.pem") == 0
    said = capsys.readouterr()
    assert said.out.startswith("ALLOW file:")
    assert said.err == (
        f"safeload: wrote an attestation (PASSED) to a.json, signed by {oms.fingerprint(KEY)}\n"
    )
    assert verify("--key", "ci.pub") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "VERIFIED model"
    assert lines[1].startswith("  2 files are those that were audited as file:/")
    assert f"attested by {oms.fingerprint(KEY)}: SAFELOAD_ALLOWED" in lines[3]
    assert lines[4].startswith("  policy: policies/default.toml (sha256:")


def test_a_changed_file_is_refused(here, capsys):
    """Exit code 1, and the file by its name, escaped."""
    attest("--attest-key", "ci.pem")
    (here / "model" / "a\x1b[31m.txt").write_bytes(b"x\n")
    capsys.readouterr()
    assert verify("--key", "ci.pub") == 1
    assert capsys.readouterr().out == "REFUSED model\n  a\\x1b[31m.txt: no file of the attestation\n"


def test_a_file_that_cannot_be_read_is_unknown(here, tmp_path):
    """Exit code 3: nothing is known to be wrong."""
    attest("--attest-key", "ci.pem")
    (here / "model" / "notes.txt").rename(tmp_path / "notes.txt")
    (here / "model" / "notes.txt").symlink_to(tmp_path / "notes.txt")
    assert verify("--key", "ci.pub") == 3


def test_a_denied_audit_is_attested_too(here, capsys):
    """The exit code is the audit's; the attestation says FAILED and is refused."""
    (here / "model" / "evil.pkl").write_bytes(b"cos\nsystem\n(S'id'\ntR.")
    assert attest("--attest-key", "ci.pem") == 1
    assert "wrote an attestation (FAILED)" in capsys.readouterr().err
    assert verify("--key", "ci.pub") == 1
    assert "the audit FAILED" in capsys.readouterr().out


def test_without_a_key_it_is_a_report(here, capsys):
    """Said when it is written, and when it is read; taken by nobody who does not ask for it."""
    assert attest() == 0
    assert "wrote an unsigned report (PASSED) to a.json: it proves nothing" in capsys.readouterr().err
    assert json.loads((here / "a.json").read_bytes())["_type"] == "https://in-toto.io/Statement/v1"
    assert verify("--key", "ci.pub") == 1
    assert "nobody signed it" in capsys.readouterr().out
    assert verify("--allow-unsigned") == 0
    out = capsys.readouterr().out
    assert out.startswith("MATCHES model\n")
    assert "nobody signed that: it proves nothing about who wrote it" in out


def test_json(here, capsys):
    """For programs: verified is false where nobody signed."""
    attest("--attest-key", "ci.pem")
    capsys.readouterr()
    assert verify("--key", "ci.pub", "--format", "json") == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["verified"], found["files"], found["problems"]) == (True, 2, [])
    attest()
    capsys.readouterr()
    assert verify("--allow-unsigned", "--format", "json") == 0
    assert json.loads(capsys.readouterr().out)["verified"] is False
    assert verify("--key", "ci.pub", "--format", "json") == 1
    assert json.loads(capsys.readouterr().out)["problems"]


def test_policy_and_age(here, capsys):
    """Another policy, and an old attestation."""
    attest("--attest-key", "ci.pem")
    key = ["--key", "ci.pub"]
    assert verify(*key, "--max-age", "1d") == 0
    assert verify(*key, "--max-age", "0s") in {0, 1}  # the clock may not have moved on
    for wrong in ("1", "d", "-1d", "1y", "1.5h", "\u0661d", "9999999999d"):
        assert verify(*key, "--max-age", wrong) == 2
    strict = ["verify", "model", "--policy", "strict", "--attestation", "a.json", *key]
    capsys.readouterr()
    assert main(strict) == 1
    assert "is in force" in capsys.readouterr().out
    assert main([*strict, "--any-policy"]) == 0
    assert "under another policy than policies/strict.toml" in capsys.readouterr().out


def test_an_attester_of_a_trust_store(here, capsys):
    """Added by its fingerprint; the default rule says that it speaks for folders without a name."""
    (here / "ci-key.pem").write_bytes(oms.public_pem(KEY))
    add = ["trust", "add", "ci-key.pem", "--name", "ci", "--kind", "attester"]
    assert main([*add, "--fingerprint", oms.fingerprint(KEY).removeprefix("SHA256:")]) == 0
    with (here / "trust" / "trust.toml").open("a") as file:
        file.write('\n[default]\nrequire = "deny"\nkeys = ["ci"]\n')
    assert main(["trust", "check"]) == 0
    attest("--attest-key", "ci.pem")
    capsys.readouterr()
    assert verify("--trust", "trust") == 0
    assert "attested by ci (SHA256:" in capsys.readouterr().out


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644, 0o620])
def test_a_key_that_others_may_read_is_refused(here, capsys, mode):
    """Before anything is audited, and nothing is written."""
    Path("ci.pem").chmod(mode)
    assert attest("--attest-key", "ci.pem") == 2
    said = capsys.readouterr()
    assert "others may read or replace ci.pem" in said.err
    assert said.out == ""
    assert not (here / "a.json").exists()


def test_an_encrypted_key(here, monkeypatch, capsys):
    """Its passphrase comes from a variable; a wrong one or none is an error; a plain key needs none."""
    secret("ci.pem", oms.private_pem(KEY, b"pw"))
    assert attest("--attest-key", "ci.pem") == 2
    assert "is encrypted, and there is no passphrase" in capsys.readouterr().err
    monkeypatch.setenv("SAFELOAD_ATTEST_PASSPHRASE", "other")
    assert attest("--attest-key", "ci.pem") == 2
    monkeypatch.setenv("SAFELOAD_ATTEST_PASSPHRASE", "pw")
    assert attest("--attest-key", "ci.pem") == 0
    assert verify("--key", "ci.pub") == 0
    secret("ci.pem", oms.private_pem(KEY))
    assert attest("--attest-key", "ci.pem") == 0


def test_what_cannot_be_attested(here, capsys):
    """Several subjects, a quick audit, a key without a file, places inside of what is audited."""
    secret("model/inside.pem", oms.private_pem(KEY))
    for arguments, what in (
        (["audit", "model", "model", "--attest", "a.json"], "one folder or file"),
        (["audit", "model", "--quick", "--attest", "a.json"], "one folder or file"),
        (["audit", "model", "--attest-key", "ci.pem"], "--attest-key signs what --attest writes"),
        (["audit", "model", "--attest", "model/a.json"], "lies inside the audited path"),
        (["audit", "model", "--attest", "a.json", "--attest-key", "model/inside.pem"], "inside the audited"),
        (["audit", "model", "--attest", "a.json", "--attest-key", "ci.pub"], "no private key"),
        (["audit", "model", "--attest", "a.json", "--attest-key", "missing"], "cannot read"),
    ):  # fmt: skip
        if "ci.pub" in arguments:
            Path("ci.pub").chmod(0o600)
        assert main([*arguments, *POLICY]) == 2
        said = capsys.readouterr()
        assert what in said.err
        assert said.out == ""
    assert not (here / "a.json").exists()


def test_an_attestation_that_cannot_be_written(here, capsys):
    """The report is there, and the exit code says that something failed; nothing is half-written."""
    assert main(["audit", "model", *POLICY, "--attest", "missing/a.json"]) == 2
    said = capsys.readouterr()
    assert said.out.startswith("ALLOW")
    assert "cannot write missing/a.json" in said.err
    (here / "a.json").mkdir()
    assert attest("--attest-key", "ci.pem") == 2
    assert sorted(path.name for path in here.iterdir() if ".part" in path.name) == []


def test_what_cannot_be_verified(here, capsys):
    """Nobody's word counts, two that count, missing files, a private key for a public one."""
    attest("--attest-key", "ci.pem")
    capsys.readouterr()
    for arguments in (
        [],
        ["--key", "ci.pub", "--trust", "trust"],
        ["--key", "missing"],
        ["--key", "ci.pem"],
        ["--trust", "missing"],
    ):
        assert verify(*arguments) == 2
        said = capsys.readouterr()
        assert said.out == ""
        assert len(said.err.splitlines()) == 1
    missing = ["--key", "ci.pub", *POLICY]
    for nowhere in ("nowhere", "hf:acme/bert"):
        assert main(["verify", nowhere, "--attestation", "a.json", *missing]) == 2
    assert main(["verify", "model", "--attestation", "nowhere", *missing]) == 2


def test_the_attestation_itself_is_no_part_of_the_model(here, capsys):
    """Put into the folder, it is a file that nobody audited."""
    attest("--attest-key", "ci.pem")
    (here / "a.json").rename(here / "model" / "a.json")
    capsys.readouterr()
    assert main(["verify", "model", *POLICY, "--attestation", "model/a.json", "--key", "ci.pub"]) == 1
    assert "a.json: no file of the attestation" in capsys.readouterr().out


def test_a_single_file(here, capsys):
    """What was audited alone is verified alone."""
    assert main(["audit", "model/config.json", *POLICY, "--attest", "a.json", "--attest-key", "ci.pem"]) == 0
    ask = ["--attestation", "a.json", "--key", "ci.pub", *POLICY]
    assert main(["verify", "model/config.json", *ask]) == 0
    assert main(["verify", "model/notes.txt", *ask]) == 1
    assert main(["verify", "model", *ask]) == 1
