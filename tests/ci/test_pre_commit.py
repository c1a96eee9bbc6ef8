"""The hooks, run by pre-commit itself on a repository made for it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.ci.test_documentation import HOOKS
from tests.cli.test_command_line import RUNS_A_COMMAND, model  # noqa: F401 - a fixture

ROOT = Path(__file__).parent.parent.parent
PACKAGE = ("safeload", "policies", "pyproject.toml", "README.md", "LICENSE", ".pre-commit-hooks.yaml")


@pytest.fixture
def scratch(tmp_path, model, monkeypatch):  # noqa: F811
    """A repository with a model in it, and a git and a pre-commit that know nobody's settings."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    shutil.copytree(model, folder / "models")
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "safeload").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m safeload "$@"\n')
    (tools / "safeload").chmod(0o755)
    for name, value in {
        "HOME": str(tmp_path),
        "PRE_COMMIT_HOME": str(tmp_path / "pre-commit"),
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_SYSTEM": os.devnull,
        "GIT_AUTHOR_NAME": "a",
        "GIT_AUTHOR_EMAIL": "a@example.org",
        "GIT_COMMITTER_NAME": "a",
        "GIT_COMMITTER_EMAIL": "a@example.org",
        "GIT_ALLOW_PROTOCOL": "file",
        "PATH": f"{tools}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("SAFELOAD_POLICY", raising=False)
    git(folder, "init", "--quiet")
    return folder


def git(folder, *arguments):
    done = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def pre_commit(folder, *arguments):
    git(folder, "add", "--all")
    return subprocess.run(
        [sys.executable, "-m", "pre_commit", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


def configure(folder, repo):
    (folder / ".pre-commit-config.yaml").write_text(yaml.safe_dump({"repos": [repo]}))


def check(scratch):
    """Honest files pass, a pickle that runs a command does not, and it is not run."""
    done = pre_commit(scratch, "run", "--all-files", "--verbose")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "verdict ALLOW" in done.stdout
    (scratch / "models" / "pytorch_model.bin").write_bytes(RUNS_A_COMMAND)
    (scratch / "-x.pkl").write_bytes(RUNS_A_COMMAND)
    done = pre_commit(scratch, "run", "--all-files")
    assert done.returncode == 1
    assert done.stdout.count("imports os.system") == 2
    assert not list(scratch.rglob("pwned"))


def test_the_manifest_is_one():
    """By pre-commit's own check."""
    command = [sys.executable, "-m", "pre_commit", "validate-manifest", ROOT / ".pre-commit-hooks.yaml"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_the_hooks_as_they_stand(scratch):
    """With the installed safeload, in place of an environment that pre-commit would make."""
    hooks = [hook | {"language": "system"} for hook in HOOKS]
    configure(scratch, {"repo": "local", "hooks": hooks})
    check(scratch)


def test_a_lock_that_is_not_in_step_fails(scratch):
    """It passes while the files are those that it holds."""
    hook = next(hook for hook in HOOKS if hook["id"] == "safeload-lock")
    configure(scratch, {"repo": "local", "hooks": [hook | {"language": "system"}]})
    subprocess.run(["safeload", "lock", "models"], cwd=scratch, check=True, capture_output=True)
    done = pre_commit(scratch, "run", "--all-files")
    assert done.returncode == 0, done.stdout
    (scratch / "models" / "config.json").write_text("{}")
    assert pre_commit(scratch, "run", "--all-files").returncode == 1


def test_a_policy_with_mistakes_fails(scratch):
    """Each is told with its line."""
    hook = next(hook for hook in HOOKS if hook["id"] == "safeload-policy")
    configure(scratch, {"repo": "local", "hooks": [hook | {"language": "system"}]})
    (scratch / "policies").mkdir()
    policy = scratch / "policies" / "production.toml"
    policy.write_text("schema = 1\n")
    done = pre_commit(scratch, "run", "--all-files")
    assert done.returncode == 0, done.stdout
    policy.write_text("schema = 1\nnmae = 1\n")
    done = pre_commit(scratch, "run", "--all-files")
    assert done.returncode == 1
    assert "production.toml:2" in done.stdout


@pytest.mark.slow
def test_the_hooks_in_an_environment_of_pre_commit(scratch, tmp_path, monkeypatch):
    """Installed by pre-commit from a repository, from the package index, and without torch."""
    source = tmp_path / "safeload"
    source.mkdir()
    for name in PACKAGE:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, source / name)
    git(source, "init", "--quiet")
    git(source, "add", "--all")
    git(source, "commit", "--quiet", "--message", "all")
    monkeypatch.delenv("PYTHONPATH")
    (tmp_path / "tools" / "safeload").unlink()
    rev = git(source, "rev-parse", "HEAD")
    configure(scratch, {"repo": str(source), "rev": rev, "hooks": [{"id": hook["id"]} for hook in HOOKS]})
    done = pre_commit(scratch, "install-hooks")
    assert done.returncode == 0, done.stdout + done.stderr
    check(scratch)
    assert not [path for path in (tmp_path / "pre-commit").rglob("torch") if path.is_dir()]
