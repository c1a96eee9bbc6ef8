"""scanners.hdf5: coverage, and which names of a model configuration are facts."""

from __future__ import annotations

import json
from typing import Any

import h5py
import numpy as np
import pytest

from safeload.core import Coverage, Location
from safeload.formats.hdf5 import Hdf5
from safeload.formats.view import BytesView
from safeload.limits import DEFAULT_LIMITS, Limits
from safeload.scanners import ScanResult, Subject
from safeload.scanners.hdf5 import scan
from tests.forge.hdf5 import keras_weights, written


def examine(data: bytes, limits: Limits = DEFAULT_LIMITS) -> ScanResult:
    subject = Subject(view=BytesView(data), location=Location(artifact="tf_model.h5"), format="hdf5")
    return scan(subject, limits)


def configured(config: object, name: str = "model_config") -> ScanResult:
    """The scan of a file with a configuration as Keras stores it: JSON in an attribute of the root."""
    text = config if isinstance(config, str) else json.dumps(config)
    return examine(written(lambda file: file.attrs.__setitem__(name, text.encode())))


def called(result: ScanResult) -> list[tuple[str | None, Any]]:
    """Key path and value of each name that is something to call."""
    return [
        (fact.location.key, fact.data["value"]) for fact in result.facts if fact.kind == "config.callable"
    ]


def layer(**fields: Any) -> dict[str, Any]:
    """A model with one layer of these fields."""
    return {"class_name": "Sequential", "config": {"layers": [{"config": {}, **fields}]}}


def test_weights_are_read() -> None:
    """The weights of a Keras model are SCANNED; what stays is that no loader of ours reads them."""
    result = examine(keras_weights())
    assert result.coverage is Coverage.SCANNED
    assert [fact.kind for fact in result.facts] == ["format.not-loadable"]
    assert isinstance(result.record, Hdf5)
    assert len(result.record.tensors) == 14


def test_a_file_outside_the_subset() -> None:
    """Valid HDF5 that is not read is unknown, not broken, and the reason names the feature."""
    result = examine(written(lambda file: file.create_dataset("a", data=[1.0], compression="gzip")))
    assert (result.coverage, result.record) == (Coverage.UNRECOGNISED, None)
    assert "filters" in result.reason
    assert [fact.kind for fact in result.facts] == ["format.not-loadable"]


def test_a_broken_file() -> None:
    """Bytes that break the specification are MALFORMED; too many objects are LIMIT_EXCEEDED."""
    assert examine(keras_weights()[:-1]).coverage is Coverage.MALFORMED
    assert examine(keras_weights(), Limits(hdf5_objects=3)).coverage is Coverage.LIMIT_EXCEEDED


@pytest.mark.parametrize(
    "fill",
    [
        lambda file: file.__setitem__("a", h5py.ExternalLink("/etc/secret.h5", "/x")),
        lambda file: file.create_dataset("a", (4,), "u1", external="/etc/passwd"),
    ],
)
def test_what_leads_out_of_the_file(fill: Any) -> None:
    """Links and data in other files are a redirect, and the file is not SCANNED."""
    result = examine(written(fill))
    assert result.coverage is Coverage.UNRECOGNISED
    assert [fact.kind for fact in result.facts] == ["format.not-loadable", "config.redirect"]


HONEST: list[object] = [
    {"class_name": "Functional", "keras_version": "2.4.0", "backend": "tensorflow",
     "config": {"layers": [{"class_name": "InputLayer", "config": {}, "inbound_nodes": []},
                           {"class_name": "Dense", "config": {"kernel_initializer": {
                               "class_name": "GlorotUniform", "config": {"seed": None}},
                               "activation": "gelu"}}]}},
    {"module": "keras.src.models.functional", "class_name": "Functional", "registered_name": "Functional",
     "config": {"layers": [{"module": "keras.layers", "class_name": "Dense", "registered_name": None,
                            "config": {"dtype": {"module": "keras", "class_name": "DTypePolicy",
                                                 "config": {"name": "float32"}, "registered_name": None}},
                            "inbound_nodes": [{"args": [{"class_name": "__keras_tensor__",
                                                         "config": {"shape": [None, 4]}}]}]}]}},
    layer(class_name="Dense", module="tf_keras.layers"),
    layer(class_name="Dense", module="tensorflow.keras.layers"),
    layer(class_name="function", module="keras.activations", config="relu", registered_name="relu"),
    {"loss": "mse", "optimizer_config": {"class_name": "Adam", "config": {"learning_rate": 0.1}}},
]  # fmt: skip


