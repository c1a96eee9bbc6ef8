"""Mutated tokenizer files: a tokenizer or one of our errors, never another exception."""

from __future__ import annotations

import json
import random
import warnings
from typing import TYPE_CHECKING

import pytest

from safeload import AutoTokenizer
from safeload.errors import SafeloadError
from tests.forge.tokenizers import HOBBIT, bert_folder, tokenizer_json

if TYPE_CHECKING:
    from pathlib import Path

VOCAB = {
    mark: index for index, mark in enumerate(("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "in", "the"))
}
PIECES = (
    b"null", b"0", b"-1", b"1e999", b'""', b"[]", b"{}", b"true", b'"Regex"', b'{"String":""}', b"9" * 40,
    b'"type":"Sequence"', b"\\ud800", b"\x00", b"\xff", b'"decoders":[[]]', b'"BPE"', b'"Unigram"',
)  # fmt: skip


def mutated(data: bytes, rng: random.Random) -> bytes:
    """Flip, cut, repeat or splice at random places."""
    out = bytearray(data)
    for _ in range(rng.randrange(1, 4)):
        at = rng.randrange(len(out))
        match rng.randrange(5):
            case 0:
                out[at] ^= 1 << rng.randrange(8)
            case 1:
                del out[at : at + rng.randrange(1, 30)]
            case 2:
                out[at:at] = out[at : at + rng.randrange(1, 60)]
            case 3:
                out[at : at + rng.randrange(4)] = rng.choice(PIECES)
            case _:
                colon = out.find(b":", at)
                end = min((i for i in (out.find(b",", colon), out.find(b"}", colon)) if i > 0), default=-1)
                if 0 < colon < end:
                    out[colon + 1 : end] = rng.choice(PIECES)
        if not out:
            return b""
    return bytes(out)


@pytest.mark.parametrize("class_name", ["BertTokenizer", "PreTrainedTokenizerFast"])
@pytest.mark.parametrize("victim", ["tokenizer.json", "tokenizer_config.json", "special_tokens_map.json"])
def test_mutations(tmp_path: Path, class_name: str, victim: str) -> None:
    """Each mutation ends in a tokenizer that encodes, or in an error of ours."""
    bert_folder(
        tmp_path, settings={"tokenizer_class": class_name, "pad_token": "[PAD]", "do_lower_case": True}
    )
    document = tokenizer_json(model={**tokenizer_json()["model"], "vocab": VOCAB})
    (tmp_path / "tokenizer.json").write_text(json.dumps(document))
    (tmp_path / "special_tokens_map.json").write_text('{"cls_token": {"content": "[CLS]", "lstrip": false}}')
    original = (tmp_path / victim).read_bytes()
    rng = random.Random(f"{class_name} {victim}")
    outcomes = set()
    for _ in range(60):
        (tmp_path / victim).write_bytes(mutated(original, rng))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                tokenizer = AutoTokenizer.from_pretrained(tmp_path)
            except SafeloadError:
                outcomes.add("refused")
                continue
            encoded = tokenizer(HOBBIT)
        assert len(encoded["input_ids"]) == len(encoded["attention_mask"])
        outcomes.add("loaded")
    assert outcomes == {"refused", "loaded"}
