"""Exit codes and outputs, in whole processes where the process is the point."""

from __future__ import annotations

import json
import os
import struct
import subprocess
import sys

import pytest

from safeload import __version__
from safeload.cli import main, worst

CONFIG = {"model_type": "bert", "architectures": ["BertModel"]}
RUNS_A_COMMAND = b"cos\nsystem\n(S'touch pwned'\ntR."
DENY_ALL = "schema = 1\n"


@pytest.fixture
def model(tmp_path, monkeypatch):
    """A folder with a configuration and one tensor, beside the working directory."""
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(CONFIG))
    header = json.dumps({"w": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}).encode()
    header += b" " * (-len(header) % 8)
    (folder / "model.safetensors").write_bytes(struct.pack("<Q", len(header)) + header + bytes(8))
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SAFELOAD_POLICY", raising=False)
    return folder


def run(*arguments, stdout=subprocess.PIPE, **environ):
    """The command as a user's shell runs it."""
    code = "import sys; from safeload.cli import main; sys.exit(main())"
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        stdout=stdout,
        stderr=subprocess.PIPE,
        check=False,
        env=os.environ | environ,
    )


def twin(model):
    """Adds weights that would run a command."""
    (model / "pytorch_model.bin").write_bytes(RUNS_A_COMMAND)


def test_an_honest_checkpoint_is_allowed(model, capsys):
    """Exit code 0, the report on stdout, and nothing on stderr."""
    assert main(["audit", str(model)]) == 0
    shown = capsys.readouterr()
    assert shown.out.startswith("ALLOW ")
    assert shown.out.endswith("2 files, 2 scanned, verdict ALLOW\n")
    assert shown.err == ""


def test_a_pickle_that_runs_a_command_is_denied_and_not_run(model, capsys):
    """Exit code 1, the place, the rule, the policy line and what to do."""
    twin(model)
    assert main(["audit", str(model)]) == 1
    shown = capsys.readouterr().out
    assert "imports os.system, which " in shown
    assert "rule pickle.dangerous-global (critical), set by policies/default.toml:" in shown
    assert "    fix: " in shown
    assert not list(model.parent.rglob("pwned"))


@pytest.mark.parametrize(
    "arguments",
    [
        ["audit"],
        ["audit", "missing"],
        ["audit", "model", "--policy", "missing.toml"],
        ["audit", "model", "--policy", "model/config.json"],
        ["audit", "model", "--format", "yaml"],
        ["audit", "model", "--output", "missing/folder/report.txt"],
        ["audit", "model", "--nonsense"],
        ["explain", "pickle.unlisted-globl"],
        ["inspect", "model"],
        ["inspect", "missing"],
        ["frobnicate"],
    ],
)
def test_usage_errors_are_2_and_say_what_is_wrong(model, capsys, arguments):
    """Never 1, which would read as a verdict, and nothing on stdout."""
    assert main(arguments) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err
    assert "Traceback" not in shown.err


def test_a_policy_with_mistakes_is_2_and_all_of_them_are_told(model, capsys):
    """Each mistake has its line."""
    (model.parent / "p.toml").write_text("schema = 1\nnmae = 1\n[rules]\npickle.nothing = 'deny'\n")
    assert main(["audit", "./model", "--policy", "p.toml"]) == 2
    assert capsys.readouterr().err.splitlines() == [
        "safeload: p.toml:2: unknown key nmae; did you mean name?",
        "safeload: p.toml:4: unknown rule pickle.nothing",
    ]


def test_an_unforeseen_exception_is_2(model, capsys, monkeypatch):
    """Python's own exit code 1 must not leak out as `denied`."""

    def broken(*_arguments, **_options):
        raise ZeroDivisionError("\x1b[31mattack")

    monkeypatch.setattr("safeload.pipeline.audit", broken)
    assert main(["audit", "./model"]) == 2
    shown = capsys.readouterr().err
    assert "this is a bug of safeload" in shown
    assert "\x1b" not in shown


def test_an_empty_folder_and_an_unknown_file_are_inconclusive(model):
    """Exit code 3: nothing was denied as such, and nothing is known."""
    empty = model.parent / "empty"
    empty.mkdir()
    assert main(["audit", str(empty)]) == 3
    (empty / "x.dat").write_bytes(bytes(range(256)))
    assert main(["audit", str(empty)]) == 3


def test_quick_never_allows(model):
    """What was not digested was not judged whole."""
    assert main(["audit", str(model), "--quick"]) == 3


def test_several_subjects_take_the_worst_code():
    """2 before 1 before 3 before 0."""
    assert [worst(codes) for codes in ([0], [0, 3], [3, 1, 0], [1, 2, 3], [])] == [0, 3, 1, 2, 0]


def test_one_bad_path_does_not_hide_the_others(model, capsys):
    """The other subjects are reported, and the code is 2."""
    assert main(["audit", "missing", str(model), "--format", "json"]) == 2
    assert json.loads(capsys.readouterr().out)["verdict"] == "ALLOW"


def test_a_strict_policy_denies_what_the_default_allows(model, capsys):
    """The policy is named in the second line, with its digest."""
    (model.parent / "p.toml").write_text(DENY_ALL)
    assert main(["audit", str(model), "--policy", "p.toml"]) == 1
    assert capsys.readouterr().out.splitlines()[1].startswith("policy: p.toml (p.toml, sha256:")


