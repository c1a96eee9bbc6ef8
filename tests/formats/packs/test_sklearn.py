"""The pack `sklearn`: a decision tree is native memory, so each of its nodes is looked at."""

from __future__ import annotations

import io
import pickle

import numpy as np
import pytest

from safeload.formats.joblib_stream import parse_joblib
from safeload.formats.pickle_machine import run_pickle
from safeload.formats.pickle_trace import InertRecord, StreamStatus, Trace
from safeload.formats.view import BytesView
from safeload.limits import DEFAULT_LIMITS
from safeload.record import replace
from tests.forge.pickle_assembler import Operand, assemble

PACKS = frozenset({"numpy", "sklearn"})
NODE = np.dtype(
    [("left_child", "<i8"), ("right_child", "<i8"), ("feature", "<i8"), ("threshold", "<f8"), ("impurity",
    "<f8"),
     ("n_node_samples", "<i8"), ("weighted_n_node_samples", "<f8"), ("missing_go_to_left", "u1")], align=True
)  # fmt: skip
"""The layout of scikit-learn since 1.3."""
LEAF = (-1, -1, -2, -2.0, 0.0, 1, 1.0, 0)


def body(value: object) -> bytes:
    import pickletools

    return pickletools.optimize(pickle.dumps(value, 2))[2:-1]


def tree(
    *nodes: tuple[object, ...], features: int = 4, classes: object = None, outputs: int = 1,
    count: int | None = None,
    values: object = None, layout: np.dtype = NODE, more: tuple[Operand | bytes, ...] = (),
) -> Trace:  # fmt: skip
    made = np.array([node[: len(layout)] for node in nodes], dtype=layout)
    filled = np.zeros((len(nodes), outputs, 2)) if values is None else values
    counts = np.array([2], "<i8") if classes is None else classes
    return run_pickle(
        assemble(
            "PROTO", 2, "GLOBAL", ("sklearn.tree._tree", "Tree"), "BININT", features, body(counts),
            "BININT", outputs,
            "TUPLE3", "REDUCE", "EMPTY_DICT", "MARK", "BINUNICODE", "max_depth", "BININT1", 1,
            "BINUNICODE", "node_count", "BININT", len(nodes) if count is None else count,
            "BINUNICODE", "nodes", body(made), "BINUNICODE", "values", body(filled), *more, "SETITEMS",
            "BUILD",
            "STOP",
        ),
        DEFAULT_LIMITS,
        packs=PACKS,
    )  # fmt: skip


def split(left: int, right: int, feature: int = 0) -> tuple[object, ...]:
    return (left, right, feature, 0.5, 0.5, 2, 2.0, 0)


def test_an_honest_tree() -> None:
    """One split and two leaves."""
    trace = tree(split(1, 2), LEAF, LEAF)
    assert trace.inert, trace.rejected_calls
    assert isinstance(trace.value, InertRecord)


@pytest.mark.parametrize(
    ("trace", "why"),
    [
        (lambda: tree(split(1, 3), LEAF, LEAF), "leads outside"),
        (lambda: tree(split(1, 1 << 40), LEAF, LEAF), "leads outside"),
        (lambda: tree(split(0, 2), LEAF, LEAF), "leads outside"),
        (lambda: tree(split(-1, 2), LEAF, LEAF), "leads outside"),
        (lambda: tree(split(1, 2), split(1, 2), LEAF), "leads outside"),
        (lambda: tree(split(1, 2, 4), LEAF, LEAF), "leads outside"),
        (lambda: tree(split(1, 2, -1), LEAF, LEAF), "leads outside"),
        (lambda: tree(split(1, 2), LEAF, LEAF, count=4), "another layout"),
        (lambda: tree(split(1, 2), LEAF, LEAF, values=np.zeros((2, 1, 2))), "another layout"),
        (lambda: tree(split(1, 2), LEAF, LEAF, values=np.zeros((3, 1, 2), "f4")), "another layout"),
        (
            lambda: tree(LEAF, layout=np.dtype([("left_child", "<i8"), ("right_child", "<i8")])),
            "another layout",
        ),
        (lambda: tree(LEAF, layout=np.dtype([("a", "<i8"), ("b", "<i8"), ("c", "<i8")])), "another layout"),
        (lambda: tree(LEAF, classes=np.array([2, 2], "<i8")), "its length"),
        (lambda: tree(LEAF, outputs=2), "its length"),
        (lambda: tree(LEAF, features=-1), "its length"),
        (lambda: tree(LEAF, more=("BINUNICODE", "x", "NONE")), "more than its own"),
    ],
)
def test_trees_near_misses(trace, why: str) -> None:
    """Children outside or in front, features that the tree lacks, arrays of another length or layout."""
    found = trace()
    assert found.status is StreamStatus.UNLISTED
    assert why in found.rejected_calls[0].why


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (("sklearn.neighbors._kd_tree", "newObj"), "KDTree"),
        (("sklearn.preprocessing._function_transformer", "FunctionTransformer"), ""),
        (("sklearn.externals.joblib", "load"), ""),
        (("sklearn.datasets", "load_files"), ""),
        (("sklearn.utils", "all_estimators"), ""),
    ],
)
def test_what_is_left_out(name: tuple[str, str], text: str) -> None:
    """Native memory that indexes itself, functions, loaders: unlisted, whatever the pack."""
    trace = run_pickle(assemble("GLOBAL", name, "BINUNICODE", text, "TUPLE1", "REDUCE", "STOP"),
    DEFAULT_LIMITS,
                       packs=PACKS)  # fmt: skip
    assert trace.status is not StreamStatus.INERT


@pytest.mark.parametrize("left", [None, 3, -2, 1 << 40])
def test_a_forest_of_joblib(left: int | None) -> None:
    """Joblib keeps nodes outside of the pickle, and they are looked at there; so is a random generator."""
    joblib = pytest.importorskip("joblib")
    ensemble = pytest.importorskip("sklearn.ensemble")
    features = np.random.RandomState(0).rand(50, 3)
    forest = ensemble.RandomForestClassifier(2, max_depth=1, random_state=np.random.RandomState(1))
    forest.fit(features, features[:, 0] > 0.5)
    file = io.BytesIO()
    joblib.dump(forest, file)
    data = file.getvalue()
    nodes = forest.estimators_[0].tree_.__getstate__()["nodes"]
    assert data.count(nodes.tobytes()) == 1
    if left is not None:
        changed = nodes.copy()
        changed["left_child"][0] = left
        data = data.replace(nodes.tobytes(), changed.tobytes())
    found = parse_joblib(BytesView(data), DEFAULT_LIMITS, PACKS)
    assert found.inert == (left is None)
    assert left is None or "leads outside" in found.trace.rejected_calls[0].why


def test_an_array_beyond_the_budget_of_small_ones_is_a_record() -> None:
    """Who wants to look at its elements gets to hear that they are not at hand."""
    joblib = pytest.importorskip("joblib")
    file = io.BytesIO()
    joblib.dump(np.random.RandomState(1), file)
    few = replace(DEFAULT_LIMITS, index_bytes=2_000)
    assert parse_joblib(BytesView(file.getvalue()), DEFAULT_LIMITS, PACKS).inert
    assert not parse_joblib(BytesView(file.getvalue()), few, PACKS).inert
