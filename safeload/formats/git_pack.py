"""git packs: objects out of a pack in memory, and single objects out of a pack with its index.

https://git-scm.com/docs/gitformat-pack

Guarantees: no more is inflated than a budget allows, however often a delta copies; a chain of deltas is
followed without recursion; a pack in memory ends exactly where its last object does, and its own
checksum holds. What comes out is not trusted: `git_objects.checked` digests whatever matters.

Deviations: version 2 only, which is all that git writes; a delta whose base lies outside the pack (a
thin pack) is refused, since we ask for none.
"""

from __future__ import annotations

import hashlib
import zlib
from typing import TYPE_CHECKING, NamedTuple

from safeload.formats.git_errors import DeltaBroken, ObjectMissing, ObjectTooLarge, PackBroken, PackTooLarge
from safeload.formats.git_objects import GitObject, object_id

if TYPE_CHECKING:
    from collections.abc import Callable

    from safeload.core import View
    from safeload.limits import Limits

MAGIC = b"PACK\0\0\0\2"
_HEADER = 12
_CHECKSUM = 20
_MOST_ENTRY_HEADER = 48
"""A size of ten bytes and a base of twenty fit."""
_CHUNK = 1 << 14
_KINDS = {1: "commit", 2: "tree", 3: "blob", 4: "tag"}
_BY_OFFSET, _BY_ID = 6, 7
_WIDTHS = [(number & 0x7F).bit_count() for number in range(256)]
_STEPS, _STEP_COST = 1_024, 64
"""Instructions of deltas count like bytes: a few kB of pack hold millions of them."""


class Budget:
    """Bytes that may still be inflated. One budget may be shared by many reads."""

    __slots__ = ("left", "most")

    def __init__(self, most: int) -> None:
        self.most = most
        self.left = most

    def spend(self, count: int) -> None:
        """Take `count` bytes off.

        Raises:
            ObjectTooLarge: there are not as many left.
        """
        self.left -= count
        if self.left < 0:
            raise ObjectTooLarge(f"the objects have more than {self.most} bytes together")


class _Entry(NamedTuple):
    """One entry of a pack, before its delta is applied."""

    kind: int
    data: bytes
    """The content, or the delta."""
    base: int | str | None
    """Offset or id of what a delta applies to."""


def read_pack(data: bytes, limits: Limits) -> dict[str, GitObject]:
    """Every commit, tree and tag of a pack in memory, by the id that its bytes have.

    Args:
        data: the whole pack.
        limits: `git_pack_bytes`, `git_pack_objects`, `git_object_bytes`, `git_inflated_bytes` and
            `git_delta_depth` bound it.

    Raises:
        PackBroken: it does not follow its format.
        PackTooLarge: a budget of the pack is exceeded.
        ObjectTooLarge: a budget of its objects is exceeded.
        DeltaBroken: a delta does not fit its base.
    """
    if len(data) > limits.git_pack_bytes:
        raise PackTooLarge(f"the pack has {len(data)} bytes, more than {limits.git_pack_bytes}")
    if len(data) < _HEADER + _CHECKSUM or not data.startswith(MAGIC):
        raise PackBroken("no pack of version 2")
    if hashlib.sha1(data[:-_CHECKSUM], usedforsecurity=False).digest() != data[-_CHECKSUM:]:
        raise PackBroken("the checksum of the pack does not hold", offset=len(data) - _CHECKSUM)
    count = int.from_bytes(data[8:12], "big")
    if count > limits.git_pack_objects:
        raise PackTooLarge(f"the pack has {count} objects, more than {limits.git_pack_objects}")
    budget = Budget(limits.git_inflated_bytes)
    body = memoryview(data)[: len(data) - _CHECKSUM]
    entries: dict[int, _Entry] = {}
    at = _HEADER
    for _ in range(count):
        start = at
        kind, size, base, at = _entry_header(bytes(body[at : at + _MOST_ENTRY_HEADER]), at)
        content, used = _inflate_here(body[at:], size, limits, budget, at)
        entries[start] = _Entry(kind, content, base)
        at += used
    if at != len(body):
        raise PackBroken(f"{len(body) - at} bytes behind the last object", offset=at)
    return _resolved(entries, limits, budget)


