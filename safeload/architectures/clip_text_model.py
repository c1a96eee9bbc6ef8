"""clip_text_model: CLIP's encoder of texts by itself, as diffusion models have it."""

from __future__ import annotations

from types import MappingProxyType

from safeload.architectures.base.architecture import Architecture
from safeload.architectures.clip import CLIPTextModel

ARCHITECTURE = Architecture(
    model_type="clip_text_model",
    classes=MappingProxyType({"AutoModel": CLIPTextModel, "AutoModelForTextEncoding": CLIPTextModel}),
    heads=(),
    elsewhere=("text_projection.",),
    ignorable=("embeddings.position_ids",),
)
