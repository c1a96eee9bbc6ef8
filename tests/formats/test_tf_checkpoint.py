"""formats.tf_checkpoint and what it stands on: tables, sums, snappy."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safeload.errors import FormatError, LimitExceeded
from safeload.formats import leveldb_table, snappy, tf_checkpoint
from safeload.formats.crc32c import crc32c, masked_crc32c
from safeload.formats.leveldb_table import table_entries
from safeload.formats.snappy import decompress
from safeload.formats.tf_checkpoint import TfCheckpoint, parse_tf_checkpoint
from safeload.formats.view import BytesView
from safeload.limits import DEFAULT_LIMITS, Limits
from safeload.record import replace
from tests.forge.protobuf import block, number, varint
from tests.forge.tensorflow import (
    FLOAT,
    STRING,
    bundle_entry,
    closed,
    header,
    index,
    leveldb_block,
    small_index,
    table,
)


def parse(data: bytes, limits: Limits = DEFAULT_LIMITS) -> TfCheckpoint:
    return parse_tf_checkpoint(BytesView(data), "variables", limits)


def test_the_sum_is_that_of_the_standard() -> None:
    """Vectors of RFC 3720, appendix B.4, and LevelDB's mask."""
    assert crc32c(bytes(32)) == 0x8A9136AA
    assert crc32c(b"\xff" * 32) == 0x62A8AB43
    assert crc32c(range(32)) == 0x46DD794E
    assert crc32c(b"123456789") == 0xE3069283
    assert masked_crc32c(b"") == 0xA282EAD8


def test_an_honest_index() -> None:
    """Ranges by shard, and the names of the data files."""
    record = parse(small_index())
    assert record.claims == {"variables.data-00000-of-00001": ((0, 24), (24, 32))}
    assert record.opaque == ()


def test_shards_strings_and_parts() -> None:
    """Each shard has its own ranges; strings have no width, a variable in parts has no bytes of its own."""
    data = index(
        ("a", bundle_entry(FLOAT, (4,), 0, 0, more=block(7, b""))),
        ("a/0", bundle_entry(FLOAT, (2,), 0, 8, shard=1)),
        ("b", bundle_entry(STRING, (2,), 0, 40)),
        head=header(3),
    )
    record = parse(data)
    assert record.claims == {
        "variables.data-00000-of-00003": ((0, 0), (0, 40)),
        "variables.data-00001-of-00003": ((0, 8),),
    }
    assert record.opaque == ("b",)


TWO = bundle_entry(FLOAT, (2,), 0, 8)


def entry(
    kind: int = FLOAT, sizes: tuple[int, ...] = (2,), offset: int = 0, size: int = 8, **more: object
) -> bytes:
    return index(("a", bundle_entry(kind, sizes, offset, size, **more)))


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (table(leveldb_block()), tf_checkpoint.NoHeader),
        (table(leveldb_block((b"a", header()))), tf_checkpoint.NoHeader),
        (index(head=header(0)), tf_checkpoint.NoHeader),
        (index(head=header(100_000)), tf_checkpoint.NoHeader),
        (index(head=header(1, 1)), tf_checkpoint.BigEndian),
        (index(head=header() + number(9, 1)), tf_checkpoint.UnlistedField),
        (entry(99), tf_checkpoint.UnknownTensorType),
        (entry(sizes=(-1,)), tf_checkpoint.BadShape),
        (entry(sizes=(1 << 62, 4)), tf_checkpoint.BadShape),
        (entry(size=9), tf_checkpoint.SizeMismatch),
        (entry(STRING, size=-1), tf_checkpoint.SizeMismatch),
        (entry(shard=1), tf_checkpoint.ShardOutOfRange),
        (entry(shard=-1), tf_checkpoint.ShardOutOfRange),
        (entry(offset=-8), tf_checkpoint.ShardOutOfRange),
        (
            index(("a", bundle_entry(FLOAT, (2,), 0, 8)), ("b", bundle_entry(FLOAT, (2,), 4, 8))),
            tf_checkpoint.TensorsOverlap,
        ),
        (b"", leveldb_table.NoTable),
        (small_index()[:-1], leveldb_table.NoTable),
        (small_index()[20:], leveldb_table.BlockPastEnd),
        (b"\x01" + small_index()[1:], leveldb_table.BlockSumMismatch),
        (table(leveldb_block(), kind=2), leveldb_table.UnknownCompression),
        (table(b"abc"), leveldb_table.BadBlock),
        (table(b"\xff\xff\xff\xff"), leveldb_table.BadBlock),
        (table(b"\x01\x00\x00" + bytes(4)), leveldb_table.BadBlock),
        (table(b"\x00\x09\x00" + bytes(4)), leveldb_table.BadBlock),
        (table(b"\x00\x80" + bytes(4)), leveldb_table.BadBlock),
        (table(leveldb_block((b"", header()), (b"b", TWO), (b"a", TWO))), leveldb_table.KeysOutOfOrder),
        (table(leveldb_block((b"", header()), (b"", header()))), leveldb_table.KeysOutOfOrder),
        (table(b"\x06\x10hello", kind=1), snappy.SnappyBroken),
    ],
)  # fmt: skip
def test_each_way_to_be_wrong(data: bytes, error: type[FormatError]) -> None:
    """Indexes with one thing wrong."""
    with pytest.raises(FormatError) as caught:
        parse(data)
    assert type(caught.value) is error


