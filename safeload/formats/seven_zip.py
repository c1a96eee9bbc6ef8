"""The signature header of a 7z archive: `read_signature(view, limits)`.

Guarantees: the archive's second header lies at the end of the view, with the crc32 that the first one
states, and nothing follows it. That header is most often compressed itself, so what it lists is read by
a library, in a child process.

Specification: https://github.com/ip7z/7zip/blob/main/DOC/7zFormat.txt, "SignatureHeader".
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

from safeload.errors import FormatError, LimitExceeded
from safeload.formats.archive import AmbiguousArchive
from safeload.record import record

if TYPE_CHECKING:
    from safeload.core import View
    from safeload.limits import Limits

_MAGIC = b"7z\xbc\xaf\x27\x1c"
_SIZE = 32


class SignatureBroken(FormatError):
    """A signature header that is cut short or does not have its crc32."""


class ListingBroken(FormatError):
    """A second header that does not lie in the file, or does not have its crc32."""


class ListingTooLarge(LimitExceeded):
    """A second header above the budget."""


class BytesBehindArchive(AmbiguousArchive):
    """Bytes behind the second header, where readers expect the end of the file."""


@record
class Signature:
    """What the first 32 bytes say."""

    version: tuple[int, int]
    listing_offset: int
    """Of the second header, in the file."""
    listing_size: int


def read_signature(view: View, limits: Limits) -> Signature:
    """The signature header, with what it points to checked against its crc32.

    Raises:
        FormatError: one subclass per way to be wrong.
    """
    if view.size < _SIZE:
        raise SignatureBroken(f"has {view.size} bytes, and the signature header alone has {_SIZE}")
    head = view.read(0, _SIZE)
    if head[:6] != _MAGIC or zlib.crc32(head[12:]) != int.from_bytes(head[8:12], "little"):
        raise SignatureBroken("the signature header does not have its crc32", offset=8)
    offset = _SIZE + int.from_bytes(head[12:20], "little")
    size = int.from_bytes(head[20:28], "little")
    if offset + size > view.size:
        raise ListingBroken(f"the second header needs bytes {offset} to {offset + size} of {view.size}")
    if size > limits.zip_directory_bytes:
        raise ListingTooLarge(f"the second header has {size} bytes", offset=offset)
    if zlib.crc32(view.read(offset, size)) != int.from_bytes(head[28:32], "little"):
        raise ListingBroken("the second header does not have its crc32", offset=offset)
    if offset + size < view.size:
        behind = view.size - offset - size
        raise BytesBehindArchive(f"{behind} bytes follow the archive", offset=offset + size)
    return Signature(version=(head[6], head[7]), listing_offset=offset, listing_size=size)
