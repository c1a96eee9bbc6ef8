"""What the pipeline takes as a target and as a policy, and what it refuses in one line."""

from __future__ import annotations

import pytest

import safeload
from safeload.errors import UsageError


@pytest.mark.parametrize("target", ["", None, 3, b"x", "a\0b", "hf:org/name", "org/name", "./missing"])
def test_what_is_no_checkpoint_is_a_usage_error(target, tmp_path, monkeypatch):
    """An empty variable must not audit the working directory, and no other exception leaves."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError):
        safeload.audit(target)


@pytest.mark.parametrize("policy", [3, b"default", object()])
def test_what_is_no_policy_is_a_usage_error(policy, tmp_path):
    """A policy of a wrong type is the caller's mistake."""
    with pytest.raises(UsageError, match="policy="):
        safeload.audit(tmp_path, policy=policy)


def test_an_ambiguous_name_is_denied_and_a_plain_path_is_not(tmp_path, monkeypatch):
    """`org/name` may be a repository; with `./`, or as a file or a hidden folder, it is a path."""
    monkeypatch.chdir(tmp_path)
    for folder in ("org/name", ".cache/name"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "config.json").write_text("{}")
    decision = safeload.audit("org/name").decision
    assert "source.ambiguous" in {reason.finding.rule for reason in decision.denials}
    for target in ("./org/name", str(tmp_path / "org/name"), ".cache/name", tmp_path / "org/name"):
        assert not safeload.audit(target).decision.denials
    (tmp_path / "org" / "config.json").write_text("{}")
    assert not safeload.audit("org/config.json").decision.denials
