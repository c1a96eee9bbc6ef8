"""Generated documents are what their sources say."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
GENERATOR = ROOT / "docs" / "generate.py"


@pytest.fixture(scope="module")
def generate():
    spec = importlib.util.spec_from_file_location("docs_generate", GENERATOR)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_rule_pages_are_the_rules(generate):
    """`make docs` was run after the last change of a rule."""
    on_disk = {file.name: file.read_text(encoding="utf-8") for file in generate.FOLDER.glob("*.md")}
    assert on_disk == generate.pages()


def test_the_list_of_attacks_is_the_catalogue(generate):
    """`make docs` was run after the last change of a row, and no tracker is named that a row lacks."""
    assert generate.ATTACKS.read_text(encoding="utf-8") == generate.attacks()


@pytest.mark.parametrize("document", ["docs/attacks.md", "README.md", "SECURITY.md", "docs/architecture.md"])
def test_local_links_lead_somewhere(document):
    """A link to a file of this repository names a file of this repository."""
    file = ROOT / document
    links = re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", file.read_text(encoding="utf-8"))
    missing = [link for link in links if not (file.parent / link).exists()]
    assert not missing
