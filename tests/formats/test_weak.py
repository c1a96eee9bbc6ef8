"""formats.identify on bytes without magic, or with a short one: right names, and few wrong ones."""

from __future__ import annotations

import contextlib
import io
import pickle
import random
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safeload.formats.identify import Identification, identify
from safeload.formats.view import BytesView
from tests.forge.flax import pack, params
from tests.forge.onnx import graph as onnx_graph
from tests.forge.onnx import model as onnx_model
from tests.forge.onnx import node as onnx_node
from tests.forge.protobuf import block, fixed64, number
from tests.forge.sentencepiece import piece, small_model
from tests.forge.tensorflow import graph, keras_metadata, meta_graph, node, saved_model, small_index, tfrecord
from tests.forge.tflite import model as tflite_model


def look(data: bytes, name: str = "file") -> Identification:
    return identify(BytesView(data), name)


COREML = number(1, 4) + block(2, block(1, block(1, "image"))) + block(500, block(1, block(1, "l")))
FINGERPRINT = b"".join(number(field, 1 << 63 | field) for field in range(1, 6)) + block(6, number(1, 1))
FONT = b"\0\1\0\0" + struct.pack(">HHHH", 10, 128, 3, 32) + bytes(64)
ICON = b"\0\0\1\0\1\0" + b"\x10\x10\0\0\1\0\x20\0" + struct.pack("<II", 40, 22) + bytes(40)


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (onnx_model(), "onnx"), (block(7, onnx_graph(onnx_node("A"))) + number(1, 8), "onnx"),
        (number(1, 3) + block(8, number(2, 7)) + block(7, onnx_graph(onnx_node("A"))), "onnx"),
        (small_model(), "sentencepiece"), (piece("<unk>", 0, 2) + piece("a"), "sentencepiece"),
        (saved_model(graph(node("Add"))), "saved-model"), (graph(node("Add")), "tf-graph"),
        (graph(node("Const", "model/w:0".replace(":0", ""))), "tf-graph"),
        (meta_graph(graph(node("Add"))), "tf-meta-graph"), (keras_metadata("{}"), "keras-metadata"),
        (small_index(), "tf-checkpoint-index"), (FINGERPRINT, "tf-fingerprint"), (COREML, "coreml"),
        (tflite_model(), "tflite"), (tfrecord(b"abc"), "tfrecord"), (tfrecord(bytes(24), b""), "tfrecord"),
        (pack(params()), "msgpack"), (zlib.compress(b"abc" * 50), "zlib"),
        (b"ORTM".rjust(8, b"\x18").ljust(64, b"\0"), "ort"), (b"\x20\0\0\0ET12".ljust(64, b"\0"),
        "executorch"),
        (b"ftrt".ljust(64, b"\0"), "tensorrt"), (b"CBM1" + bytes(60), "catboost"),
        (b"{L" + bytes(7) + b"\x07learner{", "xgboost"), (b"binf" + bytes(60), "xgboost"),
        (b"\xba\x16\x4f\x2f\x0c\0\0\0", "fasttext"),
        (b"10 3\nword " + bytes(12), "word2vec"), (b"MATLAB 5.0 MAT-file".ljust(128, b"\0"), "matlab"),
        (b"RDX3\nX\n\0\0\0\3\0\4", "r-data"), (b"X\n\0\0\0\2\0\4\0\0", "r-data"),
        (b"\4\0\0\0\1\0\0\0\3\0\0\0V 1\x11\0\0\0", "torch7"),
        (b"\3\0\0\0\1\0\0\0\2\0\0\0\2\0\0\0\5\0\0\0model" + bytes(8), "torch7"),
        (b"PAR1" + bytes(20) + b"PAR1", "parquet"), (b"ARROW1\0\0" + bytes(20), "arrow"),
        (FONT, "font"), (b"OTTO\0\1", "font"), (b"wOF2\0\1", "font"), (ICON, "ico"),
        (b"\0\0\0\1Bud1" + bytes(20), "ds-store"),
        (b"\1\0\0\0\2\0\0\0" + bytes(56) + b"\xef\xbe\xad\xde" + bytes(60), "coreml-weights"),
        (bytes(16) + b"\5\0\0\0\x08\5\x10\4\x10" + bytes(16), "paddle-params"),
        (block(1, number(1, 0) + number(2, -1) + block(3, b"x" * 20)), "paddle-program"),
    ],
)  # fmt: skip
def test_by_structure(data: bytes, name: str) -> None:
    """The first fields name the format, and there is one reading."""
    found = look(data)
    assert (found.format, found.also) == (name, ())


