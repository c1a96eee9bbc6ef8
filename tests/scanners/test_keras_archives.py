"""scanners._keras_zip and _keras_config on honest models: nothing is refused that Keras itself writes."""

from __future__ import annotations

import importlib
import json
import os
import pkgutil
import re
import warnings
from typing import TYPE_CHECKING, Any

import pytest

from safeload.core import Location, Verdict
from safeload.pipeline import audit
from safeload.scanners._keras_config import keras_facts
from safeload.scanners._keras_names import CLASSES, FUNCTIONS
from tests.forge.keras import (
    compiled,
    dense,
    function,
    functional,
    keras_zip,
    node,
    sequential,
    zipped,
)

if TYPE_CHECKING:
    from pathlib import Path

HONEST: dict[str, Any] = {
    "Keras 2.13": node(
        "Functional", {"layers": []}, "keras.src.engine.functional", registered_name="Functional"
    ),
    "sequential, compiled": sequential(dense(), compile_config=compiled()),
    "functional": functional(dense(), node("Add", {}, "keras.src.ops.numpy", registered_name="Add")),
    "nested": functional(sequential(dense()), node("TimeDistributed", {"layer": dense()})),
    "activation as a function": sequential(dense(activation=function("gelu", "keras.activations"))),
    "activation of Keras 2": sequential(
        dense(activation=node("function", "gelu", "builtins", registered_name="function"))
    ),
    "vocabulary in the archive": sequential(node("TextVectorization", {"vocabulary": ["a", "b"]})),
    "vocabulary in assets": sequential(node("StringLookup", {"vocabulary": None, "num_oov_indices": 1})),
    "without modules": {"class_name": "Sequential", "config": {"layers": [node("Dense", {}, None)]}},
    "quantized": sequential(
        dense(quantization_config=node("Int8QuantizationConfig", {}, "keras.quantizers"))
    ),
    "KerasHub": node(
        "BertBackbone",
        {"vocabulary_size": 5},
        "keras_hub.src.models.bert.bert_backbone",
        registered_name="keras_hub>BertBackbone",
    ),
}


@pytest.mark.parametrize("name", HONEST)
def test_honest_models_pass(name: str, tmp_path: Path) -> None:
    """As an archive, with its vocabulary in assets, and unpacked; each member has exactly one line."""
    more = {"assets/layers/vocabulary.txt": b"a\nb\n"}
    (tmp_path / "model.keras").write_bytes(keras_zip(HONEST[name], more))
    (tmp_path / "config.json").write_text(json.dumps(HONEST[name]), encoding="utf-8")
    report = audit(tmp_path, policy="default")
    named = [reason.finding.rule for reason in report.decision.denials]
    # a plain config.json is judged as a model's of transformers, too: its quantization is a redirect there
    assert named == (["config.redirect"] if name == "quantized" else [])
    lines = [artifact.location.name for artifact in report.artifacts if artifact.location.members]
    expected = ["assets/layers/vocabulary.txt", "config.json", "metadata.json", "model.weights.h5"]
    assert sorted(lines) == [f"model.keras!{member}" for member in expected]
    assert {artifact.coverage.value for artifact in report.artifacts} == {"scanned"}


def test_what_is_no_model_is_none(tmp_path: Path) -> None:
    """A zip with some config.json is an archive like any other."""
    (tmp_path / "all.zip").write_bytes(zipped({"config.json": b'{"a": 1}', "notes.txt": b"hi"}))
    report = audit(tmp_path, policy="default")
    assert report.decision.verdict is Verdict.ALLOW
    assert not [fact for fact in report.facts if fact.kind == "format.not-loadable"]


def test_facts_are_capped() -> None:
    """A configuration that names a hundred thousand things says so in two hundred facts and a count."""
    found = list(keras_facts([node("Evil", {}, "os")] * 1_000, Location(artifact="model.keras"), ""))
    assert len(found) == 201
    assert found[-1].data["key"] == "and 800 more keys"


def test_no_loader_is_on_the_list() -> None:
    """Functions that build objects from names, and classes that hold code, are in no family."""
    listed = frozenset().union(*FUNCTIONS.values(), *CLASSES.values())
    assert not listed & {
        "get", "deserialize", "get_file", "load_model", "clone_model", "model_from_json", "Lambda",
        "TFSMLayer",
        "TorchModuleWrapper", "JaxLayer", "FlaxLayer", "TFOpLambda", "SlicingOpLambda", "Map", "Cond", "Scan",
        "WhileLoop", "CustomObjectScope", "KerasFileEditor", "LambdaCallback",
        "enable_unsafe_deserialization",
    }  # fmt: skip


