"""`tokenizer_config.json`, `special_tokens_map.json` and `added_tokens.json`: settings beside a tokenizer.

Guarantees of a record: the file is one strict JSON object, and every field that safeload reads has the
type that it is read with. Fields that nothing here reads stay in `values`, unread. Which class a name
stands for, and what a template does, is left to the caller.

Fields as transformers writes them:
https://huggingface.co/docs/transformers/main_classes/tokenizer
"""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple, cast

from safeload.errors import FormatError, LimitExceeded
from safeload.formats.json_strict import parse_json
from safeload.formats.tokenizer_json import check_ids
from safeload.formats.view import read_all

if TYPE_CHECKING:
    from collections.abc import Mapping

    from safeload.core import Json, View
    from safeload.limits import Limits

SPECIAL_TOKENS = (
    "bos_token",
    "eos_token",
    "unk_token",
    "sep_token",
    "pad_token",
    "cls_token",
    "mask_token",
)
"""The named special tokens, in the order in which they are listed everywhere."""
VOCABULARY_FILES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "tokenizer_file": ("tokenizer.json",),
        "vocab_file": (
            "vocab.txt", "vocab.json", "spiece.model", "tokenizer.model", "sentencepiece.bpe.model",
            "spm.model", "source.spm", "vocab.bpe", "tokenizer.json", "bpe.codes", "sentencepiece.model",
            "entity_vocab.json", "vocab-src.json", "dict.txt",
        ),
        "merges_file": ("merges.txt", "vocab.bpe", "bpe.codes", "tokenizer.json"),
        "spm_file": ("spiece.model", "sentencepiece.bpe.model", "spm.model"),
        "normalizer_file": ("normalizer.json",),
        "entity_vocab_file": ("entity_vocab.json",),
        "tokenizer_config_file": ("tokenizer_config.json",),
        "added_tokens_file": ("added_tokens.json", "tokenizer.json"),
    }
)  # fmt: skip
"""Settings that name a file, and the files of a snapshot that loaders take instead where one is there."""
CONFIG_TEMPLATE = "chat_template"
"""Key of the one chat template, or of several."""
EXTRA_TOKENS = ("extra_special_tokens", "additional_special_tokens")

_FLAGS = frozenset(
    {
        "do_lower_case", "strip_accents", "tokenize_chinese_chars", "clean_up_tokenization_spaces",
        "split_special_tokens", "add_prefix_space", "add_bos_token", "add_eos_token",
    }
)  # fmt: skip
_TOKEN_NAME = re.compile(r"[a-z][a-z0-9_]{0,60}_token\Z")
_SIDES = frozenset({"left", "right"})
_TOKEN_FLAGS = frozenset({"single_word", "lstrip", "rstrip", "normalized", "special"})


class SettingsNotAnObject(FormatError):
    """A file that is not one JSON object."""


class SettingWrong(FormatError):
    """A field whose value has another type than it is read with."""


class SettingsTooLarge(LimitExceeded):
    """More bytes or entries than allowed."""


class Template(NamedTuple):
    """A chat template: a program for Jinja, kept as text."""

    where: str
    """Key path, or the file's name."""
    name: str
    text: str


class TokenizerConfig(NamedTuple):
    """A judged `tokenizer_config.json`."""

    values: Mapping[str, Json]
    templates: tuple[Template, ...]

    @property
    def tokenizer_class(self) -> str | None:
        """The class that the file names."""
        return cast("str | None", self.values.get("tokenizer_class"))


class SpecialTokensMap(NamedTuple):
    """A judged `special_tokens_map.json`."""

    values: Mapping[str, Json]


class AddedTokens(NamedTuple):
    """A judged `added_tokens.json`."""

    ids: Mapping[str, int]


def parse_tokenizer_config(view: View, limits: Limits) -> TokenizerConfig:
    """The record of a `tokenizer_config.json`.

    Raises:
        FormatError: a class of this module or of `json_strict`.
    """
    values = _read(view, limits)
    _check_tokens(values)
    for key in _FLAGS & values.keys():
        _demand(values[key] is None or isinstance(values[key], bool), key, "true, false or null")
    for key in ("padding_side", "truncation_side"):
        if key in values:
            side = values[key]
            _demand(isinstance(side, str) and side in _SIDES, key, "left or right")
    for key in ("model_max_length", "max_len"):
        length = values.get(key)
        number = isinstance(length, int | float) and not isinstance(length, bool) and length >= 0
        _demand(length is None or number, key, "a length")
    for key in ("tokenizer_class", "name_or_path"):
        name = values.get(key)
        _demand(name is None or isinstance(name, str), key, "a name")
    names = values.get("model_input_names")
    _demand(names is None or _strings(names), "model_input_names", "a list of names")
    _check_decoder(values.get("added_tokens_decoder"), limits)
    return TokenizerConfig(values=MappingProxyType(values), templates=_templates(values.get("chat_template")))