@pytest.mark.parametrize(
    ("data", "wrong"),
    [
        (b"\x08\x07\x12\x03\xff\xfe\xfd", "onnx"),
        (number(1, 200) + block(2, "name") + block(7, onnx_graph(onnx_node("A"))), "onnx"),
        (b"\x08\x07\x12\x70abc", "onnx"),
        (block(1, block(1, "text") + number(3, 1)) * 9, "sentencepiece"),
        (block(1, block(1, b"\xff") + b"\x15abcd") * 9, "sentencepiece"),
        (number(1, 2) + block(2, block(2, graph(node("Add")))), "saved-model"),
        (block(1, block(1, "a\n") + block(2, "Add")), "tf-graph"),
        (FINGERPRINT + b"\x40\x01", "tf-fingerprint"), (fixed64(1, 1.0) * 5, "tf-fingerprint"),
        (number(1, 4) + block(2, b""), "coreml"),
        (b"x\x9c\xff\xff\xff", "zlib"), (b"x?\x03\0", "zlib"),
        (b"\x81\xa1\xff\x01", "msgpack"), (b"\x81\x01\x01", "msgpack"), (b"\x81\xa1a\x01behind", "msgpack"),
        (b"\x81\xa1a\xc6\xff\xff\xff\xff", "msgpack"), (b"\x90", "msgpack"),
        (struct.pack("<4q", 109, 123, 12, 9), "safetensors"), (struct.pack("<2q", 9252, 29819),
        "safetensors"),
        (struct.pack("<4q", 93, 129, 7, 9), "xz"), (struct.pack("<8i", 93, 44, 171, 243, 180, 207, 1, 2),
        "xz"),
        (b"\x0d\x0e\r\n" + bytes(8) + b"\x05" * 20, "python-bytecode"),
        (b"\x80\x00\x00\x00", "pickle"), (b"\x80\x06N.", "pickle"), (b"(\x8a\x01\x05i\xff\n\xfe\n.",
        "pickle"),
        (b"\x82\x9c.behind", "pickle"), (b"NN\x93.x", "pickle"), (b"K\x01K\x02R.", "pickle"),
        (FONT.replace(b"\0\x0a\0\x80", b"\0\x0a\0\x70"), "font"), (ICON[:30], "ico"),
        (tfrecord(b"abc").replace(b"abc", b"ab"), "tfrecord"),
    ],
)  # fmt: skip
def test_near_misses(data: bytes, wrong: str) -> None:
    """One thing less, and it is not that format."""
    assert wrong not in look(data).formats


def test_a_log_whose_sum_looks_like_a_header() -> None:
    """The first sum of an event log may begin with the brace of a safetensors header."""
    sizes = [size for size in range(2_000) if tfrecord(bytes(size))[8:9] == b"{"]
    assert sizes
    assert look(tfrecord(bytes(sizes[0])), "events.out.tfevents.1.host").formats == ("tfrecord",)


def test_a_matlab_file_on_hdf5() -> None:
    """Its own head in front of HDF5 is the format, not a second reading."""
    head = b"MATLAB 7.3 MAT-file".ljust(124) + b"\x00\x02IM"
    assert look(head.ljust(512, b"\0") + b"\x89HDF\r\n\x1a\n" + bytes(64)).formats == ("matlab",)
    other = head.replace(b"7.3", b"9.9").ljust(512, b"\0")
    assert len(look(other + b"\x89HDF\r\n\x1a\n" + bytes(64)).formats) == 2


def test_a_model_that_was_cut_short() -> None:
    """Several good fields in front of a broken one still name the format."""
    assert look(onnx_model()[:-8]).format == "onnx"


