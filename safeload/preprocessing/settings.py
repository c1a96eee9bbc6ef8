"""Which special tokens and settings a tokenizer has, from its judged records and the caller.

The order in which transformers lets its files speak, later ones winning:

    1. the class's own defaults
    2. tokenizer_config.json
    3. special_tokens_map.json and added_tokens.json, unless 2 has `added_tokens_decoder`
    4. the caller's arguments
    5. how an added token behaves (`lstrip`, `special`...) comes from `added_tokens_decoder`, else from
       added_tokens.json and tokenizer.json, in this order

No file access here, and no tokenizer yet: `load` builds one from what this gives.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from tokenizers import AddedToken

from safeload.errors import UsageError
from safeload.formats.tokenizer_classes import PLAIN
from safeload.formats.tokenizer_config import SPECIAL_TOKENS, is_token_name
from safeload.preprocessing.recipes import EXTRA, t5_extra

if TYPE_CHECKING:
    from collections.abc import Mapping

    from safeload.core import Json
    from safeload.formats.sentencepiece import SentencePieceModel
    from safeload.formats.tokenizer_classes import TokenizerClass
    from safeload.formats.tokenizer_config import AddedTokens, SpecialTokensMap, TokenizerConfig
    from safeload.formats.tokenizer_json import TokenizerJson

NO_LIMIT = int(1e30)
"""`model_max_length` of a tokenizer whose files name none."""

ARGUMENTS = frozenset(
    {
        *SPECIAL_TOKENS, "extra_special_tokens", "additional_special_tokens", "do_lower_case",
        "strip_accents", "tokenize_chinese_chars", "padding_side", "truncation_side", "model_max_length",
        "model_input_names", "clean_up_tokenization_spaces", "split_special_tokens", "chat_template",
        "chat_control_tokens",
        "add_prefix_space", "trim_offsets", "add_bos_token", "add_eos_token", "legacy", "keep_accents",
        "split_by_punct", "extra_ids", "errors", "use_default_system_prompt", "cls_token_box",
        "sep_token_box", "pad_token_box", "pad_token_label", "only_label_first_subword",
    }
)  # fmt: skip
"""What a caller may set."""


_SAVED = (
    "do_lower_case", "strip_accents", "tokenize_chinese_chars", "processor_class", "add_prefix_space",
    "trim_offsets", "legacy", "keep_accents", "split_by_punct", "extra_ids", "errors",
    "use_default_system_prompt", "cls_token_box", "sep_token_box", "pad_token_box", "pad_token_label",
    "only_label_first_subword",
)  # fmt: skip


class Records(NamedTuple):
    """The judged records of one snapshot that a tokenizer is made from."""

    tokenizer: TokenizerJson | None = None
    config: TokenizerConfig | None = None
    special: SpecialTokensMap | None = None
    added: AddedTokens | None = None
    vocab: Mapping[str, int] | None = None
    """Of vocab.txt, for classes that can do without tokenizer.json."""
    vocab_json: Mapping[str, int] | None = None
    merges: tuple[tuple[str, str], ...] | None = None
    """Of merges.txt, beside vocab.json."""
    sentencepiece: SentencePieceModel | None = None
    """Of a sentencepiece model, where there is no tokenizer.json."""
    templates: Mapping[str, str] = MappingProxyType({})
    """Chat templates in files of their own, by name."""


class Settings(NamedTuple):
    """Everything about a tokenizer but its model."""

    special: Mapping[str, str | AddedToken | None]
    """Named special tokens."""
    extra: tuple[str | AddedToken, ...] = ()
    added: tuple[AddedToken, ...] = ()
    """Added tokens that the files describe, by id."""
    placed: tuple[tuple[int, str], ...] = ()
    """Their ids and texts."""
    do_lower_case: bool = True
    strip_accents: bool | None = None
    tokenize_chinese_chars: bool = True
    padding_side: str = "right"
    truncation_side: str = "right"
    model_max_length: float = NO_LIMIT
    model_input_names: tuple[str, ...] = ()
    clean_up_tokenization_spaces: bool = False
    split_special_tokens: bool = False
    chat_control_tokens: tuple[str, ...] | None = None
    add_bos_token: bool | None = None
    """Whether the caller, or a configuration beside no tokenizer.json, says so; None: nobody does."""
    add_eos_token: bool | None = None
    values: Mapping[str, Any] = MappingProxyType({})
    """Everything that was merged, for the recipe of a class."""
    saved: Mapping[str, Any] = MappingProxyType({})
    """Settings that a saved tokenizer_config.json repeats."""


def settings_of(known: TokenizerClass, records: Records, arguments: Mapping[str, Any]) -> Settings:
    """Merge what the files and the caller say.

    Raises:
        UsageError: an argument that cannot be honoured.
    """
    for name in arguments:
        if name not in ARGUMENTS:
            raise UsageError(f"AutoTokenizer does not know the argument {name!r}")
    values: dict[str, Any] = dict(records.config.values) if records.config else {}
    if records.tokenizer is not None:  # its post-processor knows better
        values.pop("add_bos_token", None)
        values.pop("add_eos_token", None)
    values.update(arguments)
    if values.get("additional_special_tokens") and not values.get("extra_special_tokens"):
        values["extra_special_tokens"] = values["additional_special_tokens"]
    named = {
        key: values[key]
        for key in values
        if is_token_name(key) and key not in SPECIAL_TOKENS and _is_token(values[key])
    }
    by_id = _described(values.get("added_tokens_decoder"))
    if values.get("added_tokens_decoder") is None:
        beside = _merge_legacy(values, records, arguments, by_id)
    else:
        beside = None
    extra = values.get("extra_special_tokens") or ()
    usual = isinstance(extra, dict) or "extra_special_tokens" not in values
    if isinstance(extra, dict):
        if wrong := [name for name in extra if not is_token_name(name)]:
            raise UsageError(f"{wrong[0]!r} is no name for a special token: they end with _token")
        named.update(extra)
        values.update({name: extra[name] for name in SPECIAL_TOKENS if name in extra})
        extra = ()
    elif not isinstance(extra, list | tuple):
        raise UsageError(
            f"extra_special_tokens is a list of tokens or an object of named ones, not {extra!r}"
        )
    if usual:
        extra = _usual_extra(known, records, values, beside)
    by_text = {token.content: token for token in by_id.values()}
    special: dict[str, str | AddedToken | None] = dict.fromkeys(SPECIAL_TOKENS)
    special.update(known.tokens)
    if known.name == PLAIN and records.sentencepiece is not None:
        from safeload.preprocessing.spm import named_tokens

        special.update(named_tokens(records.sentencepiece))
    for name in (*SPECIAL_TOKENS, *named):
        if name not in SPECIAL_TOKENS:
            special[name] = _token(named[name])
        elif name in values:
            token = _token(values[name])
            special[name] = by_text.get(str(token), token)
    for name, flags in known.marked:  # a mask token, for one, takes the space before it along
        if isinstance(text := special[name], str):
            there = flags.split(",")
            special[name] = AddedToken(
                text, lstrip="lstrip" in there, normalized="normalized" in there, special="special" in there
            )
    padding, truncation = _baked(records.tokenizer, "padding"), _baked(records.tokenizer, "truncation")
    if "pad_token" not in values and "pad_token" not in dict(known.tokens) and padding:
        special["pad_token"] = str(padding["pad_token"])
    length = values.get("model_max_length", values.get("max_len", known.length))
    if length is not None and not isinstance(length, int | float):
        raise UsageError(f"model_max_length is a number of tokens, not {length!r}")
    names = values.get("model_input_names") or known.inputs
    if not isinstance(names, list | tuple) or not all(isinstance(name, str) for name in names):
        raise UsageError(f"model_input_names is a list of names, not {names!r}")
    settings = Settings(
        special=special,
        extra=tuple(token for item in extra if (token := _token(item)) is not None),
        added=tuple(token for _, token in sorted(by_id.items())),
        placed=tuple((index, token.content) for index, token in sorted(by_id.items())),
        do_lower_case=values.get("do_lower_case", True),
        strip_accents=values.get("strip_accents"),
        tokenize_chinese_chars=values.get("tokenize_chinese_chars", True),
        padding_side=values.get("padding_side") or _side(padding) or known.padding_side,
        truncation_side=values.get("truncation_side") or _side(truncation) or "right",
        model_max_length=NO_LIMIT if length is None else length,
        model_input_names=tuple(names),
        clean_up_tokenization_spaces=bool(values.get("clean_up_tokenization_spaces", False)),
        split_special_tokens=bool(values.get("split_special_tokens", False)),
        chat_control_tokens=_names(values.get("chat_control_tokens")),
        add_bos_token=_switch(values, "add_bos_token"),
        add_eos_token=_switch(values, "add_eos_token"),
        values=values,
        saved={key: values[key] for key in _SAVED if key in values},
    )
    _check(settings)
    return settings


def _names(value: Any) -> tuple[str, ...] | None:  # noqa: ANN401 - checked here
    if value is None:
        return None
    if not isinstance(value, list | tuple) or not all(isinstance(item, str) for item in value):
        raise UsageError(f"chat_control_tokens is a list of tokens, not {value!r}")
    return tuple(value)


def _switch(values: Mapping[str, Any], name: str) -> bool | None:
    value = values.get(name)
    if value is not None and not isinstance(value, bool):
        raise UsageError(f"{name} is true or false, not {value!r}")
    return bool(value) if name in values else None


def _check(settings: Settings) -> None:
    """The caller's arguments, which no parser has checked."""
    for name in ("padding_side", "truncation_side"):
        if getattr(settings, name) not in {"left", "right"}:
            raise UsageError(f"{name} is {getattr(settings, name)!r}, and can be 'left' or 'right'")
    for token in (*settings.special.values(), *settings.extra):
        if token is not None and not isinstance(token, str | AddedToken):
            raise UsageError(f"a special token is a string or an AddedToken, not {token!r}")


