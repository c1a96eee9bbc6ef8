"""The examples of docs/ci.md and the files that services read are what those services take."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import tomllib
from importlib import resources
from pathlib import Path

import click
import jsonschema
import pytest
import yaml

from safeload.cli import main, safeload
from safeload.sources.tool_settings import read_settings
from tests.reports.test_reports import REPORTERS

ROOT = Path(__file__).parent.parent.parent
GUIDE = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", GUIDE, re.DOTALL | re.MULTILINE)
HOOKS = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))


def blocks(language):
    return [text for kind, text in BLOCKS if kind == language]


def named(file):
    """The YAML example of one file, by the comment on top of it."""
    (text,) = [text for text in blocks("yaml") if text.startswith(f"# {file}\n")]
    return yaml.safe_load(text)


def schema(name):
    """A schema of a service, as the package check-jsonschema carries it."""
    folder = resources.files("check_jsonschema") / "builtin_schemas" / "vendor"
    return json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))


def validate(document, name):
    # YAML 1.1 reads the key `on` as true
    document = {"on" if key is True else key: value for key, value in document.items()}
    found = schema(name)
    jsonschema.validators.validator_for(found)(found).validate(document)


def commands(text):
    """The commands of safeload in a shell script."""
    for line in re.sub(r"\\\n", " ", text).splitlines():
        yield from re.findall(r"<\((safeload [^)]*)\)", line)
        if line.lstrip().startswith("safeload "):
            yield line


def parse(words):
    """Raise where a command or an option does not exist."""
    group, rest = safeload, list(words)
    context = click.Context(safeload, info_name="safeload")
    while isinstance(group, click.Group):
        found = group.get_command(context, rest[0])
        assert found is not None, words
        group, rest = found, rest[1:]
        context = click.Context(group, parent=context)
    group.make_parser(context).parse_args(rest)


def test_there_are_examples_of_each_kind():
    """The tests below look at something."""
    assert {kind for kind, _ in BLOCKS} == {"bash", "yaml", "toml"}
    assert len(BLOCKS) > 7


def test_the_shell_examples_can_be_read_and_their_options_exist():
    """Bash parses them, and our own command line does."""
    found = 0
    for text in blocks("bash"):
        subprocess.run(["bash", "-n"], input=text.encode(), check=True)
        for command in commands(text):
            parse(shlex.split(command)[1:])
            found += 1
    assert found >= 4


def test_an_unknown_option_is_noticed():
    """The test above can fail."""
    with pytest.raises(click.UsageError):
        parse(["audit", "--nonsense"])


def test_the_toml_example_is_a_project_that_works(tmp_path, monkeypatch, capsys):
    """Settings are read, and the policy is found."""
    (text,) = blocks("toml")
    (tmp_path / "pyproject.toml").write_text(text)
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "production.toml").write_text("schema = 1\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SAFELOAD_POLICY", raising=False)
    assert read_settings(start=str(tmp_path)).format == tomllib.loads(text)["tool"]["safeload"]["format"]
    assert main(["doctor"]) == 0
    assert "policies/production.toml, sha256:" in capsys.readouterr().out


def test_the_table_lists_the_formats():
    """Each, and no other."""
    listed = re.findall(r"^\| `(\w+)` \|", GUIDE, re.MULTILINE)
    assert sorted(listed) == sorted(REPORTERS)


def test_the_workflow_is_one_and_gives_the_action_what_it_takes():
    """By GitHub's schema; inputs and outputs are those of action.yml."""
    workflow = named(".github/workflows/models.yml")
    validate(workflow, "github-workflows")
    (step,) = [step for step in workflow["jobs"]["audit"]["steps"] if "safeload" in step.get("uses", "")]
    assert step["with"].keys() <= ACTION["inputs"].keys()
    used = set(re.findall(r"steps\.safeload\.outputs\.(\w+)", GUIDE))
    assert used <= ACTION["outputs"].keys()


def test_the_gitlab_files_are_pipelines():
    """By GitLab's schema; the template's command exists."""
    template = yaml.safe_load((ROOT / "templates" / "safeload.gitlab-ci.yml").read_text(encoding="utf-8"))
    validate(template, "gitlab-ci")
    example = named(".gitlab-ci.yml")
    validate(example, "gitlab-ci")
    assert (ROOT / example["include"][0]["local"]).exists()
    (script,) = template[".safeload"]["script"]
    words = shlex.split(script)
    assert words[0].endswith("/safeload")
    parse(words[1:])
    written = {word.partition("=")[2] for word in words if "=" in word}
    artifacts = template[".safeload"]["artifacts"]
    assert written == {*artifacts["paths"], *artifacts["reports"].values()}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert template[".safeload"]["variables"]["SAFELOAD_VERSION"] == project["version"]


