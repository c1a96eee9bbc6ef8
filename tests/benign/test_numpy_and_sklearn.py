"""Arrays, random generators and estimators: inert in every protocol, as far as their packs go."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING

import numpy as np
import pytest

from safeload.formats.pickle_machine import run_pickle
from safeload.limits import DEFAULT_LIMITS
from tests.forge.benign import refusals

if TYPE_CHECKING:
    from pathlib import Path

    from safeload.formats.pickle_trace import Trace

pytestmark = pytest.mark.filterwarnings("ignore")
PROTOCOLS = pytest.mark.parametrize("protocol", range(6))


def trace(value: object, protocol: int, *packs: str) -> Trace:
    data = pickle.dumps(value, protocol)
    return run_pickle(data, DEFAULT_LIMITS, packs=frozenset({"numpy", *packs}))


def problems(found: Trace) -> list[str]:
    unlisted = [f"{use.module}.{use.name}" for use in found.globals if not use.listed]
    return [*unlisted, *(f"{call.callable}: {call.why}" for call in found.rejected_calls)]


def test_npz_and_npy(tmp_path: Path) -> None:
    """Plain arrays in numpy's own containers."""
    np.savez(tmp_path / "weights.npz", a=np.ones((2, 3)), b=np.arange(4), c=np.array(["x", "yz"]))
    np.savez_compressed(tmp_path / "packed.npz", a=np.zeros(100))
    np.save(tmp_path / "array.npy", np.asfortranarray(np.ones((2, 3), dtype="f2")))
    assert refusals(tmp_path) == []


@PROTOCOLS
def test_arrays(protocol: int) -> None:
    """Scalars, texts, structures, both orders and both byte orders."""
    value = [np.float64(3.5), np.bool_(1), np.str_("é"), np.zeros((0, 3)), np.arange(6).reshape(2, 3).T,
             np.array(3, dtype=">i2"), np.array([b"ab"]), np.zeros(2, [("x", "f4"), ("y", ">i8")]),
             np.dtype("f4"), np.float32]  # fmt: skip
    found = trace(value, protocol)
    assert found.inert, problems(found)


@PROTOCOLS
@pytest.mark.parametrize("name", ["MT19937", "PCG64", "PCG64DXSM", "Philox", "SFC64"])
def test_random_generators(protocol: int, name: str) -> None:
    """A bit generator with its seed, the generators on it, and numpy's old RandomState."""
    bits = getattr(np.random, name)(3)
    value = [bits, np.random.Generator(bits), np.random.SeedSequence(5).spawn(2)]
    if name == "MT19937":
        value += [np.random.RandomState(3), np.random.RandomState(3).get_state()]
    found = trace(value, protocol)
    assert found.inert, problems(found)


def fitted() -> list[object]:
    sklearn = pytest.importorskip("sklearn")
    from sklearn import (
        cluster,
        decomposition,
        ensemble,
        linear_model,
        naive_bayes,
        pipeline,
        preprocessing,
        svm,
    )
    from sklearn import tree as trees
    from sklearn.neural_network import MLPClassifier

    assert sklearn.__version__
    rng = np.random.default_rng(0)
    x = rng.random((40, 4))
    y = (x[:, 0] > 0.5).astype(int)
    models = [
        linear_model.LogisticRegression(), linear_model.LinearRegression(), linear_model.SGDClassifier(),
        trees.DecisionTreeClassifier(), trees.DecisionTreeRegressor(), ensemble.RandomForestClassifier(3),
        ensemble.IsolationForest(n_estimators=2), svm.SVC(), svm.LinearSVC(), cluster.KMeans(2),
        decomposition.PCA(2), naive_bayes.GaussianNB(), MLPClassifier((3,), max_iter=5),
        preprocessing.OneHotEncoder(), pipeline.make_pipeline(preprocessing.StandardScaler(), svm.SVC()),
    ]  # fmt: skip
    return [model.fit(x, y) for model in models]


def test_estimators() -> None:
    """Linear models, trees and forests, machines, clusters, pipelines: records, in every protocol."""
    for model in fitted():
        for protocol in range(6):
            found = trace(model, protocol, "sklearn")
            assert found.inert, (model, protocol, problems(found))
            assert not trace(model, protocol).inert
