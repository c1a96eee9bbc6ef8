"""AutoTokenizer gives what transformers 5.23 gives: the same ids, masks, offsets and words."""

from __future__ import annotations

import json
import re
import shutil
import warnings
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from safeload import AutoTokenizer
from tests.forge.tokenizers import HOBBIT, HOBBIT_IDS, VOCABULARY, bert_folder, minilm, texts, write_json

if TYPE_CHECKING:
    from pathlib import Path

TEXTS = texts(1000)
PAIRS = [(TEXTS[index], TEXTS[-1 - index]) for index in range(200)]
CLASS = {"tokenizer_class": "BertTokenizer", "model_max_length": 64}


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


VARIANTS = {
    "plain": {"settings": CLASS},
    "no-config": {},
    "cased": {"settings": {**CLASS, "do_lower_case": False}},
    "strip-accents": {"settings": {**CLASS, "do_lower_case": False, "strip_accents": True}},
    "keep-accents": {"settings": {**CLASS, "strip_accents": False}},
    "no-chinese": {"settings": {**CLASS, "tokenize_chinese_chars": False}},
    "vocab-txt": {"settings": CLASS, "vocab_only": True},
    "distilbert": {"settings": {**CLASS, "tokenizer_class": "DistilBertTokenizer"}},
    "fast-name": {"settings": {**CLASS, "tokenizer_class": "BertTokenizerFast"}},
    "electra": {"settings": {**CLASS, "tokenizer_class": "ElectraTokenizer"}},
    "left": {"settings": {**CLASS, "padding_side": "left", "truncation_side": "left"}},
    "cased-json": {"normalizer": None},
    "baked": {
        "settings": CLASS,
        "truncation": {"direction": "Left", "max_length": 7, "strategy": "LongestFirst", "stride": 0},
        "padding": {
            "strategy": {"Fixed": 16}, "direction": "Left", "pad_to_multiple_of": None, "pad_id": 0,
            "pad_type_id": 0, "pad_token": "[PAD]",
        },
    },
    "extra": {"settings": {**CLASS, "additional_special_tokens": ["<ent>", "Hello"]}},
    "decoder": {
        "settings": {
            **CLASS,
            "added_tokens_decoder": {
                "0": {"content": "[PAD]", "lstrip": True, "normalized": False, "rstrip": False,
                      "single_word": False, "special": True},
                "900": {"content": "hobbit", "lstrip": False, "normalized": True, "rstrip": False,
                        "single_word": False, "special": False},
            },
        }
    },
    "plain-class": {
        "settings": {**CLASS, "tokenizer_class": "PreTrainedTokenizerFast", "pad_token": "[PAD]"}
    },
    "mpnet": {"settings": {**CLASS, "tokenizer_class": "MPNetTokenizer"}},
}  # fmt: skip