def test_blocks_that_share_bytes() -> None:
    """One block under two names would make a large table of a small file."""
    data = leveldb_block((b"", header()))
    place = varint(0) + varint(len(data))
    out = closed(data)
    out += closed(bytes(4) + (1).to_bytes(4, "little"))
    names = leveldb_block((b"a", place), (b"b", place))
    footer = varint(len(data) + 5) + varint(8) + varint(len(out)) + varint(len(names))
    whole = out + closed(names) + footer.ljust(40, b"\0") + leveldb_table.MAGIC
    with pytest.raises(leveldb_table.BlockPastEnd):
        parse(whole)


@pytest.mark.parametrize(
    ("data", "limits", "error"),
    [
        (small_index(), {"tf_index_bytes": 60}, leveldb_table.TableTooLarge),
        (small_index(), {"safetensors_tensors": 1}, tf_checkpoint.TooManyTensors),
        (index(("a" * 9, b"")), {"tensor_name_bytes": 8}, leveldb_table.KeyTooLong),
        (table(varint(1 << 30) + b"\x00a", kind=1), {}, snappy.SnappyTooLarge),
    ],
)
def test_each_budget(data: bytes, limits: dict[str, int], error: type[LimitExceeded]) -> None:
    """One item more than a budget allows."""
    with pytest.raises(LimitExceeded) as caught:
        parse(data, replace(DEFAULT_LIMITS, **limits))
    assert type(caught.value) is error


def test_keys_share_their_beginnings() -> None:
    """An entry takes the first bytes of its key from the one before."""
    data = b"\x00\x02\x01abx" + b"\x01\x01\x01cy" + bytes(4) + (1).to_bytes(4, "little")
    assert list(table_entries(BytesView(table(data)), DEFAULT_LIMITS)) == [(b"ab", b"x"), (b"ac", b"y")]


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"\x00", b""),
        (b"\x03\x08abc", b"abc"),
        (b"\x08\x04ab\x16\x02\x00", b"abababab"),
        (b"\x06\x04ab\x01\x02", b"ababab"),
        (b"\x05\x00a\x0f\x01\0\0\0", b"aaaaa"),
        (b"\x3e\xf0\x3d" + b"x" * 62, b"x" * 62),
    ],
)
def test_snappy(data: bytes, text: bytes) -> None:
    """Literals, and copies of each width, those that overlap themselves too."""
    assert decompress(data, 100) == text


@pytest.mark.parametrize(
    "data",
    [b"", b"\x80", b"\x80" * 6, b"\x01", b"\x01\x04a", b"\x01\x00", b"\x02\x00a", b"\x01\x04ab",
    b"\x05\x00a\x01\x02",
     b"\x05\x00a\x01\x00", b"\x04\x00a\x01\x01\x05", b"\x05\x00a\x02\x01", b"\x3e\xf0"],
)  # fmt: skip
def test_snappy_that_is_none(data: bytes) -> None:
    """Lengths that do not fit, copies from nowhere, an end inside an element."""
    with pytest.raises(snappy.SnappyBroken):
        decompress(data, 100)


@given(
    st.lists(st.tuples(st.text("abc/", min_size=1, max_size=30), st.integers(0, 9)), max_size=20),
    st.integers(0, 900),
)
@settings(max_examples=60, deadline=None)
def test_what_is_built_is_read(items: list[tuple[str, int]], cut: int) -> None:
    """Tensors back to back come back as their ranges; a part of the file is a FormatError."""
    sizes = dict(sorted(items))
    at, entries, wanted = 0, [], []
    for key, size in sizes.items():
        entries.append((key, bundle_entry(FLOAT, (size,), at, 4 * size)))
        wanted.append((at, at + 4 * size))
        at += 4 * size
    data = index(*entries)
    assert parse(data).tensors_in.get(0, ()) == tuple(wanted)
    if cut < len(data):
        with pytest.raises(FormatError):
            parse(data[:cut])
