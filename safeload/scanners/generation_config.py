"""generation_config.json: how a model writes text, and the keys that ask for code to write it with."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from safeload.core import Coverage
from safeload.errors import FormatError
from safeload.formats.json_strict import JsonTooLarge, parse_json
from safeload.formats.view import read_all
from safeload.scanners import ScanResult
from safeload.scanners._json_keys import behaviour_facts, keras_document
from safeload.scanners._templates import conclude_templates, template_result, templates_in

if TYPE_CHECKING:
    from safeload.limits import Limits
    from safeload.scanners import Answer, Errand, Subject

FORMATS = ("json",)
NAMES = re.compile(r"generation_config\.json\Z")


def scan(subject: Subject, limits: Limits) -> ScanResult:
    """State the behaviour keys, and keep the settings as a record.

    Raises:
        FormatError: not strict JSON, but for NaN and infinities.
    """
    # many audits meet no model that writes
    from safeload.formats.generation_config import interpret

    if subject.view.size > limits.json_bytes:
        raise JsonTooLarge(f"{subject.view.size} bytes of JSON, more than {limits.json_bytes}")
    value = parse_json(read_all(subject.view), limits, finite=False)
    facts = (*behaviour_facts(value, subject.location), *keras_document(value, subject.location))
    try:
        # a list is somebody's data under this name: nothing is made of it
        settings = interpret(value) if isinstance(value, dict) else None
    except FormatError as error:
        # what a broken file asks for is worth knowing all the same
        return ScanResult(coverage=Coverage.MALFORMED, reason=str(error), facts=facts)
    return template_result(templates_in(value), subject.location, limits, record=settings, facts=facts)


def conclude(subject: Subject, errand: Errand, answer: Answer, limits: Limits) -> ScanResult:  # noqa: ARG001
    """State what the child found in chat templates."""
    return conclude_templates(errand, answer, subject.location)
