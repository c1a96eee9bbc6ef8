"""Core ML: classes of an application that a model calls, and models elsewhere that it needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.core import Coverage, Fact
from safeload.scanners import ScanResult

if TYPE_CHECKING:
    from safeload.limits import Limits
    from safeload.scanners import Subject

FORMATS = ("coreml",)
_SHOWN = 20


def scan(subject: Subject, limits: Limits) -> ScanResult:
    """State the format, custom classes and linked models.

    Raises:
        FormatError: the model breaks the schema.
    """
    from safeload.formats.coreml import UnlistedField, parse_coreml

    facts = [Fact(kind="format.not-loadable", location=subject.location, data={"format": subject.format})]
    try:
        model = parse_coreml(subject.view, limits)
    except UnlistedField as error:
        return ScanResult(coverage=Coverage.UNRECOGNISED, reason=str(error), facts=tuple(facts))
    for name in model.custom[:_SHOWN]:
        data = {"format": "coreml", "detail": f"it calls the class {name} of an application"}
        facts.append(Fact(kind="format.executable", location=subject.location, data=data))
    for name in model.linked[:_SHOWN]:
        data = {"key": "linkedModel", "value": name}
        facts.append(Fact(kind="config.redirect", location=subject.location, data=data))
    return ScanResult(coverage=Coverage.SCANNED, facts=tuple(facts), record=model)
