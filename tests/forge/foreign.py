"""TensorFlow and Flax checkpoints of a torch model, with the names and layouts that transformers 4 wrote.

Recipe of the comparison with genuine files: with transformers 4.46.3, tensorflow-cpu 2.17.1, tf-keras
2.17.0 (TF_USE_LEGACY_KERAS=1) and flax 0.8.5, save a torch model, load it with `from_pt=True` into its
TF and Flax class, and `save_pretrained` those. For bert, distilbert, gpt2, vit, deit and clip and each head,
every path and array of tf_model.h5 and flax_model.msgpack was the same as what these functions write;
genuine files also name layers without weights. There is no Flax class of deit, and no TF class of vit for
masked images. So it was for wav2vec2 and hubert in both layouts, which 4.46.3 converts to TensorFlow only
if all convolutions have the same width, and to Flax only as the large layout and not as a classifier. A
second model of a class in one process is called `..._1`.
"""

from __future__ import annotations

import re
import tempfile
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np
from safetensors.numpy import load_file

from tests.forge.flax import pack

if TYPE_CHECKING:
    from pathlib import Path

_SNAKE = (re.compile(r"(.)([A-Z][a-z]+)"), re.compile(r"([a-z])([A-Z])"))
"""Keras' own way from the name of a class to that of a layer."""
_VISION = ("vit", "deit", "clip")
"""Model types whose parameters have other names in memory than in files."""
_SPEECH = ("wav2vec2", "hubert")
_OLDER = {"parametrizations.weight.original0": "weight_g", "parametrizations.weight.original1": "weight_v"}
"""Weight norm as files had it at that time."""


def _arrays(model: Any) -> dict[str, Any]:
    """Every parameter once under its name in files: tied ones under their first name."""
    if model.config.model_type in _VISION:
        with tempfile.TemporaryDirectory() as folder:
            model.save_pretrained(folder)
            return load_file(f"{folder}/model.safetensors")
    found = {}
    for name, value in model.named_parameters():
        for new, old in _OLDER.items():
            name = name.replace(new, old)  # noqa: PLW2901 - the point
        found[name] = value.detach().numpy()
    return found


def _is_norm(levels: list[str]) -> bool:
    return len(levels) > 1 and ("norm" in levels[-2].lower() or levels[-2].startswith("ln_"))


def _is_embedding(levels: list[str], array: Any) -> bool:
    return array.ndim == 2 and levels[-2].endswith(("_embeddings", "_embedding", "wte", "wpe"))


def _kernel(array: Any) -> Any:
    """A weight with its channels last: of a dense layer transposed, of a window height and width first."""
    return array.transpose(2, 3, 1, 0) if array.ndim == 4 else array.T


def tensorflow(model: Any, folder: Path) -> Path:
    """Write tf_model.h5, and config.json beside it."""
    scope = f"TF{type(model).__name__}"
    for pattern in _SNAKE:
        scope = pattern.sub(r"\1_\2", scope)
    scope = scope.lower()
    layers: dict[str, dict[str, Any]] = {}
    for name, array in _arrays(model).items():
        levels = name.split(".")
        bare = not hasattr(model, model.base_model_prefix)
        levels = [model.base_model_prefix, *levels] if bare else levels
        layer, variable, stored = _variable(levels, array, model.config.model_type)
        layers.setdefault(layer, {})[f"{scope}/{variable}:0"] = stored
    if type(model).__name__.endswith("ForMaskedLM"):
        # the head holds the embedding layer, so that its variables are written again
        layer = {"bert": "mlm___cls", "distilbert": "vocab_projector"}[model.config.model_type]
        backbone = layers[model.base_model_prefix]
        layers[layer] |= {name: array for name, array in backbone.items() if "/embeddings/" in name}
    folder.mkdir(parents=True, exist_ok=True)
    model.config.save_pretrained(folder)
    with h5py.File(folder / "tf_model.h5", "w") as file:
        file.attrs["layer_names"] = [layer.encode() for layer in layers]
        file.attrs["backend"] = b"tensorflow"
        file.attrs["keras_version"] = b"2.17.0"
        for layer, variables in layers.items():
            group = file.create_group(layer)
            group.attrs["weight_names"] = [name.encode() for name in variables]
            for name, array in variables.items():
                group[name] = array
        file.create_group("top_level_model_weights").attrs["weight_names"] = np.array([], "f8")
    return folder


def _variable(levels: list[str], array: Any, model_type: str) -> tuple[str, str, Any]:
    """Layer, name below the model's scope, and the array as Keras stores it."""
    kind = levels[-1]
    if kind == "weight_g":
        # weight norm counts its lengths along the first axis
        last, array = kind, array.T
    elif kind not in ("weight", "bias"):
        last, array = kind, array.reshape(1) if array.ndim == 0 else array
    elif levels[-2].startswith("c_"):
        # GPT-2 had its weights in TensorFlow's layout from the start, and its biases with two axes
        last, array = kind, array.reshape(1, -1) if kind == "bias" else array
    elif kind == "bias":
        last = "beta" if _is_norm(levels) else "bias"
    elif _is_norm(levels):
        last = "gamma"
    elif _is_embedding(levels, array):
        last = "weight" if levels[-2] in ("word_embeddings", "token_embedding") else "embeddings"
    else:
        last, array = "kernel", _kernel(array)
    path = "/".join([*levels[:-1], last])
    between = "." if model_type in _SPEECH else "_._"
    path = re.sub(r"/((?:conv_)?layers?|h)/(\d+)/", rf"/\1{between}\2/", path)
    first = levels[0]
    if model_type == "bert" and first == "cls":
        path, first = path.replace("cls/", "mlm___cls/", 1), "mlm___cls"
    return first, path, array


def flax(model: Any, folder: Path) -> Path:
    """Write flax_model.msgpack, and config.json beside it."""
    tree: dict[str, Any] = {}
    for name, array in _arrays(model).items():
        levels = name.split(".")
        stored = array
        if levels[-1] == "weight":
            if _is_norm(levels):
                levels[-1] = "scale"
            elif _is_embedding(levels, array):
                levels[-1] = "embedding"
            else:
                levels[-1], stored = "kernel", np.ascontiguousarray(_kernel(array))
        node = tree
        for level in levels[:-1]:
            node = node.setdefault(level, {})
        node[levels[-1]] = stored
    folder.mkdir(parents=True, exist_ok=True)
    model.config.save_pretrained(folder)
    (folder / "flax_model.msgpack").write_bytes(pack(tree))
    return folder
