"""Payloads in files of joblib, whose arrays stand as raw bytes between the opcodes.

A scanner that reads such a file as a plain pickle breaks at the first array and sees nothing behind it:
https://huggingface.co/aisecre/joblib-numpy-inline and its like. One that skips the arrays does not see
what another unpickler would take out of them.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.forge.audits import audited
from tests.forge.joblib import OBJECTS, SYSTEM, fields, objects, padded, wrapper
from tests.forge.pickle_assembler import Operand, assemble, call

if TYPE_CHECKING:
    from pathlib import Path

PLAIN = wrapper(*fields(alignment=None))
RAW = wrapper(*fields(dtype=OBJECTS))


def listed(*parts: bytes | Operand) -> bytes:
    return assemble("PROTO", 2, "EMPTY_LIST", *parts, "STOP")


def of_size(size: int) -> bytes:
    """A record of an array of so many bytes, as joblib wrote it before 1.2: without padding."""
    return wrapper(*fields(size=size, alignment=None))


STOPS = b"\x00\x01.\x03"
"""Array bytes that break an unpickler."""
HIDDEN: dict[str, bytes] = {
    "behind an array": listed(wrapper(), padded(b"abcd"), "APPEND", SYSTEM, "APPEND"),
    "behind an array without padding": listed(PLAIN, STOPS, "APPEND", SYSTEM, "APPEND"),
    "between arrays": listed(
        wrapper(), padded(b"abcd"), "APPEND", SYSTEM, "APPEND", wrapper(), padded(b"abcd"), "APPEND"
    ),
    "in front of the first array": listed(SYSTEM, "APPEND", wrapper(), padded(b"abcd"), "APPEND"),
    "in front of a broken array": listed(SYSTEM, "APPEND", wrapper(), b"\xf0"),
    "in an array, for another unpickler": listed(of_size(len(SYSTEM)), SYSTEM, "APPEND"),
    "behind STOP in an array": listed(of_size(1 + len(call("os", "system", "id"))), b".",
                                      call("os", "system", "id"), "APPEND"),
    "in an array of objects": listed(RAW, call("os", "system", "id"), "APPEND"),
    "in the second array of objects": listed(
        RAW, objects("NONE"), "APPEND", RAW, call("posix", "system", "id")
    ),
    "among the objects of an array": listed(RAW, objects(SYSTEM), "APPEND"),
    "behind STOP": listed(wrapper(), padded(b"abcd"), "APPEND") + call("os", "system", "id"),
    "in the fields": listed(wrapper(*fields(more=("BINUNICODE", "read", SYSTEM))), padded(b"abcd")),
}  # fmt: skip


@pytest.mark.parametrize("name", HIDDEN)
def test_a_payload_is_named_wherever_it_stands(tmp_path: Path, name: str) -> None:
    """What either reader would run is named by its own name."""
    outcome = audited(tmp_path, HIDDEN[name], "model.joblib")
    assert outcome.denied
    assert "pickle.dangerous-global" in outcome.rules
    assert outcome.imports & {"os.system", "posix.system"}


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        (listed(of_size(2**31 - 1), SYSTEM, "APPEND"), "pickle.malformed"),
        (listed(wrapper(), b"\x05" + b"\xff\xff\x00\xff\xff" + b"abcd", "APPEND"), "pickle.malformed"),
        (listed(wrapper(), padded(b"abcd"), "APPEND") + b"more", "pickle.trailing-data"),
        (listed(wrapper(*fields(more=("BINUNICODE", "read_array", "NONE"))), padded(b"abcd")),
         "pickle.uncontracted-call"),
        (listed(assemble("GLOBAL", ("joblib.numpy_pickle_compat", "ZNDArrayWrapper"), "EMPTY_TUPLE",
                         "NEWOBJ", "EMPTY_DICT", "BUILD")), "pickle.dangerous-global"),
        (listed(assemble("GLOBAL", ("joblib.numpy_pickle", "NDArrayWrapper"), "EMPTY_TUPLE",
                         "NEWOBJ", "EMPTY_DICT", "BUILD")), "pickle.dangerous-global"),
    ],
)  # fmt: skip
def test_what_cannot_be_followed_is_refused(tmp_path: Path, data: bytes, rule: str) -> None:
    """Where an array ends must be certain, and no record may name another file."""
    outcome = audited(tmp_path, data, "model.joblib")
    assert outcome.denied
    assert rule in outcome.rules


def test_honest_files_pass(tmp_path: Path) -> None:
    """Near misses: arrays whose bytes look like opcodes, and what real joblib writes."""
    joblib = pytest.importorskip("joblib")
    file = io.BytesIO()
    texts = np.array([b"cos\nsystem\n(S'id'\ntR.", b"x"])
    joblib.dump({"a": [np.arange(3), texts], "b": np.array(["é", None], dtype=object)}, file)
    assert not audited(tmp_path, file.getvalue(), "model.joblib").denied
    assert not audited(tmp_path, listed(PLAIN, STOPS, "APPEND"), "model.joblib").denied
    assert not audited(tmp_path, listed(PLAIN, b".\x01\x02\x03", "APPEND"), "model.joblib").denied


@pytest.mark.parametrize("codec", ["gzip", "zlib"])
def test_compressed_files_are_not_waved_through(tmp_path: Path, codec: str) -> None:
    """A payload in a compressed file of joblib is not allowed."""
    joblib = pytest.importorskip("joblib")
    file = io.BytesIO()

    class Payload:
        def __reduce__(self) -> tuple[object, ...]:
            return print, ("x",)

    joblib.dump([np.arange(3), Payload()], file, compress=(codec, 3))
    assert audited(tmp_path, file.getvalue(), "model.joblib").denied
