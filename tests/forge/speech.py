"""Tiny wav2vec2 and hubert checkpoints, written by the reference implementation.

Every parameter is drawn anew, as in `encoders`, and no two sizes are equal.
"""

from __future__ import annotations

from typing import Any

import torch
import transformers

BASE: dict[str, Any] = {
    "vocab_size": 23,
    "hidden_size": 32,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "intermediate_size": 44,
    "conv_dim": [16, 20, 24],
    "conv_kernel": [10, 3, 2],
    "conv_stride": [5, 2, 2],
    "num_conv_pos_embeddings": 8,
    "num_conv_pos_embedding_groups": 2,
    "classifier_proj_size": 18,
    "num_labels": 5,
    "mask_time_length": 2,
    "mask_feature_length": 3,
}
LARGE: dict[str, Any] = {"feat_extract_norm": "layer", "do_stable_layer_norm": True, "conv_bias": True}
"""What the large models and XLSR change."""
_WAV2VEC2: dict[str, Any] = {
    **BASE,
    "tdnn_dim": [12, 14, 26],
    "tdnn_kernel": [3, 2, 1],
    "tdnn_dilation": [1, 2, 1],
    "xvector_output_dim": 19,
    "codevector_dim": 22,
    "proj_codevector_dim": 15,
    "num_codevectors_per_group": 7,
}
SIZES = {"wav2vec2": _WAV2VEC2, "hubert": BASE}
HEADS = {
    "wav2vec2": (
        "AutoModel",
        "AutoModelForPreTraining",
        "AutoModelForCTC",
        "AutoModelForAudioClassification",
        "AutoModelForAudioFrameClassification",
        "AutoModelForAudioXVector",
    ),
    "hubert": ("AutoModel", "AutoModelForCTC", "AutoModelForAudioClassification"),
}
SAMPLES = (700, 520, 333)
"""Lengths of the sounds in a batch."""


def reference(model_type: str, auto_class: str, seed: int = 0, **changes: Any) -> Any:
    """A model of the reference with every parameter drawn anew, in evaluation mode."""
    config = transformers.AutoConfig.for_model(model_type, **{**SIZES[model_type], **changes})
    model = getattr(transformers, auto_class).from_config(config)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, value in model.named_parameters():
            value.normal_(0.0, 0.3, generator=generator)
            if "norm" in name.lower() and name.endswith("weight"):
                value.add_(1.0)
            elif name.endswith("original0"):
                value.abs_().add_(0.5)
    return model.eval()


def batch(seed: int = 0, *, padded: bool = True) -> dict[str, torch.Tensor]:
    """Three sounds and their mask; two of them are padded."""
    generator = torch.Generator().manual_seed(seed)
    sounds = torch.randn((len(SAMPLES), max(SAMPLES)), generator=generator)
    mask = torch.ones_like(sounds, dtype=torch.long)
    if padded:
        for row, length in enumerate(SAMPLES):
            sounds[row, length:] = 0.0
            mask[row, length:] = 0
    return {"input_values": sounds, "attention_mask": mask}
