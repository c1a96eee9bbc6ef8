"""`tokenizer.json`, the one file that the tokenizers library writes, against that library's schema.

Guarantees of a record: every part is of a type from a closed list and has only that type's fields,
each of the right shape; ids are whole, unique and in range; every regular expression is listed; and
`canonical()` is the same document with nothing else in it. There is no key that holds a path. Left to
the caller: whether the regular expressions are known ones, and whether the library accepts the model.

The schema is what `Tokenizer.to_str()` writes for each part of
https://github.com/huggingface/tokenizers (0.19 to 0.23), plus the two older spellings that it still
reads: a model without `type`, and Metaspace with `add_prefix_space` and `str_rep`.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, cast

from safeload.errors import FormatError, LimitExceeded
from safeload.formats.json_strict import dump_canonical, parse_json
from safeload.formats.view import read_all

if TYPE_CHECKING:
    from collections.abc import Mapping

    from safeload.core import Json, View
    from safeload.limits import Limits

COMPONENTS = 256
"""Parts in all sequences together; real files have fewer than twenty."""
LARGEST_ID = (1 << 31) - 1
"""Embedding rows are counted in 32 bits everywhere; the library itself allows 32 unsigned bits."""


class TokenizerJsonNotAnObject(FormatError):
    """A value where the schema has an object."""


class TokenizerVersionUnknown(FormatError):
    """A version other than 1.0."""


class TokenizerFieldUnknown(FormatError):
    """A field that the schema does not have."""


class TokenizerTypeUnknown(FormatError):
    """A part whose type is not in the closed list."""


class TokenizerFieldWrong(FormatError):
    """A field whose value has another shape than the schema says."""


class TokenizerModelMissing(FormatError):
    """No model."""


class TokenIdInvalid(FormatError):
    """A token id that is no whole number, negative or too large."""


class TokenIdRepeated(FormatError):
    """Two tokens with the same id."""


class MergeInvalid(FormatError):
    """A merge that is not a pair of tokens."""


class AddedTokenRepeated(FormatError):
    """The same added token twice, or two with one id."""


class TokenizerTooLarge(LimitExceeded):
    """More tokens or parts than allowed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RegexUse:
    """A regular expression and the part that uses it."""

    where: str
    """Key path: `pre_tokenizer.pretokenizers.0.pattern`."""
    pattern: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenizerJson:
    """A judged `tokenizer.json`."""

    document: Mapping[str, Json]
    """The whole value, with the model's `type` filled in where the file left it out."""
    model_type: str
    """`BPE`, `WordPiece`, `WordLevel` or `Unigram`."""
    regexes: tuple[RegexUse, ...]

    @property
    def vocab(self) -> Mapping[str, int]:
        """Token to id of the model, without added tokens."""
        vocab = cast("Mapping[str, Json]", self.document["model"])["vocab"]
        if isinstance(vocab, list):
            return {cast("str", entry[0]): index for index, entry in enumerate(vocab)}
        return cast("Mapping[str, int]", vocab)

    @property
    def added_tokens(self) -> tuple[Mapping[str, Json], ...]:
        """The added tokens in the order of the file."""
        return tuple(cast("list[Mapping[str, Json]]", self.document.get("added_tokens") or []))

    def canonical(self) -> bytes:
        """The document as the library gets to read it.

        Padding and truncation are left out: they are set by each call, and a fixed length from the
        file would be memory that the file asks for.
        """
        return dump_canonical({**self.document, "padding": None, "truncation": None})


# What a field may hold. A name with `?` also allows null.
_BOOL, _STR, _CHAR, _SIZE, _PATTERN = "true or false", "a string", "one character", "a size", "a pattern"
_PIECES, _SPECIALS, _TOKEN = "a template", "special tokens", "a token and its id"
_BEHAVIOR, _SCHEME = "a split behaviour", "a prepend scheme"
_OPTIONAL_BOOL, _OPTIONAL_STR = _BOOL + "?", _STR + "?"

_BYTE_LEVEL = {"add_prefix_space": _BOOL, "trim_offsets": _BOOL, "use_regex": _BOOL}
_METASPACE = {
    "replacement": _CHAR, "prepend_scheme": _SCHEME, "split": _BOOL,
    "add_prefix_space": _BOOL, "str_rep": _STR,
}  # fmt: skip
_REPLACE = {"pattern": _PATTERN, "content": _STR}

