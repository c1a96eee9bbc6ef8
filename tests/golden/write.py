"""Rewrites the golden files of this folder: `make goldens`. The diff is reviewed like code."""

from __future__ import annotations

import sys
from pathlib import Path

import safeload
from safeload.formats.lock_file_write import write_lock
from safeload.reports import json_v1, text
from tests.forge import locks
from tests.reports.test_text import sample
from tests.rules.test_catalogue import RULES

FOLDER = Path(__file__).parent


def goldens() -> dict[str, str]:
    """File name -> text."""
    rules = sorted(
        f"{module.RULE.id} {module.RULE.severity.name.lower()}{'' if module.RULE.waivable else ' unwaivable'}"
        for module in RULES
    )
    report = sample()
    return {
        "public_api.txt": "".join(f"{name}\n" for name in sorted(safeload.__all__)),
        "rules.txt": "".join(f"{line}\n" for line in rules),
        "safeload.lock": write_lock(locks.sample()),
        "report.txt": text.render(report),
        "report.json": json_v1.render(report).replace(f'"{safeload.__version__}"', '"VERSION"'),
    }


def main() -> None:
    """Write all of them."""
    for name, content in goldens().items():
        (FOLDER / name).write_text(content, encoding="utf-8")
        sys.stderr.write(f"wrote tests/golden/{name}\n")


if __name__ == "__main__":
    main()
