"""Text of any kind, read to its end: what the scanners of texts have in common."""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING

from safeload.core import Coverage
from safeload.errors import FormatError
from safeload.scanners import ScanResult

if TYPE_CHECKING:
    from safeload.scanners import Subject


class TextNotUtf8(FormatError):
    """Text that stops being UTF-8 further on."""


class TextHoldsNul(FormatError):
    """A NUL byte: what started as text goes on as something else."""


def read_text(subject: Subject) -> ScanResult:
    """Check that the text is text to its end.

    Raises:
        FormatError: it is not.
    """
    if not subject.read_data and subject.view.size > 1 << 20:
        return ScanResult(coverage=Coverage.NOT_READ, reason="--quick reads only interpreted bytes")
    decoder = codecs.getincrementaldecoder("utf-8")()
    done = 0
    for chunk in subject.view.stream(0, subject.view.size):
        data = bytes(chunk)
        at = data.find(0)
        if at >= 0:
            raise TextHoldsNul("a NUL byte in text", offset=done + at)
        try:
            if subject.format != "text-8bit":
                decoder.decode(data)
        except UnicodeDecodeError as error:
            raise TextNotUtf8("bytes that are not UTF-8", offset=done + error.start) from None
        done += len(data)
    if decoder.getstate()[0]:
        raise TextNotUtf8("the text ends inside a character", offset=done)
    return ScanResult(coverage=Coverage.SCANNED)
