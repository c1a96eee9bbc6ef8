"""What recipes of tokenizers are made of: the parts of tokenizer.json as data. Nothing is built here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from safeload.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    Part = Mapping[str, Any]
    Lookup = Callable[[str], tuple[str, int]]
    """Name of a special token -> its text and id."""
    Finish = Callable[[Lookup], Part]

MARK = "\u2581"
"""What sentencepiece writes for a space."""


class Recipe(NamedTuple):
    """One class with one set of settings."""

    model: str
    """`BPE` or `Unigram`."""
    options: Mapping[str, Any]
    """Of the model, beside vocabulary and merges. `unk_id` may be the text of a token."""
    normalizer: Part | None = None
    pre_tokenizer: Part | None = None
    decoder: Part | None = None
    finish: Finish | None = None
    """Makes the post-processor; None: that of tokenizer.json, or the one of the plain class."""
    otherwise: Finish | None = None
    """The post-processor where tokenizer.json has none; the vocabulary has to hold its tokens."""


class Need(NamedTuple):
    """What a recipe is made from."""

    values: Mapping[str, Any]
    """The merged settings."""
    special: Mapping[str, Any]
    """Named special tokens."""
    charsmap: Part | None
    """The normaliser with the table of tokenizer.json or of a sentencepiece model."""

    def flag(self, name: str, *, default: bool) -> bool:
        """A switch that may be left out.

        Raises:
            UsageError: it is none.
        """
        value = self.values.get(name)
        if value is not None and not isinstance(value, bool):
            raise UsageError(f"{name} is true or false, not {value!r}")
        return default if value is None else value

    def number(self, name: str, default: int) -> int:
        """A token id that may be left out.

        Raises:
            UsageError: it is none.
        """
        value = self.values.get(name, default)
        if type(value) is not int or value < 0:
            raise UsageError(f"{name} is a token id, not {value!r}")
        return value


def part(kind: str, **fields: Any) -> dict[str, Any]:  # noqa: ANN401 - the fields of a part
    """One part, as tokenizer.json has it."""
    return {"type": kind, **fields}


def template(single: str, pair: str, *, also: str = "") -> Finish:
    """A post-processor from words: names of special tokens, `A`, `B`, each with `:1` for the second type.

    `</s>=eos_token` is that text with the id of this token, whatever the token's text is. `also` is one that
    the post-processor knows and does not use.
    """

    def finish(lookup: Lookup) -> Part:
        special: dict[str, Any] = {}
        if also:
            _piece(also, lookup, special)
        sides = [[_piece(word, lookup, special) for word in words.split()] for words in (single, pair)]
        return part("TemplateProcessing", single=sides[0], pair=sides[1], special_tokens=special)

    return finish


def _piece(word: str, lookup: Lookup, special: dict[str, Any]) -> dict[str, Any]:
    name, _, kind = word.partition(":")
    type_id = int(kind or 0)
    if name in {"A", "B"}:
        return {"Sequence": {"id": name, "type_id": type_id}}
    fixed, _, named = name.rpartition("=")
    text, index = lookup(named)
    text = fixed or text
    special[text] = {"id": text, "ids": [index], "tokens": [text]}
    return {"SpecialToken": {"id": text, "type_id": type_id}}


def roberta_ends(sep: str, cls: str, *, trim_offsets: bool, add_prefix_space: bool) -> Finish:
    """The post-processor of RoBERTa: `cls`, the text, `sep`; a pair has two of `sep` between."""

    def finish(lookup: Lookup) -> Part:
        return part(
            "RobertaProcessing", sep=list(lookup(sep)), cls=list(lookup(cls)), trim_offsets=trim_offsets,
            add_prefix_space=add_prefix_space,
        )  # fmt: skip

    return finish


def byte_level(*, prefix: bool = False, regex: bool = True, trim: bool = True) -> Part:
    """A part that works on bytes."""
    return part("ByteLevel", add_prefix_space=prefix, trim_offsets=trim, use_regex=regex)


def metaspace(scheme: str, *, split: bool = True) -> Part:
    """The part that turns spaces into marks."""
    return part("Metaspace", replacement=MARK, prepend_scheme=scheme, split=split)


def in_turn(field: str, parts: Sequence[Part]) -> Part:
    """Several parts, one after the other."""
    return part("Sequence", **{field: list(parts)})


def split_at(pattern: str, behavior: str, *, invert: bool = False, regex: bool = True) -> Part:
    """A pre-tokeniser that splits at a pattern."""
    kind = "Regex" if regex else "String"
    return part("Split", pattern={kind: pattern}, behavior=behavior, invert=invert)


def replacing(pattern: str, content: str, *, regex: bool = False) -> Part:
    """A part that replaces a pattern."""
    return part("Replace", pattern={"Regex" if regex else "String": pattern}, content=content)


def byte_model(**more: Any) -> dict[str, Any]:  # noqa: ANN401 - options of the model
    """Options of a BPE model over bytes."""
    return {"continuing_subword_prefix": "", "end_of_word_suffix": "", "fuse_unk": False, **more}


def word_split(scheme: str) -> tuple[Part, Part]:
    """Pre-tokeniser and decoder of the models that split at spaces first."""
    parts = (part("WhitespaceSplit"), metaspace(scheme))
    return in_turn("pretokenizers", parts), metaspace(scheme)


def prepend(need: Need, otherwise: str = "never") -> str:
    """When a mark is put before a text: `always`, unless `add_prefix_space` says no."""
    return "always" if need.flag("add_prefix_space", default=True) else otherwise


def ends(special: Mapping[str, Any], *, bos: bool, eos: bool) -> Finish:
    """The post-processor of the plain class: nothing, or the two marks where they are asked for and known."""
    first = ["bos_token"] if bos and special.get("bos_token") is not None else []
    last = ["eos_token"] if eos and special.get("eos_token") is not None else []
    single = [*first, "A", *last]
    second = [f"{word}:1" for word in (*first, "B", *last)]
    return template(" ".join(single), " ".join([*single, *second]))
