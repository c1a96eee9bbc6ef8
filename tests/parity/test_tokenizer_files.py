"""Tokenizers from the files of before tokenizer.json: the ones that transformers 5.23 builds from them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from safeload import AutoTokenizer
from safeload.errors import UsageError
from tests.forge.tokenizer_kinds import KINDS, MODELS, files_folder, folder_of, model_folder
from tests.forge.tokenizers import write_json
from tests.parity.test_tokenizer_kinds import ATTRIBUTES, TEXTS, Both, both, described, same

if TYPE_CHECKING:
    from pathlib import Path

BYTES = ("roberta", "roberta-fast", "bart", "gpt2", "gpt2-prefix", "gpt-neox", "qwen2", "clip", "openai-gpt")


def whole(pair: Both, folder: Path) -> None:
    """Every part, a thousand texts, pairs, decoded text, attributes, and what is saved."""
    ours, theirs = described(pair.ours), described(pair.theirs)
    for described_side in (ours, theirs):  # transformers copies a tokenizer through JSON, which rounds scores
        vocab = described_side["model"]["vocab"]
        if isinstance(vocab, list):
            described_side["model"]["vocab"] = [[text, round(score, 9)] for text, score in vocab]
    for part in theirs:
        assert ours[part] == theirs[part], part
    for name in ATTRIBUTES:
        assert getattr(pair.ours, name) == getattr(pair.theirs, name), name
    same(pair, TEXTS, return_offsets_mapping=True, return_special_tokens_mask=True)
    same(pair, TEXTS[:50], TEXTS[50:100])
    rows = pair.theirs(TEXTS[:200])["input_ids"]
    assert pair.ours.batch_decode(rows) == pair.theirs.batch_decode(rows)
    if pair.ours.class_name == "GPTNeoXTokenizer":  # its class forgets add_bos_token over tokenizer.json
        return
    pair.ours.save_pretrained(folder)
    for other in both(folder):
        assert dict(other(TEXTS[:100])) == dict(pair.ours(TEXTS[:100]))
        assert other.special_tokens_map == pair.ours.special_tokens_map


@pytest.mark.parametrize("name", BYTES)
def test_vocab_json_and_merges_txt(tmp_path: Path, name: str) -> None:
    """Byte-level BPE as GPT-2 and RoBERTa were published."""
    whole(both(files_folder(KINDS[name], tmp_path / "a")), tmp_path / "b")


@pytest.mark.parametrize("name", MODELS)
def test_sentencepiece_models(tmp_path: Path, name: str) -> None:
    """Models that sentencepiece itself has trained, in the order that each class gives their pieces."""
    whole(both(model_folder(MODELS[name], tmp_path / "a")), tmp_path / "b")


def test_a_model_is_read_only_where_nothing_else_would_do(tmp_path: Path) -> None:
    """Beside tokenizer.json nobody reads it, whatever it is."""
    folder = model_folder(MODELS["llama"], tmp_path)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    tokenizer.save_pretrained(folder)
    (folder / "tokenizer.model").write_bytes(b"\x0a\x0e\x0a\x05<unk>\x15\x00\x00\x00\x00\x18\x02" + bytes(40))
    again = AutoTokenizer.from_pretrained(folder)
    assert again("a hole")["input_ids"] == tokenizer("a hole")["input_ids"]


SIDES: dict[str, tuple[dict[str, object], dict[str, int]]] = {
    "roberta": ({"bos_token": "<s>", "mask_token": {"content": "<mask>", "lstrip": True, "rstrip": False,
                                                    "normalized": False, "single_word": False}}, {}),
    "roberta-by-type": ({"pad_token": "<pad>", "additional_special_tokens": ["<e1>", "<e2>"]}, {"<e1>": 601}),
    "xlm-roberta": ({"mask_token": {"content": "<mask>", "lstrip": True, "rstrip": False,
                                    "normalized": True, "single_word": False}}, {}),
    "camembert": ({"additional_special_tokens": ["<s>NOTUSED", "</s>NOTUSED"], "mask_token": "<mask>"}, {}),
    "t5": ({"additional_special_tokens": [f"<extra_id_{index}>" for index in range(10)],
            "eos_token": "</s>", "unk_token": "<unk>", "pad_token": "<pad>"}, {}),
    "llama-2": ({name: {"content": text, "lstrip": False, "normalized": True, "rstrip": False,
                        "single_word": False}
                 for name, text in (("bos_token", "<s>"), ("eos_token", "</s>"), ("unk_token", "<unk>"))},
                {"<pad>": 1200, "[INST]": 1201}),
    "qwen2-plain": ({"additional_special_tokens": ["<|im_start|>"], "eos_token": "<|im_start|>"},
                    {"<|im_start|>": 600, "<tool>": 601}),
    "gpt2": ({"pad_token": "<|pad|>"}, {"<|pad|>": 600}),
    "llama-3": ({"bos_token": "<|begin_of_text|>", "pad_token": {"content": "<|eot_id|>", "lstrip": True,
                 "normalized": False, "rstrip": True, "single_word": False}}, {}),
    "albert": ({"mask_token": {"content": "[MASK]", "lstrip": True, "rstrip": False, "normalized": False,
                               "single_word": False}, "extra_special_tokens": ["<a>", "<b>"]}, {"<c>": 5000}),
}  # fmt: skip


@pytest.mark.parametrize("name", SIDES)
@pytest.mark.parametrize("settings", ["as published", "none"])
def test_side_files_of_older_repositories(tmp_path: Path, name: str, settings: str) -> None:
    """special_tokens_map.json and added_tokens.json beside tokenizer.json, with or without settings."""
    import transformers

    folder = folder_of(KINDS[name], tmp_path / "a")
    if settings == "none":
        (folder / "tokenizer_config.json").unlink(missing_ok=True)
    if (name, settings) == ("t5", "none"):  # ten sentinels, and the class's own hundred: both refuse that
        write_json(folder, special_tokens_map=SIDES[name][0])
        with pytest.raises(UsageError, match="extra_ids is 100"):
            AutoTokenizer.from_pretrained(folder)
        with pytest.raises(ValueError, match="extra_ids"):
            transformers.AutoTokenizer.from_pretrained(folder)
        return
    special, added = SIDES[name]
    write_json(folder, special_tokens_map=special)
    if added:
        write_json(folder, added_tokens=added)
    whole(both(folder), tmp_path / "b")
