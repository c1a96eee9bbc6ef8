"""`tokenizer.json`, the one file that the tokenizers library writes, against that library's schema.

Guarantees of a record: every part is of a type from a closed list and has only that type's fields,
each of the right shape; ids are whole, unique and in range; every regular expression is listed; and
`canonical()` is the same document with nothing else in it. There is no key that holds a path. Left to
the caller: whether the regular expressions are known ones, and whether the library accepts the model.

The schema is in `tokenizer_schema`. One thing it does not show: an old file may leave out the model's
`type`, and the record then has the one that the library would find.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple, cast

from safeload.errors import FormatError, LimitExceeded
from safeload.formats.json_strict import dump_canonical, parse_json
from safeload.formats.tokenizer_schema import (
    ADDED,
    COMPONENTS,
    GROWTH,
    LARGEST_ID,
    MODELS,
    PADDING,
    PARTS,
    TOP,
    TRUNCATION,
    TokenizerFieldWrong,
    as_object,
    check_fields,
    check_keys,
    growth,
)
from safeload.formats.view import read_all

if TYPE_CHECKING:
    from collections.abc import Mapping

    from safeload.core import Json, View
    from safeload.limits import Limits


LONGEST_TOKEN = 8_192
"""Characters of one token. Published vocabularies have runs of up to a few hundred spaces or dashes."""


class TokenizerVersionUnknown(FormatError):
    """A version other than 1.0."""


class TokenizerTypeUnknown(FormatError):
    """A part whose type is not in the closed list."""


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


class TextGrows(LimitExceeded):
    """Replacements that together blow a text up."""


class TokenTooLong(LimitExceeded):
    """A token of more characters than allowed: a few of its ids would be a huge text."""


class TokenizerTooLarge(LimitExceeded):
    """More tokens or parts than allowed."""


class RegexUse(NamedTuple):
    """A regular expression and the part that uses it."""

    where: str
    """Key path: `pre_tokenizer.pretokenizers.0.pattern`."""
    pattern: str


class TokenizerJson(NamedTuple):
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

    @property
    def works_on_bytes(self) -> bool:
        """Whether a part of it is `ByteLevel`."""
        todo: list[Json] = [self.document.get(kind) for kind in PARTS]
        while todo:
            value = todo.pop()
            if isinstance(value, dict):
                if value.get("type") == "ByteLevel":
                    return True
                todo += [item for item in value.values() if isinstance(item, list)]
            elif isinstance(value, list):
                todo += value
        return False

    def canonical(self) -> bytes:
        """The document as the library gets to read it.

        Padding and truncation are left out: they are set by each call, and a fixed length from the
        file would be memory that the file asks for.
        """
        return dump_canonical({**self.document, "padding": None, "truncation": None})


def parse_tokenizer_json(view: View, limits: Limits) -> TokenizerJson:
    """The record of a `tokenizer.json`.

    Raises:
        FormatError: a class of this module or of `json_strict`.
    """
    if view.size > limits.json_bytes:
        raise TokenizerTooLarge(f"{view.size} bytes, more than {limits.json_bytes}")
    document = dict(as_object(parse_json(read_all(view), limits), "the file"))
    check_keys(document, TOP, "the file")
    if document.get("version") != "1.0":
        raise TokenizerVersionUnknown("the version is not 1.0")
    model, model_type = _model(document.get("model"), limits)
    document["model"] = model
    _check_added(document.get("added_tokens"), limits)
    for name, fields in (("truncation", TRUNCATION), ("padding", PADDING)):
        if document.get(name) is not None:
            check_fields(as_object(document[name], name), fields, name)
    return TokenizerJson(
        document=MappingProxyType(document), model_type=model_type, regexes=_check_parts(document)
    )


def _model(value: Json, limits: Limits) -> tuple[dict[str, Json], str]:
    if value is None:
        raise TokenizerModelMissing("there is no model")
    model = dict(as_object(value, "model"))
    model_type = model.pop("type", None) or _untyped(model)
    fields = MODELS.get(model_type) if isinstance(model_type, str) else None
    if fields is None or not isinstance(model_type, str):
        raise TokenizerTypeUnknown(f"model type {model_type!r} is not in the list")
    check_fields(model, fields, "model")
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
    tokens = as_object(vocab, "the vocabulary")
    ids = list(tokens.values())
    if len(ids) > limits.vocab_entries:
        raise TokenizerTooLarge(f"{len(ids)} tokens, more than {limits.vocab_entries}")
    if not ids:
        return
    if max(map(len, tokens)) > LONGEST_TOKEN:
        raise TokenTooLong(f"a token of more than {LONGEST_TOKEN} characters")
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
        if len(entry[0]) > LONGEST_TOKEN:
            raise TokenTooLong(f"a token of more than {LONGEST_TOKEN} characters")
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
        token = as_object(entry, where)
        check_fields(token, ADDED, where)
        if token.keys() != ADDED.keys():
            raise TokenizerFieldWrong(f"{where} lacks {', '.join(sorted(ADDED.keys() - token.keys()))}")
        if token["id"] in ids or token["content"] in contents:
            raise AddedTokenRepeated(f"{where} repeats an id or a token")
        ids.add(token["id"])
        contents.add(token["content"])


def _check_parts(document: Mapping[str, Json]) -> tuple[RegexUse, ...]:
    """Check normaliser, pre-tokeniser, post-processor and decoder; their regular expressions."""
    todo: list[tuple[str, Json, str]] = [
        (kind, document[kind], kind) for kind in reversed(tuple(PARTS)) if document.get(kind) is not None
    ]
    regexes: list[RegexUse] = []
    grows = dict.fromkeys(PARTS, 1.0)
    count = 0
    while todo:
        kind, value, where = todo.pop()
        count += 1
        if count > COMPONENTS:
            raise TokenizerTooLarge(f"more than {COMPONENTS} parts")
        part = dict(as_object(value, where))
        name = part.pop("type", None)
        fields = PARTS[kind].get(name) if isinstance(name, str) else None
        if fields is None:
            raise TokenizerTypeUnknown(f"{where} has the type {name!r}, which is not in the list")
        if name == "Sequence":
            (inner, inner_kind), *_ = fields.items()
            check_keys(part, fields.keys(), where)
            items = part.get(inner)
            if not isinstance(items, list):
                raise TokenizerFieldWrong(f"{where}.{inner} is not a list")
            todo.extend(
                (inner_kind, item, f"{where}.{inner}.{index}")
                for index, item in reversed(list(enumerate(items)))
            )
            continue
        check_fields(part, fields, where)
        grows[kind] *= growth(str(name), part)
        if grows[kind] > GROWTH:
            raise TextGrows(f"the {kind} may make a text more than {GROWTH} times longer")
        pattern = part.get("pattern")
        if isinstance(pattern, dict) and "Regex" in pattern:
            regexes.append(RegexUse(where=f"{where}.pattern", pattern=str(pattern["Regex"])))
    return tuple(regexes)
