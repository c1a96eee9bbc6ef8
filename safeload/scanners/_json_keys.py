"""Keys of any document that ask a loader for behaviour: code, other places, something to call.

They are facts, never followed. Values that mean the ordinary thing (`"sdpa"`, null, false) are none, and
neither is what a loader overwrites or never reads: the writer's own paths, the record of a training run.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from safeload.core import Fact
from safeload.scanners import _key_tables as table
from safeload.scanners._dotted import grade, is_activation, is_sentence_module
from safeload.scanners._elsewhere import is_planted, is_the_machines_own, problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from safeload.core import Json, Location

_SHOWN = 200
"""Characters of a value that a fact carries."""
_PATH_SHOWN = 1_000
"""Characters of the way to it, of which each fact carries one."""
_KERAS_KEYS = frozenset({"module", "registered_name", "keras_version", "backend"})
"""What Keras writes beside class and configuration of a whole object."""
MOST_FACTS = 200
"""Facts of one kind about one document. They all say the same, so more of them change no verdict."""
_LONGEST_NAME = 300
"""Characters of a dotted name, and of arguments. Longer ones are none, and would cost the patterns memory."""
_GRADES = {"known": "config.reference", "project": "config.remote-code", "anything": "config.callable"}
_MODULE_KEYS = frozenset({"idx", "path"})
"""What an entry of modules.json has beside its type: elsewhere a dotted type is a word like any other."""


def is_followed(name: str) -> bool:
    """Whether loaders know a document by this name: a configuration, but for those of training runs."""
    return table.FOLLOWED.fullmatch(name) is not None


def behaviour_facts(value: Json, location: Location, *, followed: bool = True) -> Iterator[Fact]:
    """Every key in the document that asks for behaviour, without recursion.

    Args:
        value: a document that json_strict read.
        location: the document; facts name the key path in it.
        followed: False for a document that no loader reads by its name: there the places of its writer
            lead nobody anywhere, but a class to import is one for any tool.
    """
    stated: Counter[str] = Counter()
    trail: list[str] = []
    """Keys from the root to the innermost open container."""
    opened: list[tuple[Json, Iterator[tuple[str | int, Json]]]] = [(value, _children(value))]
    while opened:
        item, children = opened[-1]
        for key, child in children:
            if isinstance(item, dict) and isinstance(key, str):
                kind, shown = _kind(key, child, item, followed=followed), repr
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


def _kind(key: str, value: Json, item: Mapping[str, Json], *, followed: bool) -> str | None:
    """The kind of fact that a key of `item` with this value is, or None for an ordinary one."""
    if value is None or value is False or value in ({}, [], ""):
        return None
    if key in table.CODE:
        return "config.remote-code"
    if key in table.CONSENT:
        return "config.remote-code" if followed else "config.reference"
    called = _called(key, value, item)
    if called is not None:
        return called
    if key in table.REDIRECTS or (table.IMPLEMENTATION.match(key) and not _is_plain(value)):
        return "config.redirect" if followed else "config.reference"
    special = _SPECIAL.get(key)
    if special is not None:
        kind = special(value, item, followed)
        return "config.reference" if kind == "config.redirect" and not followed else kind
    return _path(key, value, followed=followed)


def _called(key: str, value: Json, item: Mapping[str, Json]) -> str | None:
    """Keys that name something to import."""
    if key in table.OBJECTS:
        return "config.callable"
    if key in table.CALLS:
        return _GRADES[grade(value)]
    if key == "_partial_":
        return None if isinstance(item.get("_target_"), str) else "config.callable"
    if not isinstance(value, str):
        return _router(value, item) if key == "types" else None
    if len(value) > _LONGEST_NAME or table.DOTTED.match(value) is None:
        return None
    if key == "target" and ("params" in item or len(item) == 1):
        return _GRADES[grade(value)]
    if key == "type" and _MODULE_KEYS & item.keys():
        return None if is_sentence_module(value) else _unless_known(value)
    if table.ACTIVATION.match(key):
        return None if is_activation(value) else _unless_known(value)
    if key in table.CLASS_KEYS:
        return None if is_sentence_module(value) else _unless_known(value)
    if key == "megatron_core" and value != "megatron.core":
        return "config.callable"
    return None


def _unless_known(name: str) -> str:
    """For places that know their classes exactly: one that is known elsewhere is foreign here."""
    return _GRADES["project" if grade(name) == "known" else grade(name)]


def _router(value: Json, item: Mapping[str, Json]) -> str | None:
    """`types` of a router: a module for each route."""
    if not isinstance(value, dict) or not {"structure", "parameters"} & item.keys():
        return None
    named = [_unless_known(str(name)) for name in value.values() if not is_sentence_module(str(name))]
    return max(named, key=lambda kind: kind == "config.callable", default=None)


def _is_plain(value: Json) -> bool:
    """Whether an implementation, or each of several, is one of the library's own."""
    named = value.values() if isinstance(value, dict) else (value,)
    return all(name is None or (isinstance(name, str) and name in table.IMPLEMENTATIONS) for name in named)


def _base_model(value: Json, item: Mapping[str, Json], followed: bool) -> str | None:  # noqa: FBT001
    """The model that an adapter was made for: another repository, as every adapter has it."""
    if "peft_type" not in item and followed:
        return "config.redirect"
    return _other_model(value)


