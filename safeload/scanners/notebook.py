"""Notebooks: JSON with cells of code, and with outputs that a viewer may run.

https://nbformat.readthedocs.io/en/latest/format_description.html
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from safeload.core import Coverage, Fact
from safeload.formats.json_strict import JsonTooLarge, parse_json
from safeload.formats.view import read_all
from safeload.scanners import ScanResult

if TYPE_CHECKING:
    from safeload.core import Json
    from safeload.limits import Limits
    from safeload.scanners import Subject

FORMATS = ("json",)
NAMES = re.compile(r".+\.ipynb\Z", re.IGNORECASE)

_ACTIVE = frozenset(
    {
        "text/html",
        "application/javascript",
        "text/javascript",
        "image/svg+xml",
        "application/vnd.jupyter.widget-view+json",
    }
)


def scan(subject: Subject, limits: Limits) -> ScanResult:
    """Count cells of code, and outputs that are pages or scripts.

    Raises:
        FormatError: the bytes are no strict JSON, but for NaN and infinities.
    """
    if subject.view.size > limits.json_bytes:
        raise JsonTooLarge(f"{subject.view.size} bytes of JSON, more than {limits.json_bytes}")
    value = parse_json(read_all(subject.view), limits, finite=False)
    code, active = 0, 0
    for cell in _cells(value):
        if isinstance(cell, dict) and cell.get("cell_type") == "code":
            code += 1
            outputs = cell.get("outputs")
            active += sum(_is_active(output) for output in (outputs if isinstance(outputs, list) else ()))
    data: dict[str, Json] = {"language": "a notebook", "code_cells": code, "active_outputs": active}
    fact = Fact(kind="code.script", location=subject.location, data=data)
    return ScanResult(coverage=Coverage.SCANNED, facts=(fact,))


def _cells(value: Json) -> list[Json]:
    """The cells, which format 3 kept in worksheets."""
    if not isinstance(value, dict):
        return []
    cells = value.get("cells")
    found = list(cells) if isinstance(cells, list) else []
    sheets = value.get("worksheets")
    for sheet in sheets if isinstance(sheets, list) else ():
        inner = sheet.get("cells") if isinstance(sheet, dict) else None
        found.extend(inner if isinstance(inner, list) else ())
    return found


def _is_active(output: Json) -> bool:
    data = output.get("data") if isinstance(output, dict) else None
    return isinstance(data, dict) and not _ACTIVE.isdisjoint(data)
