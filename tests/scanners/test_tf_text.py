"""scanners.tf_text: a graph in text is judged by the operators that it names, however they are spelt."""

from __future__ import annotations

import pytest

from safeload.core import Coverage, Location
from safeload.errors import LimitExceeded
from safeload.formats.identify import identify
from safeload.formats.view import BytesView
from safeload.limits import DEFAULT_LIMITS
from safeload.record import replace
from safeload.scanners import ScanResult, Subject
from safeload.scanners.tf_text import NAMES, scan


def examine(text: str, name: str = "saved_model.pbtxt") -> ScanResult:
    view = BytesView(text.encode())
    found = identify(view, name)
    assert (found.format, NAMES.fullmatch(name) is not None) == ("text", True)
    return scan(Subject(view=view, location=Location(artifact=name), format="text"), DEFAULT_LIMITS)


def details(text: str, name: str = "saved_model.pbtxt") -> list[str]:
    return [
        str(fact.data["detail"]) for fact in examine(text, name).facts if fact.kind == "format.executable"
    ]


@pytest.mark.parametrize(
    "spelling",
    ['op: "WriteFile"', "op:'WriteFile'", 'op: "Write" "File"', 'op: "Write"\n  # comment\n  \'File\'',
     'op: "\\x57riteFile"', 'op: "\\127riteFile"', 'op : "WriteFile";', 'op "WriteFile"'],
)  # fmt: skip
def test_every_spelling(spelling: str) -> None:
    """The text format has many for one string."""
    text = f'meta_graphs {{ graph_def {{ node {{ name: "n" {spelling} }} }} }}\n'
    assert details(text) == ["the operator WriteFile writes files"]


def test_a_graph_that_computes() -> None:
    """Known operators and own functions are no finding; a name or comment that says one is none either."""
    text = """
    node { name: "WriteFile" op: "MatMul" }  # op: "PyFunc"
    node { name: "a" op: "mine" }
    library { function { signature { name: "mine" } node_def { op: "Relu" } } }
    """
    result = examine(text)
    assert (result.coverage, [fact.kind for fact in result.facts]) == (
        Coverage.SCANNED,
        ["format.not-loadable"],
    )


def test_what_counts_in_the_file_that_is_loaded() -> None:
    """Paths are not followed in text, and other operators are a library's; elsewhere only effects count."""
    text = 'node { op: "SaveV2" }\nnode { op: "Mine" }\nnode { op: "PyFunc" }\n'
    assert len(details(text)) == 3
    assert details(text, "graph.pbtxt") == ["the operator PyFunc calls Python"]


def test_a_lambda_of_keras() -> None:
    """Descriptions are JSON inside a string."""
    text = r"""user_object { metadata: "{\"class_name\": \"Lambda\", \"config\": {}}" }"""
    assert [fact.kind for fact in examine(text).facts] == ["format.not-loadable", "config.callable"]


def test_other_texts() -> None:
    """A text that names no operator is a text."""
    assert examine('item { name: "cat" id: 1 }\n', "label_map.pbtxt") == ScanResult(coverage=Coverage.SCANNED)


def test_a_budget() -> None:
    """Tokens are counted."""
    view = BytesView(b'op: "Add"\n' * 10)
    subject = Subject(view=view, location=Location(artifact="a.pbtxt"), format="text")
    with pytest.raises(LimitExceeded):
        scan(subject, replace(DEFAULT_LIMITS, protobuf_fields=20))
