"""Keras models as Keras 3.15 writes them: the configuration of real models, and hostile nodes in it."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import numpy as np

from tests.forge.hdf5 import written

METADATA = b'{"keras_version": "3.15.1", "date_saved": "2026-11-24@12:00:00"}'
POLICY = {
    "module": "keras",
    "class_name": "DTypePolicy",
    "config": {"name": "float32"},
    "registered_name": None,
}


def node(
    class_name: str, config: Any = None, module: str | None = "keras.layers", **more: Any
) -> dict[str, Any]:
    """One object of a configuration."""
    fields = {"module": module, "class_name": class_name, "config": {} if config is None else config}
    return {**fields, "registered_name": None, **more}


def function(name: str, module: str, **more: Any) -> dict[str, Any]:
    """A function by module path."""
    return node("function", name, module, registered_name=name, **more)


def dense(**config: Any) -> dict[str, Any]:
    """A layer with everything that Keras says about it."""
    fields = {
        "name": "dense", "trainable": True, "dtype": POLICY, "units": 2, "activation": "relu",
        "use_bias": True,
        "kernel_initializer": node("GlorotUniform", {"seed": None}, "keras.initializers"),
        "bias_initializer": node("Zeros", {}, "keras.initializers"),
        "kernel_regularizer": node("L2", {"l2": 0.01}, "keras.regularizers"), "bias_regularizer": None,
        "kernel_constraint": None, "bias_constraint": None, "quantization_config": None,
    }  # fmt: skip
    return node("Dense", {**fields, **config}, build_config={"input_shape": [None, 3]})


def sequential(*layers: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A model of the given layers behind an input."""
    shape = {"batch_shape": [None, 3], "dtype": "float32", "sparse": False, "name": "input"}
    config = {"name": "sequential", "trainable": True, "dtype": POLICY, "layers": [node("InputLayer", shape)]}
    config["layers"] += layers
    return {**node("Sequential", config, "keras", build_config={"input_shape": [None, 3]}), **more}


def functional(*layers: dict[str, Any]) -> dict[str, Any]:
    """A model whose layers call each other on tensors."""
    tensor = {"shape": [None, 3], "dtype": "float32", "keras_history": ["a", 0, 0]}
    call = [{"args": [{"class_name": "__keras_tensor__", "config": tensor}], "kwargs": {}}]
    config = {"name": "functional", "layers": [{**layer, "inbound_nodes": call} for layer in layers]}
    return node("Functional", config, "keras.src.models.functional", registered_name="Functional")


def compiled() -> dict[str, Any]:
    """How a model was compiled."""
    optimizer = node("Adam", {"learning_rate": 0.001}, "keras.src.backend.torch.optimizers.torch_adam")
    loss = node("SparseCategoricalCrossentropy", {"from_logits": True}, "keras.losses")
    metrics = ["accuracy", node("AUC", {"name": "auc"}, "keras.metrics")]
    return {"optimizer": {**optimizer, "registered_name": "Adam"}, "loss": loss, "metrics": metrics}


def weights() -> bytes:
    """`model.weights.h5`: variables by layer, numbered."""

    def fill(file: Any) -> None:
        rng = np.random.default_rng(3)
        layer = file.create_group("layers/dense/vars")
        layer["0"], layer["1"] = rng.random((3, 2), np.float32), rng.random(2, np.float32)
        file.create_group("vars")

    return written(fill)


def zipped(members: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    """An archive as Python's zipfile writes it."""
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as out:
        for name, data in members.items():
            out.writestr(zipfile.ZipInfo(name), data, method)
    return sink.getvalue()


def keras_zip(config: Any, more: dict[str, bytes] | None = None, *, h5: bytes | None = None) -> bytes:
    """A `.keras` file. `more` are further members."""
    text = config if isinstance(config, bytes) else json.dumps(config).encode()
    members = {"metadata.json": METADATA, "config.json": text, "model.weights.h5": h5 or weights()}
    return zipped({**members, **(more or {})})
