"""scanners.onnx: operators that are code elsewhere, and places outside the folder."""

from __future__ import annotations

import pytest

from safeload.core import Coverage, Location
from safeload.formats.onnx import Onnx
from safeload.formats.relative_path import relative_problem
from safeload.formats.view import BytesView
from safeload.limits import DEFAULT_LIMITS
from safeload.scanners import ScanResult, Subject
from safeload.scanners.onnx import scan
from tests.forge.onnx import external, graph, model, node
from tests.forge.protobuf import block, number


def examine(data: bytes) -> ScanResult:
    location = Location(artifact="model.onnx")
    return scan(Subject(view=BytesView(data), location=location, format="onnx"), DEFAULT_LIMITS)


def details(data: bytes) -> list[str]:
    return [str(fact.data["detail"]) for fact in examine(data).facts if fact.kind == "format.executable"]


def test_an_ordinary_model() -> None:
    """Scanned, and nothing but not loadable."""
    used = [node("Add"), node("TreeEnsemble", "ai.onnx.ml"), node("FusedMatMul", "com.microsoft")]
    result = examine(model(graph(*used)))
    assert result.coverage is Coverage.SCANNED
    assert isinstance(result.record, Onnx)
    assert [fact.kind for fact in result.facts] == ["format.not-loadable"]


def test_operators_of_a_library() -> None:
    """A domain that no runtime brings along is named once, with its operators."""
    assert details(model(graph(node("B", "com.acme"), node("A", "com.acme"), node("Add")))) == [
        "operators of com.acme need a library of native code: A, B"
    ]


@pytest.mark.parametrize(
    ("operator", "domain", "what"),
    [
        ("PyOp", "ai.onnx.contrib", "Python"),
        ("PythonOp", "com.microsoft", "Python"),
        ("ATen", "org.pytorch.aten", "any function of torch"),
    ],
)
def test_operators_that_run_python(operator: str, domain: str, what: str) -> None:
    """They are named one by one, in a domain of the runtime too."""
    assert details(model(graph(node(operator, domain)))) == [
        f"the operator {domain}::{operator} calls {what}"
    ]


def test_functions_of_the_model_itself() -> None:
    """An operator that the model defines needs no library; one of the same domain that it does not, does."""
    function = block(1, "F") + block(10, "mine") + block(7, node("Add"))
    assert details(model(graph(node("F", "mine")), block(25, function))) == []
    assert len(details(model(graph(node("F", "mine"), node("G", "mine")), block(25, function)))) == 1


def test_a_newer_model_is_unknown() -> None:
    """A field of a later version is neither broken nor clean."""
    result = examine(model(None, number(77, 1)))
    assert (result.coverage, result.record) == (Coverage.UNRECOGNISED, None)


def test_a_place_outside_the_folder() -> None:
    """It is a fact with the place as written, and the model is no guide to files."""
    result = examine(model(graph(node("Add"), initializers=(external("w", 1, location="../w"),))))
    assert [(fact.kind, fact.data.get("name")) for fact in result.facts[1:]] == [("index.path", "../w")]
    assert result.record is None


def test_a_folder_of_its_own_choice() -> None:
    """The reference library once took any key for a setting; a base folder is none of a file's."""
    place = external("w", 1, location="w", basepath="/etc")
    (fact,) = examine(model(graph(node("Add"), initializers=(place,)))).facts[1:]
    assert fact.data["name"] == "/etc"


@pytest.mark.parametrize(
    "path",
    ["", "/a", "//host/a", "..", "../a", "a/../../b", "a/./b", "a//b", "a/", "./a", "a\\b", "..\\a", "C:a",
    "c:/a",
     "file://a", "http://x/a", "a\0b", "a\nb", "a\u202eb", "*/_ORT_MEM_ADDR_/*", "a" * 1025],
)  # fmt: skip
def test_paths_that_lead_elsewhere(path: str) -> None:
    """On any system, in any spelling."""
    assert relative_problem(path) is not None


@pytest.mark.parametrize("path", ["model.onnx_data", "a/b.bin", "..a", "a..b", "é", "a b", "model.onnx.data"])
def test_paths_that_stay(path: str) -> None:
    """Plain names, in folders below too."""
    assert relative_problem(path) is None
