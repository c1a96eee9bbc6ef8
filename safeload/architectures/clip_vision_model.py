"""clip_vision_model: CLIP's encoder of pictures by itself."""

from __future__ import annotations

from types import MappingProxyType

from safeload.architectures.base.architecture import Architecture
from safeload.architectures.clip import CLIPVisionModel
from safeload.architectures.layers.vision import unusable_patches

ARCHITECTURE = Architecture(
    model_type="clip_vision_model",
    classes=MappingProxyType({"AutoModel": CLIPVisionModel}),
    heads=(),
    elsewhere=("visual_projection.",),
    ignorable=("embeddings.position_ids",),
    refuse=unusable_patches,
)
