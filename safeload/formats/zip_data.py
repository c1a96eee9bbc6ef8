"""The data of zip members: checked against its crc32, and as views.

Guarantees: memory stays below one chunk for stored data and one member for deflated data; what a view
of a deflated member returns has exactly the size and crc32 that the archive states, and nothing but one
deflate stream was there. Budgets are checked before a byte is inflated.

Specification: APPNOTE.TXT sections 4.4.5 and 4.4.7, RFC 1951.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

from safeload.errors import FormatError, LimitExceeded
from safeload.formats.archive import AmbiguousArchive
from safeload.formats.view import Inflated, SubView, Truncated, check_range
from safeload.formats.zip import DEFLATE, ZipMember

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from safeload.core import View
    from safeload.limits import Limits

_PART = 1 << 20
"""Bytes that are inflated or handed on at a time."""
_ALWAYS_INFLATED = 1 << 20
"""Up to this size the ratio does not matter: zeros deflate a thousandfold, and cost nothing here."""


class CrcDiffers(AmbiguousArchive):
    """Data that does not have the crc32 of its entry: some readers stop, others load it."""


class DeflateBroken(FormatError):
    """A deflate stream that is invalid, cut short, or followed by other bytes."""


class InflatedSizeDiffers(AmbiguousArchive):
    """A deflate stream that holds more or fewer bytes than its entry states."""


class InflatesTooLarge(LimitExceeded):
    """A member that says it inflates to more than the budget."""


class InflatesTooMuch(LimitExceeded):
    """A member that says it inflates by more than the ratio of the budget."""


def check_crc(view: View, member: ZipMember, limits: Limits) -> None:
    """Read all data of a member and compare its crc32.

    Raises:
        FormatError: `CrcDiffers`, or what is wrong with a deflated member.
    """
    if member.method == DEFLATE:
        inflate(view, member, limits)
        return
    for _ in stored_with_other_crc(view, (member,)):
        raise crc_differs(member)


def stored_with_other_crc(view: View, members: Sequence[ZipMember]) -> Iterator[ZipMember]:
    """Those of the stored `members`, given in file order, whose data does not have its crc32.

    One pass over the range that they cover, in the chunks of `View.stream`.

    Raises:
        FormatError: the view cannot be read.
    """
    if not members:
        return
    chunk_end = members[0].offset
    chunks = view.stream(chunk_end, members[-1].offset + members[-1].size - chunk_end)
    chunk, chunk_start = memoryview(b""), chunk_end
    for member in members:
        crc32 = 0
        at, end = member.offset, member.offset + member.size
        while at < end:
            if at >= chunk_end:
                chunk_start = chunk_end
                chunk = memoryview(next(chunks, b""))
                if not chunk:
                    raise Truncated(f"the data of {member.name} ends early", offset=at)
                chunk_end += len(chunk)
                continue
            reach = min(end, chunk_end)
            crc32 = zlib.crc32(chunk[at - chunk_start : reach - chunk_start], crc32)
            at = reach
        if crc32 != member.crc32:
            yield member


def inflate(view: View, member: ZipMember, limits: Limits, *, crc: bool = True) -> memoryview:
    """The plain bytes of a deflated member, in memory of their size and no more.

    Args:
        view: the archive.
        member: one of its deflated members.
        limits: budgets of size and ratio.
        crc: False returns data with another crc32 too, for what has been reported already.

    Raises:
        FormatError: one subclass per way to be wrong.
    """
    check_inflation(member, limits)
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    data = bytearray(member.size)
    done = 0
    try:
        for chunk in view.stream(member.offset, member.compressed):
            if inflater.eof:
                raise DeflateBroken(f"bytes follow the stream of {member.name}", offset=member.offset)
            rest: bytes | memoryview = chunk
            while (len(rest) or not inflater.eof) and done <= member.size:
                part = inflater.decompress(rest, min(_PART, member.size + 1 - done))
                if not part and not inflater.unconsumed_tail:
                    break
                data[done : done + len(part)] = part
                done += len(part)
                rest = inflater.unconsumed_tail
    except zlib.error:
        raise DeflateBroken(f"{member.name} is no deflate stream", offset=member.offset) from None
    if done != member.size:
        raise InflatedSizeDiffers(
            f"{member.name} does not inflate to {member.size} bytes", offset=member.offset
        )
    if not inflater.eof or inflater.unused_data or inflater.unconsumed_tail:
        raise DeflateBroken(f"{member.name} is not exactly one deflate stream", offset=member.offset)
    if crc and zlib.crc32(data) != member.crc32:
        raise crc_differs(member)
    return memoryview(data).toreadonly()


def check_inflation(member: ZipMember, limits: Limits) -> None:
    """Raise where a deflated member says that it exceeds a budget.

    Raises:
        LimitExceeded: `InflatesTooLarge` or `InflatesTooMuch`.
    """
    if max(member.size, member.compressed) > limits.inflated_bytes:
        raise InflatesTooLarge(
            f"{member.name} inflates to {member.size} bytes, the budget is {limits.inflated_bytes}"
        )
    if member.size > _ALWAYS_INFLATED and member.size > member.compressed * limits.inflate_ratio:
        raise InflatesTooMuch(
            f"{member.name} inflates {member.compressed} bytes to {member.size}, "
            f"more than {limits.inflate_ratio} times as many"
        )


class LastInflated:
    """The plain bytes of the member that was read last: siblings that share one hold no more than that."""

    __slots__ = ("data", "member")

    def __init__(self) -> None:
        self.member: ZipMember | None = None
        self.data = memoryview(b"")


class InflatedView(Inflated):
    """A deflated member, inflated when it is read."""

    __slots__ = ("_crc", "_last", "_limits", "_member", "_parent")

    def __init__(
        self, parent: View, member: ZipMember, limits: Limits, last: LastInflated, *, crc: bool = True
    ) -> None:
        self._parent = parent
        self._member = member
        self._limits = limits
        self._last = last
        self._crc = crc

    @property
    def size(self) -> int:
        """Length in bytes, as stated and later checked."""
        return self._member.size

    def read(self, offset: int, length: int) -> bytes:
        """Exactly `length` bytes from `offset`.

        Raises:
            FormatError: the view does not hold that range, or the member is not what it says.
        """
        return bytes(self._range(offset, length))

    def stream(self, offset: int, length: int) -> Iterator[bytes | memoryview]:
        """The range in chunks.

        Raises:
            FormatError: the view does not hold that range, or the member is not what it says.
        """
        for at in range(offset, offset + length, _PART):
            yield self._range(at, min(_PART, offset + length - at))

    def _range(self, offset: int, length: int) -> memoryview:
        check_range(offset, length, self._member.size)
        last = self._last
        if last.member is not self._member:
            last.member, last.data = None, memoryview(b"")
            last.data = inflate(self._parent, self._member, self._limits, crc=self._crc)
            last.member = self._member
        return last.data[offset : offset + length]


def member_view(
    view: View,
    member: ZipMember,
    limits: Limits,
    *,
    crc: bool = True,
    last: LastInflated | None = None,
) -> View:
    """A view of the plain bytes of a member.

    A stored member's crc32 is checked by `check_crc` alone; a deflated one's when it is read.

    Args:
        view: the archive.
        member: one of its members.
        limits: budgets of size and ratio.
        crc: False gives the bytes of a deflated member with another crc32 too.
        last: shared by members that are read one after the other, so that only one is held.

    Raises:
        LimitExceeded: a deflated member says that it exceeds a budget.
    """
    if member.method == DEFLATE:
        check_inflation(member, limits)
        return InflatedView(view, member, limits, last or LastInflated(), crc=crc)
    return SubView(view, member.offset, member.size)


def crc_differs(member: ZipMember) -> CrcDiffers:
    """The fact that the data of `member` has another crc32."""
    return CrcDiffers(f"the data of {member.name} does not have its crc32", offset=member.offset)