def read_packed(
    view: View,
    offset: int,
    limits: Limits,
    budget: Budget,
    base_offset: Callable[[str], int | None],
) -> GitObject:
    """One object of a pack on disk.

    Args:
        view: the pack.
        offset: where the index says that the object begins.
        limits: `git_object_bytes` and `git_delta_depth` bound it.
        budget: what may still be inflated.
        base_offset: finds the offset of an object of the same pack by its id.

    Raises:
        PackBroken: there is no entry at this place.
        ObjectTooLarge: a budget is exceeded.
        PackTooLarge: the chain of deltas is longer than a budget.
        ObjectMissing: the base of a delta is not in this pack.
        DeltaBroken: a delta does not fit its base.
    """
    chain: list[bytes] = []
    while True:
        if not _HEADER <= offset < view.size - _CHECKSUM:
            raise PackBroken("an object outside of the pack", offset=offset)
        head = view.read(offset, min(_MOST_ENTRY_HEADER, view.size - _CHECKSUM - offset))
        kind, size, base, at = _entry_header(head, offset)
        data = _inflate(view, at, size, limits, budget)
        if base is None:
            break
        chain.append(data)
        if len(chain) > limits.git_delta_depth:
            raise PackTooLarge(f"more than {limits.git_delta_depth} deltas on top of each other")
        found = base_offset(base) if isinstance(base, str) else base
        if found is None:
            raise ObjectMissing(f"the base {base} of a delta is not in its pack")
        offset = found
    for delta in reversed(chain):
        data = apply_delta(data, delta, limits, budget)
    return GitObject(_KINDS[kind], data)


def apply_delta(base: bytes, delta: bytes, limits: Limits, budget: Budget) -> bytes:
    """What a delta makes of its base.

    Raises:
        DeltaBroken: it does not fit the base or its own lengths.
        ObjectTooLarge: the result is larger than a budget.
    """
    expected, at = _varint(delta, 0)
    size, at = _varint(delta, at)
    if expected != len(base):
        raise DeltaBroken(f"the delta is for {expected} bytes and its base has {len(base)}")
    _admit(size, limits, budget)
    made = bytearray()
    steps = 0
    while at < len(delta):
        instruction = delta[at]
        at += 1
        steps += 1
        if not steps % _STEPS:
            budget.spend(_STEPS * _STEP_COST)
        if instruction & 0x80:
            width = _WIDTHS[instruction]
            if at + width > len(delta):
                raise DeltaBroken("the delta ends within an instruction", offset=at)
            start, length = _copy(instruction, delta, at)
            at += width
            if start + length > len(base):
                raise DeltaBroken("the delta copies from behind its base", offset=at)
            made += base[start : start + length]
        else:
            if not instruction or at + instruction > len(delta):
                raise DeltaBroken("an instruction that is reserved or cut off", offset=at)
            made += delta[at : at + instruction]
            at += instruction
        if len(made) > size:
            raise DeltaBroken(f"the delta makes more than the {size} bytes that it names", offset=at)
    if len(made) != size:
        raise DeltaBroken(f"the delta makes {len(made)} bytes and names {size}")
    return bytes(made)


def _copy(instruction: int, delta: bytes, at: int) -> tuple[int, int]:
    """Start and length of a copy: of their seven bytes, those are there whose bits are set."""
    start = length = 0
    for bit in range(4):
        if instruction >> bit & 1:
            start |= delta[at] << 8 * bit
            at += 1
    for bit in range(3):
        if instruction >> bit + 4 & 1:
            length |= delta[at] << 8 * bit
            at += 1
    return start, length or 0x10000


def _resolved(entries: dict[int, _Entry], limits: Limits, budget: Budget) -> dict[str, GitObject]:
    """Every object but the blobs: deltas over deltas, each applied once.

    A delta by id may stand before its base and name what only another delta makes, so rounds are made
    until one brings nothing new; each goes over those only that still wait.
    """
    whole: dict[int, GitObject] = {}
    ids: dict[str, int] = {}
    depths: dict[int, int] = {}
    waiting: dict[int | str, list[int]] = {}
    ready = []
    for offset, entry in entries.items():
        if entry.base is None:
            ready.append(offset)
        else:
            waiting.setdefault(entry.base, []).append(offset)
    while ready:
        offset = ready.pop()
        entry = entries[offset]
        if entry.base is None:
            whole[offset] = GitObject(_KINDS[entry.kind], entry.data)
            depths[offset] = 0
        else:
            base = entry.base if isinstance(entry.base, int) else ids[entry.base]
            depths[offset] = depths[base] + 1
            if depths[offset] > limits.git_delta_depth:
                raise PackTooLarge(f"more than {limits.git_delta_depth} deltas on top of each other")
            made = apply_delta(whole[base].raw, entry.data, limits, budget)
            whole[offset] = GitObject(whole[base].kind, made)
        name = object_id(whole[offset].kind, whole[offset].raw)
        ids.setdefault(name, offset)
        ready += waiting.pop(offset, [])
        ready += waiting.pop(name, [])
    if waiting:
        raise PackBroken("a delta whose base is not in the pack", offset=min(map(min, waiting.values())))
    return {name: whole[offset] for name, offset in ids.items() if whole[offset].kind != "blob"}


