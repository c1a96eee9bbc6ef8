"""scanners.saved_model: a graph that computes is data, one that reaches outside is a program."""

from __future__ import annotations

import pytest

from safeload.core import Coverage, Fact, Location
from safeload.formats.tf_graph import TfGraph
from safeload.formats.view import BytesView
from safeload.limits import DEFAULT_LIMITS
from safeload.scanners import ScanResult, Subject
from safeload.scanners.saved_model import scan
from tests.forge.protobuf import number
from tests.forge.tensorflow import asset, graph, keras_metadata, keras_object, meta_graph, node, saved_model


def examine(data: bytes, kind: str = "saved-model") -> ScanResult:
    location = Location(artifact="saved_model.pb")
    return scan(Subject(view=BytesView(data), location=location, format=kind), DEFAULT_LIMITS)


def of(result: ScanResult, kind: str) -> list[Fact]:
    return [fact for fact in result.facts if fact.kind == kind]


SAVER = (
    node("Placeholder", "file"), node("StringJoin", "join", inputs=("file", "n")),
    node("ShardedFilename", "shard", inputs=("join:0",)), node("SaveV2", inputs=("shard",)),
    node("MergeV2Checkpoints", inputs=("^x", "shard", "file")), node("RestoreV2", inputs=("file",)),
)  # fmt: skip


def test_a_graph_that_computes() -> None:
    """Scanned, not loadable, and no more."""
    result = examine(saved_model(graph(*SAVER), asset("vocab.txt")))
    assert (result.coverage, [fact.kind for fact in result.facts]) == (
        Coverage.SCANNED,
        ["format.not-loadable"],
    )
    assert isinstance(result.record, TfGraph)


@pytest.mark.parametrize("operator", ["ReadFile", "WriteFile", "PyFunc", "EagerPyFunc", "ImmutableConst"])
@pytest.mark.parametrize("kind", ["saved-model", "tf-graph", "tf-meta-graph"])
def test_operators_that_reach_outside(operator: str, kind: str) -> None:
    """In every kind of graph, with the node."""
    build = {"saved-model": saved_model, "tf-graph": lambda body: body, "tf-meta-graph": meta_graph}[kind]
    (fact,) = of(examine(build(graph(node(operator, "here"))), kind), "format.executable")
    assert operator in str(fact.data["detail"])
    assert "at here" in str(fact.data["detail"])


def test_many_of_them_are_counted() -> None:
    """The first twenty are named, the rest is a number."""
    facts = of(examine(saved_model(graph(*[node("PyFunc")] * 30))), "format.executable")
    assert len(facts) == 21
    assert facts[-1].data["detail"] == "10 more operators reach outside the graph"


def test_operators_of_a_library() -> None:
    """They need native code, and are named together."""
    (fact,) = of(examine(saved_model(graph(node("Zed"), node("Abc")))), "format.executable")
    assert fact.data["detail"] == "operators of a library of native code: Abc, Zed"


def test_a_lambda_in_either_description() -> None:
    """Keras' descriptions are judged like those in its own files."""
    metadata = '{"class_name": "Lambda", "config": {"function": "x"}}'
    for data, kind in (
        (saved_model(graph(node("Add")), keras_object(metadata)), "saved-model"),
        (keras_metadata(metadata), "keras-metadata"),
    ):
        (fact,) = of(examine(data, kind), "config.callable")
        assert fact.data["value"] == "Lambda"
    plain = keras_metadata('{"class_name": "Dense", "config": {"units": NaN}}')
    assert of(examine(plain, "keras-metadata"), "config.callable") == []


def test_a_description_that_is_broken() -> None:
    """What was found before it is kept."""
    result = examine(saved_model(graph(node("PyFunc")), keras_object("{")))
    assert result.coverage is Coverage.MALFORMED
    assert of(result, "format.executable")


def test_an_asset_that_leads_elsewhere() -> None:
    """It is a fact, and the graph is no guide to files."""
    result = examine(saved_model(graph(node("Add")), asset("../../etc/passwd")))
    assert [fact.data["name"] for fact in of(result, "index.path")] == ["../../etc/passwd"]
    assert result.record is None


def test_a_newer_graph_is_unknown() -> None:
    """A field of a later version is neither broken nor clean."""
    assert examine(saved_model(graph(node("Add"))) + number(9, 1)).coverage is Coverage.UNRECOGNISED


def test_a_fingerprint() -> None:
    """Five sums and a version: scanned, no fact."""
    assert examine(b"", "tf-fingerprint") == ScanResult(coverage=Coverage.SCANNED)
