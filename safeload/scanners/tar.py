"""Tar archives: every file in them as an artifact of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from safeload.limits import Limits
    from safeload.scanners import ScanResult, Subject

FORMATS = ("tar",)


def scan(subject: Subject, limits: Limits) -> ScanResult:
    """The facts of one archive, its members, and what the pipeline should look into.

    Raises:
        FormatError: the view cannot be read.
    """
    from safeload.scanners._tar import scan_tar  # most audits meet no tar archive

    return scan_tar(subject, limits)
