"""Any bytes give a TensorFlow graph or a FormatError, read as each of the four messages.

The invariant holds within the limits and under the seal.
Every operator of an accepted graph is known, foreign, defined by the graph, or named with its effect.
"""

from __future__ import annotations

from safeload.errors import FormatError
from safeload.formats.tf_graph import TfGraph, parse_tf_graph
from safeload.formats.tf_operators import EFFECTS, is_known
from safeload.formats.view import BytesView
from safeload.limits import DEFAULT_LIMITS
from safeload.record import replace
from tests.forge.protobuf import block
from tests.forge.tensorflow import (
    asset,
    attr,
    function,
    graph,
    keras_metadata,
    keras_object,
    meta_graph,
    node,
    saved_model,
)

HEAD = 16
"""Bytes of the first fields: what breaks there is no file of this kind."""
LIMITS = replace(DEFAULT_LIMITS, protobuf_fields=20_000, protobuf_depth=20)
ROOTS = ("SavedModel", "MetaGraphDef", "GraphDef", "SavedMetadata")


def seeds() -> list[bytes]:
    """Graphs with functions, effects, assets, descriptions."""
    called = attr("f", block(10, block(1, "inner")))
    body = graph(
        node("MatMul"), node("PartitionedCall", "c", called), functions=(function("inner", node("Add")),)
    )
    effects = graph(
        node("WriteFile"), node("PyFunc"), node("PrintV2", "p", attr("output_stream", block(2, "file://x")))
    )
    return [
        saved_model(body, asset("vocab.txt"), keras_object('{"class_name": "Dense"}')),
        saved_model(effects),
        meta_graph(graph(node("CustomThing"))),
        graph(node("Const", "w"), node("Relu")),
        keras_metadata('{"class_name": "Lambda"}'),
    ]


def read(data: bytes) -> object:
    """What each reading makes of it."""
    return [_one(data, root) for root in ROOTS]


def _one(data: bytes, root: str) -> object:
    try:
        return parse_tf_graph(BytesView(data), root, LIMITS)
    except FormatError as error:
        return error


def check(data: bytes, result: object) -> None:
    """What has to hold of a graph."""
    assert isinstance(result, list)
    for found in result:
        if isinstance(found, TfGraph):
            rest = found.operators - found.functions - set(found.foreign)
            assert all(is_known(name) or name in EFFECTS for name in rest)
            wanted = {name for name in rest if name in EFFECTS}
            assert wanted <= {effect.operator for effect in found.effects}


def deep(result: object) -> bool:
    """Whether some reading got past the first fields."""
    assert isinstance(result, list)
    return any(not isinstance(found, FormatError) or (found.offset or HEAD) >= HEAD for found in result)