def _usual_extra(
    known: TokenizerClass,
    records: Records,
    values: Mapping[str, Any],
    beside: Any,  # noqa: ANN401 - judged JSON
) -> Any:  # noqa: ANN401 - tokens, which `_check` has the last word about
    """Extra tokens where nothing says `extra_special_tokens`: those of the files, else of the class."""
    if records.sentencepiece is not None:
        from safeload.preprocessing.spm import own_tokens  # most tokenizers have tokenizer.json

        beside = own_tokens(records.sentencepiece)
    if beside is None:
        return EXTRA[known.name](values) if known.name in EXTRA else ()
    if known.name != "T5Tokenizer":
        return beside
    sentinels, wanted = sum("<extra_id_" in str(_token(item)) for item in beside), t5_extra(values)
    if sentinels and wanted and sentinels != len(wanted):
        raise UsageError(f"extra_ids is {len(wanted)}, and the files list {sentinels} such tokens")
    return beside if sentinels else (*beside, *wanted)


def _merge_legacy(
    values: dict[str, Any], records: Records, arguments: Mapping[str, Any], by_id: dict[int, AddedToken]
) -> Any:  # noqa: ANN401 - a judged JSON value
    """Step 3, and the second half of step 5; `additional_special_tokens` of the file, or None."""
    beside = None
    for key, value in (records.special.values if records.special else {}).items():
        if arguments.get(key) or not key.endswith(("_token", "special_tokens")):
            continue  # the caller's word stands, and this file has a say on tokens only
        if key == "extra_special_tokens" and isinstance(value, list):
            existing = [_token(item) for item in values.get(key) or ()]
            added = [_token(item, special=True) for item in value]
            values[key] = existing + [token for token in added if token not in existing]
        elif key == "additional_special_tokens":
            beside = value
        elif key == "extra_special_tokens" or key in SPECIAL_TOKENS or _is_token(value):
            tokens = isinstance(value, dict) and key != "extra_special_tokens"
            values[key] = _token(value, special=True) if tokens else value
    if records.added is not None:
        special = {str(_token(values[name])) for name in SPECIAL_TOKENS if values.get(name)}
        special.update(str(_token(item)) for item in values.get("extra_special_tokens") or ())
        for text, index in records.added.ids.items():
            by_id[index] = AddedToken(text, normalized=text not in special, special=text in special)
    for entry in records.tokenizer.added_tokens if records.tokenizer else ():
        by_id[cast("int", entry["id"])] = _described_token(entry)
    return beside


def _described(decoder: Any) -> dict[int, AddedToken]:  # noqa: ANN401 - a judged JSON value
    return {int(index): _described_token(entry) for index, entry in (decoder or {}).items()}


def _described_token(entry: Mapping[str, Any]) -> AddedToken:
    flags = {key: value for key, value in entry.items() if key not in {"content", "__type", "id"}}
    return AddedToken(entry["content"], **flags)


def _is_token(value: object) -> bool:
    return isinstance(value, str | AddedToken) or (isinstance(value, dict) and "content" in value)


def _token(value: Any, *, special: bool = False) -> Any:  # noqa: ANN401 - `_check` has the last word
    """A token as text or AddedToken; objects of JSON become AddedTokens."""
    if not isinstance(value, dict):
        return value
    return _described_token({**value, "special": True} if special else value)


def _baked(tokenizer: TokenizerJson | None, name: str) -> Mapping[str, Json] | None:
    """Padding or truncation of a tokenizer.json: dormant, but its side and token are defaults."""
    value = tokenizer.document.get(name) if tokenizer else None
    return value if isinstance(value, dict) else None


def _side(value: Mapping[str, Json] | None) -> str | None:
    return str(value.get("direction", "Right")).lower() if value else None