def parse_special_tokens_map(view: View, limits: Limits) -> SpecialTokensMap:
    """The record of a `special_tokens_map.json`.

    Raises:
        FormatError: a class of this module or of `json_strict`.
    """
    values = _read(view, limits)
    _check_tokens(values)
    return SpecialTokensMap(values=MappingProxyType(values))


def parse_added_tokens(view: View, limits: Limits) -> AddedTokens:
    """The record of an `added_tokens.json`: token to id.

    Raises:
        FormatError: a class of this module, of `tokenizer_json` or of `json_strict`.
    """
    values = _read(view, limits)
    check_ids(values, limits)
    return AddedTokens(ids=MappingProxyType(cast("dict[str, int]", values)))


def is_token_name(name: str) -> bool:
    """Whether a model's own special token may have this name: `image_token`."""
    return _TOKEN_NAME.match(name) is not None


def _read(view: View, limits: Limits) -> dict[str, Json]:
    if view.size > limits.json_bytes:
        raise SettingsTooLarge(f"{view.size} bytes, more than {limits.json_bytes}")
    value = parse_json(read_all(view), limits)
    if not isinstance(value, dict):
        raise SettingsNotAnObject("the file is not an object")
    return value


def _check_tokens(values: Mapping[str, Json]) -> None:
    for key, value in values.items():
        if key in SPECIAL_TOKENS or (key.endswith("_token") and isinstance(value, dict)):
            _demand(value is None or _is_token(value), key, "a token")
        elif key in EXTRA_TOKENS:
            # names become attributes, so they must look like those of tokens and nothing else
            _demand(not isinstance(value, dict) or all(map(is_token_name, value)), key, "named tokens")
            items = list(value.values()) if isinstance(value, dict) else value
            many = isinstance(items, list) and all(map(_is_token, items))
            _demand(value is None or many, key, "a list of tokens")


def _is_token(value: Json) -> bool:
    if isinstance(value, str):
        return True
    if not isinstance(value, dict) or not isinstance(value.get("content"), str):
        return False
    return all(
        key in {"content", "__type", "id"} or (key in _TOKEN_FLAGS and isinstance(item, bool))
        for key, item in value.items()
    )


def _check_decoder(value: Json, limits: Limits) -> None:
    key = "added_tokens_decoder"
    if value is None:
        return
    if not isinstance(value, dict):
        raise SettingWrong(f"{key} is not an object")
    if len(value) > limits.vocab_entries:
        raise SettingsTooLarge(f"{len(value)} added tokens, more than {limits.vocab_entries}")
    for index, token in value.items():
        whole = index.isascii() and index.isdecimal() and len(index) <= 10
        _demand(whole and isinstance(token, dict) and _is_token(token), f"{key}.{index[:20]}", "a token")


def _templates(value: Json) -> tuple[Template, ...]:
    if value is None:
        return ()
    if isinstance(value, str):
        return (Template(where=CONFIG_TEMPLATE, name="default", text=value),)
    if isinstance(value, dict):
        named: list[tuple[Json, Json]] = list(value.items())
    elif isinstance(value, list):
        objects = [entry if isinstance(entry, dict) else {} for entry in value]
        named = [(entry.get("name"), entry.get("template")) for entry in objects]
    else:
        named = [(None, None)]
    found = []
    for index, (name, text) in enumerate(named):
        if not isinstance(name, str) or not isinstance(text, str):
            raise SettingWrong("chat_template is not a text or a list of named texts")
        found.append(Template(where=f"chat_template.{index}", name=name, text=text))
    return tuple(found)


def _strings(value: Json) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _demand(fits: bool, key: str, kind: str) -> None:  # noqa: FBT001 - a condition, not an option
    if not fits:
        raise SettingWrong(f"{key} is not {kind}")
