"""The tokenizer of speech recognisers against the reference: same texts, same ids, and back."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
import transformers

import safeload
from safeload.errors import UsageError
from tests.forge.letters import CAPITALS, CASES, LANGUAGES, PIECES, SMALL, write

if TYPE_CHECKING:
    from pathlib import Path

TEXTS = 1_000
OPTIONS: tuple[dict[str, bool], ...] = (
    {},
    {"skip_special_tokens": True},
    {"group_tokens": False},
    {"spaces_between_special_tokens": True},
    {"clean_up_tokenization_spaces": True},
    {"output_char_offsets": True, "output_word_offsets": True},
    {"output_word_offsets": True, "skip_special_tokens": True},
)


def _pair(folder: Path, case: str) -> tuple[Any, Any]:
    vocabulary, files, arguments = CASES[case]
    write(folder, vocabulary, files)
    ours = safeload.AutoTokenizer.from_pretrained(folder, **arguments)
    return ours, transformers.AutoTokenizer.from_pretrained(folder, **arguments)


def _texts(seed: int) -> list[str]:
    source = random.Random(seed)
    return ["".join(source.choices(PIECES, k=source.randrange(14))) for _ in range(TEXTS)]


def _frames(size: int, seed: int) -> list[list[int]]:
    """Ids of frames, with repetitions, and some that no vocabulary has."""
    source = random.Random(seed)
    rows = []
    for _ in range(TEXTS // 4):
        runs = [
            [source.randrange(size + 2)] * source.choice([1, 1, 2, 3]) for _ in range(source.randrange(20))
        ]
        rows.append([index for run in runs for index in run])
    return rows


def _plain(value: Any) -> Any:
    if isinstance(value, dict | transformers.utils.ModelOutput):
        return {key: _plain(item) for key, item in value.items()}
    return value


@pytest.mark.parametrize("case", CASES)
def test_same_ids(case: str, tmp_path: Path) -> None:
    """Texts with special tokens, tokens of several letters, white space and letters that nobody knows."""
    ours, theirs = _pair(tmp_path, case)
    for text in _texts(1):
        assert dict(ours(text)) == dict(theirs(text)), text
        assert ours.tokenize(text) == theirs.tokenize(text)
    batch = [text for text in _texts(2) if text][:50]
    for options in (
        {"padding": True},
        {"padding": "max_length", "max_length": 12, "truncation": True},
        {"padding": True, "pad_to_multiple_of": 8, "padding_side": "left"},
        {"truncation": True, "max_length": 3},
        {"return_special_tokens_mask": True, "return_token_type_ids": True, "return_length": True},
    ):
        found, expected = ours(batch, **options), theirs(batch, **options)
        assert dict(found) == dict(expected)
    assert torch.equal(
        ours(batch, padding=True, return_tensors="pt")["input_ids"],
        theirs(batch, padding=True, return_tensors="pt")["input_ids"],
    )


@pytest.mark.parametrize("case", CASES)
def test_same_texts(case: str, tmp_path: Path) -> None:
    """Frames become the same text under each option, with the same places of characters and words."""
    ours, theirs = _pair(tmp_path, case)
    rows = _frames(len(theirs), 3)
    for options in OPTIONS:
        for row in rows:
            assert _plain(ours.decode(row, **options)) == _plain(theirs.decode(row, **options))
        assert _plain(ours.batch_decode(rows, **options)) == _plain(theirs.batch_decode(rows, **options))


@pytest.mark.parametrize("case", CASES)
def test_same_attributes(case: str, tmp_path: Path) -> None:
    """Vocabulary, sizes, special tokens and what each added token does."""
    ours, theirs = _pair(tmp_path, case)
    for name in (
        "all_special_tokens", "all_special_ids", "special_tokens_map", "vocab_size", "pad_token_id",
        "unk_token_id", "word_delimiter_token", "word_delimiter_token_id", "model_max_length", "padding_side",
        "model_input_names", "do_lower_case", "target_lang", "is_fast",
    ):  # fmt: skip
        assert getattr(ours, name) == getattr(theirs, name), name
    assert len(ours) == len(theirs)
    assert ours.get_vocab() == theirs.get_vocab()
    described = [
        {index: token.__getstate__() for index, token in tokens.items()}
        for tokens in (ours.backend_tokenizer.get_added_tokens_decoder(), theirs.added_tokens_decoder)
    ]
    assert described[0] == described[1]


@pytest.mark.parametrize("case", CASES)
def test_saved_and_read_back(case: str, tmp_path: Path) -> None:
    """What we save is the same tokenizer to the reference and to us."""
    ours, theirs = _pair(tmp_path / "a", case)
    ours.save_pretrained(tmp_path / "b")
    again = safeload.AutoTokenizer.from_pretrained(tmp_path / "b")
    reference = transformers.AutoTokenizer.from_pretrained(tmp_path / "b")
    for text in _texts(4)[:200]:
        expected = theirs(text)["input_ids"]
        assert ours(text)["input_ids"] == again(text)["input_ids"] == expected
        assert reference(text)["input_ids"] == expected
        assert again.decode(expected) == reference.decode(expected) == theirs.decode(expected)


def test_another_delimiter(tmp_path: Path) -> None:
    """The delimiter that the files name is the one that is used, as in version 4.

    Version 5.23 takes it for a special token only when it reads files, and writes the default one; made
    directly, its tokenizer does what ours does.
    """
    settings = {"unk_token": "[UNK]", "pad_token": "[PAD]", "word_delimiter_token": "_"}
    space = {"replace_word_delimiter_char": "-"}
    write(tmp_path, {**SMALL, "_": 13}, {"tokenizer_config": {**settings, **space}})
    ours = safeload.AutoTokenizer.from_pretrained(tmp_path)
    theirs = transformers.Wav2Vec2CTCTokenizer(str(tmp_path / "vocab.json"), **settings, **space)
    assert ours("a b")["input_ids"] == [0, 13, 1]
    for text in _texts(5):
        assert ours(text)["input_ids"] == theirs(text)["input_ids"]
    for row in _frames(len(theirs), 6):
        assert ours.decode(row) == theirs.decode(row)
    argument = safeload.AutoTokenizer.from_pretrained(tmp_path, word_delimiter_token="|")
    assert argument("a b")["input_ids"] == [0, 10, 1]


def test_languages(tmp_path: Path) -> None:
    """Another language is another vocabulary, as in the reference, and one that is not there is refused."""
    ours, theirs = _pair(tmp_path, "a language")
    for tokenizer in (ours, theirs):
        tokenizer.set_target_lang("deu")
    for text in _texts(7)[:300]:
        assert ours(text)["input_ids"] == theirs(text)["input_ids"]
    with pytest.raises(ValueError, match="none of the languages deu, eng"):
        ours.set_target_lang("fra")
    write(tmp_path / "none", LANGUAGES, {})
    with pytest.raises(UsageError, match="several languages: pass target_lang=, one of deu, eng"):
        safeload.AutoTokenizer.from_pretrained(tmp_path / "none")
    with pytest.raises(UsageError, match="target_lang 'fra' is none of deu, eng"):
        safeload.AutoTokenizer.from_pretrained(tmp_path / "none", target_lang="fra")
    write(tmp_path / "one", CAPITALS, {})
    with pytest.raises(UsageError, match="there are none"):
        safeload.AutoTokenizer.from_pretrained(tmp_path / "one", target_lang="eng")


def test_frames_of_any_kind(tmp_path: Path) -> None:
    """Lists, arrays and tensors, one row or several."""
    ours, theirs = _pair(tmp_path, "plain")
    rows = [[6, 6, 0, 5, 5, 4, 7], [5, 0, 5, 4, 4, 4, 4]]
    texts = theirs.batch_decode(rows)
    for given in (rows, np.array(rows), torch.tensor(rows)):
        assert ours.batch_decode(given) == ours.decode(given) == texts
        assert ours.decode(given[0]) == texts[0]
    assert ours.decode(torch.tensor(6)) == "T"
    assert ours.decode([]) == ""
    assert ours.batch_decode([]) == []
    found = ours.decode(rows[0], output_word_offsets=True)
    assert found.text == found["text"] == texts[0]
    assert found.char_offsets is None
    assert found.word_offsets[0] == {"word": "TE", "start_offset": 0, "end_offset": 5}


def test_tokens_added_later(tmp_path: Path) -> None:
    """A program may add tokens and set special ones."""
    ours, theirs = _pair(tmp_path, "plain")
    for tokenizer in (ours, theirs):
        assert tokenizer.add_tokens(["<noise>", "A"]) == 1
        tokenizer.unk_token = "|"
    for text in ("A <noise>B é", "<noise>", "x A"):
        assert ours(text)["input_ids"] == theirs(text)["input_ids"]


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        (lambda tokenizer: tokenizer("A", "B"), "no second text"),
        (lambda tokenizer: tokenizer("A", return_offsets_mapping=True), "keeps no places"),
        (
            lambda tokenizer: tokenizer(["A"], return_overflowing_tokens=True),
            "leave return_overflowing_tokens",
        ),
        (lambda tokenizer: tokenizer(7), "a text is a string"),
    ],
)
def test_what_a_call_cannot_do(call: Any, reason: str, tmp_path: Path) -> None:
    """What has no meaning for transcriptions is refused with a reason."""
    ours, _ = _pair(tmp_path, "plain")
    with pytest.raises(ValueError, match=reason):
        call(ours)


def test_what_cannot_be_loaded(tmp_path: Path) -> None:
    """No vocabulary, settings of another type, a token of absurd length, letters that nobody can write."""
    write(tmp_path, CAPITALS, {"tokenizer_config": {"tokenizer_class": "Wav2Vec2CTCTokenizer"}})
    (tmp_path / "vocab.json").unlink()
    with pytest.raises(UsageError, match=r"needs vocab\.json"):
        safeload.AutoTokenizer.from_pretrained(tmp_path)
    for name, value in (("target_lang", 3), ("do_lower_case", "yes"), ("replace_word_delimiter_char", 1)):
        write(tmp_path / name, CAPITALS, {})
        with pytest.raises(UsageError, match=f"{name} cannot be"):
            safeload.AutoTokenizer.from_pretrained(tmp_path / name, **{name: value})
    write(tmp_path / "long", {**CAPITALS, "x" * 300: 32}, {})
    with pytest.raises(UsageError, match="300 characters, more than 256"):
        safeload.AutoTokenizer.from_pretrained(tmp_path / "long")
    nobody = {"a": 0, "|": 1, "<pad>": 2}
    write(tmp_path / "nobody", nobody, {"tokenizer_config": {"unk_token": None}})
    with pytest.raises(ValueError, match="'z' is not in the vocabulary, which has no unknown token"):
        safeload.AutoTokenizer.from_pretrained(tmp_path / "nobody")("z")