@pytest.mark.parametrize("config", HONEST)
@pytest.mark.parametrize("name", ["model_config", "training_config"])
def test_keras_own_names(config: object, name: str) -> None:
    """Models of Keras' own layers, in the styles of its versions, are SCANNED without such a fact."""
    result = configured(config, name)
    assert (result.coverage, called(result)) == (Coverage.SCANNED, [])


HERE = "model_config.config.layers.0"


@pytest.mark.parametrize(
    ("fields", "key", "value"),
    [
        ({"class_name": "Lambda"}, "class_name", "Lambda"),
        ({"class_name": "Lambda", "module": "keras.layers"}, "class_name", "Lambda"),
        ({"class_name": "keras>Lambda"}, "class_name", "keras>Lambda"),
        ({"class_name": "TFOpLambda"}, "class_name", "TFOpLambda"),
        ({"class_name": "TFSMLayer", "module": "keras.layers"}, "class_name", "TFSMLayer"),
        ({"class_name": "TorchModuleWrapper", "module": "keras.layers"}, "class_name", "TorchModuleWrapper"),
        ({"class_name": "__lambda__", "config": {"value": "4wEA"}}, "class_name", "__lambda__"),
        ({"class_name": "mine>Dense"}, "class_name", "mine>Dense"),
        ({"class_name": "os.system"}, "class_name", "os.system"),
        ({"class_name": "system", "module": "os"}, "class_name", "system"),
        ({"class_name": ["Dense"]}, "class_name", "['Dense']"),
        ({"class_name": "Popen", "module": "subprocess"}, "module", "subprocess"),
        ({"class_name": "Dense", "module": "mine.layers"}, "module", "mine.layers"),
        ({"class_name": "Dense", "module": "keras_evil.layers"}, "module", "keras_evil.layers"),
        ({"class_name": "Dense", "module": "keras.layers\n"}, "module", "keras.layers\n"),
        ({"class_name": "Dense", "module": "keras.src.saving.saving_lib"}, "module",
         "keras.src.saving.saving_lib"),
        ({"class_name": "Dense", "module": 1}, "module", "1"),
        ({"class_name": "Dense", "module": "keras.layers", "registered_name": "mine>Dense"},
         "registered_name", "mine>Dense"),
        ({"class_name": "function", "module": "keras.utils", "config": "get_file"}, "module", "keras.utils"),
        ({"class_name": "function", "module": "builtins", "config": "eval"}, "module", "builtins"),
        ({"class_name": "function", "module": "keras", "config": "relu"}, "module", "keras"),
        ({"class_name": "function", "config": "relu"}, "class_name", "function"),
        ({"class_name": "function", "module": "keras.losses", "config": {"a": 1}}, "config", "{'a': 1}"),
    ],
)  # fmt: skip
def test_something_to_call(fields: dict[str, Any], key: str, value: str) -> None:
    """A class that runs code, and every name that is not Keras' own, is a fact with its place."""
    assert called(configured(layer(**fields))) == [(f"{HERE}.{key}", value)]


def test_a_configuration_below_the_root() -> None:
    """A group's configuration counts as the root's does."""
    text = json.dumps(layer(class_name="Lambda"))
    result = examine(written(lambda file: file.create_group("g").attrs.__setitem__("model_config", text)))
    assert called(result) == [("g." + HERE + ".class_name", "Lambda")]


@pytest.mark.parametrize("text", ["", "{", '{"class_name": "A", "class_name": "B"}', '{"a": NaN}'])
def test_a_configuration_that_is_no_strict_json(text: str) -> None:
    """Readers may differ about it, so the file is MALFORMED."""
    assert configured(text).coverage is Coverage.MALFORMED


def test_a_configuration_that_is_no_text() -> None:
    """An array of strings is no configuration that Keras writes."""
    value = np.array([b"{}", b"{}"])
    result = examine(written(lambda file: file.attrs.__setitem__("model_config", value)))
    assert result.coverage is Coverage.MALFORMED
