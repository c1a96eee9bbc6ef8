"""Any JSON document that no other scanner knows by its name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.formats.json_strict import JsonTooLarge, parse_json
from safeload.scanners._json_keys import behaviour_facts
from safeload.scanners._templates import conclude_templates, template_result, templates_in

if TYPE_CHECKING:
    from safeload.limits import Limits
    from safeload.scanners import Answer, Errand, ScanResult, Subject

FORMATS = ("json",)


def scan(subject: Subject, limits: Limits) -> ScanResult:
    """Read the document and state every key that asks a loader for behaviour.

    Raises:
        FormatError: not strict JSON, but for NaN and infinities.
    """
    if subject.view.size > limits.json_bytes:
        raise JsonTooLarge(f"{subject.view.size} bytes, more than {limits.json_bytes}")
    value = parse_json(subject.view.read(0, subject.view.size), limits, finite=False)
    facts = tuple(behaviour_facts(value, subject.location))
    return template_result(templates_in(value), subject.location, limits, facts=facts)


def conclude(subject: Subject, errand: Errand, answer: Answer, limits: Limits) -> ScanResult:  # noqa: ARG001
    """State what the child found in chat templates, such as those of `processor_config.json`."""
    return conclude_templates(errand, answer, subject.location)