def raw(kind: int, rng: np.random.Generator) -> bytes:
    """Bytes as tensors have them."""
    size = int(rng.choice([64, 256, 1024, 4096]))
    floats = rng.standard_normal(size // 4) * rng.choice([0.02, 1, 30])
    return [
        lambda: rng.bytes(size),
        lambda: floats.astype("f2").tobytes(),
        lambda: floats.astype("f4").tobytes(),
        lambda: (floats.astype("f4").view("u4") >> 16).astype("u2").tobytes(),
        lambda: (rng.standard_normal(size) * 20).astype("i1").tobytes(),
        lambda: rng.integers(0, 16, size).astype("u1").tobytes(),
        lambda: rng.integers(0, int(rng.choice([4, 256, 30_000])), size // 8).astype("i8").tobytes(),
        lambda: rng.integers(0, int(rng.choice([4, 256, 30_000])), size // 4).astype("i4").tobytes(),
    ][kind]()


@pytest.mark.parametrize("kind", range(8))
def test_raw_tensors_have_no_name(kind: int) -> None:
    """Of 2,500 buffers of each kind of tensor data at most two are taken for something."""
    rng = np.random.default_rng(kind)
    named = [found.formats for _ in range(2_500) if (found := look(raw(kind, rng), "weights.bin")).formats]
    assert len(named) <= 2, named


class Call:
    """What a spied global gives: it may be called, filled and built."""

    def __init__(self, log: list[str]) -> None:
        self.log = log

    def __call__(self, *args: object) -> Call:
        """What REDUCE calls."""
        self.log.append("call")
        return self

    def __setstate__(self, state: object) -> None:
        self.log.append("build")

    def __setitem__(self, key: object, value: object) -> None:
        self.log.append("set")

    def append(self, item: object) -> None:
        """What filling calls."""
        self.log.append("append")

    extend = add = append


PIECES = [
    b"0", b"1", b"2", b"N", b")", b"]", b"}", b"(", b"t", b"l", b"d", b"e", b"u", b"a", b"s", b"cos\nf\n",
    b"R", b"o",
    b"\x85", b"\x86", b"\x87", b"q\x01", b"h\x01", b"p1\n", b"g1\n", b"\x94", b"\x8f", b"\x90", b"\x91",
    b"\x93",
    b"\x81", b"\x92", b"b", b"S'a'\n", b"Va\n", b"K\x05", b"X\x01\0\0\0a", b"\x8c\x01b", b"I1\n", b"F1\n",
    b"i0s\nx\n",
    b"\x95\x03\0\0\0\0\0\0\0", b"C\x01a", b"U\x01a", b"p 1\n", b"g0x1\n", b"\x80\x02", b"\x80\x04",
]  # fmt: skip


@given(
    st.lists(st.sampled_from(PIECES), min_size=2, max_size=14), st.sampled_from([b"(tR.", b")R.", b".", b""])
)
@settings(max_examples=500, deadline=None)
def test_what_an_unpickler_calls_is_a_pickle(parts: list[bytes], end: bytes) -> None:
    """Whatever CPython's unpickler reads to a use of a global is a pickle, in any order of opcodes."""
    log: list[str] = []

    class Spy(pickle.Unpickler):
        def find_class(self, module: str, name: str) -> object:
            return Call(log)

    data = b"".join(parts) + end
    with contextlib.suppress(Exception):  # an unpickler ends in anything on random opcodes
        Spy(io.BytesIO(data)).load()
    if set(log) & {"call", "build"}:
        assert "pickle" in look(data, "weights.bin").formats


def test_truncated_pickles_stay_pickles() -> None:
    """A stream that was cut behind its first opcodes is one, for every protocol that names itself."""
    value = {"a": [1, 2.5, ("x", None)], "b": b"abc"}
    for protocol in range(2, 6):
        data = pickle.dumps(value, protocol)
        assert all(look(data[:end], "w.bin").format == "pickle" for end in range(2, len(data) + 1))


def test_it_is_quick() -> None:
    """A walk over fields reads little: a file of many messages is named from a few of them."""
    reads = []

    class Counted(BytesView):
        def read(self, offset: int, length: int) -> bytes:
            reads.append(length)
            return super().read(offset, length)

    data = graph(*[node("Add", f"n{at}") for at in range(50_000)])
    assert identify(Counted(data), "frozen.pb").format == "tf-graph"
    assert sum(reads) < 500_000


def test_random_bytes_have_no_name() -> None:
    """Of 5,000 buffers of random bytes at most one is taken for something."""
    rng = random.Random(11)
    named = [found.formats for _ in range(5_000) if (found := look(rng.randbytes(512))).formats]
    assert len(named) <= 1, named
