"""GGUF: header and tensor table are checked, chat templates are named; nothing here loads it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.core import Coverage, Fact
from safeload.formats.gguf import parse_gguf
from safeload.scanners import ScanResult
from safeload.scanners._templates import template_fact

if TYPE_CHECKING:
    from safeload.limits import Limits
    from safeload.scanners import Subject

FORMATS = ("gguf",)


def scan(subject: Subject, limits: Limits) -> ScanResult:
    """State the format and its templates. Tensor data has no structure to judge.

    Raises:
        FormatError: the header breaks the specification.
    """
    record = parse_gguf(subject.view, limits)
    fact = Fact(kind="format.not-loadable", location=subject.location, data={"format": subject.format})
    templates = (template_fact(key, text, subject.location) for key, text in record.templates.items())
    return ScanResult(coverage=Coverage.SCANNED, facts=(fact, *templates), record=record)
