"""TFRecord: event logs of TensorBoard and data of TensorFlow, record after record.

The frame of https://www.tensorflow.org/tutorials/load_data/tfrecord: length, sum of the length, data, sum of
the data. Every length is compared with its sum, and the last record ends where the file ends. What is in
the records is shown or trained on, and nothing runs it; it is stepped over.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.core import Coverage, Fact
from safeload.errors import FormatError, LimitExceeded
from safeload.formats.crc32c import masked_crc32c
from safeload.formats.cursor import Cursor
from safeload.scanners import ScanResult

if TYPE_CHECKING:
    from safeload.limits import Limits
    from safeload.scanners import Subject

FORMATS = ("tfrecord",)


class RecordLengthMismatch(FormatError):
    """A length with another sum than the one beside it."""


class TooManyRecords(LimitExceeded):
    """More records than the budget."""


def scan(subject: Subject, limits: Limits) -> ScanResult:
    """Walk from record to record.

    Raises:
        FormatError: a length is wrong, or the last record is cut short.
    """
    cursor = Cursor(subject.view)
    known: dict[bytes, int] = {}
    for _ in range(limits.tfrecord_records):
        if not cursor.left:
            fact = Fact(
                kind="format.not-loadable", location=subject.location, data={"format": subject.format}
            )
            facts = () if "tfevents" in subject.base_name else (fact,)
            return ScanResult(coverage=Coverage.SCANNED, facts=facts)
        at = cursor.position
        written = cursor.take(8)
        if written not in known:
            # records of a log have few lengths, and the sum is the dear part
            if len(known) > 1_000:
                known.clear()
            known[written] = masked_crc32c(written)
        if cursor.unsigned(4) != known[written]:
            raise RecordLengthMismatch("the length of a record has another sum", offset=at)
        cursor.skip(int.from_bytes(written, "little"))
        cursor.skip(4)
    raise TooManyRecords(f"more than {limits.tfrecord_records} records")
