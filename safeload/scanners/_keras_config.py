"""What a Keras model configuration names: classes of Keras itself, or something to import and call.

Keras rebuilds a model from nodes of `class_name`, `module`, `registered_name` and `config`. Known-good are
class names in Keras' own modules for layers, losses and the like, and functions of those modules that hold
activations, losses and metrics; a few classes there take code as an argument and are named one by one.
Everything else is something to call. Only the names are looked at; nothing is imported.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from safeload.core import Fact

if TYPE_CHECKING:
    from collections.abc import Iterator

    from safeload.core import Json, Location

_CODE_CLASSES = frozenset(
    {
        "Lambda", "TFOpLambda", "SlicingOpLambda", "TFSMLayer", "TorchModuleWrapper", "JaxLayer", "FlaxLayer",
        "ClassMethod", "InstanceMethod", "InstanceProperty",
    }
)  # fmt: skip
"""Classes of Keras that run what their configuration holds or names."""
_DATA_NODES = frozenset(
    {"__tensor__", "__numpy__", "__bytes__", "__ellipsis__", "__slice__", "__tuple__", "__keras_tensor__"}
)
_CLASS = re.compile(r"([Kk]eras>)?[A-Z][A-Za-z0-9_]*\Z", re.ASCII)
_FUNCTION = re.compile(r"[a-z][a-z0-9_]*\Z", re.ASCII)
_FUNCTIONS_OF = r"(activations|constraints|initializers|losses|metrics|regularizers)"
_CLASSES_OF = (
    r"(activations|constraints|dtype_policies|engine|initializers|layers|losses|metrics|mixed_precision"
    r"|models|optimizers|random|regularizers)"
)
_PREFIX = r"(tensorflow\.|tensorflow\.python\.|tf_)?keras\.(src\.)?"
_CLASS_MODULE = re.compile(rf"keras\Z|{_PREFIX}{_CLASSES_OF}(\.[a-z0-9_]+)*\Z", re.ASCII)
_FUNCTION_MODULE = re.compile(rf"{_PREFIX}{_FUNCTIONS_OF}(\.[a-z0-9_]+)*\Z", re.ASCII)
_SHOWN = 200
"""Characters of a value that a fact carries."""


def keras_facts(value: Json, location: Location, root: str) -> Iterator[Fact]:
    """Every name in the configuration that is not plainly one of Keras' own, without recursion.

    Args:
        value: the configuration, as json_strict read it.
        location: the artifact that holds it.
        root: where it stands in there; facts name the key path from it.
    """
    pending: list[tuple[str, Json]] = [(root, value)]
    while pending:
        path, item = pending.pop()
        if isinstance(item, dict):
            if "class_name" in item:
                key = _foreign(item)
                if key is not None:
                    yield Fact(
                        kind="config.callable",
                        location=location.at(key=f"{path}.{key}"),
                        data={"key": key, "value": str(item[key])[:_SHOWN]},
                    )
            children = list(item.items())
        elif isinstance(item, list):
            children = [(str(index), child) for index, child in enumerate(item)]
        else:
            continue
        pending.extend((f"{path}.{key}", child) for key, child in reversed(children))


def _foreign(node: dict[str, Json]) -> str | None:
    """The key of a node that names something else than Keras' own, or None."""
    name, module, registered = node["class_name"], node.get("module"), node.get("registered_name")
    if not isinstance(name, str):
        return "class_name"
    own = name
    if name == "function":
        function = node.get("config")
        if not isinstance(function, str) or not _FUNCTION.match(function):
            return "config" if "config" in node else "class_name"
        if not isinstance(module, str) or not _FUNCTION_MODULE.match(module):
            return "class_name" if module is None else "module"
        own = function
    elif name not in _DATA_NODES:
        if not _CLASS.match(name) or name.rpartition(">")[2] in _CODE_CLASSES:
            return "class_name"
        if module is not None and not (isinstance(module, str) and _CLASS_MODULE.match(module)):
            return "module"
    if registered is not None and registered not in {own, f"keras>{own}", f"Keras>{own}"}:
        return "registered_name"
    return None
