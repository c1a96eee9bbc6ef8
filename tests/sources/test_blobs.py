"""Blobs: what was judged is what is handed on, whatever happens to the file."""

from __future__ import annotations

import hashlib
import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safeload.errors import FormatError
from safeload.formats.view import Truncated
from safeload.sources.blobs import ChangedWhileRead, FileBlob, MemoryBlob, Unreadable

CONTENT = bytes(range(256)) * 4096  # 1 MiB


@pytest.fixture
def path(tmp_path):
    file = tmp_path / "weights"
    file.write_bytes(CONTENT)
    return file


def blob_of(path, **kwargs):
    return FileBlob(os.open(path, os.O_RDONLY), **kwargs)


@settings(max_examples=100, deadline=None)
@given(ranges=st.lists(st.tuples(st.integers(0, 3000), st.integers(0, 900)), max_size=12))
def test_any_order_of_reads_gives_the_file(ranges, tmp_path_factory):
    """Overlapping, adjacent and empty ranges come back as the file holds them, and so does the digest."""
    content = bytes((i * 7 + i // 256) % 256 for i in range(4000))
    file = tmp_path_factory.mktemp("blob") / "file"
    file.write_bytes(content)
    blob = blob_of(file)
    for offset, length in ranges:
        assert blob.read(offset, length) == content[offset : offset + length]
    for offset, length in ranges:
        assert b"".join(map(bytes, blob.stream(offset, length))) == content[offset : offset + length]
    assert blob.digest().hex == hashlib.sha256(content).hexdigest()
    blob.close()


@settings(max_examples=60, deadline=None)
@given(ranges=st.lists(st.tuples(st.integers(0, 3000), st.integers(1, 900)), min_size=1, max_size=8))
def test_interpreted_ranges_survive_an_overwrite(ranges, tmp_path_factory):
    """After the file was overwritten in place, what was read before reads the same."""
    content = bytes((i * 11 + i // 256) % 256 for i in range(4000))
    file = tmp_path_factory.mktemp("blob") / "file"
    file.write_bytes(content)
    blob = blob_of(file)
    for offset, length in ranges:
        blob.read(offset, length)
    with file.open("r+b") as handle:
        handle.write(b"\xff" * 4000)
    for offset, length in ranges:
        assert blob.read(offset, length) == content[offset : offset + length]
    with pytest.raises(ChangedWhileRead):
        blob.digest()
    blob.close()


def test_sealed_memory_ignores_later_writes(path):
    """A sealed copy keeps the bytes of the file at the time it was sealed."""
    sealed = blob_of(path).seal()
    path.write_bytes(b"\0" * len(CONTENT))
    assert sealed.content() == CONTENT
    assert sealed.digest().hex == hashlib.sha256(CONTENT).hexdigest()


def test_lent_memory_is_private(path):
    """Writing to lent memory changes neither the blob nor what is lent next, nor the file."""
    sealed = blob_of(path).seal()
    first = sealed.lend()
    first[:16] = b"\xff" * 16
    assert bytes(first[:16]) == b"\xff" * 16
    assert bytes(sealed.lend()[:16]) == CONTENT[:16]
    assert sealed.read(0, 16) == CONTENT[:16]
    assert path.read_bytes() == CONTENT


def test_lent_memory_outlives_the_blob(path):
    """Mappings stay valid after the blob was closed and collected."""
    sealed = blob_of(path).seal()
    lent = sealed.lend()
    sealed.close()
    del sealed
    assert bytes(lent) == CONTENT


@pytest.mark.skipif(not hasattr(os, "memfd_create"), reason="sealing is a Linux facility")
def test_sealed_memory_refuses_writes_by_this_process(path):
    """The kernel refuses to write to or shrink the sealed memory, whoever asks."""
    sealed = blob_of(path).seal()
    with pytest.raises(PermissionError):
        os.pwrite(sealed._fd, b"x", 0)
    with pytest.raises(PermissionError):
        os.ftruncate(sealed._fd, 0)


def test_a_file_that_shrinks_fails(path):
    """Reading past the new end of a file that shrank is an error, not a short read."""
    blob = blob_of(path)
    os.truncate(path, 100)
    with pytest.raises(ChangedWhileRead):
        blob.read(50, 1000)


def test_reopened_file_must_be_the_same_one(path):
    """Without a descriptor to spare, a file that was replaced between reads is refused."""
    blob = blob_of(path, reopen=lambda: os.open(path, os.O_RDONLY))
    assert blob.read(0, 4) == CONTENT[:4]
    other = path.with_suffix(".new")
    other.write_bytes(CONTENT)
    other.replace(path)
    with pytest.raises(ChangedWhileRead):
        blob.read(4, 4)


def test_reopened_file_that_is_gone_fails(path):
    """A file that cannot be opened again is unreadable, not empty."""
    blob = blob_of(path, reopen=lambda: os.open(path, os.O_RDONLY))
    path.unlink()
    with pytest.raises(Unreadable):
        blob.read(0, 4)


@pytest.mark.parametrize(
    "make",
    [
        blob_of,
        lambda path: blob_of(path).seal(),
        lambda path: MemoryBlob(path.read_bytes()),
    ],
)
@pytest.mark.parametrize(("offset", "length"), [(-1, 1), (0, len(CONTENT) + 1), (len(CONTENT), 1), (5, -1)])
def test_ranges_outside_are_truncated(path, make, offset, length):
    """No blob ever answers with fewer bytes than asked for."""
    blob = make(path)
    with pytest.raises(Truncated):
        blob.read(offset, length)
    with pytest.raises(FormatError):
        list(blob.stream(offset, length))


def test_empty_files_are_files(tmp_path):
    """An empty file reads, streams, digests, seals and lends as empty."""
    file = tmp_path / "empty"
    file.touch()
    for blob in (blob_of(file), blob_of(file).seal(), MemoryBlob(b"")):
        assert blob.content() == b""
        assert bytes(blob.lend()) == b""
        assert list(blob.stream(0, 0)) in ([], [b""])
        assert blob.digest().hex == hashlib.sha256(b"").hexdigest()


def test_closed_sealed_memory_lends_no_zeros(path):
    """mmap(2) without a descriptor gives fresh memory: a closed blob must refuse, not hand that out."""
    sealed = blob_of(path).seal()
    sealed.close()
    for use in (sealed.lend, sealed.content, lambda: list(sealed.stream(0, 1))):
        with pytest.raises(Unreadable, match="closed"):
            use()
