"""The index of a TensorFlow checkpoint."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.core import Coverage, Fact
from safeload.scanners import ScanResult

if TYPE_CHECKING:
    from safeload.limits import Limits
    from safeload.scanners import Subject

FORMATS = ("tf-checkpoint-index",)


def scan(subject: Subject, limits: Limits) -> ScanResult:
    """Read which tensor lies where. The data files are accounted for through the record's claims.

    Raises:
        FormatError: the index breaks its format.
    """
    from safeload.formats.tf_checkpoint import UnlistedField, parse_tf_checkpoint

    facts = (Fact(kind="format.not-loadable", location=subject.location, data={"format": subject.format}),)
    prefix = subject.base_name.removesuffix(".index")
    try:
        index = parse_tf_checkpoint(subject.view, prefix, limits)
    except UnlistedField as error:
        return ScanResult(coverage=Coverage.UNRECOGNISED, reason=str(error), facts=facts)
    return ScanResult(coverage=Coverage.SCANNED, facts=facts, record=index)
