"""vit: the Vision Transformer.

Dosovitskiy et al., https://arxiv.org/abs/2010.11929; masked image modelling after Xie et al. (SimMIM),
https://arxiv.org/abs/2111.09886. The names are those of the published files, which transformers 5
translates to others while it loads.

Shapes: B batch, C channels, Y and X height and width in pixels, P patches, T positions, D width, L labels.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

from torch import nn
from torch.nn import functional as F  # noqa: N812 - torch's own convention

from safeload.architectures.base.architecture import Architecture
from safeload.architectures.base.losses import classification_loss
from safeload.architectures.base.model import Model
from safeload.architectures.base.outputs import (
    BaseModelOutputWithPooling,
    ImageClassifierOutput,
    MaskedImageModelingOutput,
)
from safeload.architectures.bert import block_shape
from safeload.architectures.layers.encoder import BlockNames, padding_mask
from safeload.architectures.layers.modules import Conv2d, LayerNorm, Linear
from safeload.architectures.layers.prenorm import PreNormStack
from safeload.architectures.layers.vision import PatchEmbeddings, VisionPooler, edges, unusable_patches

if TYPE_CHECKING:
    from torch import Tensor

    from safeload.architectures.base.config import Config
    from safeload.architectures.base.outputs import ModelOutput

NAMES = BlockNames(
    query="attention.attention.query",
    key="attention.attention.key",
    value="attention.attention.value",
    out="attention.output.dense",
    attention_norm="layernorm_before",
    inner="intermediate.dense",
    outer="output.dense",
    output_norm="layernorm_after",
)


class ViTModel(Model):
    """The encoder, with a pooler unless a head does without."""

    base_model_prefix: ClassVar[str] = "vit"
    embedded: ClassVar[type[PatchEmbeddings]] = PatchEmbeddings

    def __init__(self, config: Config, *, pooler: bool = True, mask: bool = False) -> None:
        super().__init__(config)
        self.embeddings = self.embedded(config, mask=mask)
        self.encoder = PreNormStack(
            config.num_hidden_layers, block_shape(config), NAMES, bias=config.qkv_bias
        )
        self.layernorm = LayerNorm(config.hidden_size, eps=config.layer_norm_eps)
        self.pooler = VisionPooler(config) if pooler else None

    def get_input_embeddings(self) -> nn.Module:
        """The projection of the patches."""
        return self.embeddings.patch_embeddings

    def forward(
        self,
        pixel_values: Tensor | None = None,
        bool_masked_pos: Tensor | None = None,
        interpolate_pos_encoding: bool | None = None,
        attention_mask: Tensor | None = None,
        output_attentions: bool | None = None,
        output_hidden_states: bool | None = None,
        return_dict: bool | None = None,
    ) -> ModelOutput | tuple[Any, ...]:
        """Hidden states of every position, and the pooled first one."""
        if pixel_values is None:
            raise ValueError("give pixel_values")
        attentions, hidden = self._wanted(output_attentions, output_hidden_states)
        x_BTD = self.embeddings(
            pixel_values.to(self.embeddings.patch_embeddings.projection.weight.dtype),
            bool_masked_pos,
            interpolate=bool(interpolate_pos_encoding),
        )
        encoded = self.encoder(
            x_BTD,
            padding_mask(attention_mask, x_BTD),
            eager=attentions or self.attn_implementation == "eager",
            hidden=hidden,
            attentions=attentions,
        )
        encoded["last_hidden_state"] = self.layernorm(encoded["last_hidden_state"])
        pooled = None if self.pooler is None else self.pooler(encoded["last_hidden_state"])
        return self._shape(BaseModelOutputWithPooling(**encoded, pooler_output=pooled), return_dict)


class ImageHead(Model):
    """A backbone without its pooler, and what a subclass adds to it."""

    backbone: ClassVar[type[ViTModel]]
    masks: ClassVar[bool] = False
    """Whether the backbone has a token for patches that are not seen."""

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        setattr(self, self.base_model_prefix, self.backbone(config, pooler=False, mask=self.masks))

    def _encoded(self, *inputs: Tensor | bool | None, **flags: bool | None) -> Any:  # noqa: ANN401 - the backbone's output
        return getattr(self, self.base_model_prefix)(*inputs, **flags, return_dict=True)


class ImageClassificationHead(ImageHead):
    """One decision per image, from the first position."""

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.classifier = classifier(config)

    def forward(
        self,
        pixel_values: Tensor | None = None,
        labels: Tensor | None = None,
        interpolate_pos_encoding: bool | None = None,
        attention_mask: Tensor | None = None,
        output_attentions: bool | None = None,
        output_hidden_states: bool | None = None,
        return_dict: bool | None = None,
    ) -> ModelOutput | tuple[Any, ...]:
        """Logits of the labels; with labels, the loss."""
        encoded = self._encoded(
            pixel_values, None, interpolate_pos_encoding, attention_mask,
            output_attentions=output_attentions, output_hidden_states=output_hidden_states,
        )  # fmt: skip
        logits_BL = self.classifier(encoded.last_hidden_state[:, 0])
        output = ImageClassifierOutput(
            loss=None if labels is None else classification_loss(logits_BL, labels, self.config),
            logits=logits_BL,
            hidden_states=encoded.hidden_states,
            attentions=encoded.attentions,
        )
        return self._shape(output, return_dict)


class MaskedImageHead(ImageHead):
    """The image again, with what stood behind the masked patches."""

    masks: ClassVar[bool] = True

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        stride = config.encoder_stride
        self.decoder = nn.Sequential(
            Conv2d(config.hidden_size, stride**2 * config.num_channels),
            nn.PixelShuffle(stride),
        )

    def forward(
        self,
        pixel_values: Tensor | None = None,
        bool_masked_pos: Tensor | None = None,
        interpolate_pos_encoding: bool | None = None,
        attention_mask: Tensor | None = None,
        output_attentions: bool | None = None,
        output_hidden_states: bool | None = None,
        return_dict: bool | None = None,
    ) -> ModelOutput | tuple[Any, ...]:
        """The reconstructed pixels; with masked positions, the loss over what they hide."""
        patch = edges(self.config.patch_size)
        if bool_masked_pos is not None and patch != edges(self.config.encoder_stride):
            raise ValueError(
                f"patch_size is {self.config.patch_size} and encoder_stride {self.config.encoder_stride}: "
                "bool_masked_pos needs a reconstruction of the image's size, where both are equal"
            )
        encoded = self._encoded(
            pixel_values, bool_masked_pos, interpolate_pos_encoding, attention_mask,
            output_attentions=output_attentions, output_hidden_states=output_hidden_states,
        )  # fmt: skip
        if pixel_values is None:
            raise ValueError("give pixel_values")
        rows, columns = pixel_values.shape[2] // patch[0], pixel_values.shape[3] // patch[1]
        x_BPD = encoded.last_hidden_state[:, len(self.backbone.embedded.specials) :]
        image_BCYX = self.decoder(x_BPD.transpose(1, 2).reshape(x_BPD.shape[0], -1, rows, columns))
        loss = None
        if bool_masked_pos is not None:
            hidden = bool_masked_pos.reshape(-1, rows, columns)
            hidden = hidden.repeat_interleave(patch[0], 1).repeat_interleave(patch[1], 2).unsqueeze(1)
            apart = F.l1_loss(pixel_values, image_BCYX, reduction="none")
            loss = (apart * hidden).sum() / (hidden.sum() + 1e-5) / self.config.num_channels
        output = MaskedImageModelingOutput(
            loss=loss,
            reconstruction=image_BCYX,
            hidden_states=encoded.hidden_states,
            attentions=encoded.attentions,
        )
        return self._shape(output, return_dict)


class ViTForImageClassification(ImageClassificationHead):
    """One decision per image, from the first position."""

    base_model_prefix: ClassVar[str] = "vit"
    backbone: ClassVar[type[ViTModel]] = ViTModel


class ViTForMaskedImageModeling(MaskedImageHead):
    """The image again, with what stood behind the masked patches."""

    base_model_prefix: ClassVar[str] = "vit"
    backbone: ClassVar[type[ViTModel]] = ViTModel


def classifier(config: Config) -> nn.Module:
    """One logit per label; without labels, the features themselves."""
    return Linear(config.hidden_size, config.num_labels) if config.num_labels else nn.Identity()


ARCHITECTURE = Architecture(
    model_type="vit",
    classes=MappingProxyType(
        {
            "AutoModel": ViTModel,
            "AutoModelForImageClassification": ViTForImageClassification,
            "AutoModelForMaskedImageModeling": ViTForMaskedImageModeling,
        }
    ),
    heads=(
        "pooler.", "vit.pooler.", "classifier.", "decoder.",
        "embeddings.mask_token", "vit.embeddings.mask_token",
    ),
    refuse=unusable_patches,
)  # fmt: skip
