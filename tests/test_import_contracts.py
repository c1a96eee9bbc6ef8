"""What the import contracts of pyproject.toml cannot say: names inside a module, and calls."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import safeload

PACKAGE = Path(safeload.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))
CALLS = {"eval", "exec", "compile", "__import__"}
NAMES = {"ProcessPoolExecutor", "Unpickler", "find_class", "_load_from_bytes"}
ATTRIBUTES = {("torch", "load"), ("torch", "jit"), ("torch", "hub"), ("numpy", "load"), ("os", "system")}
"""`os.popen` and its kind start processes, and subprocess has a contract of its own."""


def relative(module: Path) -> str:
    return module.relative_to(PACKAGE).as_posix()


@pytest.mark.parametrize(
    "module", [module for module in MODULES if not relative(module).startswith("guard/")], ids=relative
)
def test_nothing_executes_what_it_reads(module):
    """No eval, exec, compile, unpickler, torch.load or process pool, but in the guard.

    That one hands decided streams back to the user's own unpickler.
    """
    found = [
        f"{relative(module)}:{node.lineno}: {ast.unparse(node)[:60]}"
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8")))
        if forbidden(node)
    ]
    assert not found, found


def forbidden(node: ast.AST) -> bool:
    match node:
        case ast.Call(func=ast.Name(id=name)):
            return name in CALLS
        case ast.Name(id=name):
            return name in NAMES
        case ast.ImportFrom(module=module, names=names):
            return module == "concurrent.futures.process" or any(alias.name in NAMES for alias in names)
        case ast.Import(names=names):
            return any(alias.name == "concurrent.futures.process" for alias in names)
        case ast.Attribute(attr=attr) if attr in NAMES:
            return True
        case ast.Attribute(value=ast.Name(id=owner), attr=attr):
            return (owner, attr) in ATTRIBUTES
    return False


@pytest.mark.parametrize(
    "source",
    [
        "eval('1')",
        "from concurrent.futures import ProcessPoolExecutor",
        "from concurrent.futures.process import ProcessPoolExecutor",
        "import concurrent.futures.process",
        "concurrent.futures.ProcessPoolExecutor()",
        "torch.load(f)",
        "class A(Unpickler): pass",
    ],
)
def test_the_search_finds_what_it_looks_for(source):
    """The test above can fail."""
    assert any(forbidden(node) for node in ast.walk(ast.parse(source)))
