"""Any bytes give a JoblibFile, and no exception at all.

The invariant holds within the limits and under the seal.
Arrays and nested pickles lie inside the file, in order, and do not overlap. The opcodes without them are
the same pickle again. Without the record of an array the reading is that of the pickle machine.
"""

from __future__ import annotations

from safeload.formats.joblib_stream import JoblibFile, parse_joblib
from safeload.formats.pickle_machine import run_pickle
from safeload.formats.pickle_trace import StreamStatus
from safeload.formats.view import BytesView
from safeload.record import replace
from tests.forge.joblib import OBJECTS, SYSTEM, fields, objects, padded, wrapper
from tests.forge.pickle_assembler import Operand, assemble, call
from tests.fuzz.pickle_machine import LIMITS

PACKS = frozenset({"numpy"})
PIECES = replace(LIMITS, pickle_bytes=1_000)
"""Most seeds are read in pieces under these."""


def _listed(*parts: bytes | Operand) -> bytes:
    return assemble("PROTO", 2, "EMPTY_LIST", *parts, "STOP")


def seeds() -> list[bytes]:
    """Honest files with and without padding, arrays of objects, and payloads in every place."""
    raw = wrapper(*fields(dtype=OBJECTS))
    plain = wrapper(*fields(alignment=None))
    large = wrapper(*fields(size=1_500))
    return [
        _listed(wrapper(), padded(b"abcd"), "APPEND"),
        _listed(wrapper(), padded(b"abcd"), "APPEND", plain, b"\x00\x01.\x03", "APPEND", SYSTEM, "APPEND"),
        _listed(raw, objects("NONE", SYSTEM), "APPEND", "NONE", "APPEND"),
        _listed(raw, call("os", "system", "id"), "APPEND"),
        _listed(large, padded(b"x" * 1_500), "APPEND", wrapper(), padded(b"abcd"), "APPEND"),
        _listed(large, padded(b"x" * 1_500), "APPEND", raw, objects("NONE"), "APPEND"),
    ]


def read(data: bytes) -> object:
    """Both the reading in one piece and the one in several."""
    return parse_joblib(BytesView(data), LIMITS, PACKS), parse_joblib(BytesView(data), PIECES, PACKS)


def check(data: bytes, result: object) -> None:
    """What has to hold of a reading."""
    assert isinstance(result, tuple)
    whole, pieces = result
    assert isinstance(whole, JoblibFile)
    assert isinstance(pieces, JoblibFile)
    for found in result:
        at = 0
        spans = [(array.offset, array.offset + array.size) for array in found.arrays]
        spans += [(start, trace.end) for start, trace in zip(found.starts, found.nested, strict=True)]
        for start, stop in sorted(spans):
            assert at <= start <= stop <= len(data)
            at = stop
    if whole.inert:
        again = run_pickle(whole.opcode_bytes, LIMITS, packs=PACKS, objects=True)
        assert (again.status, again.opcodes) == (StreamStatus.INERT, whole.trace.opcodes)
    if pieces.inert:
        assert whole.inert
        assert (pieces.arrays, pieces.starts) == (whole.arrays, whole.starts)
    trace = run_pickle(data, LIMITS, packs=PACKS, objects=True)
    if all(use.name != "NumpyArrayWrapper" for use in (*trace.globals, *whole.trace.globals)):
        assert trace.status == whole.trace.status
        assert trace.globals == whole.trace.globals


def deep(result: object) -> bool:
    """Whether an array was reached."""
    assert isinstance(result, tuple)
    return bool(result[0].arrays or result[0].nested)
