"""What `safeload doctor` says, and when it ends with 2."""

from __future__ import annotations

import pytest

from safeload.cli import doctor, main


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SAFELOAD_POLICY", raising=False)
    for name in doctor.WEAKENING:
        monkeypatch.delenv(name, raising=False)


def lines(capsys, code=0):
    """What stands behind each subject."""
    assert main(["doctor"]) == code
    shown = capsys.readouterr().out.partition("\n\n")[0]
    return {line[6:].split("  ")[0]: (line[:4].strip(), line) for line in shown.splitlines()}


def test_it_names_what_is_here(capsys):
    """Versions, layers of isolation, the policy with its digest, the cache."""
    found = lines(capsys)
    assert found["policy"][1].partition("default (policies/default.toml, sha256:")[1]
    assert "rlimits" in found["isolation"][1]
    assert found["python"][0] == "ok"
    assert {"safeload", "gpg", "git", "tesseract", "organisation", "Hub cache", "memory"} <= found.keys()


def test_a_missing_program_is_a_note(capsys, monkeypatch, tmp_path):
    """What cannot be done without it is said."""
    monkeypatch.setenv("PATH", str(tmp_path))
    state, line = lines(capsys)["gpg"]
    assert state == "note"
    assert "signatures" in line


def test_a_policy_with_mistakes_is_bad(capsys, tmp_path):
    """Exit code 2, with every mistake in its line."""
    (tmp_path / "pyproject.toml").write_text('[tool.safeload]\npolicy = "p.toml"\n')
    (tmp_path / "p.toml").write_text("schema = 1\nnmae = 1\n")
    state, line = lines(capsys, 2)["policy"]
    assert state == "bad"
    assert "p.toml:2: unknown key nmae" in line


def test_settings_with_mistakes_are_bad(capsys, tmp_path):
    """They would end every audit."""
    (tmp_path / "pyproject.toml").write_text('[tool.safeload]\ncolor = "red"\n')
    state, line = lines(capsys, 2)["settings"]
    assert state == "bad"
    assert "color of [tool.safeload]" in line


def test_variables_that_weaken_others_are_notes(capsys, monkeypatch):
    """They switch off what other libraries guard."""
    monkeypatch.setenv("TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD", "1")
    assert lines(capsys)["TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD"][0] == "note"


def test_a_missing_base_package_is_bad(capsys, monkeypatch):
    """By our own metadata, whatever the extras."""
    monkeypatch.setattr(
        "importlib.metadata.requires",
        lambda _name: ["click>=8.1", "no-such-package-x>=1", 'also-missing>=1; extra == "vision"'],
    )
    found = lines(capsys, 2)
    assert found["base packages"][0] == "bad"
    assert "no-such-package-x" in found["base packages"][1]
    assert found["extra vision"][0] == "note"
    assert "pip install 'safeload[vision]'" in found["extra vision"][1]


def test_hostile_surroundings_write_nothing(capsys, monkeypatch):
    """A name in the environment is escaped."""
    monkeypatch.setenv("SAFELOAD_POLICY", "\x1b[31mx\n::error::")
    assert main(["doctor"]) == 2
    shown = capsys.readouterr().out
    assert "\x1b" not in shown
    assert not any(line.startswith("::") for line in shown.splitlines())