def test_output_is_written_whole_or_not_at_all(model, capsys):
    """The report replaces the old file in one step, and stdout stays empty."""
    target = model.parent / "report.json"
    target.write_text("old")
    assert main(["audit", str(model), "--format", "json", "--output", str(target)]) == 0
    assert json.loads(target.read_text())["schema"] == "safeload/report/v2"
    assert capsys.readouterr().out == ""
    assert [entry.name for entry in model.parent.iterdir() if entry.name.endswith(".part")] == []


def test_inspect_shows_imports_with_their_bytes(model, capsys):
    """What the unpickler would import and call, and what the second reader makes of it."""
    twin(model)
    assert main(["inspect", str(model / "pytorch_model.bin")]) == 1
    shown = capsys.readouterr().out
    assert "byte        0 GLOBAL         os.system" in shown
    assert "REDUCE" in shown
    assert "second reader (fickling) agreed" in shown
    assert "    | from os import system" in shown


def test_inspect_of_a_file_without_pickle_says_so(model, capsys):
    """A safetensors file has nothing to import."""
    assert main(["inspect", str(model / "model.safetensors")]) == 0
    assert "holds no pickle stream" in capsys.readouterr().out


def test_rules_and_explain_come_from_the_rules(model, capsys):
    """Each listed rule can be explained, with the policy line that applies."""
    assert main(["rules"]) == 0
    ids = [line.split()[0] for line in capsys.readouterr().out.partition("\n\n")[0].splitlines()]
    assert len(ids) > 30
    for rule in ids:
        assert main(["explain", rule]) == 0
        shown = capsys.readouterr().out
        assert shown.startswith(f"{rule} (")
        assert "set by policies/default.toml:" in shown


@pytest.mark.parametrize("arguments", [["--version"], ["--help"], ["audit", "--help"]])
def test_help_and_version_end_with_0(arguments, capsys):
    """And go to stdout."""
    assert main(arguments) == 0
    shown = capsys.readouterr().out
    assert shown == f"safeload {__version__}\n" if arguments == ["--version"] else "Usage: safeload" in shown


def test_a_name_that_the_terminal_cannot_show_is_no_reason_to_fail(model):
    """With an ASCII terminal, the name is escaped."""
    (model / "é\n.txt").write_text("x")
    done = run("audit", model, PYTHONIOENCODING="ascii")
    assert done.returncode in {0, 1, 3}
    assert b"\\xe9\\n.txt" in done.stdout


@pytest.mark.parametrize("arguments", [["audit", "./model"], ["rules"], ["--help"]])
def test_output_that_cannot_be_written_is_2(model, arguments):
    """A full disk under stdout is a tool error and no verdict."""
    with open("/dev/full", "wb") as full:  # noqa: PTH123  a device, not a path of ours
        done = run(*arguments, stdout=full)
    assert done.returncode == 2
    assert done.stderr in {
        b"safeload: the output could not be written: No space left on device\n",
        b"safeload: input or output failed: [Errno 28] No space left on device\n",
    }


@pytest.mark.parametrize(
    ("closed", "arguments", "code"),
    [
        (">&-", "audit ./model", 2),
        (">&- 2>&-", "audit ./missing", 2),
        (">&-", "--help", 2),
        ("2>&-", "audit ./model", 0),
        (">&-", "audit ./model -o report.txt", 0),
        ("<&-", "audit ./model", 0),
    ],
)
def test_a_closed_stream_ends_in_no_other_code(model, closed, arguments, code):
    """Without a standard output Python's own 1 would read as a verdict; without stderr nothing is lost."""
    command = f"exec {sys.executable} -m safeload {arguments} {closed}"
    done = subprocess.run(["/bin/sh", "-c", command], check=False, capture_output=True)
    assert done.returncode == code
    assert b"Traceback" not in done.stderr


def test_a_reader_that_left_is_2():
    """`safeload rules | head` with a pipe that is closed before anything is written."""
    reading, writing = os.pipe()
    os.close(reading)
    done = run("rules", stdout=writing)
    os.close(writing)
    assert done.returncode == 2
    assert done.stderr == b"safeload: the output could not be written: Broken pipe\n"


def test_the_audit_imports_nothing_heavy(model):
    """The start stays fast, and no torch is needed to judge a checkpoint."""
    code = (
        "import sys; from safeload.cli import main; main(['audit', sys.argv[1]]);"
        "heavy = {'torch', 'numpy', 'rich', 'pydantic', 'tokenizers', 'jinja2', 'transformers', 'fickling',"
        " 'asyncio', 'importlib.metadata', 'multiprocessing', 'socket', 'pickle'};"
        "print(sorted(heavy & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", code, str(model)], capture_output=True, check=True)
    assert done.stdout.decode().splitlines()[-1] == "[]"


def test_help_imports_click_and_little_else():
    """No stage of the pipeline is needed to show how to use it."""
    code = (
        "import sys; from safeload.cli import main; main(['--help']);"
        "print(sorted(name for name in sys.modules if name.startswith('safeload.') and '.cli' not in name))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert done.stdout.decode().splitlines()[-1] == "['safeload.discovery', 'safeload.errors']"
