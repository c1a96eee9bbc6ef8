"""The public API is what `safeload/__init__.py` lists, and that list changes on purpose only."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import safeload
from safeload.resolver.auto import SUPPORTED

GOLDEN = Path(__file__).parent / "golden" / "public_api.txt"


def test_names_are_the_golden_list():
    """Adding or removing a public name shows up as a diff of the golden file."""
    assert sorted(safeload.__all__) == GOLDEN.read_text().split()


def test_type_checkers_see_the_same_names():
    """The names under TYPE_CHECKING and those that load at run time are the same."""
    tree = ast.parse(Path(safeload.__file__).read_text())
    block = next(node for node in tree.body if isinstance(node, ast.If))
    typed = {alias.asname for node in block.body if isinstance(node, ast.ImportFrom) for alias in node.names}
    assert typed | {"__version__"} == set(safeload.__all__)


def test_every_name_loads_without_torch():
    """Naming a class costs no torch: it is imported when a model is loaded."""
    code = (
        "import sys, safeload; [getattr(safeload, name) for name in safeload.__all__];"
        "print([n for n in ('torch', 'numpy', 'rich', 'pydantic', 'huggingface_hub') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_auto_class_of_transformers_is_there():
    """Code written against the oracle's Auto classes imports unchanged."""
    import transformers

    oracle = {
        name
        for name in dir(transformers)
        if name.startswith(("AutoModel", "AutoTokenizer", "AutoConfig", "AutoProcessor", "AutoBackbone"))
        or name in {"AutoImageProcessor", "AutoFeatureExtractor", "AutoVideoProcessor"}
    }
    assert oracle <= set(safeload.__all__)


@pytest.mark.slow
def test_usage_type_checks(tmp_path):
    """Every loader can be called as the tutorial calls it, in a program that is type-checked strictly."""
    lines = [f'{name.lower()} = safeload.{name}.from_pretrained("./checkpoint")' for name in SUPPORTED]
    program = tmp_path / "usage.py"
    program.write_text("\n".join(["import safeload", *lines]) + "\n", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--follow-imports=silent", program],
        capture_output=True, text=True, check=False, timeout=300, cwd=GOLDEN.parents[2],
    )  # fmt: skip
    assert done.stdout.startswith("Success"), done.stdout
