"""Ranges of a remote file: what was read once is read again, and no more is asked for than allowed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safeload.formats.view import Truncated
from safeload.sources.blobs import NotFetched
from safeload.sources.ranged import RangedBlob

DATA = bytes(index * 7 % 251 for index in range(300_000))


class Server:
    """Counts what is asked of it, and changes the file after each answer."""

    def __init__(self, data: bytes, *, changes: bool = False) -> None:
        self.data = data
        self.changes = changes
        self.asked: list[tuple[int, int]] = []

    def fetch(self, offset: int, length: int) -> bytes:
        """One answer."""
        self.asked.append((offset, length))
        found = self.data[offset : offset + length]
        assert len(found) == length
        if self.changes:
            self.data = bytes(len(self.data))
        return found


def blob(server: Server, most: int = 1 << 30) -> RangedBlob:
    return RangedBlob(len(server.data), server.fetch, most)


RANGES = st.lists(
    st.tuples(st.integers(0, len(DATA)), st.integers(0, 70_000)).filter(lambda r: sum(r) <= len(DATA)),
    max_size=12,
)


@given(RANGES, RANGES)
def test_reads_what_the_file_holds_and_asks_for_each_page_once(expected, ranges):
    """In whatever order, after whatever was expected."""
    server = Server(DATA)
    remote = blob(server)
    remote.expect(expected)
    for offset, length in ranges:
        assert remote.read(offset, length) == DATA[offset : offset + length]
        assert b"".join(remote.stream(offset, length)) == DATA[offset : offset + length]
    count = len(server.asked)
    for offset, length in (*expected, *ranges):
        assert remote.read(offset, length) == DATA[offset : offset + length]
    assert len(server.asked) == count


@given(RANGES)
def test_what_was_read_once_is_read_again(ranges):
    """A server that answers otherwise the next time is not heard."""
    server = Server(DATA, changes=True)
    remote = blob(server)
    first = [remote.read(offset, length) for offset, length in ranges]
    assert [remote.read(offset, length) for offset, length in ranges] == first


def test_a_file_that_is_read_on_and_on_takes_few_requests():
    """Twice as much each time, up to a bound."""
    server = Server(bytes(64 << 20))
    for _ in blob(server).stream(0, 64 << 20):
        pass
    assert len(server.asked) < 25
    assert sum(length for _, length in server.asked) == 64 << 20


def test_no_more_is_asked_for_than_allowed():
    """Neither piece by piece nor at once, and nothing is left half asked for."""
    server = Server(bytes(8 << 20))
    remote = blob(server, most=1 << 20)
    with pytest.raises(NotFetched, match="more than 1048576 bytes"):
        list(remote.stream(0, 8 << 20))
    assert sum(length for _, length in server.asked) <= 1 << 20
    with pytest.raises(NotFetched, match="more than 1048576 bytes"):
        blob(server, most=1 << 20).expect((offset, 1) for offset in range(0, 8 << 20, 1 << 14))


def test_expected_ranges_outside_of_the_file_are_left_out():
    """A directory may name any offset; the reader that comes to it says what is wrong."""
    server = Server(DATA)
    blob(server).expect([(-5, 10), (len(DATA), 4), (1 << 60, 4), (len(DATA) - 1, 1 << 40)])
    assert sum(length for _, length in server.asked) <= 8192


@pytest.mark.parametrize("ask", ["digest", "content", "lend"])
def test_nothing_of_it_is_handed_out(ask):
    """What a load receives is fetched whole, by somebody else."""
    with pytest.raises(NotFetched, match="was not downloaded"):
        getattr(blob(Server(DATA)), ask)()


def test_a_range_outside_of_the_file_is_truncated():
    """As with every view."""
    with pytest.raises(Truncated):
        blob(Server(DATA)).read(len(DATA), 1)


def test_a_range_that_did_not_come_is_remembered():
    """Who asked for it may have gone on without it; what comes later does not mend that."""
    server = Server(DATA)
    remote = blob(server)
    assert remote.read(0, 4) == DATA[:4]
    assert remote.problem == ""

    def fails(_offset, _length):
        raise NotFetched("the server was gone")

    remote._fetch = fails
    for ask in (lambda: remote.read(len(DATA) - 4, 4), lambda: remote.expect([(290_000, 8)])):
        with pytest.raises(NotFetched, match="was gone"):
            ask()
    remote._fetch = server.fetch
    assert remote.read(len(DATA) - 4, 4) == DATA[-4:]
    assert remote.problem == "the server was gone"
