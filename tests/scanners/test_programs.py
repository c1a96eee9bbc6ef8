"""Programs in text: Python, scripts, notebooks, tasks of an editor, git's files. What they do is said."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from safeload.core import Coverage, Fact, Location
from safeload.errors import FormatError
from safeload.formats.identify import identify
from safeload.formats.view import BytesView
from safeload.isolation import python_task
from safeload.limits import DEFAULT_LIMITS
from safeload.record import replace
from safeload.scanners import (
    Answer,
    Errand,
    ScanResult,
    Subject,
    editor_files,
    git_files,
    notebook,
    python_source,
    scripts,
)

if TYPE_CHECKING:
    from types import ModuleType


def subject(data: bytes, name: str) -> Subject:
    view = BytesView(data)
    return Subject(view=view, location=Location(artifact=name), format=identify(view, name).format or "")


def scanned(scanner: ModuleType, data: bytes, name: str) -> ScanResult:
    item = subject(data, name)
    assert item.format in scanner.FORMATS
    result: ScanResult = scanner.scan(item, DEFAULT_LIMITS)
    return result


def python(source: bytes) -> Fact:
    """The fact about a source, with the child's task run right here."""
    item = subject(source, "a.py")
    result = python_source.scan(item, DEFAULT_LIMITS)
    for errand in result.errands:
        answer = Answer(result=python_task.read(source))
        result = python_source.conclude(item, errand, answer, DEFAULT_LIMITS)
    assert result.coverage is Coverage.SCANNED
    [fact] = result.facts
    assert fact.kind == "code.python"
    return fact


def test_an_ordinary_model_file_needs_no_child() -> None:
    """Its imports are read from its lines."""
    source = b"import torch\nfrom torch import nn\nclass M(nn.Module):\n    pass\n"
    assert not python_source.scan(subject(source, "a.py"), DEFAULT_LIMITS).errands
    assert python(source).data["imports"] == ["torch"]
    assert "at_import" not in python(source).data


def test_what_a_file_does_when_it_is_imported() -> None:
    """Calls at import, calls in functions, and a program that is decoded first."""
    fact = python(b"import os, base64\nexec(base64.b64decode('eA=='))\ndef f():\n    os.remove('x')\n")
    assert fact.data["at_import"] == ["exec", "base64.b64decode"]
    assert fact.data["in_functions"] == ["os.remove"]
    assert fact.data["decodes"] is True


@pytest.mark.parametrize(
    "source",
    [
        b"# coding: utf-7\n+AG8-s.system('x')\n",
        b"# coding: rot13\nvzcbeg bf\n",
        b"import os\ndef f(:\n",
        b"#" * (DEFAULT_LIMITS.source_bytes + 1),
    ],
)
def test_what_cannot_be_read_is_said(source: bytes) -> None:
    """Another encoding, a syntax error, too long a file: stated, and not taken for doing nothing."""
    assert python(source).data["unread"]


@pytest.mark.parametrize(
    "answer",
    [
        Answer(failure="no answer within 40 s", exceeded=True),
        Answer(result={"at_import": "os.system", "imports": [1, None, "a b", "x" * 500], "decodes": "yes"}),
        Answer(result={}),
    ],
)
def test_the_childs_word_about_python_is_checked(answer: Answer) -> None:
    """Whatever it says, the file is stated, and only names go into the sentence."""
    item = subject(b"import os", "a.py")
    result = python_source.conclude(item, Errand(task="python", view=item.view), answer, DEFAULT_LIMITS)
    [fact] = result.facts
    assert "decodes" not in fact.data
    assert not any(fact.data.get(key) for key in ("imports", "at_import"))


@pytest.mark.parametrize(
    ("name", "language"),
    [
        ("run.sh", "a shell script"), ("RUN.BAT", "a batch file"), ("a.ps1", "a PowerShell script"),
        ("Dockerfile", "a container recipe"), ("Dockerfile.gpu", "a container recipe"), ("Makefile",
        "a makefile"),
        ("x.desktop", "a desktop launcher"), (".envrc", "a shell script"), ("a.js", "a JavaScript file"),
        ("k.cu", "a CUDA source"), ("CMakeLists.txt", "a build file"),
    ],
)  # fmt: skip
def test_scripts(name: str, language: str) -> None:
    """By their names, in any case."""
    assert scripts.NAMES.fullmatch(name)
    [fact] = scanned(scripts, b"echo\n", name).facts
    assert (fact.kind, fact.data["language"]) == ("code.script", language)


