"""What a tokenizer class makes by itself, whatever tokenizer.json says: model options and the four parts.

Many classes take from tokenizer.json no more than the vocabulary, the merges, the added tokens and, some
of them, the post-processor and the table of a normaliser; the rest is made from settings. The recipes here
are those of transformers 5.23 (https://huggingface.co/docs/transformers/model_doc/), as data in the form of
tokenizer.json: nothing is built here.
"""

from __future__ import annotations

from types import MappingProxyType
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
QWEN2_SPLIT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+"
    r"|\s+(?!\S)|\s+"
)
CLIP_SPLIT = r"<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"
MOST_EXTRA_IDS = 10_000
"""Sentinels of T5; published models have 100 to 300."""


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


def part(kind: str, **fields: Any) -> dict[str, Any]:  # noqa: ANN401 - the fields of a part
    """One part, as tokenizer.json has it."""
    return {"type": kind, **fields}


def template(single: str, pair: str) -> Finish:
    """A post-processor from words: names of special tokens, `A`, `B`, each with `:1` for the second type.

    `</s>=eos_token` is that text with the id of this token, whatever the token's text is.
    """

    def finish(lookup: Lookup) -> Part:
        special: dict[str, Any] = {}
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


def _roberta(sep: str, cls: str, *, trim_offsets: bool, add_prefix_space: bool) -> Finish:
    def finish(lookup: Lookup) -> Part:
        return part(
            "RobertaProcessing", sep=list(lookup(sep)), cls=list(lookup(cls)), trim_offsets=trim_offsets,
            add_prefix_space=add_prefix_space,
        )  # fmt: skip

    return finish


def _byte_level(*, prefix: bool = False, regex: bool = True, trim: bool = True) -> Part:
    return part("ByteLevel", add_prefix_space=prefix, trim_offsets=trim, use_regex=regex)


def _metaspace(scheme: str, *, split: bool = True) -> Part:
    return part("Metaspace", replacement=MARK, prepend_scheme=scheme, split=split)


def _sequence(field: str, parts: Sequence[Part]) -> Part:
    return part("Sequence", **{field: list(parts)})


def _split(pattern: str, behavior: str, *, invert: bool = False, regex: bool = True) -> Part:
    kind = "Regex" if regex else "String"
    return part("Split", pattern={kind: pattern}, behavior=behavior, invert=invert)


def _replace(pattern: str, content: str, *, regex: bool = False) -> Part:
    return part("Replace", pattern={"Regex" if regex else "String": pattern}, content=content)


def _bytes(**more: Any) -> dict[str, Any]:  # noqa: ANN401 - options of the model
    return {"continuing_subword_prefix": "", "end_of_word_suffix": "", "fuse_unk": False, **more}


def _words(scheme: str) -> tuple[Part, Part]:
    """Pre-tokeniser and decoder of the models that split at spaces first."""
    parts = (part("WhitespaceSplit"), _metaspace(scheme))
    return _sequence("pretokenizers", parts), _metaspace(scheme)


def _scheme(need: Need, otherwise: str = "never") -> str:
    return "always" if need.flag("add_prefix_space", default=True) else otherwise


def _roberta_class(need: Need) -> Recipe:
    prefix = need.flag("add_prefix_space", default=False)
    trim = need.flag("trim_offsets", default=True)
    return Recipe(
        "BPE", _bytes(), pre_tokenizer=_byte_level(prefix=prefix), decoder=_byte_level(prefix=True),
        finish=_roberta("sep_token", "cls_token", trim_offsets=trim, add_prefix_space=prefix),
    )  # fmt: skip


def _gpt2(need: Need) -> Recipe:
    prefix = need.flag("add_prefix_space", default=False)
    return Recipe("BPE", _bytes(), pre_tokenizer=_byte_level(prefix=prefix), decoder=_byte_level(prefix=True))


