"""deit: the Vision Transformer with a second token, which learns from a teacher.

Touvron et al., https://arxiv.org/abs/2012.12877. ViT's layers under `deit`. The published distilled files
hold two heads, one for each token; their mean is the answer.

Shapes: B batch, D width, L labels.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

from safeload.architectures.base.architecture import Architecture
from safeload.architectures.base.outputs import DeiTForImageClassificationWithTeacherOutput
from safeload.architectures.layers.vision import PatchEmbeddings, unusable_patches
from safeload.architectures.vit import (
    ImageClassificationHead,
    ImageHead,
    MaskedImageHead,
    ViTModel,
    classifier,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor

    from safeload.architectures.base.config import Config
    from safeload.architectures.base.outputs import ModelOutput


class DeiTEmbeddings(PatchEmbeddings):
    """Two tokens stand in front of the patches."""

    specials: ClassVar[tuple[str, ...]] = ("cls_token", "distillation_token")
    starts: ClassVar[Mapping[str, float]] = MappingProxyType(
        {"mask_token": 0.0, "cls_token": 0.0, "distillation_token": 0.0, "position_embeddings": 0.0}
    )


class DeiTModel(ViTModel):
    """The encoder, with a pooler unless a head does without."""

    base_model_prefix: ClassVar[str] = "deit"
    embedded: ClassVar[type[PatchEmbeddings]] = DeiTEmbeddings


class DeiTForImageClassification(ImageClassificationHead):
    """One decision per image, from the first position."""

    base_model_prefix: ClassVar[str] = "deit"
    backbone: ClassVar[type[ViTModel]] = DeiTModel


class DeiTForMaskedImageModeling(MaskedImageHead):
    """The image again, with what stood behind the masked patches."""

    base_model_prefix: ClassVar[str] = "deit"
    backbone: ClassVar[type[ViTModel]] = DeiTModel


class DeiTForImageClassificationWithTeacher(ImageHead):
    """One decision per image, the mean of what both tokens say. It has no loss, as in the reference."""

    base_model_prefix: ClassVar[str] = "deit"
    backbone: ClassVar[type[ViTModel]] = DeiTModel

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.cls_classifier = classifier(config)
        self.distillation_classifier = classifier(config)

    def forward(
        self,
        pixel_values: Tensor | None = None,
        interpolate_pos_encoding: bool | None = None,
        attention_mask: Tensor | None = None,
        output_attentions: bool | None = None,
        output_hidden_states: bool | None = None,
        return_dict: bool | None = None,
    ) -> ModelOutput | tuple[Any, ...]:
        """Logits of both heads, and their mean."""
        encoded = self._encoded(
            pixel_values, None, interpolate_pos_encoding, attention_mask,
            output_attentions=output_attentions, output_hidden_states=output_hidden_states,
        )  # fmt: skip
        own_BL = self.cls_classifier(encoded.last_hidden_state[:, 0])
        taught_BL = self.distillation_classifier(encoded.last_hidden_state[:, 1])
        output = DeiTForImageClassificationWithTeacherOutput(
            logits=(own_BL + taught_BL) / 2,
            cls_logits=own_BL,
            distillation_logits=taught_BL,
            hidden_states=encoded.hidden_states,
            attentions=encoded.attentions,
        )
        return self._shape(output, return_dict)


ARCHITECTURE = Architecture(
    model_type="deit",
    classes=MappingProxyType(
        {
            "AutoModel": DeiTModel,
            "AutoModelForImageClassification": DeiTForImageClassification,
            "AutoModelForMaskedImageModeling": DeiTForMaskedImageModeling,
        }
    ),
    named=MappingProxyType(
        {
            "AutoModelForImageClassification": MappingProxyType(
                {"DeiTForImageClassificationWithTeacher": DeiTForImageClassificationWithTeacher}
            )
        }
    ),
    heads=(
        "pooler.", "deit.pooler.", "classifier.", "cls_classifier.", "distillation_classifier.", "decoder.",
        "embeddings.mask_token", "deit.embeddings.mask_token",
    ),
    refuse=unusable_patches,
)  # fmt: skip
