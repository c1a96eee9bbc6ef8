"""Tiny checkpoints, written by transformers: the real layout with random weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
WORDS = (*SPECIAL, "in", "a", "hole", "the", "ground", "hobbit", "##s", ".")


def tiny_bert(folder: Path, *, pickle: bool = False, legacy: bool = False, **overrides: object) -> Path:
    """A BERT with a masked-language head and a WordPiece tokenizer.

    Args:
        folder: where to write; it is created.
        pickle: write pytorch_model.bin in place of model.safetensors.
        legacy: likewise, in the format before torch 1.6.
        overrides: fields of BertConfig.
    """
    import torch
    from transformers import BertConfig, BertForMaskedLM

    folder.mkdir(parents=True, exist_ok=True)
    fields = {
        "vocab_size": len(WORDS),
        "hidden_size": 16,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "intermediate_size": 24,
        "max_position_embeddings": 32,
    }
    torch.manual_seed(0)
    model = BertForMaskedLM(BertConfig(**{**fields, **overrides}))
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.randn_like(parameter) * 0.3 + (parameter.dim() == 1))
    model.save_pretrained(folder)
    if pickle or legacy:
        (folder / "model.safetensors").unlink()
        path = folder / "pytorch_model.bin"
        torch.save(model.state_dict(), path, _use_new_zipfile_serialization=not legacy)
    (folder / "vocab.txt").write_text("".join(f"{word}\n" for word in WORDS))
    return folder