def test_path_files() -> None:
    """Python runs lines of a path file that start with `import`; other lines are paths."""
    assert scanned(scripts, b"/a/b\nimport os; os.system('x')\n", "x.pth").facts
    assert scanned(scripts, b"import\tos\n", "x.pth").facts
    assert not scanned(scripts, b"/a/b\n# import x\nimportant\n", "x.pth").facts
    assert not scripts.NAMES.fullmatch("notes.txt")
    with pytest.raises(FormatError):
        scripts.scan(replace(subject(b"a\n", "a.sh"), view=BytesView(b"a\0")), DEFAULT_LIMITS)


@pytest.mark.parametrize(
    ("document", "cells", "active"),
    [
        ({"cells": []}, 0, 0),
        ({"cells": [{"cell_type": "markdown"}, {"cell_type": "code", "outputs": []}]}, 1, 0),
        ({"cells": [{"cell_type": "code", "outputs": [{"data": {"text/html": "x"}}, {"text": "y"}]}]}, 1, 1),
        ({"worksheets": [{"cells": [{"cell_type": "code"}]}]}, 1, 0),
        ({"cells": 5, "worksheets": [1, {"cells": 2}]}, 0, 0),
        ([], 0, 0),
    ],
)
def test_notebooks(document: Any, cells: int, active: int) -> None:
    """Cells of code and outputs that a viewer may run are counted."""
    [fact] = scanned(notebook, json.dumps(document).encode(), "a.ipynb").facts
    assert (fact.data["code_cells"], fact.data["active_outputs"]) == (cells, active)


def test_editor_files() -> None:
    """Tasks of an editor, whose JSON may hold comments; the same name elsewhere is a document."""
    assert scanned(editor_files, b'// x\n{"tasks": [],}\n', ".vscode/tasks.json").facts
    assert not scanned(editor_files, b'// x\n{"a": 1,}\n', "a/.vscode/settings.json").facts
    assert not scanned(editor_files, b'{"a": 1}', "settings.json").facts
    assert scanned(editor_files, b'{"_target_": "os.system"}', "tasks.json").facts
    with pytest.raises(FormatError):
        scanned(editor_files, b'{"a": 1,}', "settings.json")


@pytest.mark.parametrize(
    ("name", "text", "kinds"),
    [
        (".gitattributes", "*.bin filter=lfs diff=lfs merge=lfs -text\n", []),
        (".gitattributes", "*.x filter=other\n", ["config.reference"]),
        (".gitmodules", '[submodule "x"]\npath = x\nurl = https://a/b\n', ["config.reference"]),
        (".gitmodules", '[submodule "x"]\npath = ../x\nurl = ./b\n', ["config.redirect", "config.reference"]),
        (".gitmodules", '[submodule "x"]\nurl = ext::sh -c x\n', ["config.callable"]),
        (".gitmodules", '[submodule "x"]\nupdate = !x\n', ["config.callable"]),
        (".gitmodules", '[submodule "x"]\nupdate = rebase\n', []),
        ("sub/config", "[core]\nbare = true\nfsmonitor = ./x\n", ["config.callable"]),
        ("sub/config", "[core]\nbare = true\nfsmonitor = false\n", []),
        ("sub/config", '[filter "lfs"]\nclean = git-lfs clean -- %f\nrequired = true\n', []),
        ("sub/config", '[remote "origin"]\nurl = https://a/b\n', []),
        ("sub/config", "[include]\npath = /x\n", ["config.redirect"]),
        ("sub/config", "[alias]\nst = status\nx = !sh\n", ["config.callable"]),
        (".gitconfig", "[core]\neditor = vim\npager = sh -c x\n", ["config.callable"]),
        ("config", "learning_rate = 0.1\n", []),
    ],
)
def test_files_of_git(name: str, text: str, kinds: list[str]) -> None:
    """Programs that git would run are something to call; other repositories and filters are mentioned."""
    assert git_files.NAMES.fullmatch(name.rpartition("/")[2])
    assert [fact.kind for fact in scanned(git_files, text.encode(), name).facts] == kinds
