"""formats.hdf5: the byte that is wrong, and the error that names it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from safeload.errors import FormatError
from safeload.formats.hdf5 import parse_hdf5
from safeload.formats.hdf5_checksum import lookup3
from safeload.formats.view import BytesView
from safeload.limits import DEFAULT_LIMITS
from tests.forge.hdf5 import patched, summed, written

if TYPE_CHECKING:
    from collections.abc import Callable

    import h5py


def _fill(file: h5py.File) -> None:
    file.attrs["note"] = np.array([b"abcd", b"efgh"])
    file.attrs["word"] = "variable"
    file["first"] = np.arange(4, dtype=np.float32).reshape(2, 2)
    file["other"] = np.arange(4, dtype=np.float32) + 7


DATA = written(_fill)
LATEST = written(_fill, libver="latest")
SPACE = b"\x01\x02\x01" + bytes(5) + (2).to_bytes(8, "little") * 4
"""The dataspace message of the 2 by 2 dataset: version, rank, flags, sizes and maxima."""
FLOAT = bytes.fromhex("11 20 1f 00 04000000 0000 2000 17 08 00 17 7f000000")
CONTIGUOUS = b"\x03\x01"
FIRST_LAYOUT = CONTIGUOUS + DATA.index(np.arange(4, dtype=np.float32).tobytes()).to_bytes(8, "little")
OTHER_LAYOUT = CONTIGUOUS + DATA.index((np.arange(4, dtype=np.float32) + 7).tobytes()).to_bytes(8, "little")
HEADER = 96
"""Of the root group, behind the superblock."""


def refusal(data: bytes) -> str:
    with pytest.raises(FormatError) as caught:
        parse_hdf5(BytesView(data), DEFAULT_LIMITS)
    return caught.value.code


def at(part: bytes, plus: int = 0, *, data: bytes = DATA) -> int:
    return data.index(part) + plus


def edit(part: bytes, plus: int, value: bytes) -> bytes:
    return patched(DATA, at(part, plus), value)


def test_the_files_are_honest() -> None:
    """Without an edit both are read."""
    for data in (DATA, LATEST):
        assert set(parse_hdf5(BytesView(data), DEFAULT_LIMITS).tensors) == {"first", "other"}


@pytest.mark.parametrize(
    ("code", "data"),
    [
        ("NoSignature", b""),
        ("NoSignature", b"\x89HDF\r\n\x1a"),
        ("NoSignature", b"x" + DATA),
        ("BlockPastEnd", DATA[:60]),
        ("SuperblockVersion", patched(DATA, 8, b"\x01")),
        ("SuperblockVersion", patched(DATA, 10, b"\x01")),
        ("SuperblockVersion", patched(DATA, 13, b"\x04")),
        ("SuperblockVersion", patched(DATA, 16, b"\0\0")),
        ("NotClosed", patched(DATA, 20, b"\x01")),
        ("UserBlock", patched(DATA, 24, b"\x01")),
        ("SuperblockExtension", patched(DATA, 48, bytes(8))),
        ("WrongEnd", patched(DATA, 40, b"\xff")),
        ("WrongEnd", DATA + b"\0"),
        ("WrongEnd", DATA[:-1]),
        ("CacheDisagrees", patched(DATA, 80, b"\xff")),
        ("TreeShape", patched(DATA, 72, b"\x03")),
        ("UnknownVersion", patched(DATA, HEADER, b"\x02")),
        ("MessageCount", patched(DATA, HEADER + 2, b"\x09")),
        ("BlockPastEnd", patched(DATA, 64, b"\xff" * 8)),
        ("BadSignature", edit(b"TREE", 0, b"X")),
        ("TreeShape", edit(b"TREE", 4, b"\x01")),
        ("BadSignature", edit(b"TREE", 5, b"\x01")),
        ("TreeShape", edit(b"TREE", 6, b"\xff")),
        ("TreeShape", edit(b"TREE", 8, b"\0")),
        ("BadSignature", edit(b"TREE", 32, bytes(8))),
        ("BadSignature", edit(b"SNOD", 0, b"X")),
        ("UnknownVersion", edit(b"SNOD", 4, b"\x02")),
        ("TreeShape", edit(b"SNOD", 6, b"\x09")),
        ("SoftLink", edit(b"SNOD", 24, b"\x02")),
        ("BadSignature", edit(b"HEAP", 0, b"X")),
        ("UnknownVersion", edit(b"HEAP", 4, b"\x01")),
        ("LinkOrder", edit(b"first\0", 0, b"z")),
        ("LinkName", edit(b"first\0", 2, b"/")),
        ("LinkName", edit(b"first\0", 2, b"\xff")),
        ("BadDimensions", edit(SPACE, 3 + 5, b"\x03")),
        ("BadDimensions", edit(SPACE, 2, b"\x02")),
        ("DataSize", edit(SPACE, 3 + 5, b"\x01")),
        ("BytesBehind", edit(SPACE, 1, b"\0")),
        ("FieldsPastEnd", edit(SPACE, 1, b"\x03")),
        ("UnknownVersion", edit(SPACE, 0, b"\x03")),
        ("UnknownType", edit(FLOAT, 0, b"\x1c")),
        ("UnusualNumber", edit(FLOAT, 12, b"\x16")),
        ("UnusualNumber", edit(FLOAT, 1, b"\x00")),
        ("BigEndian", edit(FLOAT, 1, b"\x21")),
        ("UnknownVersion", edit(FIRST_LAYOUT, 0, b"\x02")),
        ("ChunkedLayout", edit(FIRST_LAYOUT, 1, b"\x02")),
        ("VirtualDataset", edit(FIRST_LAYOUT, 1, b"\x03")),
        ("ChunkedLayout", edit(FIRST_LAYOUT, 1, b"\x09")),
        ("BlockPastEnd", edit(FIRST_LAYOUT, 2, b"\xff" * 4)),
        ("DataSize", edit(FIRST_LAYOUT, 10, b"\x11")),
        ("BlocksOverlap", edit(FIRST_LAYOUT, 0, OTHER_LAYOUT)),
        ("BlocksOverlap", edit(FIRST_LAYOUT, 2, bytes(4))),
        ("UnknownMessage", edit(SPACE, -8, b"\x55")),
        ("SharedMessage", edit(SPACE, -4, b"\x02")),
        ("MessageTwice", edit(SPACE, -8, b"\x03")),
        ("ObjectKind", edit(FIRST_LAYOUT, -8, b"\0")),
        ("FieldsPastEnd", edit(SPACE, -6, b"\xff\xff")),
        ("AttributeName", edit(b"note\0", 0, b"\0")),
        ("AttributeName", edit(b"note\0", 4, b"x")),
        ("AttributeName", edit(b"note\0", 0, b"\xff")),
        ("AttributeTwice", edit(b"note\0", 0, b"word")),
        ("UnknownVersion", edit(b"note\0", -8, b"\x04")),
        ("BadString", edit(b"note\0", 8 + 4, b"\0")),
        ("BadString", edit(b"note\0", 8 + 1, b"\x03")),
        ("StringContent", edit(b"abcd", 0, b"\xff")),
        ("StringContent", edit(b"abcd", 1, b"\0")),
        ("BadString", edit(b"word\0", 8 + 4, b"\x08")),
        ("SequenceType", edit(b"word\0", 8 + 1, b"\0")),
        ("BadSignature", edit(b"GCOL", 0, b"X")),
        ("UnknownVersion", edit(b"GCOL", 4, b"\x02")),
        ("HeapObject", edit(b"GCOL", 8, bytes(8))),
        ("HeapObject", edit(b"GCOL", 16, b"\x02")),
        ("HeapObject", edit(b"GCOL", 24, b"\x07")),
        ("HeapObject", edit(b"variable", 8 + 8, b"\x01")),
        ("WrongChecksum", patched(LATEST, 12 + 8, b"\x01")),
        ("WrongChecksum", patched(LATEST, at(b"first", data=LATEST), b"F")),
    ],
)  # fmt: skip
def test_each_way_to_be_wrong(code: str, data: bytes) -> None:
    """One edit of an honest file, one error."""
    assert refusal(data) == code


def _latest(part: bytes, plus: int, value: bytes) -> bytes:
    """An edit of a header chunk of the newer file, with its checksum made right."""
    place = at(part, data=LATEST)
    start = max(LATEST.rfind(b"OHDR", 0, place + 4), LATEST.rfind(b"OCHK", 0, place + 4))
    stop = next(
        stop
        for stop in range(place, len(LATEST))
        if lookup3(LATEST[start:stop]) == int.from_bytes(LATEST[stop : stop + 4], "little")
    )
    return summed(patched(LATEST, place + plus, value), start, stop)


@pytest.mark.parametrize(
    ("code", "data"),
    [
        ("LinkTwice", lambda: _latest(b"first", 0, b"other")),
        ("LinkName", lambda: _latest(b"first", 0, b"\0")),
        ("ObjectTwice", lambda: _latest(b"first", 5, (48).to_bytes(8, "little"))),
        ("UserLink", lambda: _latest(b"first", -2, b"\x80")),
        ("UnknownVersion", lambda: _latest(b"first", -3, b"\x02")),
        ("FieldsPastEnd", lambda: _latest(b"first", -1, b"\xff")),
        ("SharedMessage", lambda: _latest(b"note\0", -8, b"\x01")),
        ("UnknownVersion", lambda: _latest(b"OHDR", 4, b"\x03")),
        ("UnknownMessage", lambda: _latest(b"note\0", -13, b"\x55")),
    ],
)
def test_newer_headers(code: str, data: Callable[[], bytes]) -> None:
    """The same for headers with checksums."""
    assert refusal(data()) == code


@pytest.mark.parametrize(
    ("code", "frame"), [("DenseGroup", b"\x02\x12\x00\x00"), ("DenseAttributes", b"\x15\x12\x00\x04")]
)
def test_an_index_without_its_heap(code: str, frame: bytes) -> None:
    """Readers look into an index of names without asking for the heap, so neither may be there."""
    message = frame + b"\x00\x00" + b"\xff" * 16
    assert refusal(_latest(message, len(message) - 8, (48).to_bytes(8, "little"))) == code


@pytest.mark.parametrize("back", [0, 8, 16])
def test_a_header_that_goes_on_in_itself(back: int) -> None:
    """A chunk that names itself, or its prefix, as its continuation ends when all bytes are claimed."""
    chunk = HEADER + 16
    continuation = b"\x10\x00\x10\x00" + bytes(4) + (chunk - back).to_bytes(8, "little")
    message = continuation + (24 + back).to_bytes(8, "little")
    header = b"\x01\x00\xff\xff" + (1).to_bytes(4, "little") + (24).to_bytes(8, "little") + message
    data = DATA[:40] + (HEADER + len(header)).to_bytes(8, "little") + DATA[48:HEADER] + header
    assert refusal(data) == "BlocksOverlap"


def test_the_checksum() -> None:
    """The values that the author of lookup3 gives for his own examples, and those that h5py wrote."""
    assert lookup3(b"") == 0xDEADBEEF
    assert lookup3(b"Four score and seven years ago") == 0x17770551
    assert lookup3(LATEST[:44]) == int.from_bytes(LATEST[44:48], "little")


def _many(file: h5py.File) -> None:
    for index in range(400):
        file[f"w{index}"] = np.float32(index)


@pytest.mark.parametrize(
    ("code", "plus", "value"),
    [
        ("LinkOrder", 24, bytes(8)),
        ("TreeShape", 8, bytes(8)),
        ("TreeShape", 16, b"\xff" * 8),
        ("TreeShape", 5, b"\x01"),
    ],
)
def test_inner_nodes_of_a_tree(code: str, plus: int, value: bytes) -> None:
    """Keys, neighbours and level of a node below the root have to be those that its place demands."""
    data = written(_many)
    nodes = [place for place in range(len(data)) if data.startswith(b"TREE\0\0", place)]
    middle = next(place for place in nodes if b"\xff" * 8 not in data[place + 8 : place + 24])
    assert refusal(patched(data, middle + plus, value)) == code
