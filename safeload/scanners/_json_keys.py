"""Keys of any JSON document that ask a loader for behaviour: code, other places, something to call.

They are facts, never followed. Values that mean the ordinary thing (`"sdpa"`, null, false) are none.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from safeload.core import Fact

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from safeload.core import Json, Location

_REMOTE_CODE = frozenset(
    {"auto_map", "trust_remote_code", "custom_pipelines", "custom_generate", "allow_remote", "plugins"}
)
_REDIRECTS = frozenset(
    {
        "configuration_files", "fast_tokenizer_files", "fusion_config", "kernel_config",
        "transformers_weights", "audio_tokenizer_name_or_path", "base_model_name_or_path",
        "quantization_config", "adapters",
        "_attn_implementation_internal", "_experts_implementation_internal", "use_pretrained_backbone",
        "use_timm_backbone", "detectron2_config_args", "custom_module",
    }
)  # fmt: skip
_CALLABLES = frozenset({"_target_", "class_path", "_partial_", "__class__", "py/object", "py/reduce"})
_IMPLEMENTATION = re.compile(r".*(attn|experts)_implementation")
_ORDINARY = frozenset(
    {"eager", "sdpa", "flash_attention_2", "flash_attention_3", "flex_attention", "grouped_mm"}
)
_WRITERS_OWN = frozenset({"_name_or_path", "name_or_path", "special_tokens_map_file"})
"""Where the writer had the checkpoint and a file of it, often absolute paths. Loaders overwrite them or pass
them over, and open nothing: the special tokens are read from the file of that name in the folder."""
_FILE_KEY = re.compile(r"(.*_)?(file|files|path|paths|dir|filename)\Z")
_ELSEWHERE = re.compile(r"[/\\~]|[A-Za-z]:|[A-Za-z][A-Za-z0-9+.-]*://|(.*[/\\])?\.\.([/\\]|\Z)")
_MODULE_TYPE = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)+\Z", re.ASCII)
_MODULE_KEYS = frozenset({"idx", "path"})
"""What an entry of modules.json has beside its type: elsewhere a dotted type is a word like any other."""
_KNOWN_TYPES = re.compile(
    r"sentence_transformers\.(models|sentence_transformer\.modules|sparse_encoder\.models)"
    r"(\.[a-z_0-9]+)?\.[A-Z][A-Za-z0-9]*\Z",
    re.ASCII,
)
"""Classes of one package's own module folders: the names that its modules.json is written with."""

_SHOWN = 200
"""Characters of a value that a fact carries."""
_PATH_SHOWN = 1_000
"""Characters of the way to it, of which each fact carries one."""
_KERAS_KEYS = frozenset({"module", "registered_name", "keras_version", "backend"})
"""What Keras writes beside class and configuration of a whole object."""
MOST_FACTS = 200
"""Facts of one kind about one document. They all say the same, so more of them change no verdict."""


def behaviour_facts(value: Json, location: Location) -> Iterator[Fact]:
    """Every key in the document that asks for behaviour, without recursion.

    Args:
        value: a document that json_strict read.
        location: the document; facts name the key path in it.
    """
    stated: Counter[str] = Counter()
    trail: list[str] = []
    """Keys from the root to the innermost open container."""
    opened: list[tuple[Json, Iterator[tuple[str | int, Json]]]] = [(value, _children(value))]
    while opened:
        item, children = opened[-1]
        for key, child in children:
            if isinstance(item, dict) and isinstance(key, str):
                kind, shown = _kind(key, child, item), repr
                if kind is None and isinstance(child, str) and child.startswith("!!python/"):
                    kind, shown = "config.callable", str
                if kind is not None:
                    stated[kind] += 1
                    if stated[kind] <= MOST_FACTS:
                        where = ".".join([*trail, key])[:_PATH_SHOWN]
                        data: dict[str, Json] = {"key": key, "value": shown(child)[:_SHOWN]}
                        yield Fact(kind=kind, location=location.at(key=where), data=data)
            if child and isinstance(child, dict | list):
                # below a key that is stated already, too: its rule may be one that a policy allows
                trail.append(str(key))
                opened.append((child, _children(child)))
                break
        else:
            opened.pop()
            del trail[-1:]
    for kind, count in stated.items():
        if count > MOST_FACTS:
            data = {"key": f"and {count - MOST_FACTS} more keys", "value": "the like"}
            yield Fact(kind=kind, location=location, data=data)


def _children(value: Json) -> Iterator[tuple[str | int, Json]]:
    """What a container holds: only what is open is in memory, however many there are."""
    if isinstance(value, dict):
        return iter(value.items())
    return iter(enumerate(value)) if isinstance(value, list) else iter(())


def keras_document(value: Json, location: Location) -> Iterator[Fact]:
    """What a Keras model's configuration outside of any archive names: an unpacked model, a Hub preset."""
    if not isinstance(value, dict) or "class_name" not in value or "config" not in value:
        return
    # other frameworks have the first two keys, too
    if _KERAS_KEYS & value.keys() or value["class_name"] in ("Sequential", "Functional", "Model"):
        from safeload.scanners._keras_config import keras_facts  # its tables are large, and rarely needed

        yield from keras_facts(value, location, "")


def _kind(key: str, value: Json, item: Mapping[str, Json]) -> str | None:
    """The kind of fact that a key of `item` with this value is, or None for an ordinary one."""
    if value is None or value is False or value in ({}, [], ""):
        return None
    if key in _REMOTE_CODE:
        return "config.remote-code"
    if key in _CALLABLES:
        return "config.callable"
    if key == "type" and isinstance(value, str) and _MODULE_TYPE.match(value) and _MODULE_KEYS & item.keys():
        return None if _KNOWN_TYPES.match(value) else "config.callable"
    if key in _REDIRECTS:
        return "config.redirect"
    if _IMPLEMENTATION.match(key):
        named = value.values() if isinstance(value, dict) else (value,)
        plain = all(item is None or (isinstance(item, str) and item in _ORDINARY) for item in named)
        return None if plain else "config.redirect"
    if key in _WRITERS_OWN:
        return None
    if _FILE_KEY.match(key) and isinstance(value, str) and _ELSEWHERE.match(value):
        return "config.redirect"
    return None
