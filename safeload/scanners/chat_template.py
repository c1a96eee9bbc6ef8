"""Chat templates in files of their own: `chat_template.jinja`, `additional_chat_templates/*.jinja`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from safeload.core import Coverage
from safeload.formats.chat_template import parse_chat_template
from safeload.scanners import ScanResult
from safeload.scanners._templates import template_fact

if TYPE_CHECKING:
    from safeload.limits import Limits
    from safeload.scanners import Subject

FORMATS = ("json", "text", "text-8bit")
NAMES = re.compile(r"[^/]+\.jinja2?\Z")


def scan(subject: Subject, limits: Limits) -> ScanResult:
    """State that there is a template.

    Raises:
        FormatError: the bytes are not UTF-8, or too many.
    """
    record = parse_chat_template(subject.view, subject.base_name, limits)
    fact = template_fact(record.where, record.text, subject.location)
    return ScanResult(coverage=Coverage.SCANNED, facts=(fact,), record=record)
