"""formats.tf_graph: every node counts, those of functions too, and what reaches outside is named."""

from __future__ import annotations

import pytest

from safeload.errors import FormatError, LimitExceeded
from safeload.formats import tf_graph
from safeload.formats.tf_graph import TfGraph, parse_tf_graph
from safeload.formats.tf_operators import EFFECTS, KNOWN, is_known
from safeload.formats.view import BytesView
from safeload.limits import DEFAULT_LIMITS
from tests.forge.protobuf import block, number
from tests.forge.tensorflow import (
    asset,
    attr,
    call,
    const,
    function,
    graph,
    keras_metadata,
    keras_object,
    meta_graph,
    node,
    saved_model,
)


def parse(data: bytes, root: str = "SavedModel") -> TfGraph:
    return parse_tf_graph(BytesView(data), root, DEFAULT_LIMITS)


def test_no_operator_is_known_and_has_an_effect() -> None:
    """The two lists have nothing in common, and the compiler's operators are known by their prefix."""
    assert not KNOWN & EFFECTS.keys()
    assert is_known("XlaCallModule")
    assert not is_known("XlaCall.Module")
    assert not is_known("TextProcessing>Tokenize")


def test_a_graph_that_computes() -> None:
    """Known operators and the graph's own functions: nothing is foreign, nothing has an effect."""
    call = node("PartitionedCall", "c", attr("f", block(10, block(1, "inner"))))
    body = graph(node("MatMul"), call, node("inner"), functions=(function("inner", node("Relu")),))
    record = parse(saved_model(body, asset("vocab.txt")))
    assert record.operators == {"MatMul", "PartitionedCall", "inner", "Relu"}
    assert (record.foreign, record.effects) == ((), ())
    assert (record.version, record.assets, record.needs) == ("2.21.0", ("vocab.txt",), ("assets/vocab.txt",))


@pytest.mark.parametrize(
    ("body", "operators"),
    [
        (graph(node("WriteFile")), ["WriteFile"]),
        (graph(node("Add"), functions=(function("f", node("EagerPyFunc", "deep")),)), ["EagerPyFunc"]),
        (graph(node("PartitionedCall", "c", attr("f", block(10, block(1, "ReadFile"))))), ["ReadFile"]),
        (graph(node("Case", "c", attr("b", block(1, block(9, block(1, "PyFunc")))))), ["PyFunc"]),
        (graph(node("PrintV2", "p", attr("output_stream", block(2, "file:///tmp/x")))), ["PrintV2"]),
        (graph(node("PrintV2", "p", attr("output_stream", block(2, "FILE:///tmp/x")))), ["PrintV2"]),
        (graph(node("PrintV2", "p", attr("output_stream", block(2, "stderr")))), []),
        (graph(node("Add", "p", attr("output_stream", block(2, "file:///tmp/x")))), []),
        (graph(node("readfile")), []),
    ],
)
def test_effects(body: bytes, operators: list[str]) -> None:
    """Wherever a node or a call of one stands, what it does is said; a near miss is not."""
    assert [effect.operator for effect in parse(saved_model(body)).effects] == operators


def effects(*nodes: bytes, functions: tuple[bytes, ...] = (), more: bytes = b"") -> list[str]:
    """What the effects of a SavedModel of these nodes are."""
    record = parse(saved_model(graph(*nodes, functions=functions), more))
    return [effect.what for effect in record.effects]


SAVE = function(
    "save", node("ShardedFilename", "shard", inputs=("path",)), node("SaveV2", "s", inputs=("shard:0",)),
    arguments=("x", "path"),
)  # fmt: skip
INIT = node("InitializeTableFromTextFileV2", "t", inputs=("h", "file"))
LOOKUP = function("init", INIT, arguments=("file", "h"))
COMPUTED = "writes a file whose path the graph computes"