def _gpt_neox(need: Need) -> Recipe:
    level = _byte_level(
        prefix=need.flag("add_prefix_space", default=False), trim=need.flag("trim_offsets", default=True)
    )
    bos, eos = (need.flag(f"add_{name}_token", default=False) for name in ("bos", "eos"))
    return Recipe(
        "BPE",
        _bytes(),
        part("NFC"),
        level,
        _byte_level(prefix=True),
        finish=ends(need.special, bos=bos, eos=eos),
    )


def _qwen2(need: Need) -> Recipe:
    level = _byte_level(prefix=need.flag("add_prefix_space", default=False), regex=False)
    parts = (_split(QWEN2_SPLIT, "Isolated"), level)
    return Recipe(
        "BPE", _bytes(byte_fallback=False), part("NFC"), _sequence("pretokenizers", parts),
        _byte_level(prefix=True),
    )  # fmt: skip


def _clip(need: Need) -> Recipe:
    normalizers = (part("NFC"), _replace(r"\s+", " ", regex=True), part("Lowercase"))
    parts = (_split(CLIP_SPLIT, "Removed", invert=True), _byte_level())
    return Recipe(
        "BPE", _bytes(end_of_word_suffix="</w>", unk_token=str(need.special["unk_token"])),
        _sequence("normalizers", normalizers), _sequence("pretokenizers", parts), _byte_level(prefix=True),
        _roberta("eos_token", "bos_token", trim_offsets=False, add_prefix_space=False),
    )  # fmt: skip


def _llama(need: Need) -> Recipe:
    prefix = need.flag("add_prefix_space", default=True)
    scheme = ("always" if need.flag("legacy", default=False) else "first") if prefix else "never"
    decoders = [_replace(MARK, " "), part("ByteFallback"), part("Fuse")]
    if prefix:
        decoders.append(part("Strip", content=" ", start=1, stop=0))
    return Recipe(
        "BPE", {"fuse_unk": True, "byte_fallback": True}, None, _metaspace(scheme, split=False),
        _sequence("decoders", decoders),
    )  # fmt: skip


def _gemma(need: Need) -> Recipe:
    decoders = (_replace(MARK, " "), part("ByteFallback"), part("Fuse"))
    unknown = str(need.special["unk_token"])
    return Recipe(
        "BPE", {"fuse_unk": True, "byte_fallback": True, "unk_token": unknown}, _replace(" ", MARK),
        _split(" ", "MergedWithPrevious", regex=False), _sequence("decoders", decoders),
    )  # fmt: skip


def _openai(need: Need) -> Recipe:
    unknown = str(need.special["unk_token"])
    normalizer = part(
        "BertNormalizer", clean_text=True, handle_chinese_chars=True, strip_accents=None, lowercase=True
    )
    return Recipe(
        "BPE", _bytes(end_of_word_suffix="</w>", unk_token=unknown), normalizer, part("BertPreTokenizer"),
        part("BPEDecoder", suffix="</w>"),
    )  # fmt: skip


def _xlm_roberta(need: Need) -> Recipe:
    split, decoder = _words(_scheme(need))
    finish = template("bos_token A eos_token", "bos_token A eos_token eos_token B eos_token")
    return Recipe("Unigram", {"unk_id": 3}, need.charsmap, split, decoder, finish)


def _camembert(need: Need) -> Recipe:
    split, decoder = _words(_scheme(need))
    finish = template("bos_token A eos_token", "bos_token A eos_token eos_token B eos_token")
    return Recipe(
        "Unigram", {"unk_id": str(need.special["unk_token"])}, need.charsmap, split, decoder, finish
    )


def _t5(need: Need) -> Recipe:
    split, decoder = _words("always")
    finish = template("A </s>=eos_token", "A </s>=eos_token B </s>=eos_token")
    return Recipe("Unigram", {"unk_id": 2}, need.charsmap, split, decoder, finish)