@pytest.fixture(scope="module")
def keras() -> Any:
    """The real library, on the backend that development has anyway."""
    os.environ.setdefault("KERAS_BACKEND", "torch")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("keras")


def models(keras: Any) -> dict[str, Any]:
    layers = keras.layers
    plain = keras.Sequential(
        [
            keras.Input((8,)),
            layers.Dense(4, activation="relu", kernel_regularizer=keras.regularizers.L2(1e-4)),
            layers.BatchNormalization(),
            layers.Dropout(0.1),
            layers.Dense(2, activation=keras.activations.swish),
        ]
    )
    plain.compile("adam", keras.losses.SparseCategoricalCrossentropy(), [keras.metrics.AUC(), "accuracy"])
    left, right = keras.Input((4,)), keras.Input((6,))
    both = layers.Concatenate()([layers.Dense(3, activation="gelu")(left), layers.Dense(3)(right)])
    inner = keras.Sequential([keras.Input((6,)), layers.Dense(5)])(both)
    several = keras.Model([left, right], [inner, keras.ops.relu(inner) + 1.0])
    schedule = keras.optimizers.schedules.CosineDecay(1e-3, 100)
    several.compile(keras.optimizers.AdamW(schedule), ["mse", keras.losses.huber])
    words = keras.Input((16,), dtype="int32")
    states = layers.Bidirectional(layers.LSTM(4, return_sequences=True))(
        layers.Embedding(50, 8, mask_zero=True)(words)
    )
    states = layers.MultiHeadAttention(2, 4)(states, states)
    pooled = layers.GlobalAveragePooling1D()(layers.LayerNormalization()(states))
    image = keras.Input((16, 16, 3))
    shown = layers.RandomFlip("horizontal")(layers.Rescaling(1 / 255)(image))
    shown = layers.Conv2D(2, 3, padding="same", kernel_initializer=keras.initializers.HeNormal(3))(shown)
    shown = layers.Flatten()(layers.MaxPooling2D()(shown))
    return {
        "plain": plain,
        "several": several,
        "words": keras.Model(words, layers.TimeDistributed(layers.Dense(2))(states)),
        "pooled": keras.Model(words, pooled),
        "image": keras.Model(image, shown),
    }


def test_real_models_pass(keras: Any, tmp_path: Path) -> None:
    """Models that Keras itself saved, as `.keras` and as HDF5 weights: scanned whole, nothing denied."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, model in models(keras).items():
            model.save(tmp_path / f"{name}.keras")
            model.save_weights(tmp_path / f"{name}.weights.h5")
    report = audit(tmp_path, policy="default")
    assert [(str(item.finding.location), item.finding.message) for item in report.decision.denials] == []
    assert {artifact.coverage.value for artifact in report.artifacts} == {"scanned"}


def test_listed_names_are_keras_own(keras: Any) -> None:
    """Every layer, loss and metric that Keras exports is listed, but for those that hold code."""
    code = {"Lambda", "TFSMLayer", "TorchModuleWrapper", "JaxLayer", "FlaxLayer"}
    for family in ("layers", "losses", "metrics", "initializers", "regularizers", "constraints"):
        held = vars(getattr(keras, family)).items()
        exported = {name for name, value in held if isinstance(value, type) and name[0].isupper()}
        base = {"Layer", "Wrapper", "InputSpec", "Loss", "Metric", "Initializer", "Regularizer", "Constraint"}
        missing = {name for name in exported - code - base if name not in CLASSES[family]}
        assert not missing


def test_silent_names_are_keras_own_wherever_they_are_looked_up(keras: Any) -> None:
    """Older versions import the named module and take the name from it: that finds nothing but Keras' own."""
    modules = "layers|models|losses|metrics|optimizers|ops|dtype_policies|backend"
    own = rf"keras\.src\.({modules})\b"
    names = frozenset().union(*CLASSES.values())
    found = 0
    for family in ("layers", "models", "losses", "metrics", "optimizers", "ops"):
        package = importlib.import_module(f"keras.src.{family}")
        for info in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if info.name.endswith("_test"):
                continue
            held = vars(importlib.import_module(info.name))
            for name in names & held.keys():
                judged = {"class_name": name, "module": info.name, "config": {}, "registered_name": None}
                if not list(keras_facts(judged, Location(artifact="x"), "")):
                    assert re.match(own, held[name].__module__)
                    found += 1
    assert found > 300
