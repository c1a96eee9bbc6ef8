"""GGUF: header and tensor table are checked, chat templates are judged; nothing here loads it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.core import Fact
from safeload.scanners._templates import conclude_templates, template_result

if TYPE_CHECKING:
    from safeload.limits import Limits
    from safeload.scanners import Answer, Errand, ScanResult, Subject

FORMATS = ("gguf",)


def scan(subject: Subject, limits: Limits) -> ScanResult:
    """State the format and its templates. Tensor data has no structure to judge.

    Raises:
        FormatError: the header breaks the specification.
    """
    # Most audits do without this reader.
    from safeload.formats.gguf import parse_gguf

    record = parse_gguf(subject.view, limits)
    fact = Fact(kind="format.not-loadable", location=subject.location, data={"format": subject.format})
    return template_result(
        list(record.templates.items()), subject.location, limits, record=record, facts=(fact,)
    )


def conclude(subject: Subject, errand: Errand, answer: Answer, limits: Limits) -> ScanResult:  # noqa: ARG001
    """State what the child found in the templates."""
    return conclude_templates(errand, answer, subject.location)
