"""The index of a git pack: where in the pack an object begins.

https://git-scm.com/docs/gitformat-pack (version 2)

Guarantee: a look-up reads the fan-out table and a few entries, never the whole index. The answer is a
hint: what stands at that place in the pack is digested by whoever asked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.formats.git_errors import PackIndexBroken, PackTooLarge

if TYPE_CHECKING:
    from safeload.core import View
    from safeload.limits import Limits

MAGIC = b"\xfftOc\0\0\0\2"
_FAN = 8
_IDS = _FAN + 256 * 4
_CHECKSUMS = 40
_LARGE = 1 << 31


class PackIndex:
    """Finds objects of one pack."""

    __slots__ = ("_count", "_fan", "_view")

    def __init__(self, view: View, limits: Limits) -> None:
        """Read the fan-out table.

        Raises:
            PackIndexBroken: no index of version 2, or one whose length does not fit its count.
            PackTooLarge: it is for more objects than the budget.
        """
        if view.size < _IDS + _CHECKSUMS or view.read(0, _FAN) != MAGIC:
            raise PackIndexBroken("no index of version 2")
        table = view.read(_FAN, 256 * 4)
        self._fan = [int.from_bytes(table[at : at + 4], "big") for at in range(0, len(table), 4)]
        self._count = self._fan[-1]
        self._view = view
        if self._fan != sorted(self._fan):
            raise PackIndexBroken("the fan-out table does not rise", offset=_FAN)
        # packs of whole clones hold their blobs too
        if self._count > 16 * limits.git_pack_objects:
            raise PackTooLarge(f"the index is for {self._count} objects")
        large = view.size - _IDS - self._count * 28 - _CHECKSUMS
        if large < 0 or large % 8:
            raise PackIndexBroken(f"the index is not as long as its {self._count} objects need")

    def find(self, object_id: str) -> int | None:
        """The offset of an object in the pack, or None where it is not there.

        Raises:
            PackIndexBroken: an offset points out of its table.
        """
        wanted = bytes.fromhex(object_id)
        low = self._fan[wanted[0] - 1] if wanted[0] else 0
        high = self._fan[wanted[0]]
        while low < high:
            middle = (low + high) // 2
            found = self._view.read(_IDS + 20 * middle, 20)
            if found == wanted:
                return self._offset(middle)
            if found < wanted:
                low = middle + 1
            else:
                high = middle
        return None

    def _offset(self, at: int) -> int:
        place = _IDS + self._count * 24
        offset = int.from_bytes(self._view.read(place + 4 * at, 4), "big")
        if offset < _LARGE:
            return offset
        row = place + self._count * 4 + 8 * (offset - _LARGE)
        if row + 8 > self._view.size - _CHECKSUMS:
            raise PackIndexBroken("a large offset outside of its table", offset=place + 4 * at)
        return int.from_bytes(self._view.read(row, 8), "big")
