"""Zip archives: torch checkpoints by their grammar, any other one member by member."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from safeload.limits import Limits
    from safeload.scanners import ScanResult, Subject

FORMATS = ("zip", "npz")


def scan(subject: Subject, limits: Limits) -> ScanResult:
    """The facts of one archive, its members, and what the pipeline should look into.

    Raises:
        FormatError: the view cannot be read.
    """
    # Archive and pickle readers are a third of the code: most audits of safetensors never need them.
    from safeload.scanners._zip_archive import scan_archive

    return scan_archive(subject, limits)