@pytest.mark.parametrize(
    ("nodes", "functions", "found"),
    [
        ((const("c", "/etc/x"), node("SaveV2", inputs=("c",))), (), ["writes the file /etc/x"]),
        ((const("c", "model"), node("SaveV2", inputs=("c",))), (), []),
        ((node("Placeholder", "p"), node("SaveV2", inputs=("p",))), (), []),
        (
            (
                const("c", "/etc/x"), node("PlaceholderWithDefault", "p", inputs=("c",)),
                node("Save", inputs=("p",)),
            ),
            (),
            ["writes the file /etc/x"],
        ),
        (
            (const("c", "/etc"), node("StringJoin", "j", inputs=("c", "d")), node("SaveV2", inputs=("j",))),
            (),
            ["writes the file /etc"],
        ),
        ((node("Abs", "a"), node("SaveV2", inputs=("a",))), (), [COMPUTED]),
        ((node("SaveV2"),), (), [COMPUTED]),
        ((node("Identity", "a", inputs=("a",)), node("SaveV2", inputs=("a",))), (), [COMPUTED]),
        ((node("Abs", "a"), node("RestoreV2", inputs=("a",))), (), []),
        ((const("c", "/etc/x"), node("RestoreV2", inputs=("c",))), (), ["reads the file /etc/x"]),
        ((const("c", "/etc/x"), call("k", "save", "c", "c")), (SAVE,), ["writes the file /etc/x"]),
        ((const("c", "/etc/x"), node("Placeholder", "p"), call("k", "save", "c", "p")), (SAVE,), []),
        ((node("Abs", "a"), call("k", "save", "a", "a")), (SAVE,), [COMPUTED]),
        ((const("asset", "/home/me/vocab.txt"), call("k", "init", "asset", "h")), (LOOKUP,), []),
        ((node("ReadVariableOp", "r"), call("k", "init", "r", "h")), (LOOKUP,), []),
        ((const("c", "/etc/passwd"), call("k", "init", "c", "h")), (LOOKUP,), ["reads the file /etc/passwd"]),
        (
            (const("c", "/etc/x"), call("k", "outer", "c")),
            (function("outer", call("i", "save", "y", "y"), arguments=("y",)), SAVE),
            ["writes the file /etc/x"],
        ),
        (
            (),
            (function("f", const("c", "/x"), node("Save", "s", inputs=("c:output:0",))),),
            ["writes the file /x"],
        ),
    ],
)  # fmt: skip
def test_paths(nodes: tuple[bytes, ...], functions: tuple[bytes, ...], found: list[str]) -> None:
    """Where the path of a saving or reading operator comes from decides; assets are the folder's own."""
    assert effects(node("Add", "z"), *nodes, functions=functions, more=asset("vocab.txt")) == found


@pytest.mark.parametrize("step", [1, -1])
def test_a_path_that_is_handed_on_often(step: int) -> None:
    """A chain of functions in either order hides nothing; one that winds too often is not followed."""
    chain = [function(f"f{at}", call("k", f"f{at + 1}", "x"), arguments=("x",)) for at in range(300)]
    last = function("f300", node("SaveV2", "s", inputs=("x",)), arguments=("x",))
    start = (const("c", "/etc/x"), call("k", "f0", "c"))
    assert effects(*start, functions=(*chain[::step], last)) == ["writes the file /etc/x"]
    wound = [*chain[::2], *chain[1::2][::-1]] if step == 1 else [chain[at * 7 % 300] for at in range(300)]
    with pytest.raises(LimitExceeded):
        effects(*start, functions=(*wound, last))


def test_a_function_that_is_called_like_an_operator() -> None:
    """A graph's own function does not hide an operator's effect from the node that may be either."""
    body = graph(node("ReadFile"), functions=(function("ReadFile", node("Add")),))
    assert [effect.operator for effect in parse(saved_model(body)).effects] == ["ReadFile"]


def test_foreign_operators() -> None:
    """Names outside the list are those of a library."""
    assert parse(graph(node("Add"), node("SentencepieceOp")), "GraphDef").foreign == ("SentencepieceOp",)


def test_descriptions_for_keras() -> None:
    """They come with their place, from both files that have them."""
    record = parse(saved_model(graph(node("Add")), keras_object('{"a": 1}')))
    assert record.metadata == (("_tf_keras_layer", '{"a": 1}'),)
    assert parse(keras_metadata('{"b": 2}'), "SavedMetadata").metadata == (("root", '{"b": 2}'),)


@pytest.mark.parametrize(
    ("data", "root", "error"),
    [
        (number(1, 1), "SavedModel", tf_graph.EmptyGraph),
        (b"", "GraphDef", tf_graph.EmptyGraph),
        (graph(node("Add")) + number(99, 1), "GraphDef", tf_graph.UnlistedField),
        (meta_graph(graph(node("Add")), block(99, b"")), "MetaGraphDef", tf_graph.UnlistedField),
    ],
)
def test_each_way_to_be_wrong(data: bytes, root: str, error: type[FormatError]) -> None:
    """Graphs without content, and with a field of a later version."""
    with pytest.raises(FormatError) as caught:
        parse(data, root)
    assert type(caught.value) is error


def test_many_effects_are_counted_up_to_a_bound() -> None:
    """A graph that is full of them keeps the first few hundred."""
    assert len(parse(graph(*[node("PyFunc")] * 300), "GraphDef").effects) == 200
