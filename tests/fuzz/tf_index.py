"""Any bytes give the index of a TensorFlow checkpoint or a FormatError.

The invariant holds within the limits and under the seal.
Ranges of one shard rise and do not overlap, and every shard is one that the header counts. Sums protect the
blocks, so before it is read an input gets the sums that it should have.
"""

from __future__ import annotations

from safeload.errors import FormatError
from safeload.formats.crc32c import masked_crc32c
from safeload.formats.leveldb_table import BlockPastEnd, NoTable
from safeload.formats.tf_checkpoint import TfCheckpoint, parse_tf_checkpoint
from safeload.formats.view import BytesView
from safeload.limits import DEFAULT_LIMITS
from safeload.record import replace
from tests.forge.tensorflow import (
    FLOAT,
    STRING,
    bundle_entry,
    header,
    index,
    leveldb_block,
    small_index,
    table,
)

LIMITS = replace(DEFAULT_LIMITS, tf_index_bytes=1 << 16, safetensors_tensors=500)


def seeds() -> list[bytes]:
    """One block and several, shards, strings, compression."""
    several = table(
        leveldb_block((b"", header(2))),
        leveldb_block((b"a", bundle_entry(FLOAT, (2,), 0, 8))),
        leveldb_block((b"b", bundle_entry(FLOAT, (2,), 0, 8, shard=1))),
    )
    plain = leveldb_block((b"", header()))
    packed = bytes((len(plain), (len(plain) - 1) << 2)) + plain
    return [
        small_index(),
        several,
        index(("s", bundle_entry(STRING, (2,), 0, 40))),
        table(packed, kind=1),
        index(),
    ]


def read(data: bytes) -> object:
    """The index, or the error that is allowed, with sums that fit where places can be found."""
    return _parsed(_summed(data))


def _parsed(data: bytes) -> object:
    try:
        return parse_tf_checkpoint(BytesView(data), "model", LIMITS)
    except FormatError as error:
        return error


def _summed(data: bytes) -> bytes:
    """The same with the right sum behind every block that the seeds' layout has."""
    out = bytearray(data)
    at = 0
    while (found := data.find(b"\x01\0\0\0", at)) >= 0:
        # restarts of a block end with a count of one, and its trailer follows
        end = found + 4
        start = _start_of(data, end)
        if end + 5 <= len(data):
            out[end + 1 : end + 5] = masked_crc32c(data[start : end + 1]).to_bytes(4, "little")
        at = end
    return bytes(out)


def _start_of(data: bytes, end: int) -> int:
    """Where the block that ends at `end` begins: behind the trailer of the one before."""
    before = data.rfind(b"\x01\0\0\0", 0, end - 4)
    return before + 9 if before >= 0 else 0


def check(data: bytes, result: object) -> None:
    """What has to hold of an index."""
    if not isinstance(result, TfCheckpoint):
        return
    for shard, ranges in result.tensors_in.items():
        assert 0 <= shard < result.shards
        at = 0
        for begin, end in ranges:
            assert at <= begin <= end
            at = end
    assert all(name.startswith("model.data-") for name in result.claims)


def deep(result: object) -> bool:
    """Whether it got past the footer."""
    return not isinstance(result, (NoTable, BlockPastEnd))
