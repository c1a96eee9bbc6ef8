"""Tiny bert and distilbert checkpoints, written by the reference implementation.

Every parameter is drawn anew: a fresh initialisation has zero biases and unit norms, and would hide
a bias that is not added or a norm that is left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
import transformers

if TYPE_CHECKING:
    from pathlib import Path

VOCABULARY = 61
POSITIONS = 24

BERT: dict[str, Any] = {
    "vocab_size": VOCABULARY,
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 48,
    "max_position_embeddings": POSITIONS,
}
DISTILBERT: dict[str, Any] = {
    "vocab_size": VOCABULARY,
    "dim": 32,
    "n_layers": 2,
    "n_heads": 4,
    "hidden_dim": 48,
    "max_position_embeddings": POSITIONS,
}
ROBERTA = {**BERT, "pad_token_id": 1, "max_position_embeddings": POSITIONS + 2, "type_vocab_size": 1}
SIZES: dict[str, dict[str, Any]] = {
    "bert": BERT,
    "distilbert": DISTILBERT,
    "roberta": ROBERTA,
    "xlm-roberta": ROBERTA,
    "camembert": ROBERTA,
    "electra": {**BERT, "embedding_size": 20},
    "mpnet": {**BERT, "pad_token_id": 1, "max_position_embeddings": POSITIONS + 2},
}
HEADS = (
    "AutoModel",
    "AutoModelForPreTraining",
    "AutoModelForMaskedLM",
    "AutoModelForSequenceClassification",
    "AutoModelForMultipleChoice",
    "AutoModelForTokenClassification",
    "AutoModelForQuestionAnswering",
)
"""What every family has; bert alone predicts next sentences."""


def reference(model_type: str, auto_class: str, seed: int = 0, **changes: Any) -> Any:
    """A model of the reference with every parameter and buffer of type float drawn anew."""
    config = transformers.AutoConfig.for_model(model_type, **{**SIZES[model_type], **changes})
    model = getattr(transformers, auto_class).from_config(config)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, value in [*model.named_parameters(), *model.named_buffers()]:
            if value.is_floating_point():
                value.normal_(0.0, 0.3, generator=generator)
                if "norm" in name.lower() and name.endswith("weight"):
                    value.add_(1.0)
    return model.eval()


def save(model: Any, folder: Path, **options: Any) -> Path:
    """The folder with the checkpoint that the reference writes."""
    model.save_pretrained(folder, **options)
    return folder


def batch(
    seed: int = 0, *, padded: bool = True, padding: int = 0, choices: int = 0
) -> dict[str, torch.Tensor]:
    """Token ids of three texts and their mask; two of them are padded.

    Args:
        seed: of the words.
        padded: False for texts of one length.
        padding: id of the padding.
        choices: with 2, each text stands beside the next one, as the choices of a question.
    """
    generator = torch.Generator().manual_seed(seed)
    ids = torch.randint(padding + 1, VOCABULARY, (3, 11), generator=generator)
    mask = torch.ones_like(ids)
    if padded:
        ids[1, 7:] = padding
        mask[1, 7:] = 0
        ids[2, 3:] = padding
        mask[2, 3:] = 0
    inputs = {"input_ids": ids, "attention_mask": mask}
    if choices:
        return {name: torch.stack([value, value.roll(1, 0)], 1) for name, value in inputs.items()}
    return inputs
