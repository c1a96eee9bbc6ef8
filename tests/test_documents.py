"""Generated documents are what their sources say."""

from __future__ import annotations

import importlib.util
import re
import tomllib
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


def test_the_schema_of_policies_is_the_table(generate):
    """`make docs` was run after the last change of a key, a rule or a budget."""
    assert generate.SCHEMA.read_text(encoding="utf-8") == generate.schema()


@pytest.mark.parametrize(
    "document", ["docs/policy.md", "docs/attacks.md", "README.md", "SECURITY.md", "docs/architecture.md"]
)
def test_local_links_lead_somewhere(document):
    """A link to a file of this repository names a file of this repository."""
    file = ROOT / document
    links = re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", file.read_text(encoding="utf-8"))
    missing = [link for link in links if not (file.parent / link).exists()]
    assert not missing


def test_the_layout_names_every_module_of_the_packages_that_bind_the_others():
    """Whoever adds a module to pipeline/ or isolation/, or a package, says there what it is for."""
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    package = ROOT / "safeload"
    modules = [file for folder in ("pipeline", "isolation") for file in (package / folder).glob("[a-z]*.py")]
    missing = [file.name for file in modules if f"`{file.name}`" not in text]
    packages = [file.parent.relative_to(package).name for file in package.rglob("*/__init__.py")]
    inner = {"base", "layers"}  # of architectures/
    missing += [name for name in packages if f"{name}/" not in text and name not in inner]
    assert not missing


def test_every_decision_is_linked():
    """docs/architecture.md leads to each ADR, and no number is used twice."""
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    files = sorted(file.name for file in (ROOT / "docs" / "adr").glob("*.md"))
    assert [name for name in files if f"adr/{name}" not in text] == []
    assert [int(name[:4]) for name in files] == list(range(1, len(files) + 1))


def test_the_pins_are_in_order():
    """constraints.txt names each package once, by name, and all that pyproject.toml asks for."""
    pins = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if not line.startswith("#")]
    names = [_normal(line.partition("==")[0]) for line in pins]
    assert names == sorted(set(names))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    asked = [*project["dependencies"], *extras["torch"], *extras["dev"], *extras["codecs"], *extras["bench"]]
    wanted = {_normal(re.split(r"[\[<>=]", item)[0]) for item in asked} - {"safeload"}
    assert wanted <= set(names)


def _normal(name):
    return re.sub(r"[-_.]+", "-", name.strip().lower())
