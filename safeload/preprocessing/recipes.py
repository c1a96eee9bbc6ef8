"""What a tokenizer class makes by itself, whatever tokenizer.json says: model options and the four parts.

Many classes take from tokenizer.json no more than the vocabulary, the merges, the added tokens and, some
of them, the post-processor and the table of a normaliser; the rest is made from settings. The recipes here
are those of transformers 5.23 (https://huggingface.co/docs/transformers/model_doc/), as data in the form of
tokenizer.json: nothing is built here.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from safeload.errors import UsageError
from safeload.preprocessing.recipe_parts import (
    MARK,
    Need,
    Recipe,
    byte_level,
    byte_model,
    ends,
    in_turn,
    metaspace,
    part,
    prepend,
    replacing,
    roberta_ends,
    split_at,
    template,
    word_split,
)  # fmt: skip

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from safeload.preprocessing.recipe_parts import Part

QWEN2_SPLIT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+"
    r"|\s+(?!\S)|\s+"
)
QWEN3_5_SPLIT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)
CLIP_SPLIT = r"<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"
MOST_EXTRA_IDS = 10_000
"""Sentinels of T5; published models have 100 to 300."""


def _roberta_class(need: Need) -> Recipe:
    prefix = need.flag("add_prefix_space", default=False)
    trim = need.flag("trim_offsets", default=True)
    return Recipe(
        "BPE", byte_model(), pre_tokenizer=byte_level(prefix=prefix), decoder=byte_level(prefix=True),
        finish=roberta_ends("sep_token", "cls_token", trim_offsets=trim, add_prefix_space=prefix),
    )  # fmt: skip


def _gpt2(need: Need) -> Recipe:
    prefix = need.flag("add_prefix_space", default=False)
    return Recipe(
        "BPE", byte_model(), pre_tokenizer=byte_level(prefix=prefix), decoder=byte_level(prefix=True)
    )


def _gpt_neox(need: Need) -> Recipe:
    level = byte_level(
        prefix=need.flag("add_prefix_space", default=False), trim=need.flag("trim_offsets", default=True)
    )
    bos, eos = (need.flag(f"add_{name}_token", default=False) for name in ("bos", "eos"))
    return Recipe(
        "BPE",
        byte_model(),
        part("NFC"),
        level,
        byte_level(prefix=True),
        finish=ends(need.special, bos=bos, eos=eos),
    )


def _qwen2(need: Need, pattern: str = QWEN2_SPLIT) -> Recipe:
    level = byte_level(prefix=need.flag("add_prefix_space", default=False), regex=False)
    parts = (split_at(pattern, "Isolated"), level)
    return Recipe(
        "BPE", byte_model(byte_fallback=False), part("NFC"), in_turn("pretokenizers", parts),
        byte_level(prefix=True),
    )  # fmt: skip


def _clip(need: Need) -> Recipe:
    normalizers = (part("NFC"), replacing(r"\s+", " ", regex=True), part("Lowercase"))
    parts = (split_at(CLIP_SPLIT, "Removed", invert=True), byte_level())
    return Recipe(
        "BPE", byte_model(end_of_word_suffix="</w>", unk_token=str(need.special["unk_token"])),
        in_turn("normalizers", normalizers), in_turn("pretokenizers", parts), byte_level(prefix=True),
        roberta_ends("eos_token", "bos_token", trim_offsets=False, add_prefix_space=False),
    )  # fmt: skip


def _llama(need: Need) -> Recipe:
    prefix = need.flag("add_prefix_space", default=True)
    scheme = ("always" if need.flag("legacy", default=False) else "first") if prefix else "never"
    decoders = [replacing(MARK, " "), part("ByteFallback"), part("Fuse")]
    if prefix:
        decoders.append(part("Strip", content=" ", start=1, stop=0))
    return Recipe(
        "BPE", {"fuse_unk": True, "byte_fallback": True}, None, metaspace(scheme, split=False),
        in_turn("decoders", decoders),
    )  # fmt: skip


def _gemma(need: Need) -> Recipe:
    decoders = (replacing(MARK, " "), part("ByteFallback"), part("Fuse"))
    unknown = str(need.special["unk_token"])
    return Recipe(
        "BPE", {"fuse_unk": True, "byte_fallback": True, "unk_token": unknown}, replacing(" ", MARK),
        split_at(" ", "MergedWithPrevious", regex=False), in_turn("decoders", decoders),
    )  # fmt: skip


def _openai(need: Need) -> Recipe:
    unknown = str(need.special["unk_token"])
    normalizer = part(
        "BertNormalizer", clean_text=True, handle_chinese_chars=True, strip_accents=None, lowercase=True
    )
    return Recipe(
        "BPE", byte_model(end_of_word_suffix="</w>", unk_token=unknown), normalizer, part("BertPreTokenizer"),
        part("BPEDecoder", suffix="</w>"),
    )  # fmt: skip


def _xlm_roberta(need: Need) -> Recipe:
    split, decoder = word_split(prepend(need))
    finish = template("bos_token A eos_token", "bos_token A eos_token eos_token B eos_token")
    return Recipe("Unigram", {"unk_id": 3}, need.charsmap, split, decoder, finish)


def _camembert(need: Need) -> Recipe:
    split, decoder = word_split(prepend(need))
    finish = template("bos_token A eos_token", "bos_token A eos_token eos_token B eos_token")
    return Recipe(
        "Unigram", {"unk_id": str(need.special["unk_token"])}, need.charsmap, split, decoder, finish
    )


def _t5(need: Need) -> Recipe:
    split, decoder = word_split("always")
    finish = template("A </s>=eos_token", "A </s>=eos_token B </s>=eos_token")
    return Recipe("Unigram", {"unk_id": 2}, need.charsmap, split, decoder, finish)


def _albert(need: Need) -> Recipe:
    normalizers: list[Part] = [replacing("``", '"'), replacing("''", '"')]
    if not need.flag("keep_accents", default=False):
        normalizers += [part("NFKD"), part("StripAccents")]
    if need.flag("do_lower_case", default=True):
        normalizers.append(part("Lowercase"))
    if need.charsmap is not None:
        normalizers.append(need.charsmap)
    split, decoder = word_split(prepend(need))
    otherwise = template(
        "[CLS]=cls_token A [SEP]=sep_token", "[CLS]=cls_token A [SEP]=sep_token B:1 [SEP]=sep_token:1"
    )
    return Recipe(
        "Unigram", {"unk_id": 1}, in_turn("normalizers", normalizers), split, decoder, otherwise=otherwise
    )


def _deberta_v2(need: Need) -> Recipe:
    normalizers = [
        replacing(r"\s{2,}|[\n\r\t]", " ", regex=True),
        part("NFC"),
        part("Strip", strip_left=False, strip_right=True),
    ]
    if need.flag("do_lower_case", default=False):
        normalizers.insert(0, part("Lowercase"))
    splits = [part("Punctuation", behavior="Isolated")] if need.flag("split_by_punct", default=False) else []
    space = metaspace(prepend(need, "first"))
    unknown = need.number("unk_id", 1)
    return Recipe(
        "Unigram", {"unk_id": unknown, "unk_zero": str(need.special["unk_token"])},
        in_turn("normalizers", normalizers), in_turn("pretokenizers", [*splits, space]), space,
        template("cls_token A sep_token", "cls_token A sep_token B:1 sep_token:1"),
    )  # fmt: skip


def _qwen3_5(need: Need) -> Recipe:
    return _qwen2(need, QWEN3_5_SPLIT)


def _blenderbot(need: Need) -> Recipe:
    prefix = need.flag("add_prefix_space", default=True)
    return Recipe(
        "BPE", byte_model(), pre_tokenizer=byte_level(prefix=prefix), decoder=byte_level(prefix=True)
    )


def _codegen(need: Need) -> Recipe:
    return _gpt2(need)._replace(otherwise=lambda _lookup: byte_level(prefix=True, trim=False))


def _deberta(need: Need) -> Recipe:
    finish = template("cls_token A sep_token", "cls_token A sep_token sep_token B sep_token")
    return _gpt2(need)._replace(finish=finish)


def _siglip2(need: Need) -> Recipe:
    normalizers = (part("Lowercase"), replacing(" ", MARK))
    return _gemma(need)._replace(normalizer=in_turn("normalizers", normalizers))


def _barthez(need: Need) -> Recipe:
    normalizers = (
        replacing(r"\s{2,}|[\n\r\t]", " ", regex=True),
        part("NFC"),
        part("Strip", strip_left=False, strip_right=True),
    )
    space = metaspace(prepend(need))
    return Recipe("Unigram", {"unk_id": 3}, in_turn("normalizers", normalizers), space, space)


def _big_bird(need: Need) -> Recipe:
    normalizers = (
        part("Strip", strip_left=False, strip_right=False), replacing(" {2,}", MARK, regex=True)
    )  # fmt: skip
    space = metaspace(prepend(need))
    return Recipe(
        "Unigram", {"unk_id": 100, "unk_zero": str(need.special["unk_token"])},
        in_turn("normalizers", normalizers), space, space,
        template("cls_token A sep_token", "cls_token A sep_token B:1 sep_token:1"),
    )  # fmt: skip


def _pegasus(need: Need) -> Recipe:
    first = need.charsmap or replacing(r"\n", " ", regex=True)
    space = metaspace("always")
    return Recipe(
        "Unigram", {"unk_id": str(need.special["unk_token"])},
        in_turn("normalizers", (first, replacing(" {2,}", " ", regex=True))), space, space,
        template("A eos_token", "A B eos_token"),
    )  # fmt: skip


def _xglm(need: Need) -> Recipe:
    normalizers = [replacing(" {2,}", " ", regex=True)]
    if need.charsmap is not None:
        normalizers.insert(0, need.charsmap)
    space = metaspace(prepend(need))
    return Recipe(
        "Unigram", {"unk_id": 3}, in_turn("normalizers", normalizers), space, space,
        template("eos_token A", "eos_token A eos_token eos_token B", also="bos_token"),
    )  # fmt: skip


def _xlnet(need: Need) -> Recipe:
    normalizers: list[Part] = [
        replacing("``", '"'), replacing("''", '"'), part("NFKD"), part("StripAccents")
    ]  # fmt: skip
    if need.flag("do_lower_case", default=False):
        normalizers.append(part("Lowercase"))
    if need.charsmap is not None:
        normalizers.append(need.charsmap)
    split, decoder = word_split("always")
    ends_of_pair = "A sep_token B:1 sep_token:1 cls_token:2"
    return Recipe(
        "Unigram", {"unk_id": need.number("unk_id", 0)}, in_turn("normalizers", normalizers), split, decoder,
        template("A sep_token cls_token:2", ends_of_pair),
    )  # fmt: skip


def t5_extra(values: Mapping[str, Any]) -> tuple[str, ...]:
    """The sentinels that T5's class adds.

    Raises:
        UsageError: `extra_ids` is no small number.
    """
    count = values.get("extra_ids", 100)
    if type(count) is not int or not 0 <= count <= MOST_EXTRA_IDS:
        raise UsageError(f"extra_ids is a number of tokens up to {MOST_EXTRA_IDS}, not {count!r}")
    return tuple(f"<extra_id_{index}>" for index in range(count))


def _pegasus_extra(values: Mapping[str, Any]) -> tuple[str, ...]:
    offset = values.get("offset", 103)
    if type(offset) is not int or not 0 <= offset <= MOST_EXTRA_IDS:
        raise UsageError(f"offset is a number of tokens up to {MOST_EXTRA_IDS}, not {offset!r}")
    sentence = values.get("mask_token_sent", "<mask_1>")
    if sentence is not None and not isinstance(sentence, str):
        raise UsageError(f"mask_token_sent is a token, not {sentence!r}")
    return (*([] if sentence is None else [sentence]), *(f"<unk_{index}>" for index in range(2, offset)))


RECIPES: Mapping[str, Callable[[Need], Recipe]] = MappingProxyType(
    {
        "AlbertTokenizer": _albert,
        "BarthezTokenizer": _barthez,
        "BigBirdTokenizer": _big_bird,
        "BlenderbotTokenizer": _blenderbot,
        "CLIPTokenizer": _clip,
        "CamembertTokenizer": _camembert,
        "CodeGenTokenizer": _codegen,
        "DebertaTokenizer": _deberta,
        "DebertaV2Tokenizer": _deberta_v2,
        "GPT2Tokenizer": _gpt2,
        "GPTNeoXTokenizer": _gpt_neox,
        "GemmaTokenizer": _gemma,
        "LlamaTokenizer": _llama,
        "OpenAIGPTTokenizer": _openai,
        "PegasusTokenizer": _pegasus,
        "Qwen2Tokenizer": _qwen2,
        "Qwen3_5Tokenizer": _qwen3_5,
        "RobertaTokenizer": _roberta_class,
        "Siglip2Tokenizer": _siglip2,
        "T5Tokenizer": _t5,
        "XGLMTokenizer": _xglm,
        "XLMRobertaTokenizer": _xlm_roberta,
        "XLNetTokenizer": _xlnet,
    }
)
"""Class name to its recipe."""
EXTRA: Mapping[str, Callable[[Mapping[str, Any]], tuple[str, ...]]] = MappingProxyType(
    {
        "CamembertTokenizer": lambda _values: ("<s>NOTUSED", "</s>NOTUSED", "<unk>NOTUSED"),
        "PegasusTokenizer": _pegasus_extra,
        "T5Tokenizer": t5_extra,
        "XGLMTokenizer": lambda _values: tuple(f"<madeupword{index}>" for index in range(7)),
        "XLNetTokenizer": lambda _values: ("<eop>", "<eod>"),
    }
)
"""Class name to the special tokens that it adds where no file names extra ones."""