def _albert(need: Need) -> Recipe:
    normalizers: list[Part] = [_replace("``", '"'), _replace("''", '"')]
    if not need.flag("keep_accents", default=False):
        normalizers += [part("NFKD"), part("StripAccents")]
    if need.flag("do_lower_case", default=True):
        normalizers.append(part("Lowercase"))
    if need.charsmap is not None:
        normalizers.append(need.charsmap)
    split, decoder = _words(_scheme(need))
    otherwise = template(
        "[CLS]=cls_token A [SEP]=sep_token", "[CLS]=cls_token A [SEP]=sep_token B:1 [SEP]=sep_token:1"
    )
    return Recipe(
        "Unigram", {"unk_id": 1}, _sequence("normalizers", normalizers), split, decoder, otherwise=otherwise
    )


def _deberta_v2(need: Need) -> Recipe:
    normalizers = [
        _replace(r"\s{2,}|[\n\r\t]", " ", regex=True),
        part("NFC"),
        part("Strip", strip_left=False, strip_right=True),
    ]
    if need.flag("do_lower_case", default=False):
        normalizers.insert(0, part("Lowercase"))
    splits = [part("Punctuation", behavior="Isolated")] if need.flag("split_by_punct", default=False) else []
    space = _metaspace(_scheme(need, "first"))
    unknown = need.values.get("unk_id", 1)
    if type(unknown) is not int or unknown < 0:
        raise UsageError(f"unk_id is a token id, not {unknown!r}")
    return Recipe(
        "Unigram", {"unk_id": unknown, "unk_zero": str(need.special["unk_token"])},
        _sequence("normalizers", normalizers), _sequence("pretokenizers", [*splits, space]), space,
        template("cls_token A sep_token", "cls_token A sep_token B:1 sep_token:1"),
    )  # fmt: skip


def ends(special: Mapping[str, Any], *, bos: bool, eos: bool) -> Finish:
    """The post-processor of the plain class: nothing, or the two marks where they are asked for and known."""
    first = ["bos_token"] if bos and special.get("bos_token") is not None else []
    last = ["eos_token"] if eos and special.get("eos_token") is not None else []
    single = [*first, "A", *last]
    second = [f"{word}:1" for word in (*first, "B", *last)]
    return template(" ".join(single), " ".join([*single, *second]))


def t5_extra(values: Mapping[str, Any]) -> tuple[str, ...]:
    """The sentinels that T5's class adds.

    Raises:
        UsageError: `extra_ids` is no small number.
    """
    count = values.get("extra_ids", 100)
    if type(count) is not int or not 0 <= count <= MOST_EXTRA_IDS:
        raise UsageError(f"extra_ids is a number of tokens up to {MOST_EXTRA_IDS}, not {count!r}")
    return tuple(f"<extra_id_{index}>" for index in range(count))


RECIPES: Mapping[str, Callable[[Need], Recipe]] = MappingProxyType(
    {
        "AlbertTokenizer": _albert,
        "CLIPTokenizer": _clip,
        "CamembertTokenizer": _camembert,
        "DebertaV2Tokenizer": _deberta_v2,
        "GPT2Tokenizer": _gpt2,
        "GPTNeoXTokenizer": _gpt_neox,
        "GemmaTokenizer": _gemma,
        "LlamaTokenizer": _llama,
        "OpenAIGPTTokenizer": _openai,
        "Qwen2Tokenizer": _qwen2,
        "RobertaTokenizer": _roberta_class,
        "T5Tokenizer": _t5,
        "XLMRobertaTokenizer": _xlm_roberta,
    }
)
"""Class name to its recipe."""
EXTRA: Mapping[str, Callable[[Mapping[str, Any]], tuple[str, ...]]] = MappingProxyType(
    {
        "CamembertTokenizer": lambda _values: ("<s>NOTUSED", "</s>NOTUSED", "<unk>NOTUSED"),
        "T5Tokenizer": t5_extra,
    }
)
"""Class name to the special tokens that it adds where no file names extra ones."""