def test_the_action_is_one():
    """By GitHub's schema; no other action is used, and no input is pasted into a script."""
    validate(ACTION, "github-actions")
    steps = ACTION["runs"]["steps"]
    assert all("uses" not in step for step in steps)
    assert all("${{" not in step["run"] for step in steps)
    script = (ROOT / "action" / "run.sh").read_text() + (ROOT / "action" / "install.sh").read_text()
    for step in steps:
        for variable, value in step["env"].items():
            name = re.fullmatch(r"\$\{\{ inputs\.([a-z-]+) \}\}", value)[1]
            assert name in ACTION["inputs"]
            assert variable in script
    mapped = {value for step in steps for value in step["env"].values()}
    assert len(mapped) == len(ACTION["inputs"])


@pytest.mark.parametrize("script", ["action/run.sh", "action/install.sh"])
def test_the_scripts_are_bash(script):
    """Bash itself can read them, and they stop at the first failure."""
    file = ROOT / script
    subprocess.run(["bash", "-n", file], check=True)
    assert "set -euo pipefail\n" in file.read_text()


@pytest.mark.parametrize("hook", HOOKS, ids=[hook["id"] for hook in HOOKS])
def test_each_hook_is_a_command(hook):
    """With the arguments that it is given, and a file."""
    arguments = [*shlex.split(hook["entry"])[1:], *hook.get("args", [])]
    parse([*arguments, *(["file"] if hook.get("pass_filenames", True) else [])])
    re.compile(hook["files"])


def test_the_guide_names_the_hooks():
    """Each hook of the example exists, and each that exists is shown."""
    (repo,) = named(".pre-commit-config.yaml")["repos"]
    assert {hook["id"] for hook in repo["hooks"]} == {hook["id"] for hook in HOOKS}
    for hook in repo["hooks"]:
        assert hook.get("args", ["--"])[-1] == "--"


def test_the_hook_for_model_files_looks_at_model_files():
    """Weights of every kind, and no text."""
    (hook,) = [hook for hook in HOOKS if hook["id"] == "safeload-files"]
    pattern = re.compile(hook["files"])
    for name in (
        "a/pytorch_model.bin",
        "x.safetensors",
        "x.pkl",
        "w.h5",
        "m.keras",
        "saved_model.pb",
        "a.npy",
    ):
        assert pattern.search(name), name
    for name in ("README.md", "config.json", "binary.py", "pkl.txt", "x.bin.py"):
        assert not pattern.search(name), name


def dockerfile():
    """Instructions and their arguments, continued lines joined."""
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    text = re.sub(r"^#.*\n", "", text, flags=re.MULTILINE)
    lines = [line for line in re.sub(r"\\\n\s*", " ", text).splitlines() if line.strip()]
    return [tuple(line.split(maxsplit=1)) for line in lines]


def test_the_image_is_slim_without_root_and_without_torch():
    """The last user is a number that is not 0, the base is slim, nothing of torch is installed."""
    steps = dockerfile()
    assert all(argument.split()[0].endswith("-slim") for name, argument in steps if name == "FROM")
    (user,) = [argument for name, argument in steps if name == "USER"]
    assert re.fullmatch(r"[1-9]\d+:[1-9]\d+", user)
    assert steps.index(("USER", user)) > max(
        at for at, (name, _) in enumerate(steps) if name in {"RUN", "COPY"}
    )
    assert not any(re.search(r"torch|\[all\]|curl|wget|sudo", argument) for _, argument in steps)


def test_the_image_copies_what_is_there_and_starts_what_exists():
    """Sources exist and are not ignored; the entry point is ours; commands of RUN are of slim Debian."""
    steps = dockerfile()
    kept = (ROOT / ".dockerignore").read_text().splitlines()
    for name, argument in steps:
        if name == "COPY" and not argument.startswith("--from"):
            for source in argument.split()[:-1]:
                assert (ROOT / source).exists()
                assert f"!{source.removeprefix('./')}" in kept
    (entry,) = [json.loads(argument) for name, argument in steps if name == "ENTRYPOINT"]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert entry[0] in project["scripts"]
    (command,) = [json.loads(argument) for name, argument in steps if name == "CMD"]
    assert command == ["--help"]
    used = {part.split()[0] for name, argument in steps if name == "RUN" for part in argument.split("&&")}
    assert used <= {"python", "/opt/safeload/bin/pip", "apt-get", "rm", "useradd"}
    assert project["requires-python"] == ">=3.11"
