"""Any bytes get a name or none, without an exception, and the same one again.

The invariant holds under the seal. Every name is one of the families.
"""

from __future__ import annotations

from safeload.formats.families import FORMATS
from safeload.formats.identify import Identification, identify
from safeload.formats.view import BytesView
from tests.forge.flax import pack, params
from tests.forge.onnx import model
from tests.forge.samples import imatrix
from tests.forge.sentencepiece import small_model
from tests.forge.tensorflow import graph, keras_metadata, meta_graph, node, saved_model, small_index, tfrecord
from tests.forge.tflite import model as tflite_model


def seeds() -> list[bytes]:
    """Files without magic, streams without a protocol."""
    return [
        model(), small_model(), small_index(), tflite_model(), tfrecord(b"abc"), pack(params()),
        saved_model(graph(node("Add"))), meta_graph(graph(node("Add"))), graph(node("Add"), node("Mul")),
        keras_metadata("{}"), b"cos\nsystem\n(S'x'\ntR.", b"(S'x'\nios\nsystem\n.",
        b"]q\x00(K\x01X\x01\0\0\0ae}(h\x00K\x02u.", b"\x80\x04\x95\x02\0\0\0\0\0\0\0N.",
        b"x\x9c\x03\0\0\0\0\x01", b"\x92\xd9\x28" + b"a" * 40 + b"\x01", imatrix(),
    ]  # fmt: skip


def read(data: bytes) -> object:
    """What it is taken for."""
    return identify(BytesView(data), "weights.bin")


def check(data: bytes, result: object) -> None:
    """What has to hold of a name."""
    assert isinstance(result, Identification)
    assert set(result.formats) <= FORMATS | {"leading bytes", "leading text"}
    assert identify(BytesView(data), "weights.bin") == result


def deep(result: object) -> bool:
    """Whether it was taken for something."""
    return isinstance(result, Identification) and bool(result.formats)
