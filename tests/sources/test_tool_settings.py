"""Settings of the tool, which say how it shows things and never what it decides."""

from __future__ import annotations

import pytest

from safeload.errors import UsageError
from safeload.sources.policy_files import SETTINGS, policy_texts
from safeload.sources.tool_settings import Settings, read_settings


@pytest.fixture
def project(tmp_path):
    """A repository with two folders that may have settings."""
    (tmp_path / ".git").mkdir()
    (tmp_path / "inner").mkdir()
    return tmp_path


def write(folder, text):
    (folder / "pyproject.toml").write_text(text)


def test_without_a_file_the_defaults_hold(project):
    """And with one that says nothing of us, or is no concern of ours."""
    assert read_settings(start=str(project)) == Settings()
    write(project, "[tool.other]\nx = 1\n")
    assert read_settings(start=str(project)) == Settings()
    write(project, "this is not TOML")
    assert read_settings(start=str(project)) == Settings()


def test_the_closest_file_that_sets_a_key_counts_for_it(project):
    """Up to the root of the repository."""
    write(project, '[tool.safeload]\nformat = "sarif"\ncolor = "never"\n')
    write(project / "inner", '[tool.safeload]\nformat = "json"\nprogress = false\n')
    assert read_settings(start=str(project / "inner")) == Settings(
        format="json", color="never", progress=False
    )


def test_a_file_inside_the_audited_path_has_no_say(project):
    """Whoever wrote the checkpoint does not choose how its report looks."""
    write(project, '[tool.safeload]\nformat = "json"\n')
    write(project / "inner", '[tool.safeload]\nformat = "html"\ncolor = "wrong"\n')
    assert read_settings([str(project / "inner")], start=str(project / "inner")).format == "json"
    assert read_settings([str(project)], start=str(project / "inner")) == Settings()


@pytest.mark.parametrize(
    "line", ["format = 1", 'color = "red"', 'progress = "no"', "progress = 1", "color = true", "format = []"]
)
def test_a_value_that_a_key_cannot_have_is_an_error(project, line):
    """It names the file and the key."""
    write(project, f"[tool.safeload]\n{line}\n")
    with pytest.raises(UsageError, match=r"pyproject\.toml: (format|color|progress) of \[tool\.safeload\]"):
        read_settings(start=str(project))


@pytest.mark.parametrize("text", ["[tool]\nsafeload = 1\n", "tool = 3 # safeload", "[tool.safeload\n"])
def test_a_file_that_cannot_be_understood_is_an_error(project, text):
    """A table that is none, or no TOML."""
    write(project, text)
    with pytest.raises(UsageError, match="cannot be read"):
        read_settings(start=str(project))


def test_policy_and_settings_stand_side_by_side(project):
    """Neither reader trips over the other's keys, and an unknown one is still an error."""
    write(project, '[tool.safeload]\npolicy = "strict"\nformat = "json"\ncolor = "auto"\nprogress = true\n')
    (text,) = policy_texts(start=str(project), environ={}, organisation=str(project / "none"))
    assert text.source == "policies/strict.toml"
    write(project, '[tool.safeload]\nfromat = "json"\n')
    with pytest.raises(UsageError, match="unknown key fromat"):
        policy_texts(start=str(project), environ={}, organisation=str(project / "none"))
    assert set(SETTINGS) == set(Settings.__slots__)
