"""Tiny decoders of text, written by the reference implementation, and texts for them."""

from __future__ import annotations

from typing import Any

import torch
import transformers

VOCABULARY = 67
LLAMA: dict[str, Any] = {
    "vocab_size": VOCABULARY,
    "hidden_size": 32,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "intermediate_size": 48,
    "max_position_embeddings": 128,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "pad_token_id": 0,
}
SIZES: dict[str, dict[str, Any]] = {
    "gpt2": {
        "vocab_size": VOCABULARY,
        "n_embd": 32,
        "n_layer": 3,
        "n_head": 4,
        "n_positions": 128,
        "bos_token_id": 1,
        "eos_token_id": 2,
        "pad_token_id": 0,
    },
    "llama": LLAMA,
    "mistral": {**LLAMA, "sliding_window": None},
    "qwen2": LLAMA,
    "qwen3": {**LLAMA, "head_dim": 10},
}
HEADS = (
    "AutoModel",
    "AutoModelForCausalLM",
    "AutoModelForSequenceClassification",
    "AutoModelForTokenClassification",
)


def reference(model_type: str, auto_class: str, seed: int = 0, **changes: Any) -> Any:
    """A model of the reference with every parameter drawn anew.

    What it computes for itself, such as the angles of its positions, is left as it is.
    """
    config = transformers.AutoConfig.for_model(model_type, **{**SIZES[model_type], **changes})
    model = getattr(transformers, auto_class).from_config(config)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, value in model.named_parameters():
            value.normal_(0.0, 0.3, generator=generator)
            if value.dim() == 1 and name.endswith("weight"):
                value.add_(1.0)
    return model.eval()


def texts(seed: int = 0, *, left: bool = False, padded: bool = True) -> dict[str, torch.Tensor]:
    """Token ids of three texts and their mask; two of them are padded.

    Args:
        seed: of the words.
        left: pad in front of the texts, as generation needs it.
        padded: False for texts of one length.
    """
    generator = torch.Generator().manual_seed(seed)
    ids = torch.randint(3, VOCABULARY, (3, 11), generator=generator)
    mask = torch.ones_like(ids)
    for row, length in ((1, 7), (2, 3)) if padded else ():
        gap = slice(None, 11 - length) if left else slice(length, None)
        ids[row, gap] = 0
        mask[row, gap] = 0
    return {"input_ids": ids, "attention_mask": mask}