_PARTS: Mapping[str, Mapping[str, Mapping[str, str]]] = MappingProxyType(
    {
        "normalizer": {
            "BertNormalizer": {
                "clean_text": _BOOL, "handle_chinese_chars": _BOOL, "strip_accents": _OPTIONAL_BOOL,
                "lowercase": _BOOL,
            },
            "Strip": {"strip_left": _BOOL, "strip_right": _BOOL},
            "StripAccents": {}, "NFC": {}, "NFD": {}, "NFKC": {}, "NFKD": {}, "Lowercase": {}, "Nmt": {},
            "Precompiled": {"precompiled_charsmap": _OPTIONAL_STR},
            "Replace": _REPLACE,
            "Prepend": {"prepend": _STR},
            "ByteLevel": _BYTE_LEVEL,
            "Sequence": {"normalizers": "normalizer"},
        },
        "pre_tokenizer": {
            "BertPreTokenizer": {}, "Whitespace": {}, "WhitespaceSplit": {}, "UnicodeScripts": {},
            "ByteLevel": _BYTE_LEVEL,
            "CharDelimiterSplit": {"delimiter": _CHAR},
            "Metaspace": _METASPACE,
            "Split": {"pattern": _PATTERN, "behavior": _BEHAVIOR, "invert": _BOOL},
            "Punctuation": {"behavior": _BEHAVIOR},
            "Digits": {"individual_digits": _BOOL},
            "FixedLength": {"length": _SIZE},
            "Sequence": {"pretokenizers": "pre_tokenizer"},
        },
        "post_processor": {
            "BertProcessing": {"sep": _TOKEN, "cls": _TOKEN},
            "RobertaProcessing": {
                "sep": _TOKEN, "cls": _TOKEN, "trim_offsets": _BOOL, "add_prefix_space": _BOOL,
            },
            "ByteLevel": _BYTE_LEVEL,
            "TemplateProcessing": {"single": _PIECES, "pair": _PIECES, "special_tokens": _SPECIALS},
            "Sequence": {"processors": "post_processor"},
        },
        "decoder": {
            "BPEDecoder": {"suffix": _STR},
            "ByteLevel": _BYTE_LEVEL,
            "WordPiece": {"prefix": _STR, "cleanup": _BOOL},
            "Metaspace": _METASPACE,
            "CTC": {"pad_token": _STR, "word_delimiter_token": _STR, "cleanup": _BOOL},
            "Replace": _REPLACE,
            "Fuse": {}, "ByteFallback": {},
            "Strip": {"content": _CHAR, "start": _SIZE, "stop": _SIZE},
            "Sequence": {"decoders": "decoder"},
        },
    }
)  # fmt: skip
_TOP = frozenset({"version", "truncation", "padding", "added_tokens", "model", *_PARTS})
_MODELS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "BPE": {
            "dropout": "a share?", "unk_token": _OPTIONAL_STR, "continuing_subword_prefix": _OPTIONAL_STR,
            "end_of_word_suffix": _OPTIONAL_STR, "fuse_unk": _BOOL, "byte_fallback": _BOOL,
            "ignore_merges": _BOOL, "vocab": "", "merges": "",
        },
        "WordPiece": {
            "unk_token": _STR, "continuing_subword_prefix": _STR, "max_input_chars_per_word": _SIZE,
            "vocab": "",
        },
        "WordLevel": {"unk_token": _STR, "vocab": ""},
        "Unigram": {"unk_id": _SIZE + "?", "byte_fallback": _BOOL, "vocab": ""},
    }
)  # fmt: skip
_ADDED = {
    "single_word": _BOOL, "lstrip": _BOOL, "rstrip": _BOOL, "normalized": _BOOL, "special": _BOOL,
    "content": _STR, "id": _SIZE,
}  # fmt: skip
_TRUNCATION = {"direction": _STR, "max_length": _SIZE, "strategy": _STR, "stride": _SIZE}
_PADDING = {
    "strategy": "a padding strategy", "direction": _STR, "pad_to_multiple_of": _SIZE + "?",
    "pad_id": _SIZE, "pad_type_id": _SIZE, "pad_token": _STR,
}  # fmt: skip
_CHOICES: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        _BEHAVIOR: frozenset({"Removed", "Isolated", "MergedWithPrevious", "MergedWithNext", "Contiguous"}),
        _SCHEME: frozenset({"first", "never", "always"}),
    }
)


def parse_tokenizer_json(view: View, limits: Limits) -> TokenizerJson:
    """The record of a `tokenizer.json`.

    Raises:
        FormatError: a class of this module or of `json_strict`.
    """
    if view.size > limits.json_bytes:
        raise TokenizerTooLarge(f"{view.size} bytes, more than {limits.json_bytes}")
    document = dict(_object(parse_json(read_all(view), limits), "the file"))
    _check_keys(document, _TOP, "the file")
    if document.get("version") != "1.0":
        raise TokenizerVersionUnknown("the version is not 1.0")
    model, model_type = _model(document.get("model"), limits)
    document["model"] = model
    _check_added(document.get("added_tokens"), limits)
    for name, fields in (("truncation", _TRUNCATION), ("padding", _PADDING)):
        if document.get(name) is not None:
            _check_fields(_object(document[name], name), fields, name)
    return TokenizerJson(
        document=MappingProxyType(document), model_type=model_type, regexes=_check_parts(document)
    )


