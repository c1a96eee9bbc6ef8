"""Any JSON document that no other scanner knows by its name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.core import Coverage
from safeload.formats.json_strict import JsonTooLarge, parse_json
from safeload.scanners import ScanResult
from safeload.scanners._json_keys import behaviour_facts, keras_document

if TYPE_CHECKING:
    from safeload.limits import Limits
    from safeload.scanners import Subject

FORMATS = ("json",)


def scan(subject: Subject, limits: Limits) -> ScanResult:
    """Read the document and state every key that asks a loader for behaviour.

    Raises:
        FormatError: not strict JSON, but for NaN and infinities.
    """
    if subject.view.size > limits.json_bytes:
        raise JsonTooLarge(f"{subject.view.size} bytes, more than {limits.json_bytes}")
    value = parse_json(subject.view.read(0, subject.view.size), limits, finite=False)
    facts = (*behaviour_facts(value, subject.location), *keras_document(value, subject.location))
    return ScanResult(coverage=Coverage.SCANNED, facts=facts)
