"""The child's reading of YAML: what a document consists of, nothing left out and nothing written over."""

from __future__ import annotations

import pytest

from safeload.isolation.runner import run_isolated
from safeload.isolation.yaml_task import MOST_DEPTH, MOST_NODES, MOST_TAGS, SHORT, read
from safeload.limits import DEFAULT_LIMITS


def test_in_a_child():
    """The task runs with every layer of isolation that the kernel offers."""
    answer = run_isolated("yaml", b"a: !!python/name:os.system x\nb: &y [1]\nc: *y\n", limits=DEFAULT_LIMITS)
    assert answer["result"] == {
        "problem": "",
        "documents": [{"a": "x", "b": ["1"], "c": "*y"}],
        "tags": [["tag:yaml.org,2002:python/name:os.system", "a"]],
        "expanded": 9,
        "aliases": 1,
    }


@pytest.mark.parametrize(
    ("text", "documents"),
    [
        (b"", []),
        (b"a: true\nb: no\nc: ~\nd: 'true'\ne: 1\n", [{"a": True, "b": False, "c": None, "d": "true",
        "e": "1"}]),
        (b"a\n---\n- b\n", ["a", ["b"]]),
        (b"a: 1\na: 2\n", [{"a": "1", "a (1)": {"a": "2"}}]),
        (b'x: 1\n"x (2)": 2\nx: 3\n', [{"x": "1", "x (2)": "2", "x (3)": {"x": "3"}}]),
        (b"? {a: b}\n: c\n", [{"? (0)": {"a": "b"}, "?": "c"}]),
        (b"!!int 5", ["5"]),
    ],
)  # fmt: skip
def test_documents(text, documents):
    """Words of plain text become values; a key that comes again, and a key that is a mapping, are kept."""
    assert read(text)["documents"] == documents
    assert read(text)["tags"] == []


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (b"a: [1\n", "is not YAML"),
        (b"a: b: c\n", "is not YAML"),
        (b"*x", ""),
        (b"\xff", "is not YAML"),
        (b"[" * (MOST_DEPTH + 1), f"nests deeper than {MOST_DEPTH}"),
        (b"- x\n" * (MOST_NODES + 1), f"more than {MOST_NODES} nodes"),
        (b"".join(b"- !t%d x\n" % index for index in range(MOST_TAGS + 1)), f"more than {MOST_TAGS} tags"),
    ],
)
def test_problems(text, problem):
    """What could not be read is said, and what came before it is kept."""
    assert read(text)["problem"].startswith(problem)


def test_what_stands_before_an_error_is_kept():
    """A loader constructs the first document before it meets the error in the second one."""
    found = read(b"a: !!python/object:x.Y {_target_: z}\n---\n[")
    assert found["problem"]
    assert found["tags"] == [["tag:yaml.org,2002:python/object:x.Y", "a"]]
    assert found["documents"][0] == {"a": {"_target_": "z"}}


def test_aliases_are_counted_not_followed():
    """Nine times nine times nine: counted, and capped, in no time."""
    lines = [b"a0: &a0 [x, x]"]
    lines += [b"a%d: &a%d [%s]" % (n, n, b", ".join([b"*a%d" % (n - 1)] * 9)) for n in range(1, 20)]
    assert read(b"\n".join(lines))["expanded"] > 10_000_000


def test_a_long_document():
    """Past a length the parser in C reads, with the same result."""
    line = b"- {a: !t b, c: [d, 'e']}\n"
    text = line * (SHORT // len(line) + 1)
    found = read(text)
    assert (found["problem"], found["tags"]) == ("", [["!t", "0.a"]])
    assert found["documents"][0][0] == read(line)["documents"][0][0]


def test_tags_of_any_library():
    """Only the core tags are none: Java's readers take a class behind the same marks."""
    assert read(b"!!javax.script.ScriptEngineManager []")["tags"]
    assert read(b"!!set {a, b}")["tags"] == []
    assert read(b"! 5")["tags"] == []
