"""What a Keras model configuration names: classes of Keras itself, or something to import and call.

Keras rebuilds a model from nodes of `class_name`, `module`, `registered_name` and `config`. Known-good are
the exact names of `_keras_names`, each in a module of its own family, and names of KerasHub's kinds of
objects in KerasHub's modules. Everything else is something to call: a function by module path, a Lambda, a
class that somebody registers. Files that a layer would read when it is rebuilt are redirects. Only the
names are looked at; nothing is imported.

Serialisation: https://keras.io/api/models/model_saving_apis/serialization_utils/
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from safeload.scanners._json_walk import below, key_facts, objects
from safeload.scanners._keras_names import BUILT_IN_FUNCTIONS, CLASSES, FUNCTIONS, NAMED_ALONE, TOP_LEVEL

if TYPE_CHECKING:
    from collections.abc import Iterator

    from safeload.core import Fact, Json, Location

_DATA_NODES = frozenset(
    {
        "__tensor__", "__numpy__", "__bytes__", "__ellipsis__", "__slice__", "__tuple__", "__keras_tensor__",
        "TensorShape",
    }
)  # fmt: skip
_CLASS = re.compile(r"([Kk]eras>)?[A-Z][A-Za-z0-9_]*\Z", re.ASCII)
_MODULE = re.compile(
    r"(tensorflow\.|tensorflow\.python\.|tf_)?keras\.(src\.)?(backend\.[a-z]+\.)?([a-z_]+)(\.[a-z0-9_]+)*\Z",
    re.ASCII,
)
_BACKEND_FAMILIES = frozenset({"optimizers", "layers"})
_HUB_MODULE = re.compile(r"keras_(hub|nlp|cv)\.(src\.)?(models|layers|tokenizers)(\.[a-z0-9_]+)*\Z", re.ASCII)
_HUB_CLASS = re.compile(
    r"[A-Z][A-Za-z0-9]*(Backbone|Tokenizer|Preprocessor|ImageConverter|AudioConverter|CausalLM|Classifier"
    r"|MaskedLM|Seq2SeqLM|ImageSegmenter|TextToImage|ObjectDetector)\Z",
    re.ASCII,
)
_FILE_KEYS = frozenset(
    {
        "vocabulary", "vocabulary_file", "idf_weights", "filepath", "file_path", "filename", "fname",
        "origin", "path", "url", "cache_dir", "directory", "proto", "weights_path", "checkpoint_path",
    }
)  # fmt: skip
"""Arguments under which layers of Keras and KerasHub take the place of a file. Honest models hold lists here
or nothing: the vocabulary stands in the archive's assets."""


def looks_like_keras(value: Json) -> bool:
    """Whether a JSON document is the configuration of a Keras object, as a loader would take it."""
    return isinstance(value, dict) and "class_name" in value and "config" in value


def keras_facts(value: Json, location: Location, root: str) -> Iterator[Fact]:
    """Every name in the configuration that is not plainly one of Keras' own.

    Args:
        value: the configuration, as json_strict read it.
        location: the artifact that holds it.
        root: where it stands in there; facts name the key path from it.
    """
    found = (
        (kind, path, key, node[key]) for path, node in objects(value, root) for kind, key in _stated(node)
    )
    return key_facts(found, location)


def wrapped_modules(value: Json) -> Iterator[tuple[str, str]]:
    """Key path and text of every torch module that a `TorchModuleWrapper` would hand to torch.load."""
    for path, node in objects(value):
        config = node.get("config")
        if "class_name" in node and isinstance(config, dict) and isinstance(config.get("module"), str):
            yield below(path, "config.module"), str(config["module"])


def _stated(node: dict[str, Json]) -> Iterator[tuple[str, str]]:
    """Kind of fact and key of what is wrong with one object of the configuration."""
    if "class_name" in node:
        key = _foreign(node)
        if key is not None:
            yield "config.callable", key
    for key in _FILE_KEYS & node.keys():
        if isinstance(node[key], str) and node[key]:
            yield "config.redirect", key


def _foreign(node: dict[str, Json]) -> str | None:
    """The key of a node that names something else than Keras' own, or None."""
    name, module, registered = node["class_name"], node.get("module"), node.get("registered_name")
    if not isinstance(name, str):
        return "class_name"
    own = name
    if name == "function":
        function = node.get("config")
        if not isinstance(function, str):
            return "config" if "config" in node else "class_name"
        if not isinstance(module, str):
            return "class_name" if module is None else "module"
        family = _family(module)
        if module != "builtins" and family not in FUNCTIONS:
            return "module"
        if module == "builtins":  # which stands for Keras' own functions, as Keras 2 wrote them
            if function not in BUILT_IN_FUNCTIONS:
                return "module"
            return (
                None
                if registered == "function" or registered in _registered_names(function)
                else "registered_name"
            )
        if function not in FUNCTIONS[family or ""]:
            return "config"
        own = function
    elif name not in _DATA_NODES:
        if not _CLASS.match(name):
            return "class_name"
        if module is not None and not isinstance(module, str):
            return "module"
        if module is not None and _HUB_MODULE.match(module) and _HUB_CLASS.match(name):
            return None if registered in _registered_names(name) | _hub_names(name) else "registered_name"
        if module is None:
            own = name.removeprefix("keras>").removeprefix("Keras>")
            if own not in NAMED_ALONE:
                return "class_name" if registered in (None, own) else "registered_name"
        elif module == "keras":
            if name not in TOP_LEVEL:
                return "class_name"
        elif name not in CLASSES.get(family := _family(module) or "", ()):
            return "class_name" if family in CLASSES else "module"
    return None if registered in _registered_names(own) else "registered_name"


def _registered_names(own: str) -> frozenset[object]:
    return frozenset({None, own, f"keras>{own}", f"Keras>{own}"})


def _hub_names(own: str) -> frozenset[object]:
    return frozenset({f"keras_hub>{own}", f"keras_nlp>{own}", f"keras_cv>{own}"})


def _family(module: str) -> str | None:
    """Which family of Keras' modules a path belongs to, or None for any other path."""
    match = _MODULE.match(module)
    if match is None or (match[3] and match[4] not in _BACKEND_FAMILIES):
        return None
    return match[4]
