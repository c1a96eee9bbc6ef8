"""safetensors weights: the header is interpreted, the data is bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.core import Coverage
from safeload.formats.safetensors import parse_safetensors
from safeload.scanners import ScanResult

if TYPE_CHECKING:
    from safeload.limits import Limits
    from safeload.scanners import Subject

FORMATS = ("safetensors",)


def scan(subject: Subject, limits: Limits) -> ScanResult:
    """Parse the header. Tensor data has no structure to judge.

    Raises:
        FormatError: the header breaks the specification.
    """
    return ScanResult(coverage=Coverage.SCANNED, record=parse_safetensors(subject.view, limits))
