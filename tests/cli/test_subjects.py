"""An argument is a path unless it says `hf:`; where it is neither, the message says what to write."""

from __future__ import annotations

import json

import pytest

from safeload.cli import main
from tests.cli.test_command_line import model
from tests.forge import oms

__all__ = ["model"]

HUB = "; a repository of the Hub is hf:"


@pytest.fixture
def nested(model, tmp_path):
    """A folder whose name has the form of a repository's."""
    (tmp_path / "models").mkdir()
    model.rename(tmp_path / "models" / "bert")


@pytest.mark.parametrize("name", ["models/bert", "./models/bert", "models/bert/", "models"])
def test_a_path_of_two_parts_is_a_folder(nested, capsys, name):
    """As every example of docs/ci.md writes it: the Hub is named by `hf:` alone."""
    assert main(["audit", name]) == 0
    assert "source.ambiguous" not in capsys.readouterr().out
    assert main(["facts", name]) == 0
    assert not [fact for fact in json.loads(capsys.readouterr().out)["facts"] if "source" in fact["kind"]]


def test_such_a_folder_can_be_locked_and_is_the_same_with_and_without_a_dot(nested, tmp_path, capsys):
    """The lock names it once."""
    assert main(["lock", "models/bert"]) == 0
    assert main(["lock", "./models/bert"]) == 0
    assert (tmp_path / "safeload.lock").read_text().count("[[subject]]") == 1
    assert main(["audit", "--locked"]) == 0
    assert main(["audit", "--locked", "models/bert"]) == 0
    assert "lock verified" in capsys.readouterr().out


@pytest.mark.parametrize("command", ["audit", "facts", "lock"])
def test_an_empty_variable_does_not_mean_the_working_directory(model, capsys, command):
    """`safeload audit "$MODEL"` would allow something else."""
    assert main([command, ""]) == 2
    assert "safeload: '' is not the path of a checkpoint: is a variable not set?\n" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("acme/bert", f"{HUB}acme/bert"),
        ("acme/bert@main", f"{HUB}acme/bert@main"),
        ("https://huggingface.co/acme/bert", f"{HUB}acme/bert"),
        ("https://huggingface.co/acme/bert/tree/main", f"{HUB}acme/bert"),
        ("bert-base-uncased", f"{HUB}org/name"),
        ("~/bert", "; ~ is not expanded here"),
        ("/acme/bert", ""),
        ("models/acme/bert", ""),
        ("model.safetensors", ""),
    ],
)
def test_what_is_not_there_may_have_been_meant_otherwise(model, capsys, name, hint):
    """The message ends with what to write, where the name has the form of something."""
    assert main(["audit", name]) == 2
    assert capsys.readouterr().err.rstrip("\n").endswith(f"no such file or directory{hint}")


def test_a_misspelt_policy_is_told_of_the_built_in_ones(model, capsys):
    """A path that does not exist is not."""
    assert main(["audit", "model", "--policy", "strcit"]) == 2
    assert "built in are default, strict" in capsys.readouterr().err
    assert main(["audit", "model", "--policy", "strict.toml"]) == 2
    assert "built in" not in capsys.readouterr().err


def test_a_trust_store_that_is_not_there_can_be_made(model, capsys):
    """And where none was named, how to name one."""
    assert main(["audit", "model", "--repository", "acme/bert", "--trust", "trust"]) == 2
    assert "there is no trust store trust: `safeload trust add` makes one" in capsys.readouterr().err
    assert main(["audit", "model", "--repository", "acme/bert"]) == 2
    assert "name one by --trust" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("command", "hint"), [("audti", "did you mean audit?"), ("xyzzy", "there are audit, completion")]
)
def test_an_unknown_command_is_told_of_the_known_ones(capsys, command, hint):
    """The nearest, or all."""
    assert main([command, "model"]) == 2
    assert f"there is no command '{command}'; {hint}" in capsys.readouterr().err


def test_the_list_of_commands_is_not_cut_off(capsys):
    """Each has a summary that fits beside its name."""
    for arguments in (["--help"], ["policy", "--help"], ["trust", "--help"], ["provenance", "--help"]):
        assert main(arguments) == 0
        assert "..." not in capsys.readouterr().out.partition("Commands:")[2]


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("safeload audit mod", "file,mod"),
        ("safeload audit --policy pol", "file,pol"),
        ("safeload audit -o rep", "file,rep"),
        ("safeload inspect mod", "file,mod"),
        ("safeload explain pickle.dan", "plain,pickle.dangerous-global"),
        ("safeload audit --format sa", "plain,sarif"),
    ],
)
def test_a_shell_completes_files_and_names(monkeypatch, capsys, words, offered):
    """A completion that offers nothing would take away the files that the shell offers by itself."""
    monkeypatch.setenv("COMP_WORDS", words)
    monkeypatch.setenv("COMP_CWORD", str(len(words.split()) - 1))
    monkeypatch.setenv("_SAFELOAD_COMPLETE", "bash_complete")
    assert main([]) == 0
    assert capsys.readouterr().out == f"{offered}\n"


def test_a_pem_key_with_the_name_of_another_kind_is_told(model, tmp_path, capsys):
    """`openssl pkey -pubout -out ci.pub` is what many write."""
    (tmp_path / "ci.pub").write_bytes(oms.public_pem(oms.private_key("ed25519")))
    assert main(["trust", "add", "ci.pub", "--name", "ci", "--kind", "attester"]) == 2
    assert "a PEM key needs a name that ends in .pem" in capsys.readouterr().err
