"""Graphs of TensorFlow that do more than compute, and their kin.

Operators that read and write files are a class that https://github.com/protectai/modelscan looks for.
A `saved_model.pbtxt` is loaded like its binary twin.
CVE-2024-3660  https://nvd.nist.gov/vuln/detail/CVE-2024-3660  code in a `Lambda` of Keras
CVE-2026-1260  https://nvd.nist.gov/vuln/detail/CVE-2026-1260  a SentencePiece table that leads out of itself
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from safeload.core import Verdict
from safeload.formats.identify import identify
from safeload.formats.view import BytesView
from safeload.pipeline import audit
from tests.forge.audits import audited
from tests.forge.onnx import graph as onnx_graph
from tests.forge.onnx import model as onnx_model
from tests.forge.onnx import node as onnx_node
from tests.forge.protobuf import block
from tests.forge.sentencepiece import charsmap, normalizer, piece, small_model, vocabulary
from tests.forge.tensorflow import (
    attr,
    const,
    function,
    graph,
    keras_metadata,
    keras_object,
    node,
    saved_model,
)
from tests.forge.tflite import model as tflite_model

if TYPE_CHECKING:
    from pathlib import Path

LAMBDA = '{"class_name": "Functional", "config": {"layers": [{"class_name": "Lambda", "config": {}}]}}'


@pytest.mark.parametrize(
    "body",
    [
        graph(node("WriteFile", "w")),
        graph(node("ReadFile", "r"), node("Send")),
        graph(node("Add"), functions=(function("f", node("PyFunc")),)),
        graph(node("StatefulPartitionedCall", "c", attr("f", block(10, block(1, "EagerPyFunc"))))),
        graph(node("PrintV2", "p", attr("output_stream", block(2, "file:///home/user/.bashrc")))),
        graph(node("DebugIdentityV2")),
        graph(node("DataServiceDatasetV4")),
        graph(node("SomebodysOp")),
        graph(const("c", "/home/user/.bashrc"), node("SaveV2", "s", inputs=("c",))),
        graph(const("c", "/home/user/.bashrc"), node("Save", "s", inputs=("c:0",))),
        graph(const("c", "../x"), node("MergeV2Checkpoints", "s", inputs=("n", "c"))),
        graph(node("AsString", "c"), node("SaveV2", "s", inputs=("c",))),
    ],
)
def test_operators(tmp_path: Path, body: bytes) -> None:
    """Each is denied as a program, under the name that a SavedModel has and under another."""
    assert "format.executable" in audited(tmp_path, saved_model(body), "saved_model.pb").rules
    assert "format.executable" in audited(tmp_path, body, "frozen_graph.pb").rules


def test_a_graph_in_a_field_that_another_schema_steps_over(tmp_path: Path) -> None:
    """TensorFlow goes by the name, and steps over what is not its own, as other readers do."""
    model = saved_model(graph(node("WriteFile", "w")))
    pieces = vocabulary(*(piece(f"a{number}") for number in range(10)))
    for data in (model + block(3000, b""), pieces + model.removeprefix(b"\x08\x01")):
        assert identify(BytesView(data), "x").format in {"coreml", "sentencepiece"}
        assert "format.polyglot" in audited(tmp_path, data, "saved_model.pb").rules
    assert identify(BytesView(model + block(3000, b"")), "model.onnx").formats == ("coreml", "onnx")
    assert identify(BytesView(b"text"), "saved_model.pb").formats == ("text", "saved-model")


def test_a_graph_in_text(tmp_path: Path) -> None:
    """TensorFlow loads it where the binary file is missing."""
    text = b'meta_graphs { graph_def { node { name: "n" op: "Wri" "teFile" } } }'
    assert "format.executable" in audited(tmp_path, text, "saved_model.pbtxt").rules


def test_a_lambda_of_keras(tmp_path: Path) -> None:
    """In the graph's own description and in the file beside it; nobody can waive it."""
    inside = saved_model(graph(node("Add")), keras_object(LAMBDA))
    assert "config.instantiates-callable" in audited(tmp_path, inside, "saved_model.pb").rules
    beside = audited(tmp_path, keras_metadata(LAMBDA), "keras_metadata.pb")
    assert "config.instantiates-callable" in beside.rules


def test_python_in_an_onnx_model(tmp_path: Path) -> None:
    """Operators that call Python are denied as a program."""
    data = onnx_model(onnx_graph(onnx_node("PyOp", "ai.onnx.contrib")))
    assert "format.executable" in audited(tmp_path, data, "model.onnx").rules


def test_file_operators_in_tflite(tmp_path: Path) -> None:
    """So are operators of TensorFlow that a TFLite model borrows."""
    assert "format.executable" in audited(tmp_path, tflite_model("FlexWriteFile"), "m.tflite").rules


@pytest.mark.parametrize("units", [[0xFFFFFC00], [0x80000100], [0] * 255 + [0x7FFFFE00 | 0x200]])
def test_a_table_that_leads_out_of_itself(tmp_path: Path, units: list[int]) -> None:
    """CVE-2026-1260: paths and values of the table are followed here first."""
    data = vocabulary() + normalizer(charsmap(units))
    assert "artifact.malformed" in audited(tmp_path, data, "tokenizer.model").rules


def test_a_piece_that_is_a_book(tmp_path: Path) -> None:
    """https://github.com/google/sentencepiece/issues/1263: readers recurse over a piece."""
    data = vocabulary(piece("a" * 200_000))
    assert "limits.exceeded" in audited(tmp_path, data, "tokenizer.model").rules


def test_honest_neighbours(tmp_path: Path) -> None:
    """Near misses, all in one folder: nothing of it is denied."""
    for name, data in {
        "saved_model.pb": saved_model(graph(node("Placeholder", "p"), node("SaveV2", inputs=("p",)))),
        "keras_metadata.pb": keras_metadata('{"class_name": "Dense", "config": {}}'),
        "model.onnx": onnx_model(),
        "model.tflite": tflite_model("FlexErf"),
        "tokenizer.model": small_model(),
    }.items():
        (tmp_path / name).write_bytes(data)
    assert audit(tmp_path, policy="default").decision.verdict is Verdict.ALLOW
