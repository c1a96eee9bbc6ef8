"""Tiny vision checkpoints, written by the reference implementation, and images for them."""

from __future__ import annotations

from typing import Any

import torch
import transformers

VIT: dict[str, Any] = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 48,
    "image_size": 24,
    "patch_size": 8,
    "encoder_stride": 8,
}
SIZES: dict[str, dict[str, Any]] = {"vit": VIT, "deit": VIT}
HEADS = ("AutoModel", "AutoModelForImageClassification", "AutoModelForMaskedImageModeling")
PATCHES = 9


def randomised(model: Any, seed: int = 0) -> Any:
    """The model with every parameter and buffer of type float drawn anew, norms around one."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, value in [*model.named_parameters(), *model.named_buffers()]:
            if value.is_floating_point():
                value.normal_(0.0, 0.3, generator=generator)
                if "norm" in name.lower() and name.endswith("weight"):
                    value.add_(1.0)
    return model.eval()


def reference(model_type: str, auto_class: str, seed: int = 0, **changes: Any) -> Any:
    """A model of the reference with its parameters drawn anew."""
    config = transformers.AutoConfig.for_model(model_type, **{**SIZES[model_type], **changes})
    # where a model has two classes for a task, the reference looks at the names, and takes the first one
    config.architectures = []
    return randomised(getattr(transformers, auto_class).from_config(config), seed)


def pixels(height: int = 24, width: int = 24, *, channels: int = 3, seed: int = 0) -> torch.Tensor:
    """Two images as a processor makes them: numbers around zero."""
    return torch.randn(2, channels, height, width, generator=torch.Generator().manual_seed(seed))


def masked(patches: int = PATCHES, seed: int = 0) -> torch.Tensor:
    """Which patches of two images are not seen."""
    return torch.rand(2, patches, generator=torch.Generator().manual_seed(seed)) > 0.5


CLIP_TEXT: dict[str, Any] = {
    "vocab_size": 61,
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 48,
    "max_position_embeddings": 16,
    "bos_token_id": 58,
    "eos_token_id": 60,
    "projection_dim": 20,
}
CLIP_VISION: dict[str, Any] = {
    "hidden_size": 24,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 40,
    "image_size": 24,
    "patch_size": 8,
    "projection_dim": 20,
}


def clip(
    auto_class: str = "AutoModel",
    *,
    text: dict[str, Any] | None = None,
    vision: dict[str, Any] | None = None,
    seed: int = 0,
    **changes: Any,
) -> Any:
    """A CLIP of the reference with its parameters drawn anew."""
    config = transformers.CLIPConfig(
        text_config={**CLIP_TEXT, **(text or {})},
        vision_config={**CLIP_VISION, **(vision or {})},
        **{"projection_dim": 20, **changes},
    )
    return randomised(getattr(transformers, auto_class).from_config(config), seed)


def texts(end: int = 60, *, padded: bool = True) -> dict[str, torch.Tensor]:
    """Two texts, each with its end token, the second one shorter and padded."""
    ids = torch.randint(2, 58, (2, 9), generator=torch.Generator().manual_seed(3))
    ids[0, 8] = end
    mask = torch.ones_like(ids)
    if padded:
        ids[1, 5], mask[1, 6:] = end, 0
        ids[1, 6:] = 1
    else:
        ids[1, 8] = end
    return {"input_ids": ids, "attention_mask": mask}