def _entry_header(head: bytes, offset: int) -> tuple[int, int, int | str | None, int]:
    """Kind, inflated size, base and the place of the zlib stream of one entry."""
    if not head:
        raise PackBroken("the pack ends before its objects do", offset=offset)
    byte, at = head[0], 1
    kind, size, shift = byte >> 4 & 7, byte & 15, 4
    while byte & 0x80:
        if at >= len(head) or shift > 60:
            raise PackBroken("the size of an object is cut off or too long", offset=offset)
        byte = head[at]
        size |= (byte & 0x7F) << shift
        shift += 7
        at += 1
    base: int | str | None = None
    if kind == _BY_OFFSET:
        distance, at = _distance(head, at, offset)
        base = offset - distance
        if distance <= 0 or base < _HEADER:
            raise PackBroken("the base of a delta lies outside of the pack", offset=offset)
    elif kind == _BY_ID:
        base = head[at : at + 20].hex()
        at += 20
        if len(base) != 40:
            raise PackBroken("the id of a base is cut off", offset=offset)
    elif kind not in _KINDS:
        raise PackBroken(f"an object of kind {kind}", offset=offset)
    return kind, size, base, offset + at


def _distance(head: bytes, at: int, offset: int) -> tuple[int, int]:
    """The distance to a base: big-endian groups of seven bits, each but the last one more than it says."""
    value = -1
    while True:
        if at >= len(head) or value > 1 << 60:
            raise PackBroken("the distance to a base is cut off or too long", offset=offset)
        byte = head[at]
        at += 1
        value = (value + 1 << 7) | byte & 0x7F
        if not byte & 0x80:
            return value, at


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value, shift = 0, 0
    while True:
        if at >= len(data) or shift > 60:
            raise DeltaBroken("a length is cut off or too long", offset=at)
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if not byte & 0x80:
            return value, at


def _admit(size: int, limits: Limits, budget: Budget) -> None:
    if size > limits.git_object_bytes:
        raise ObjectTooLarge(f"an object has {size} bytes, more than {limits.git_object_bytes}")
    budget.spend(size)


def _inflate_here(
    data: memoryview, size: int, limits: Limits, budget: Budget, offset: int
) -> tuple[bytes, int]:
    """A zlib stream at the start of `data` that holds exactly `size` bytes, and its length."""
    _admit(size, limits, budget)
    inflater = zlib.decompressobj()
    parts: list[bytes] = []
    made = used = 0
    try:
        while not inflater.eof and used < len(data):
            chunk = data[used : used + _CHUNK]
            used += len(chunk)
            parts.append(inflater.decompress(chunk, size + 1 - made))
            made += len(parts[-1])
            # what does not fit under the bound would stay in the inflater: that is more than was named
            if made > size or inflater.unconsumed_tail:
                break
    except zlib.error:
        raise PackBroken("an object is no zlib stream", offset=offset) from None
    if made != size or not inflater.eof:
        raise PackBroken(f"an object does not hold exactly the {size} bytes that it names", offset=offset)
    return b"".join(parts), used - len(inflater.unused_data)


def _inflate(view: View, offset: int, size: int, limits: Limits, budget: Budget) -> bytes:
    """A zlib stream in a pack on disk that holds exactly `size` bytes."""
    _admit(size, limits, budget)
    inflater = zlib.decompressobj()
    parts: list[bytes] = []
    made, end = 0, view.size - _CHECKSUM
    try:
        while not inflater.eof and offset < end:
            chunk = view.read(offset, min(_CHUNK, end - offset))
            offset += len(chunk)
            parts.append(inflater.decompress(chunk, size + 1 - made))
            made += len(parts[-1])
            if made > size or inflater.unconsumed_tail:
                break
    except zlib.error:
        raise PackBroken("an object is no zlib stream", offset=offset) from None
    if made != size or not inflater.eof:
        raise PackBroken(f"an object does not hold exactly the {size} bytes that it names", offset=offset)
    return b"".join(parts)
