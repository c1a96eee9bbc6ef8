"""Byte-level BPE, BPE and Unigram of sentencepiece: the tokenizer that transformers 5.23 builds, by class."""

from __future__ import annotations

import json
import re
import warnings
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from safeload import AutoTokenizer
from tests.forge.tokenizer_kinds import KINDS, folder_of
from tests.forge.tokenizers import HOBBIT, texts

if TYPE_CHECKING:
    from pathlib import Path

MARKS = "<s> <mask> </s> <pad>x <unk> <|endoftext|>a <extra_id_2> [CLS] [SEP]. <|im_start|>user <bos><eos>"
TEXTS = [*texts(999), MARKS]
ATTRIBUTES = (
    "special_tokens_map", "all_special_tokens", "all_special_ids", "extra_special_tokens",
    "model_max_length", "padding_side", "truncation_side", "model_input_names",
    "clean_up_tokenization_spaces", "split_special_tokens", "bos_token", "pad_token_id", "unk_token_id",
    "mask_token_id", "added_tokens_encoder", "max_len_single_sentence", "max_len_sentences_pair",
    "pad_token_type_id", "vocab_size", "is_fast",
)  # fmt: skip


class Both(NamedTuple):
    """Our tokenizer and theirs, from the same folder."""

    ours: Any
    theirs: Any


def both(folder: Path, **arguments: Any) -> Both:
    import transformers

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return Both(
            AutoTokenizer.from_pretrained(folder, **arguments),
            transformers.AutoTokenizer.from_pretrained(folder, **arguments),
        )


