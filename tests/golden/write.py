"""Rewrites the golden files of this folder: `make goldens`. The diff is reviewed like code."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import safeload
from safeload import discovery
from safeload.formats.lock_file_write import write_lock
from safeload.reports import Style
from tests.forge import locks
from tests.reports.test_text import sample
from tests.rules.test_catalogue import RULES

if TYPE_CHECKING:
    from types import ModuleType

FOLDER = Path(__file__).parent
REPORTERS = discovery.modules("safeload.reports")
ENDINGS = {
    "text": "txt", "json": "json", "jsonl": "jsonl", "markdown": "md", "html": "html", "sarif": "sarif",
    "junit": "junit.xml", "github": "github.txt", "gitlab": "gitlab.json", "cyclonedx": "cdx.json",
}  # fmt: skip
"""Format -> how its golden file ends. A new format needs one, and fails the tests until it has it."""


def rendered(reporter: ModuleType) -> str:
    """The sample in one format, whatever version this is."""
    return reporter.render(sample(), Style(version="VERSION"))


def goldens() -> dict[str, str]:
    """File name -> text."""
    rules = sorted(
        f"{module.RULE.id} {module.RULE.severity.name.lower()}{'' if module.RULE.waivable else ' unwaivable'}"
        for module in RULES
    )
    return {
        "public_api.txt": "".join(f"{name}\n" for name in sorted(safeload.__all__)),
        "rules.txt": "".join(f"{line}\n" for line in rules),
        "safeload.lock": write_lock(locks.sample()),
    } | {f"report.{ENDINGS[module.FORMAT]}": rendered(module) for module in REPORTERS}


def main() -> None:
    """Write all of them."""
    for name, content in goldens().items():
        (FOLDER / name).write_text(content, encoding="utf-8")
        sys.stderr.write(f"wrote tests/golden/{name}\n")


if __name__ == "__main__":
    main()
