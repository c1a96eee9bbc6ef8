"""Folders of speech recognisers' tokenizers: vocab.json and what may stand beside it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

CAPITALS: dict[str, int] = {
    token: index
    for index, token in enumerate(["<pad>", "<s>", "</s>", "<unk>", "|", *"ETAONIHSRDLUMWCFGYPBVK'XJQZ"])
}
"""The vocabulary of the published English recognisers."""
SMALL: dict[str, int] = {token: index for index, token in enumerate([*"abcdefghij", "|", "[UNK]", "[PAD]"])}
"""As people make one from their own transcriptions: special tokens at the end, and two more beyond it."""
_SMALL_TOKENS = {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "[UNK]", "pad_token": "[PAD]"}
_PART = {"lstrip": False, "normalized": True, "single_word": False}
_GERMAN = {**{token: index for token, index in CAPITALS.items() if index < 5}, "Ä": 5, "sch": 6}
LANGUAGES = {"eng": CAPITALS, "deu": _GERMAN}

CASES: dict[str, tuple[Mapping[str, Any], dict[str, Any], dict[str, Any]]] = {
    "plain": (CAPITALS, {}, {}),
    "small letters out": (CAPITALS, {"tokenizer_config": {"do_lower_case": True}}, {}),
    "tokens beyond": (
        SMALL,
        {
            "tokenizer_config": {**_SMALL_TOKENS, "tokenizer_class": "Wav2Vec2CTCTokenizer"},
            "special_tokens_map": _SMALL_TOKENS,
            "added_tokens": {"<s>": 13, "</s>": 14},
        },
        {},
    ),
    "described tokens": (
        SMALL,
        {
            "tokenizer_config": {
                **_SMALL_TOKENS,
                "added_tokens_decoder": {
                    "13": {**_PART, "content": "<s>", "rstrip": False, "special": False},
                    "14": {**_PART, "content": "</s>", "rstrip": True, "special": True},
                },
            }
        },
        {},
    ),
    "tokens of several letters": ({**CAPITALS, "TH": 32, "THE": 33, "<laugh>": 34, "HE": 35}, {}, {}),
    "a language": (LANGUAGES, {"tokenizer_config": {"target_lang": "eng"}}, {}),
    "another language": (
        LANGUAGES,
        {"tokenizer_config": {"target_lang": "eng"}},
        {"target_lang": "deu"},
    ),
}
"""Vocabulary, further files, arguments of `from_pretrained`."""
PIECES = (
    "<pad>", "<s>", "</s>", "<unk>", "[UNK]", "[PAD]", "|", " ", "  ", "THE", "TH", "<laugh>", "sch", "_",
    "-", "ß", "é", "\n", "\t", "A", "B", "b", "a", "HE", "E", "H", "T", "'", ".", "x",
)  # fmt: skip
"""What test texts are put together from."""


def write(
    folder: Path, vocabulary: Mapping[str, Any], files: Mapping[str, Any], kind: str = "wav2vec2"
) -> Path:
    """Write vocab.json, config.json and the named files."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, value in {"vocab": vocabulary, "config": {"model_type": "wav2vec2"}, **files}.items():
        (folder / f"{name}.json").write_text(json.dumps(value), encoding="utf-8")
    return folder
