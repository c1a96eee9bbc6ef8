"""gzip files and zlib streams, inflated in process: our own reading of the structure around deflate."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.core import Coverage
from safeload.errors import FormatError
from safeload.scanners import ScanResult

if TYPE_CHECKING:
    from safeload.limits import Limits
    from safeload.scanners import Subject

FORMATS = ("gzip", "zlib")


def scan(subject: Subject, limits: Limits) -> ScanResult:
    """The content as a child, and what was wrong with the file around it.

    Raises:
        FormatError: the view cannot be read.
    """
    from safeload.formats.gzip import unpack_gzip, unpack_zlib
    from safeload.formats.unpack import StreamBroken
    from safeload.scanners._unpacked import unpacked, unread

    skipped = unread(subject, limits.small_file_bytes)
    if skipped is not None:
        return skipped
    out = bytearray()
    wrong: FormatError | None = None
    try:
        if subject.format == "gzip":
            unpack_gzip(subject.view, limits, out)
        else:
            unpack_zlib(subject.view, limits, out)
    except FormatError as error:
        wrong = error
    if subject.format == "zlib" and isinstance(wrong, StreamBroken) and not out:
        # two bytes without magic were all that named it
        return ScanResult(coverage=Coverage.UNRECOGNISED, reason="begins like a zlib stream, and is none")
    return unpacked(subject, out, wrong)
