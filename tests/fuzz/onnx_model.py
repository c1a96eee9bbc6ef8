"""Any bytes give an ONNX model or a FormatError.

The invariant holds within the limits and under the seal.
Every range that a model claims of another file is one: it begins at 0 or later and does not end before it
begins. What we read as a model, the reference library reads, too, with the same operators and places.
"""

from __future__ import annotations

import warnings

import onnx

from safeload.errors import FormatError
from safeload.formats.onnx import Onnx, parse_onnx
from safeload.formats.view import BytesView
from safeload.limits import DEFAULT_LIMITS
from safeload.record import replace
from tests.forge.onnx import attribute, dims, entry, external, floats, graph, model, node, tensor
from tests.forge.protobuf import block, fixed32, number

HEAD = 16
"""Bytes of the first fields: what breaks there is no file of this kind."""
LIMITS = replace(DEFAULT_LIMITS, protobuf_fields=20_000, protobuf_depth=20)


def seeds() -> list[bytes]:
    """Models with subgraphs, functions, training, external data, every way to hold values."""
    inner = attribute("body", block(6, graph(node("Add"))), number(20, 5))
    function = block(1, "f") + block(10, "local") + block(7, node("Mul"))
    typed = (
        tensor("f", dims(2), fixed32(4, 1.0), fixed32(4, 2.0)),
        tensor("i", dims(3), block(7, b"\x01\x02\x03"), kind=7),
        tensor("s", dims(1), block(6, "text"), kind=8),
    )
    return [
        model(),
        model(graph(node("Loop", "", inner), node("f", "local")), block(25, function)),
        model(graph(node("Relu"), initializers=(external("w", 4, location="w.bin", offset=8, length=16),))),
        model(graph(node("PyOp", "ai.onnx.contrib"), initializers=typed)),
        model(None, block(20, block(1, graph(node("Sub")))), block(14, entry("k", "v"))),
        model(graph(node("If", "", attribute("t", block(5, floats("c", 1.0)), number(20, 4))))),
    ]


def read(data: bytes) -> object:
    """The model, or the error that is allowed."""
    try:
        return parse_onnx(BytesView(data), LIMITS)
    except FormatError as error:
        return error


def check(data: bytes, result: object) -> None:
    """What has to hold of a model."""
    if not isinstance(result, Onnx):
        return
    assert all(0 <= tensor.begin <= tensor.end for tensor in result.external)
    theirs = onnx.ModelProto()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            theirs.ParseFromString(data)
        except Exception:  # noqa: BLE001 - it wants UTF-8 in every string, and refuses in its own classes
            return
    assert theirs.ir_version == result.ir_version
    assert {(item.domain, item.op_type) for item in theirs.graph.node} <= result.operators
    places = [
        pair.value
        for item in theirs.graph.initializer
        for pair in item.external_data
        if item.data_location == 1 and pair.key == "location"
    ]
    assert set(places) <= {tensor.location for tensor in result.external}


def deep(result: object) -> bool:
    """Whether it got past the first fields."""
    return not isinstance(result, FormatError) or (result.offset or HEAD) >= HEAD
