"""Tokenizers that come from tokenizer.json as it stands: byte-level BPE, Unigram and word level."""

from __future__ import annotations

import json
import warnings
from typing import TYPE_CHECKING, Any

import pytest

from safeload import AutoTokenizer
from tests.forge.tokenizers import HOBBIT, texts, write_json

if TYPE_CHECKING:
    from pathlib import Path

TEXTS = texts(300)
CORPUS = [HOBBIT, "Hello world, don't panic: it's 1,000 years", *TEXTS[:200]] * 3
GPT2 = {"bos_token": "<|endoftext|>", "eos_token": "<|endoftext|>", "unk_token": "<|endoftext|>"}


def byte_level(*marks: str, pattern: str | None = None) -> Any:
    """A BPE tokenizer over bytes, trained on the samples."""
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, processors, trainers

    tokenizer = Tokenizer(models.BPE())
    level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=pattern is None)
    tokenizer.pre_tokenizer = (
        level
        if pattern is None
        else pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(pattern), "isolated"), level])
    )
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=600, special_tokens=list(marks), initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator(CORPUS, trainer)
    return tokenizer


def roberta() -> Any:
    """The byte-level tokenizer between `<s>` and `</s>`."""
    from tokenizers import processors

    marks = ("<s>", "<pad>", "</s>", "<unk>", "<mask>")
    tokenizer = byte_level(*marks)
    tokenizer.post_processor = processors.RobertaProcessing(
        ("</s>", 2), ("<s>", 0), trim_offsets=True, add_prefix_space=False
    )
    return tokenizer


def unigram() -> Any:
    """A Unigram tokenizer as converted from SentencePiece."""
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Replace(" {2,}", " ")])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    trainer = trainers.UnigramTrainer(
        vocab_size=4000, special_tokens=["<pad>", "</s>", "<unk>"], unk_token="<unk>", show_progress=False
    )
    tokenizer.train_from_iterator(CORPUS, trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="$A </s>", pair="$A </s> $B </s>", special_tokens=[("</s>", 1)]
    )
    return tokenizer


def word_level() -> Any:
    """Whole words."""
    from tokenizers import Tokenizer, models, pre_tokenizers

    words = ["<unk>", "<pad>", "In", "a", "hole", "the", "ground"]
    tokenizer = Tokenizer(models.WordLevel({word: index for index, word in enumerate(words)}, "<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    return tokenizer


QWEN2 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+"
    r"|\s+(?!\S)|\s+"
)
CASES: dict[str, tuple[Any, dict[str, Any] | None, str | None]] = {
    "backend": (lambda: byte_level("<pad>"),
                {"tokenizer_class": "PreTrainedTokenizerFast", "pad_token": "<pad>"}, None),
    "no-config": (lambda: byte_level("<pad>"), None, None),
    "gpt2": (lambda: byte_level("<|endoftext|>"), {"tokenizer_class": "GPT2Tokenizer", **GPT2}, "gpt2"),
    "gpt2-by-type": (lambda: byte_level("<|endoftext|>"), None, "gpt2"),
    "roberta": (roberta, {"tokenizer_class": "RobertaTokenizerFast"}, "roberta"),
    "bart": (roberta, {"tokenizer_class": "BartTokenizer"}, "bart"),
    "unigram": (unigram, {"tokenizer_class": "PreTrainedTokenizerFast", "pad_token": "<pad>",
                          "extra_special_tokens": {"image_token": "<image>"}}, None),
    "word-level": (word_level, {"tokenizer_class": "TokenizersBackend", "pad_token": "<pad>",
                                "unk_token": "<unk>"}, "mistral"),
    "overridden": (lambda: byte_level("<pad>"), {"tokenizer_class": "LlamaTokenizer", "pad_token": "<pad>"},
                   "modernbert"),
    "regex": (lambda: byte_level("<|endoftext|>", pattern=QWEN2),
              {"tokenizer_class": "PreTrainedTokenizerFast", "eos_token": "<|endoftext|>"}, "phi3"),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_same_as_transformers(tmp_path: Path, case: str) -> None:
    """Ids, masks, offsets, decoded text and special tokens are those of transformers."""
    import transformers

    build, settings, model_type = CASES[case]
    tokenizer = build()
    write_json(tmp_path, tokenizer=json.loads(tokenizer.to_str()))
    write_json(tmp_path, config={"model_type": model_type} if model_type else {})
    if settings is not None:
        write_json(tmp_path, tokenizer_config=settings)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = transformers.AutoTokenizer.from_pretrained(tmp_path)
    ours = AutoTokenizer.from_pretrained(tmp_path)
    assert ours.special_tokens_map == theirs.special_tokens_map
    assert ours.all_special_ids == theirs.all_special_ids
    assert (ours.padding_side, ours.model_input_names) == (theirs.padding_side, theirs.model_input_names)
    assert ours.get_vocab() == theirs.get_vocab()
    options: list[dict[str, Any]] = [
        {"return_offsets_mapping": True, "return_special_tokens_mask": True},
        {"truncation": True, "max_length": 9},
        {"return_token_type_ids": True, "add_special_tokens": False},
    ]
    if theirs.pad_token is not None:
        options.append({"padding": True})
    for option in options:
        one, other = ours(TEXTS, **option), theirs(TEXTS, **option)
        assert list(one.items()) == list(other.items())
        one, other = ours(TEXTS[:99], TEXTS[100:199], **option), theirs(TEXTS[:99], TEXTS[100:199], **option)
        assert list(one.items()) == list(other.items())
        assert [one.word_ids(row) for row in range(99)] == [other.word_ids(row) for row in range(99)]
    rows = theirs(TEXTS)["input_ids"]
    assert ours.batch_decode(rows) == theirs.batch_decode(rows)
    assert ours.batch_decode(rows, skip_special_tokens=True) == theirs.batch_decode(
        rows, skip_special_tokens=True
    )