@pytest.fixture(scope="module", params=["minilm", *VARIANTS])
def pair(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Both:
    folder = tmp_path_factory.mktemp("tokenizer")
    if request.param == "minilm":
        for path in minilm().glob("*.*"):
            if path.suffix in {".json", ".txt"}:
                shutil.copy(path, folder)
    else:
        bert_folder(folder, **VARIANTS[request.param])
    return both(folder)


def same(pair: Both, *args: Any, **kwargs: Any) -> None:
    """One call gives the same keys in the same order, the same values, and the same places."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            theirs = pair.theirs(*args, **kwargs)
        except BaseException as error:  # noqa: BLE001 - the library panics with no Exception at all
            with pytest.raises(ValueError, match=re.escape(str(error))):
                pair.ours(*args, **kwargs)
            return
        ours = pair.ours(*args, **kwargs)
    assert list(ours) == list(theirs)
    assert dict(ours) == dict(theirs)
    assert ours.n_sequences == theirs.n_sequences
    for row in range(len(theirs.encodings)):
        assert ours.tokens(row) == theirs.tokens(row)
        assert ours.word_ids(row) == theirs.word_ids(row)
        assert ours.sequence_ids(row) == theirs.sequence_ids(row)


def test_a_thousand_texts(pair: Both) -> None:
    """Ids, types, masks, special tokens, offsets, lengths, tokens and words of each text."""
    same(pair, TEXTS, return_offsets_mapping=True, return_special_tokens_mask=True, return_length=True)


def test_single_texts_give_flat_lists(pair: Both) -> None:
    """A string gives lists, not lists of lists."""
    for text in TEXTS[:60]:
        same(pair, text)
        same(pair, text, add_special_tokens=False, return_offsets_mapping=True)


def test_pairs(pair: Both) -> None:
    """Pairs, as two arguments and as tuples."""
    first, second = [list(side) for side in zip(*PAIRS, strict=True)]
    same(pair, first, second, return_offsets_mapping=True, return_special_tokens_mask=True)
    same(pair, PAIRS)
    same(pair, first[3], second[3])
    same(pair, first[3], "")


@pytest.mark.parametrize("truncation", [True, False, "longest_first", "only_first", "do_not_truncate"])
@pytest.mark.parametrize("padding", [True, False, "longest", "max_length", "do_not_pad"])
@pytest.mark.parametrize("max_length", [None, 9])
def test_lengths(pair: Both, truncation: Any, padding: Any, max_length: int | None) -> None:
    """Every combination of padding, truncation and length."""
    if pair.theirs.pad_token is None:
        pytest.skip("no padding token")
    same(pair, TEXTS[:60], truncation=truncation, padding=padding, max_length=max_length)


def test_truncation_of_pairs(pair: Both) -> None:
    """Which text of a pair is cut, and from which side."""
    long = "in the ground there lived a hobbit " * 3
    for truncation in ("longest_first", "only_first", "only_second"):
        same(pair, [long + HOBBIT, long], [long, long], truncation=truncation, max_length=32)
        same(pair, long, long, truncation=truncation, max_length=32, return_overflowing_tokens=True, stride=3)


def test_overflow(pair: Both) -> None:
    """What does not fit comes back as rows of its own, with the text that each is from."""
    for text in (TEXTS[:40], HOBBIT):
        same(
            pair, text, truncation=True, max_length=6, stride=2, return_overflowing_tokens=True,
            return_offsets_mapping=True, return_length=True,
        )  # fmt: skip


def test_padding_details(pair: Both) -> None:
    """Multiples, sides, and rows without mask or types."""
    if pair.theirs.pad_token is None:
        pytest.skip("no padding token")
    same(pair, TEXTS[:20], padding=True, pad_to_multiple_of=8)
    same(pair, TEXTS[:20], padding=True, padding_side="left")
    same(pair, TEXTS[:20], padding="max_length", max_length=40, truncation=True, pad_to_multiple_of=8)
    same(pair, TEXTS[:20], return_attention_mask=False, return_token_type_ids=True)
    same(pair, TEXTS[:20], return_attention_mask=True, return_token_type_ids=False)


def test_words(pair: Both) -> None:
    """Texts that were split into words beforehand."""
    words = [text.split() for text in TEXTS[:60] if text.split()]
    same(pair, words[0], is_split_into_words=True)
    same(pair, words, is_split_into_words=True, return_offsets_mapping=True)
    same(pair, words, words[::-1], is_split_into_words=True)


def test_targets(pair: Both) -> None:
    """`text_target` becomes labels."""
    same(pair, HOBBIT, text_target="a hole")
    same(pair, text_target=[HOBBIT, "a hole"])


def test_special_tokens_as_text(pair: Both) -> None:
    """Markers inside a text, taken as markers and as text."""
    same(pair, "[CLS] a [SEP] hole [MASK]", split_special_tokens=True)
    same(pair, "[CLS] a [SEP] hole [MASK]")


def test_decode(pair: Both) -> None:
    """Ids back to text, with and without special tokens and cleaning."""
    rows = pair.theirs(TEXTS[:200])["input_ids"]
    for options in ({}, {"skip_special_tokens": True}, {"clean_up_tokenization_spaces": True}):
        assert pair.ours.batch_decode(rows, **options) == pair.theirs.batch_decode(rows, **options)
        assert pair.ours.decode(rows[5], **options) == pair.theirs.decode(rows[5], **options)
    assert pair.ours.decode(7) == pair.theirs.decode(7)


def test_tokens_and_ids(pair: Both) -> None:
    """Vocabulary, lengths, conversions and special tokens."""
    ours, theirs = pair
    assert ours.get_vocab() == theirs.get_vocab()
    assert (ours.vocab_size, len(ours)) == (theirs.vocab_size, len(theirs))
    for text in TEXTS[:60]:
        tokens = theirs.tokenize(text)
        assert ours.tokenize(text) == tokens
        assert ours.encode(text) == theirs.encode(text)
        ids = theirs.convert_tokens_to_ids(tokens)
        assert ours.convert_tokens_to_ids(tokens) == ids
        assert ours.convert_ids_to_tokens(ids) == theirs.convert_ids_to_tokens(ids)
        assert ours.convert_tokens_to_string(tokens) == theirs.convert_tokens_to_string(tokens)
    for name in (
        "special_tokens_map", "all_special_tokens", "all_special_ids", "extra_special_tokens",
        "model_max_length", "padding_side", "truncation_side", "model_input_names",
        "clean_up_tokenization_spaces", "split_special_tokens", "is_fast", "bos_token", "pad_token_id",
        "unk_token_id", "cls_token", "mask_token_id", "added_tokens_encoder", "max_len_single_sentence",
        "max_len_sentences_pair", "pad_token_type_id",
    ):  # fmt: skip
        assert getattr(ours, name) == getattr(theirs, name), name
    assert {index: str(token) for index, token in ours.added_tokens_decoder.items()} == {
        index: str(token) for index, token in theirs.added_tokens_decoder.items()
    }
    assert {index: token.__getstate__() for index, token in ours.added_tokens_decoder.items()} == {
        index: token.__getstate__() for index, token in theirs.added_tokens_decoder.items()
    }


@pytest.mark.parametrize("kind", ["pt", "np"])
def test_tensors(pair: Both, kind: str) -> None:
    """Tensors of the same type, shape and values."""
    if pair.theirs.pad_token is None:
        pytest.skip("no padding token")
    for text in (TEXTS[3:40], HOBBIT, ""):
        ours = pair.ours(text, padding=True, truncation=True, max_length=12, return_tensors=kind)
        theirs = pair.theirs(text, padding=True, truncation=True, max_length=12, return_tensors=kind)
        assert list(ours) == list(theirs)
        for key, value in theirs.items():
            assert type(ours[key]) is type(value)
            assert ours[key].dtype == value.dtype
            assert ours[key].tolist() == value.tolist()


@pytest.mark.parametrize("kind", [None, "pt", "np"])
def test_pad(pair: Both, kind: str | None) -> None:
    """Padding what was encoded before: one row, many rows, and a collator's list of mappings."""
    if pair.theirs.pad_token is None:
        pytest.skip("no padding token")
    rows = [dict(pair.theirs(text)) for text in TEXTS[3:9]]
    columns = {key: [row[key] for row in rows] for key in rows[0]}
    for inputs in (rows, columns, [{"input_ids": row["input_ids"]} for row in rows], rows[2]):
        for options in ({}, {"padding": "max_length", "max_length": 50}, {"pad_to_multiple_of": 8},
                        {"padding_side": "left"}):  # fmt: skip
            ours = pair.ours.pad(inputs, return_tensors=kind, **options)
            theirs = pair.theirs.pad(inputs, return_tensors=kind, **options)
            plain = [
                {key: value.tolist() if kind else value for key, value in side.items()}
                for side in (ours, theirs)
            ]
            assert list(plain[0].items()) == list(plain[1].items())
    assert dict(pair.ours.pad({"input_ids": []})) == dict(pair.theirs.pad({"input_ids": []}))


def test_places(pair: Both) -> None:
    """Characters, words and tokens lead to each other in the same way."""
    text = "Hello wörld, don't"
    ours, theirs = (
        pair.ours([text, HOBBIT], ["a hole", "中文"]),
        pair.theirs([text, HOBBIT], ["a hole", "中文"]),
    )
    for row in range(2):
        for index in range(len(theirs["input_ids"][row])):
            assert ours.token_to_chars(row, index) == theirs.token_to_chars(row, index)
            assert ours.token_to_word(row, index) == theirs.token_to_word(row, index)
            assert ours.token_to_sequence(row, index) == theirs.token_to_sequence(row, index)
        for index in range(len(text)):
            for sequence in (0, 1):
                assert ours.char_to_token(row, index, sequence) == theirs.char_to_token(row, index, sequence)
                assert ours.char_to_word(row, index, sequence) == theirs.char_to_word(row, index, sequence)
        for word in range(3):
            assert ours.word_to_tokens(row, word) == theirs.word_to_tokens(row, word)
            assert ours.word_to_chars(row, word) == theirs.word_to_chars(row, word)
    assert ours.token_to_word(1) == theirs.token_to_word(1)
    assert ours.char_to_token(1) == theirs.char_to_token(1)


def test_added_tokens(tmp_path: Path) -> None:
    """Tokens added later get the same ids and split the same texts."""
    ours, theirs = both(bert_folder(tmp_path, settings=CLASS))
    counts = []
    for tokenizer in (ours, theirs):
        first = tokenizer.add_tokens(["hobbit", "new tok", "a"])
        second = tokenizer.add_special_tokens({"bos_token": "<bos>", "extra_special_tokens": ["<x>", "<y>"]})
        counts.append((first, second))
        tokenizer.mask_token = "<x>"
        tokenizer.pad_token_id = 1
    assert counts[0] == counts[1]
    same(Both(ours, theirs), "<bos> a new tok hobbit <x><y>", padding="max_length", max_length=20)
    assert ours.get_added_vocab() == theirs.get_added_vocab()
    assert ours.special_tokens_map == theirs.special_tokens_map
    mask = {"already_has_special_tokens": True}
    assert ours.get_special_tokens_mask([2, 9, 3], **mask) == theirs.get_special_tokens_mask(
        [2, 9, 3], **mask
    )


@pytest.mark.parametrize("variant", ["cased", "no-chinese", "distilbert", "extra", "left", "decoder"])
def test_saved_tokenizers_read_back(tmp_path: Path, variant: str) -> None:
    """What we save, transformers and we ourselves read as the same tokenizer."""
    import transformers

    first = both(bert_folder(tmp_path / "a", **VARIANTS[variant])).ours
    first.save_pretrained(tmp_path / "b")
    again = AutoTokenizer.from_pretrained(tmp_path / "b")
    theirs = transformers.AutoTokenizer.from_pretrained(tmp_path / "b")
    for other in (again, theirs):
        assert dict(other(TEXTS[:100])) == dict(first(TEXTS[:100]))
        assert other.special_tokens_map == first.special_tokens_map
        assert other.extra_special_tokens == first.extra_special_tokens
        assert (other.model_max_length, other.padding_side) == (first.model_max_length, first.padding_side)


def test_their_saved_tokenizers(tmp_path: Path) -> None:
    """What transformers saves, we read as the same tokenizer."""
    import transformers

    transformers.AutoTokenizer.from_pretrained(
        bert_folder(tmp_path / "a", settings={**CLASS, "do_lower_case": False})
    ).save_pretrained(tmp_path / "b")
    pair = both(tmp_path / "b")
    same(pair, TEXTS[:200])


def test_legacy_side_files(tmp_path: Path) -> None:
    """special_tokens_map.json and added_tokens.json of older repositories."""
    bert_folder(tmp_path, settings={"tokenizer_class": "BertTokenizer"}, vocab_only=True)
    write_json(
        tmp_path,
        added_tokens={"hobbit": len(VOCABULARY), "<s>": len(VOCABULARY) + 1},
        special_tokens_map={
            "bos_token": "<s>",
            "mask_token": {"content": "[MASK]", "lstrip": True, "rstrip": False, "normalized": False,
                           "single_word": False},
        },
    )  # fmt: skip
    pair = both(tmp_path)
    same(pair, [*TEXTS[:100], "a hobbit <s> hole   [MASK] a"], return_offsets_mapping=True)
    assert pair.ours.special_tokens_map == pair.theirs.special_tokens_map
    assert pair.ours.get_vocab() == pair.theirs.get_vocab()


def test_arguments_replace_settings(tmp_path: Path) -> None:
    """Arguments of from_pretrained win over the files."""
    bert_folder(tmp_path, settings=CLASS)
    pair = both(tmp_path, do_lower_case=False, model_max_length=12, padding_side="left", sep_token="[MASK]")
    same(pair, TEXTS[:50], padding=True, truncation=True)
    assert pair.ours.special_tokens_map == pair.theirs.special_tokens_map


REAL = {
    "cased": {"do_lower_case": False},
    "strip-accents": {"do_lower_case": False, "strip_accents": True},
    "keep-accents": {"strip_accents": False},
    "no-chinese": {"tokenize_chinese_chars": False},
    "distilbert": {"tokenizer_class": "DistilBertTokenizer"},
    "backend": {"tokenizer_class": "PreTrainedTokenizerFast"},
    "vocab-txt": {},
}


@pytest.mark.parametrize("variant", REAL)
def test_a_thousand_texts_on_the_real_vocabulary(tmp_path: Path, variant: str) -> None:
    """The vocabulary of bert-base-uncased under each setting, and without tokenizer.json."""
    source = minilm()
    for name in ("vocab.txt", "config.json", "special_tokens_map.json", "tokenizer.json"):
        if name != "tokenizer.json" or variant != "vocab-txt":
            shutil.copy(source / name, tmp_path)
    settings = json.loads((source / "tokenizer_config.json").read_text())
    write_json(tmp_path, tokenizer_config={**settings, **REAL[variant]})
    pair = both(tmp_path)
    same(pair, TEXTS, return_offsets_mapping=True, return_special_tokens_mask=True)
    same(pair, PAIRS, truncation=True, padding=True, max_length=24)


def test_hobbit() -> None:
    """The tutorial's sentence, on the real vocabulary."""
    encoded = AutoTokenizer.from_pretrained(minilm())(HOBBIT)
    assert dict(encoded) == {
        "input_ids": HOBBIT_IDS,
        "token_type_ids": [0] * 15,
        "attention_mask": [1] * 15,
    }
