"""formats.zip_salvage: what some reader might find in a broken archive, within bounds."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from safeload.formats.view import BytesView
from safeload.formats.zip_directory import DEFLATE, STORED
from safeload.formats.zip_salvage import find_members
from safeload.limits import DEFAULT_LIMITS
from tests.forge.archives import PAYLOAD, Part, build, plain

if TYPE_CHECKING:
    from safeload.formats.zip import ZipMember


def found(data: bytes, reach: int | None = None) -> tuple[ZipMember, ...]:
    return find_members(BytesView(data), DEFAULT_LIMITS, reach=len(data) if reach is None else reach)


def head(name: bytes, size: int, method: int = 0) -> bytes:
    """A local header without flags."""
    return b"PK\x03\x04" + struct.pack("<HHHHHIIIHH", 0, 0, method, 0, 0, 0, size, size, len(name), 0) + name


def test_members_without_a_directory() -> None:
    """Local headers alone are enough, and their names are made unique with the place."""
    data = build([plain("a", PAYLOAD), plain("a", b"x")])[:-1]
    assert [member.name for member in found(data)] == ["a@0", f"a@{31 + len(PAYLOAD)}"]
    assert found(b"nothing here") == ()


def test_bytes_in_front() -> None:
    """What stands before the first header is a member of its own."""
    first = found(PAYLOAD + build([plain("a", b"x")]))[0]
    assert (first.name, first.size) == ("bytes before the archive@0", len(PAYLOAD))


def test_wrong_sizes_reach_to_the_next_record() -> None:
    """A stored member that says too little or nothing is read up to what follows it."""
    for size in (0, 3, 0xFFFFFFFF):
        data = head(b"a", size) + PAYLOAD + head(b"b", 1) + b"x"
        assert found(data)[0].size == len(PAYLOAD)


def test_other_methods_are_taken_as_they_stand() -> None:
    """Some loader ignores the method of the local header: a pickle under it is a pickle."""
    (member,) = found(head(b"a", 3, method=99) + PAYLOAD)
    assert (member.method, member.size) == (STORED, len(PAYLOAD))
    both = found(head(b"a", len(PAYLOAD), method=DEFLATE) + PAYLOAD)
    assert [member.method for member in both] == [DEFLATE, STORED]
    data = build([Part(b"a", PAYLOAD, method=8)])[:-1]
    assert [member.method for member in found(data)] == [DEFLATE]


def test_the_same_bytes_do_not_count_without_end() -> None:
    """A thousand members that each claim the whole file take a few times its size together."""
    data = b"".join(head(b"a", 30_000) + b"x" for _ in range(1_000)) + bytes(30_000)
    assert sum(member.size for member in found(data)) < 4 * len(data)


def test_reach_and_count_are_bounded() -> None:
    """Only the first bytes are searched where a caller says so, and a thousand members are enough."""
    data = b"".join(head(b"a", 1) + b"x" for _ in range(2_000))
    assert len(found(data)) <= 1_001
    assert len(found(data, reach=64)) == 2
