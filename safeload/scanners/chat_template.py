"""Chat templates in files of their own: `chat_template.jinja`, `additional_chat_templates/*.jinja`.

Their text is judged in a child process: see scanners/_templates.py.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from safeload.formats.chat_template import parse_chat_template
from safeload.scanners._templates import conclude_templates, template_result

if TYPE_CHECKING:
    from safeload.limits import Limits
    from safeload.scanners import Answer, Errand, ScanResult, Subject

FORMATS = ("json", "text", "text-8bit")
NAMES = re.compile(r"[^/]+\.jinja2?\Z")


def scan(subject: Subject, limits: Limits) -> ScanResult:
    """State that there is a template.

    Raises:
        FormatError: the bytes are not UTF-8, or too many.
    """
    record = parse_chat_template(subject.view, subject.base_name, limits)
    return template_result([(record.where, record.text)], subject.location, limits, record=record)


def conclude(subject: Subject, errand: Errand, answer: Answer, limits: Limits) -> ScanResult:  # noqa: ARG001
    """State what the child found in the template."""
    return conclude_templates(errand, answer, subject.location)