def _model(value: Json, limits: Limits) -> tuple[dict[str, Json], str]:
    if value is None:
        raise TokenizerModelMissing("there is no model")
    model = dict(_object(value, "model"))
    model_type = model.pop("type", None) or _untyped(model)
    fields = _MODELS.get(model_type) if isinstance(model_type, str) else None
    if fields is None or not isinstance(model_type, str):
        raise TokenizerTypeUnknown(f"model type {model_type!r} is not in the list")
    _check_fields(model, fields, "model")
    if model_type == "Unigram":
        _check_scores(model, limits)
    else:
        check_ids(model.get("vocab"), limits)
    if model_type == "BPE":
        _check_merges(model.get("merges"), limits)
    return {"type": model_type, **model}, model_type


def _untyped(model: Mapping[str, Json]) -> str:
    """The type that the library, too, would find for a model that does not say it."""
    if "merges" in model:
        return "BPE"
    if isinstance(model.get("vocab"), list):
        return "Unigram"
    return "WordPiece" if "max_input_chars_per_word" in model else "WordLevel"


def check_ids(vocab: Json, limits: Limits) -> None:
    """Check that `vocab` maps tokens to ids that are whole, unique and in range.

    Raises:
        FormatError: it does not.
    """
    ids = list(_object(vocab, "the vocabulary").values())
    if len(ids) > limits.vocab_entries:
        raise TokenizerTooLarge(f"{len(ids)} tokens, more than {limits.vocab_entries}")
    if not ids:
        return
    if set(map(type, ids)) != {int}:
        raise TokenIdInvalid("a token id is not a whole number")
    numbers = cast("list[int]", ids)
    if min(numbers) < 0 or max(numbers) > LARGEST_ID:
        raise TokenIdInvalid(f"a token id is not between 0 and {LARGEST_ID}")
    if len(set(numbers)) != len(numbers):
        raise TokenIdRepeated("two tokens have the same id")


def _check_scores(model: Mapping[str, Json], limits: Limits) -> None:
    entries = model.get("vocab")
    if not isinstance(entries, list) or not entries:
        raise TokenizerFieldWrong("the vocabulary of a Unigram model is not a list of tokens and scores")
    if len(entries) > limits.vocab_entries:
        raise TokenizerTooLarge(f"{len(entries)} tokens, more than {limits.vocab_entries}")
    for entry in entries:
        if not (
            type(entry) is list
            and len(entry) == 2
            and type(entry[0]) is str
            and type(entry[1]) in {int, float}
        ):
            raise TokenizerFieldWrong("an entry of the vocabulary is not a token and a score")
    unknown = model.get("unk_id")
    if isinstance(unknown, int) and unknown >= len(entries):
        raise TokenIdInvalid(f"unk_id {unknown} is not one of {len(entries)} tokens")


def _check_merges(merges: Json, limits: Limits) -> None:
    if not isinstance(merges, list):
        raise TokenizerFieldWrong("merges are not a list")
    if len(merges) > limits.vocab_entries:
        raise TokenizerTooLarge(f"{len(merges)} merges, more than {limits.vocab_entries}")
    for merge in merges:
        pair = merge.split(" ") if type(merge) is str else merge
        if not (type(pair) is list and len(pair) == 2 and type(pair[0]) is str and type(pair[1]) is str):
            raise MergeInvalid("a merge is not a pair of tokens")


def _check_added(value: Json, limits: Limits) -> None:
    if value is None:
        return
    if not isinstance(value, list):
        raise TokenizerFieldWrong("added_tokens are not a list")
    if len(value) > limits.vocab_entries:
        raise TokenizerTooLarge(f"{len(value)} added tokens, more than {limits.vocab_entries}")
    ids: set[Json] = set()
    contents: set[Json] = set()
    for index, entry in enumerate(value):
        where = f"added_tokens.{index}"
        token = _object(entry, where)
        _check_fields(token, _ADDED, where)
        if token.keys() != _ADDED.keys():
            raise TokenizerFieldWrong(f"{where} lacks {', '.join(sorted(_ADDED.keys() - token.keys()))}")
        if token["id"] in ids or token["content"] in contents:
            raise AddedTokenRepeated(f"{where} repeats an id or a token")
        ids.add(token["id"])
        contents.add(token["content"])


