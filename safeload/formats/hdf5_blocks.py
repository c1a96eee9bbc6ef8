"""HDF5: the file as a set of blocks, each read once, and the fields within a block.

No block can be read without being claimed. The sum of all claims cannot exceed the file while nothing
overlaps, so a chain of blocks that leads back into itself ends at the latest when every byte is claimed;
`check_overlaps` then holds for the rest. Integers are little-endian, addresses and lengths 8 bytes wide.
https://support.hdfgroup.org/documentation/hdf5/latest/_f_m_t3.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.formats.hdf5_checksum import lookup3
from safeload.formats.hdf5_errors import (
    BadSignature,
    BlockPastEnd,
    BlocksOverlap,
    BytesBehind,
    FieldsPastEnd,
    TooMuchMetadata,
    UnknownVersion,
    WrongChecksum,
)

if TYPE_CHECKING:
    import struct

    from safeload.core import View
    from safeload.limits import Limits

WIDTH = 8
"""Bytes of an address and of a length."""
UNDEFINED = (1 << 64) - 1
"""The address of nothing."""
CHECKSUM_BYTES = 4
_ALIGNMENT = 8
_CHECKSUM_COST = 16
"""A byte under a checksum costs as much time as this many others."""


class Fields:
    """A block or a part of one, read from front to back."""

    __slots__ = ("_at", "_base", "_data")

    def __init__(self, data: bytes, base: int) -> None:
        self._data = data
        self._base = base
        self._at = 0

    @property
    def left(self) -> int:
        """Bytes not read yet."""
        return len(self._data) - self._at

    @property
    def position(self) -> int:
        """Byte of the file that comes next."""
        return self._base + self._at

    def take(self, length: int) -> bytes:
        """The next bytes.

        Raises:
            FieldsPastEnd: there are not that many.
        """
        end = self._at + length
        if end > len(self._data):
            raise FieldsPastEnd(f"needs {length} bytes of {self.left}", offset=self.position)
        part = self._data[self._at : end]
        self._at = end
        return part

    def number(self, width: int) -> int:
        """The next unsigned integer.

        Raises:
            FieldsPastEnd: there are not that many bytes.
        """
        return int.from_bytes(self.take(width), "little")

    def unpack(self, form: struct.Struct) -> tuple[int, ...]:
        """The next integers, as many as `form` has.

        Raises:
            FieldsPastEnd: there are not that many bytes.
        """
        return form.unpack(self.take(form.size))

    def part(self, length: int) -> Fields:
        """The next bytes as fields of their own.

        Raises:
            FieldsPastEnd: there are not that many.
        """
        base = self.position
        return Fields(self.take(length), base)

    def signature(self, magic: bytes) -> None:
        """Read the signature of a block.

        Raises:
            BadSignature: other bytes stand there.
        """
        at = self.position
        if self.take(len(magic)) != magic:
            raise BadSignature(f"no {magic.decode('ascii')} block", offset=at)

    def version(self, what: str, *known: int) -> int:
        """Read a version byte.

        Raises:
            UnknownVersion: it is none of those known.
        """
        at = self.position
        version = self.number(1)
        if version not in known:
            raise UnknownVersion(f"{what} of version {version}", offset=at)
        return version

    def end(self, what: str) -> None:
        """Nothing but alignment may be left.

        Raises:
            BytesBehind: more is.
        """
        if self.left >= _ALIGNMENT:
            raise BytesBehind(f"{self.left} bytes behind the fields of the {what}", offset=self.position)


class Blocks:
    """The file under reading, its budgets, and who owns which bytes."""

    __slots__ = ("_claimed", "_claims", "_spent", "limits", "view")

    def __init__(self, view: View, limits: Limits) -> None:
        self.view = view
        self.limits = limits
        self._claims: list[tuple[int, int, str]] = []
        self._claimed = 0
        self._spent = 0

    def charge(self, count: int) -> None:
        """Spend budget on structure or on values taken from it.

        Raises:
            TooMuchMetadata: it is used up.
        """
        self._spent += count
        if self._spent > self.limits.hdf5_metadata_bytes:
            raise TooMuchMetadata(f"more than {self.limits.hdf5_metadata_bytes} bytes of structure")

    def claim(self, address: int, length: int, what: str) -> None:
        """Mark bytes as belonging to one thing.

        Raises:
            BlockPastEnd: the file does not hold them.
            BlocksOverlap: more bytes are claimed than there are.
        """
        self._check(address, length, what)
        self._claimed += length
        if self._claimed > self.view.size:
            raise BlocksOverlap(f"the {what} overlaps another block", offset=address)
        if length:
            self._claims.append((address, address + length, what))

    def peek(self, address: int, length: int, what: str) -> bytes:
        """Look at the first bytes of a block, to learn how long it is.

        Raises:
            BlockPastEnd: the file does not hold them.
        """
        self._check(address, length, what)
        return self.view.read(address, length)

    def read(self, address: int, length: int, what: str) -> Fields:
        """Claim a block of structure and read it.

        Raises:
            FormatError: it is no new block of the file, or too much.
        """
        self.claim(address, length, what)
        self.charge(length)
        return Fields(self.view.read(address, length), address)

    def checked(self, address: int, length: int, what: str) -> Fields:
        """Claim and read a block that ends with its checksum, and leave that out.

        Raises:
            FormatError: as `read`, or the checksum is wrong.
        """
        self.charge(length * _CHECKSUM_COST)
        block = self.read(address, length, what).take(length)
        check_sum(block, address, what)
        return Fields(block[:-CHECKSUM_BYTES], address)

    def _check(self, address: int, length: int, what: str) -> None:
        if address == UNDEFINED:
            raise BlockPastEnd(f"the {what} has no address")
        if address + length > self.view.size:
            raise BlockPastEnd(f"the {what} ends at byte {address + length}, the file at {self.view.size}")

    def check_overlaps(self) -> None:
        """Compare all claims.

        Raises:
            BlocksOverlap: two share bytes.
        """
        self._claims.sort()
        end, before = 0, ""
        for start, stop, what in self._claims:
            if start < end:
                raise BlocksOverlap(f"{what} and {before} share bytes", offset=start)
            end, before = stop, what


def check_sum(block: bytes, address: int, what: str) -> None:
    """Compare the last four bytes with the checksum of those before.

    Raises:
        WrongChecksum: they differ.
    """
    if lookup3(block[:-CHECKSUM_BYTES]) != int.from_bytes(block[-CHECKSUM_BYTES:], "little"):
        raise WrongChecksum(f"the checksum of the {what} is wrong", offset=address)