@pytest.fixture(scope="module", params=KINDS)
def pair(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Both:
    return both(folder_of(KINDS[request.param], tmp_path_factory.mktemp("tokenizer")))


def same(pair: Both, *args: Any, **kwargs: Any) -> None:
    """One call gives the same values, tokens, words and texts, or the same complaint."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            theirs = pair.theirs(*args, **kwargs)
        except BaseException as error:  # noqa: BLE001 - the library panics with no Exception at all
            with pytest.raises(ValueError, match=re.escape(str(error))):
                pair.ours(*args, **kwargs)
            return
        ours = pair.ours(*args, **kwargs)
    assert list(ours.items()) == list(theirs.items())
    for row in range(len(theirs.encodings)):
        assert ours.tokens(row) == theirs.tokens(row)
        assert ours.word_ids(row) == theirs.word_ids(row)
        assert ours.sequence_ids(row) == theirs.sequence_ids(row)


def described(tokenizer: Any) -> dict[str, Any]:
    """Everything that the tokenizers library would write, without what the last call left in it."""
    tokenizer.backend_tokenizer.no_padding()
    tokenizer.backend_tokenizer.no_truncation()
    document: dict[str, Any] = json.loads(tokenizer.backend_tokenizer.to_str())
    return document


def test_the_same_tokenizer_is_built(pair: Both) -> None:
    """Model, normaliser, pre-tokeniser, post-processor, decoder and added tokens, field by field."""
    ours, theirs = described(pair.ours), described(pair.theirs)
    for part in theirs:
        assert ours[part] == theirs[part], part


def test_a_thousand_texts(pair: Both) -> None:
    """Ids, masks, special tokens, offsets, lengths, tokens and words of each text."""
    same(pair, TEXTS, return_offsets_mapping=True, return_special_tokens_mask=True, return_length=True)


def test_attributes(pair: Both) -> None:
    """Special tokens, sides, names and sizes."""
    for name in ATTRIBUTES:
        assert getattr(pair.ours, name) == getattr(pair.theirs, name), name
    assert len(pair.ours) == len(pair.theirs)
    assert pair.ours.get_vocab() == pair.theirs.get_vocab()
    flags = [
        {index: token.__getstate__() for index, token in side.added_tokens_decoder.items()} for side in pair
    ]
    assert flags[0] == flags[1]


def test_pairs_lengths_and_overflow(pair: Both) -> None:
    """Pairs, truncation from either text, stride, padding where there is a token for it."""
    first, second = TEXTS[:80], TEXTS[80:160]
    same(pair, first, second, return_offsets_mapping=True, return_special_tokens_mask=True)
    for truncation in ("longest_first", "only_first", "only_second"):
        same(pair, HOBBIT * 3, HOBBIT * 2, truncation=truncation, max_length=24)
    same(pair, first, truncation=True, max_length=8, stride=2, return_overflowing_tokens=True)
    if pair.theirs.pad_token is not None:
        same(pair, first, padding=True, truncation=True, max_length=12, pad_to_multiple_of=4)
        same(pair, first, padding="max_length", max_length=600, padding_side="left")
        same(pair, HOBBIT, padding="max_length", truncation=True)


def test_words(pair: Both) -> None:
    """Texts that were split into words beforehand."""
    words = [text.split() for text in TEXTS[:60] if text.split()]
    same(pair, words, is_split_into_words=True, return_offsets_mapping=True)
    same(pair, words[3], words[4], is_split_into_words=True)


def test_decode(pair: Both) -> None:
    """Ids back to text, tokens back to text, with and without special tokens and cleaning."""
    rows = pair.theirs(TEXTS[:300])["input_ids"]
    for options in ({}, {"skip_special_tokens": True}, {"clean_up_tokenization_spaces": True}):
        assert pair.ours.batch_decode(rows, **options) == pair.theirs.batch_decode(rows, **options)
    for text in TEXTS[:40]:
        tokens = pair.theirs.tokenize(text)
        assert pair.ours.tokenize(text) == tokens
        assert pair.ours.convert_tokens_to_string(tokens) == pair.theirs.convert_tokens_to_string(tokens)
        assert pair.ours.convert_tokens_to_ids(tokens) == pair.theirs.convert_tokens_to_ids(tokens)


@pytest.mark.parametrize("name", KINDS)
def test_saved_tokenizers_read_back(tmp_path: Path, name: str) -> None:
    """What we save, transformers and we ourselves read as the same tokenizer, and the other way round."""
    first = both(folder_of(KINDS[name], tmp_path / "a"))
    first.ours.save_pretrained(tmp_path / "ours")
    first.theirs.save_pretrained(tmp_path / "theirs")
    for folder in ("ours", "theirs"):
        again = both(tmp_path / folder)
        for other in again:
            assert dict(other(TEXTS[:60], TEXTS[60:120])) == dict(first.theirs(TEXTS[:60], TEXTS[60:120]))
            for attribute in ("special_tokens_map", "extra_special_tokens", "padding_side"):
                assert getattr(other, attribute) == getattr(first.theirs, attribute)


@pytest.mark.parametrize("name", ["llama-2", "llama-3", "gpt2", "backend-bos"])
def test_marks_that_are_switched_on_later(tmp_path: Path, name: str) -> None:
    """`add_bos_token` and `add_eos_token` change what goes around a text."""
    pair = both(folder_of(KINDS[name], tmp_path))
    assert not any(side.add_bos_token for side in pair)  # the configuration has no say beside tokenizer.json
    for bos, eos in ((True, True), (False, True), (False, False), (True, False)):
        for side in pair:
            side.add_bos_token, side.add_eos_token = bos, eos
        assert [(side.add_bos_token, side.add_eos_token) for side in pair] == [
            (bos, eos and pair.theirs.eos_token is not None)
        ] * 2
        same(pair, TEXTS[:20], TEXTS[20:40])
    assert pair.ours.clean_up_tokenization("a . b 's") == pair.theirs.clean_up_tokenization("a . b 's")


@pytest.mark.parametrize("name", ["llama-2", "roberta", "t5"])
def test_arguments_of_the_caller(tmp_path: Path, name: str) -> None:
    """What a caller says goes before what the files say."""
    arguments: dict[str, Any] = {"llama-2": {"add_eos_token": True, "legacy": True},
                                 "roberta": {"add_prefix_space": True, "mask_token": "<pad>"},
                                 "t5": {"extra_ids": 4, "eos_token": "<pad>"}}[name]  # fmt: skip
    pair = both(folder_of(KINDS[name], tmp_path), **arguments)
    assert described(pair.ours) == described(pair.theirs)
    same(pair, TEXTS[:50], TEXTS[50:100])