def _prompt_tokenizer(value: Json, item: Mapping[str, Json], _followed: bool) -> str | None:  # noqa: FBT001
    return _other_model(value) if "peft_type" in item else None


def _other_model(value: Json) -> str:
    if not isinstance(value, str) or is_planted(value) or is_the_machines_own(value):
        return "config.redirect"
    return "config.redirect" if problem(value) in {"an address", "holds a NUL"} else "config.reference"


def _quantisation(value: Json, _item: Mapping[str, Json], _followed: bool) -> str | None:  # noqa: FBT001
    if not isinstance(value, dict):
        return "config.redirect"
    method = value.get("quant_method", value.get("quant_algo"))
    if method is None and any(key.startswith("load_in_") for key in value):
        method = "bitsandbytes"
    if method is None and isinstance(value.get("quantization"), dict):
        method = "modelopt"  # its settings stand one level below
    known = isinstance(method, str) and (method.lower() in table.QUANTISERS or "quant_algo" in value)
    return None if known else "config.redirect"


def _backbone(value: Json, _item: Mapping[str, Json], _followed: bool) -> str | None:  # noqa: FBT001
    """A name of the built-in models, or `hf-hub:org/name`, `local-dir:...`, a repository."""
    elsewhere = isinstance(value, str) and any(mark in value for mark in ("/", "\\", ":"))
    return "config.redirect" if elsewhere else None


def _second_download(_value: Json, _item: Mapping[str, Json], followed: bool) -> str | None:  # noqa: FBT001
    return "config.reference" if followed else None


def _detectron(value: Json, _item: Mapping[str, Json], _followed: bool) -> str | None:  # noqa: FBT001
    """Settings of a detector, as LayoutLMv2 has them; its weights and base files lie elsewhere."""
    plain = isinstance(value, dict) and all(
        len(key) <= _LONGEST_NAME
        and table.DETECTRON.match(key)
        and not (isinstance(item, str) and ("/" in item or ":" in item))
        for key, item in value.items()
    )
    return None if plain else "config.redirect"


def _mapping(value: Json, _item: Mapping[str, Json], _followed: bool) -> str | None:  # noqa: FBT001
    """`auto_mapping` of an adapter: a class of a module that PEFT imports."""
    library = value.get("parent_library") if isinstance(value, dict) else value
    if library is None or (isinstance(library, str) and table.PARENT_LIBRARY.match(library)):
        return None
    remote = isinstance(library, str) and library.startswith("transformers_modules.")
    return "config.remote-code" if remote else "config.callable"


def _tesseract(value: Json, _item: Mapping[str, Json], _followed: bool) -> str | None:  # noqa: FBT001
    """Arguments of a program: others than the two modes name files to read and to write."""
    short = isinstance(value, str) and len(value) <= _LONGEST_NAME
    return None if short and table.TESSERACT.match(str(value)) else "config.redirect"


def _ocr_language(value: Json, _item: Mapping[str, Json], _followed: bool) -> str | None:  # noqa: FBT001
    return None if isinstance(value, str) and table.OCR_LANGUAGES.match(value) else "config.redirect"


def _cache(value: Json, _item: Mapping[str, Json], followed: bool) -> str | None:  # noqa: FBT001
    known = isinstance(value, str) and value in table.CACHES
    return None if known or not followed else "config.redirect"


def _compiler(value: Json, _item: Mapping[str, Json], _followed: bool) -> str | None:  # noqa: FBT001
    backend = value.get("backend", "inductor") if isinstance(value, dict) else value
    return None if isinstance(backend, str) and backend in table.COMPILERS else "config.redirect"


def _adapter_kind(value: Json, _item: Mapping[str, Json], _followed: bool) -> str | None:  # noqa: FBT001
    return None if isinstance(value, str) and value in table.ADAPTERS else "config.reference"


_SPECIAL = {
    "base_model_name_or_path": _base_model,
    "tokenizer_name_or_path": _prompt_tokenizer,
    "quantization_config": _quantisation,
    "backbone": _backbone,
    "use_pretrained_backbone": _second_download,
    "detectron2_config_args": _detectron,
    "auto_mapping": _mapping,
    "tesseract_config": _tesseract,
    "ocr_lang": _ocr_language,
    "cache_implementation": _cache,
    "compile_config": _compiler,
    "peft_type": _adapter_kind,
}
"""Keys whose value decides."""


def _path(key: str, value: Json, *, followed: bool) -> str | None:
    """Keys that hold a path, or several: whether one of them leads elsewhere."""
    if not table.FILE.match(key):
        return None
    values = value.values() if isinstance(value, dict) else value if isinstance(value, list) else (value,)
    paths = [item for item in values if isinstance(item, str) and problem(item) is not None]
    if not paths:
        return None
    if any(map(is_the_machines_own, paths)):
        return "config.redirect"
    if key in table.WRITERS_OWN:
        return None
    if table.MODEL_NAME.match(key):
        kinds = set(map(_other_model, paths))
        return min(kinds) if followed else None  # the redirect, where there is one
    if table.WRITERS.match(key):
        local = any(path.lower().startswith("file:") for path in paths)
        return "config.redirect" if local and followed else None
    return "config.redirect" if followed else None
