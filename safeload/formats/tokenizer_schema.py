"""The schema of tokenizer.json as tables: which parts there are, and what their fields may hold.

Transcribed from what `Tokenizer.to_str()` writes for each part of
https://github.com/huggingface/tokenizers (0.19 to 0.23), plus the older spelling of Metaspace that it
still reads. A list here is closed: what is not in it is an error, and no field of it holds a path.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from safeload.errors import FormatError

if TYPE_CHECKING:
    from collections.abc import Container, Mapping, Sequence

    from safeload.core import Json

COMPONENTS = 256
"""Parts in all sequences together; real files have fewer than twenty."""
GROWTH = 1_000
"""How many times longer all replacements together may make a text: 32 that double make 2**32."""
SHORT_TEXT = 64
"""Characters of a replacement; real ones have one to three."""
WORD_LENGTH = 1_000
"""`max_input_chars_per_word`: the work per word grows with its square. Every published file has 100."""
PIECES = 64
"""Pieces of a template, and ids of one special token in it."""
LARGEST_ID = (1 << 31) - 1
"""Embedding rows are counted in 32 bits everywhere; the library itself allows 32 unsigned bits."""


class TokenizerJsonNotAnObject(FormatError):
    """A value where the schema has an object."""


class TokenizerFieldUnknown(FormatError):
    """A field that the schema does not have."""


class TokenizerFieldWrong(FormatError):
    """A field whose value has another shape than the schema says."""


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
_REPLACE = {"pattern": _PATTERN, "content": "a short text"}

PARTS: Mapping[str, Mapping[str, Mapping[str, str]]] = MappingProxyType(
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
            "Prepend": {"prepend": "a short text"},
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
            "FixedLength": {"length": "a length"},
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
"""Section to type to fields. In a `Sequence`, the field names the section of its items."""
TOP = frozenset({"version", "truncation", "padding", "added_tokens", "model", *PARTS})
"""Fields of the whole file."""
MODELS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "BPE": {
            "dropout": "a share?", "unk_token": _OPTIONAL_STR, "continuing_subword_prefix": _OPTIONAL_STR,
            "end_of_word_suffix": _OPTIONAL_STR, "fuse_unk": _BOOL, "byte_fallback": _BOOL,
            "ignore_merges": _BOOL, "vocab": "", "merges": "",
        },
        "WordPiece": {
            "unk_token": _STR, "continuing_subword_prefix": _STR, "max_input_chars_per_word": "a word length",
            "vocab": "",
        },
        "WordLevel": {"unk_token": _STR, "vocab": ""},
        "Unigram": {"unk_id": _SIZE + "?", "byte_fallback": _BOOL, "vocab": ""},
    }
)  # fmt: skip
"""Model type to fields. An empty kind is checked by the parser itself."""
ADDED = {
    "single_word": _BOOL, "lstrip": _BOOL, "rstrip": _BOOL, "normalized": _BOOL, "special": _BOOL,
    "content": _STR, "id": _SIZE,
}  # fmt: skip
TRUNCATION = {"direction": _STR, "max_length": _SIZE, "strategy": _STR, "stride": _SIZE}
PADDING = {
    "strategy": "a padding strategy", "direction": _STR, "pad_to_multiple_of": _SIZE + "?",
    "pad_id": _SIZE, "pad_type_id": _SIZE, "pad_token": _STR,
}  # fmt: skip
_CHOICES: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        _BEHAVIOR: frozenset({"Removed", "Isolated", "MergedWithPrevious", "MergedWithNext", "Contiguous"}),
        _SCHEME: frozenset({"first", "never", "always"}),
    }
)


def as_object(value: Json, where: str) -> Mapping[str, Json]:
    """`value`, which is an object.

    Raises:
        TokenizerJsonNotAnObject: it is not.
    """
    if not isinstance(value, dict):
        raise TokenizerJsonNotAnObject(f"{where} is not an object")
    return value


def check_keys(value: Mapping[str, Json], known: Container[str], where: str) -> None:
    """Check that `value` has no field outside `known`.

    Raises:
        TokenizerFieldUnknown: it has.
    """
    for key in value:
        if key not in known:
            raise TokenizerFieldUnknown(f"{where} has the unknown field {key[:100]!r}")


def check_fields(value: Mapping[str, Json], fields: Mapping[str, str], where: str) -> None:
    """Check that `value` has no field outside the table, and that each is of its kind.

    Raises:
        FormatError: a class of this module.
    """
    check_keys(value, fields, where)
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
        case "a length":
            return _is_size(value) and value != 0
        case "a word length":
            return isinstance(value, int) and _is_size(value) and value <= WORD_LENGTH
        case "a short text":
            return isinstance(value, str) and len(value) <= SHORT_TEXT
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
            return isinstance(value, list) and all(map(_is_piece, value)) and _is_template(value)
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
        and len(ids) <= PIECES
        and all(map(_is_size, ids))
        and isinstance(tokens, list)
        and all(isinstance(token, str) for token in tokens)
        and len(ids) == len(tokens)
    )


def _is_template(pieces: Sequence[Json]) -> bool:
    """Each text at most once: a template that repeats one makes an input as long as it likes."""
    texts = [piece["Sequence"] for piece in pieces if isinstance(piece, dict) and "Sequence" in piece]
    ids = [text["id"] for text in texts if isinstance(text, dict)]
    return len(pieces) <= PIECES and len(set(map(str, ids))) == len(ids)


def growth(name: str, part: Mapping[str, Json]) -> float:
    """How many times longer one part can make a text."""
    if name == "ByteLevel":
        return 4  # a character has up to four bytes, and each becomes a character
    content, pattern = part.get("content"), part.get("pattern")
    if name != "Replace" or not isinstance(content, str) or not isinstance(pattern, dict):
        return 1
    shortest = len(str(pattern.get("String", ""))) or 1
    return max(1.0, len(content) / shortest)