def _check_parts(document: Mapping[str, Json]) -> tuple[RegexUse, ...]:
    """Check normaliser, pre-tokeniser, post-processor and decoder; their regular expressions."""
    todo: list[tuple[str, Json, str]] = [
        (kind, document[kind], kind) for kind in reversed(tuple(_PARTS)) if document.get(kind) is not None
    ]
    regexes: list[RegexUse] = []
    count = 0
    while todo:
        kind, value, where = todo.pop()
        count += 1
        if count > COMPONENTS:
            raise TokenizerTooLarge(f"more than {COMPONENTS} parts")
        part = dict(_object(value, where))
        name = part.pop("type", None)
        fields = _PARTS[kind].get(name) if isinstance(name, str) else None
        if fields is None:
            raise TokenizerTypeUnknown(f"{where} has the type {name!r}, which is not in the list")
        if name == "Sequence":
            (inner, inner_kind), *_ = fields.items()
            _check_keys(part, fields.keys(), where)
            items = part.get(inner)
            if not isinstance(items, list):
                raise TokenizerFieldWrong(f"{where}.{inner} is not a list")
            todo.extend(
                (inner_kind, item, f"{where}.{inner}.{index}")
                for index, item in reversed(list(enumerate(items)))
            )
            continue
        _check_fields(part, fields, where)
        pattern = part.get("pattern")
        if isinstance(pattern, dict) and "Regex" in pattern:
            regexes.append(RegexUse(where=f"{where}.pattern", pattern=str(pattern["Regex"])))
    return tuple(regexes)


def _object(value: Json, where: str) -> Mapping[str, Json]:
    if not isinstance(value, dict):
        raise TokenizerJsonNotAnObject(f"{where} is not an object")
    return value


def _check_keys(value: Mapping[str, Json], known: object, where: str) -> None:
    for key in value:
        if key not in known:  # type: ignore[operator]  # a set, a dict or its keys
            raise TokenizerFieldUnknown(f"{where} has the unknown field {key[:100]!r}")


def _check_fields(value: Mapping[str, Json], fields: Mapping[str, str], where: str) -> None:
    _check_keys(value, fields, where)
    for key, item in value.items():
        kind = fields[key]
        if kind and not _fits(item, kind):
            raise TokenizerFieldWrong(f"{where}.{key} is not {kind.rstrip('?')}")


def _fits(value: Json, kind: str) -> bool:
    if kind.endswith("?"):
        return value is None or _fits(value, kind[:-1])
    if kind in _CHOICES:
        return isinstance(value, str) and value in _CHOICES[kind]
    match kind:
        case "true or false":
            return isinstance(value, bool)
        case "a string":
            return isinstance(value, str)
        case "one character":
            return isinstance(value, str) and len(value) == 1
        case "a size":
            return _is_size(value)
        case "a share":
            return isinstance(value, float | int) and not isinstance(value, bool) and 0 <= value <= 1
        case "a pattern":
            return (
                isinstance(value, dict)
                and len(value) == 1
                and all(key in {"String", "Regex"} and isinstance(item, str) for key, item in value.items())
            )
        case "a token and its id":
            return (
                isinstance(value, list)
                and len(value) == 2
                and isinstance(value[0], str)
                and _is_size(value[1])
            )
        case "a template":
            return isinstance(value, list) and len(value) <= COMPONENTS and all(map(_is_piece, value))
        case "special tokens":
            return isinstance(value, dict) and all(map(_is_special, value.values()))
        case "a padding strategy":
            return value == "BatchLongest" or (
                isinstance(value, dict) and value.keys() == {"Fixed"} and _is_size(value["Fixed"])
            )
        case _:
            return False


def _is_size(value: Json) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= LARGEST_ID


def _is_piece(value: Json) -> bool:
    if not isinstance(value, dict) or len(value) != 1:
        return False
    [(kind, piece)] = value.items()
    if kind not in {"SpecialToken", "Sequence"} or not isinstance(piece, dict):
        return False
    if piece.keys() != {"id", "type_id"} or not _is_size(piece["type_id"]):
        return False
    return isinstance(piece["id"], str) and (kind == "SpecialToken" or piece["id"] in {"A", "B"})


def _is_special(value: Json) -> bool:
    if not isinstance(value, dict) or value.keys() != {"id", "ids", "tokens"}:
        return False
    ids, tokens = value["ids"], value["tokens"]
    return (
        isinstance(value["id"], str)
        and isinstance(ids, list)
        and all(map(_is_size, ids))
        and isinstance(tokens, list)
        and all(isinstance(token, str) for token in tokens)
        and len(ids) == len(tokens)
    )
