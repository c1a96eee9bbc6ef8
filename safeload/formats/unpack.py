"""How much a compressed stream may unfold into, and the ways in which it can be wrong.

Whatever the codec: what readers of compressed files disagree about is the end. Some stop behind the
first stream, some read the next one, some ignore what is no stream, and all hand out the first bytes
before they have seen the checksum at the end. So a wrong end is ambiguous, not merely malformed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.errors import FormatError, LimitExceeded
from safeload.formats.archive import AmbiguousArchive

if TYPE_CHECKING:
    from safeload.limits import Limits

ALWAYS_UNPACKED = 1 << 20
"""Up to this size the ratio does not matter: zeros deflate a thousandfold, and cost nothing here."""


class NotCompressed(FormatError):
    """Bytes that no stream of the codec begins with."""


class HeaderBroken(FormatError):
    """A header that is cut short, or says what the specification rules out."""


class UnsupportedStream(FormatError):
    """A kind of stream that is not read: another method, a preset dictionary."""


class StreamBroken(FormatError):
    """Compressed data that does not decode."""


class StreamEndsEarly(AmbiguousArchive):
    """A stream without its end: readers have handed out its first bytes by then."""


class DigestDiffers(AmbiguousArchive):
    """Data with another checksum or length than the end of the stream states."""


class BytesBehindStream(AmbiguousArchive):
    """Bytes behind the last stream that are no stream themselves."""


class UnpacksTooLarge(LimitExceeded):
    """A stream that unfolds into more than the budget."""


class TooManyStreams(LimitExceeded):
    """More streams in one file than the budget."""


class NeedsTooMuchMemory(LimitExceeded):
    """A stream whose window or dictionary is larger than the budget."""


def most_unpacked(compressed: int, limits: Limits) -> int:
    """Bytes that `compressed` bytes may unfold into.

    Three budgets at once, the smallest counts: of all that one file may unfold into, of what is held in
    memory for a file of this size, and of the ratio.
    """
    return min(
        limits.inflated_bytes,
        limits.unpacked_bytes + limits.unpacked_factor * compressed,
        max(ALWAYS_UNPACKED, limits.inflate_ratio * compressed),
    )
