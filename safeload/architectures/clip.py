"""clip: one encoder for text and one for pictures, which agree on where they put what.

Radford et al., https://arxiv.org/abs/2103.00020. Both are pre-norm encoders; a text is where its end token
is, a picture where its class token is, and a fit is the cosine of the two, scaled.

Shapes: B batch, C channels, Y and X height and width in pixels, T positions, D width, E width of what both
agree on, I pictures, S texts, L labels.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812 - torch's own convention

from safeload.architectures.base.architecture import Architecture
from safeload.architectures.base.losses import classification_loss
from safeload.architectures.base.model import Model
from safeload.architectures.base.outputs import BaseModelOutputWithPooling, CLIPOutput, ImageClassifierOutput
from safeload.architectures.layers.encoder import BlockNames, BlockShape, padding_mask
from safeload.architectures.layers.modules import Conv2d, Embedding, LayerNorm, Linear, empty_parameter
from safeload.architectures.layers.prenorm import PreNormStack
from safeload.architectures.layers.vision import edges, grid, interpolated, unusable_patches

if TYPE_CHECKING:
    from torch import Tensor

    from safeload.architectures.base.config import Config
    from safeload.architectures.base.outputs import ModelOutput

NAMES = BlockNames(
    query="self_attn.q_proj",
    key="self_attn.k_proj",
    value="self_attn.v_proj",
    out="self_attn.out_proj",
    attention_norm="layer_norm1",
    inner="mlp.fc1",
    outer="mlp.fc2",
    output_norm="layer_norm2",
)
_WRONG_END = 2
"""The `eos_token_id` of the first files, which is not that of their tokenizer: the end has the highest id."""


def _stack(config: Config) -> PreNormStack:
    """The layers, with the spread that untrained ones start with."""
    shape = BlockShape(
        width=config.hidden_size,
        heads=config.num_attention_heads,
        inner=config.intermediate_size,
        activation=config.hidden_act,
        eps=config.layer_norm_eps,
        dropout=0.0,
        attention_dropout=config.attention_dropout,
        output_dropout=0.0,
    )
    stack = PreNormStack(config.num_hidden_layers, shape, NAMES, name="layers")
    wide = config.hidden_size**-0.5 * config.initializer_factor
    narrow = wide * (2 * max(config.num_hidden_layers, 1)) ** -0.5
    spreads = {NAMES.out: wide, NAMES.inner: wide * 2**-0.5}
    for block in stack.get_submodule("layers").children():
        for name in (NAMES.query, NAMES.key, NAMES.value, NAMES.out, NAMES.inner, NAMES.outer):
            block.get_submodule(name).spread = spreads.get(name, narrow)
    return stack


class CLIPTextEmbeddings(nn.Module):
    """Words and their positions, summed."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.token_embedding = Embedding(config.vocab_size, config.hidden_size)
        self.position_embedding = Embedding(config.max_position_embeddings, config.hidden_size)

    def forward(self, input_ids: Tensor, position_ids: Tensor | None) -> Tensor:
        """Shape batch, positions, width."""
        length, most = input_ids.shape[1], self.position_embedding.num_embeddings
        if length > most:
            raise ValueError(f"{length} positions, and the model has {most}")
        if position_ids is None:
            position_ids = torch.arange(length, device=input_ids.device)[None]
        embedded_BTD: Tensor = self.token_embedding(input_ids) + self.position_embedding(position_ids)
        return embedded_BTD


class CLIPTextModel(Model):
    """The encoder of texts: a position sees those before it, and the end token stands for the text."""

    base_model_prefix: ClassVar[str] = "text_model"

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.embeddings = CLIPTextEmbeddings(config)
        self.encoder = _stack(config)
        self.final_layer_norm = LayerNorm(config.hidden_size, eps=config.layer_norm_eps)

    def get_input_embeddings(self) -> nn.Module:
        """The word embeddings."""
        return self.embeddings.token_embedding

    def forward(
        self,
        input_ids: Tensor | None = None,
        attention_mask: Tensor | None = None,
        position_ids: Tensor | None = None,
        output_attentions: bool | None = None,
        output_hidden_states: bool | None = None,
        return_dict: bool | None = None,
    ) -> ModelOutput | tuple[Any, ...]:
        """Hidden states of every position, and that of the end token."""
        if input_ids is None:
            raise ValueError("give input_ids")
        attentions, hidden = self._wanted(output_attentions, output_hidden_states)
        x_BTD = self.embeddings(input_ids, position_ids)
        length = x_BTD.shape[1]
        before_TT = torch.ones(length, length, dtype=torch.bool, device=x_BTD.device).tril()
        words = padding_mask(attention_mask, x_BTD)
        encoded = self.encoder(
            x_BTD,
            before_TT if words is None else words & before_TT,
            eager=attentions or self.attn_implementation == "eager",
            hidden=hidden,
            attentions=attentions,
        )
        encoded["last_hidden_state"] = self.final_layer_norm(encoded["last_hidden_state"])
        pooled_BD = encoded["last_hidden_state"][
            torch.arange(len(input_ids), device=x_BTD.device), self._end(input_ids)
        ]
        return self._shape(BaseModelOutputWithPooling(**encoded, pooler_output=pooled_BD), return_dict)

    def _end(self, input_ids: Tensor) -> Tensor:
        """Position of each text's first end token, or the first position where it has none."""
        end = self.config.eos_token_id
        found_BT = input_ids if end == _WRONG_END else (input_ids == end).int()
        return found_BT.argmax(1)


class CLIPVisionEmbeddings(nn.Module):
    """A class token and patches, with their positions."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        patch, spread = edges(config.patch_size), config.initializer_range * config.initializer_factor
        self.image_size = edges(config.image_size)
        self.grid = grid(config)
        self.patch_size = patch
        self.spread = config.hidden_size**-0.5 * config.initializer_factor
        self.class_embedding = empty_parameter(config.hidden_size)
        self.patch_embedding = Conv2d(
            config.num_channels, config.hidden_size, window=patch, stride=patch, bias=False
        )
        self.position_embedding = Embedding(self.grid[0] * self.grid[1] + 1, config.hidden_size)
        for module in (self.patch_embedding, self.position_embedding):
            module.spread = spread

    def forward(self, pixels_BCYX: Tensor, *, interpolate: bool) -> Tensor:
        """Shape batch, positions, width."""
        size = (pixels_BCYX.shape[2], pixels_BCYX.shape[3])
        if size != self.image_size and not interpolate:
            raise ValueError(
                f"the image is {size[0]} x {size[1]}, and the model takes {self.image_size[0]} x "
                f"{self.image_size[1]}: resize it, or pass interpolate_pos_encoding=True"
            )
        x_BPD = self.patch_embedding(pixels_BCYX.to(self.patch_embedding.weight.dtype))
        x_BPD = x_BPD.flatten(2).transpose(1, 2)
        x_BTD = torch.cat((self.class_embedding.expand(x_BPD.shape[0], 1, -1), x_BPD), 1)
        positions_1TD = self.position_embedding.weight[None]
        if size != self.image_size:
            wanted = (size[0] // self.patch_size[0], size[1] // self.patch_size[1])
            positions_1TD = interpolated(positions_1TD, 1, self.grid, wanted)
        return x_BTD + positions_1TD


class CLIPVisionModel(Model):
    """The encoder of pictures."""

    base_model_prefix: ClassVar[str] = "vision_model"

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.embeddings = CLIPVisionEmbeddings(config)
        # the name under which every published file has it
        self.pre_layrnorm = LayerNorm(config.hidden_size, eps=config.layer_norm_eps)
        self.encoder = _stack(config)
        self.post_layernorm = LayerNorm(config.hidden_size, eps=config.layer_norm_eps)

    def get_input_embeddings(self) -> nn.Module:
        """The projection of the patches."""
        return self.embeddings.patch_embedding

    def forward(
        self,
        pixel_values: Tensor | None = None,
        interpolate_pos_encoding: bool | None = None,
        output_attentions: bool | None = None,
        output_hidden_states: bool | None = None,
        return_dict: bool | None = None,
    ) -> ModelOutput | tuple[Any, ...]:
        """Hidden states of every position, and the normed first one."""
        if pixel_values is None:
            raise ValueError("give pixel_values")
        attentions, hidden = self._wanted(output_attentions, output_hidden_states)
        x_BTD = self.embeddings(pixel_values, interpolate=bool(interpolate_pos_encoding))
        encoded = self.encoder(
            self.pre_layrnorm(x_BTD),
            None,
            eager=attentions or self.attn_implementation == "eager",
            hidden=hidden,
            attentions=attentions,
        )
        pooled_BD = self.post_layernorm(encoded["last_hidden_state"][:, 0])
        return self._shape(BaseModelOutputWithPooling(**encoded, pooler_output=pooled_BD), return_dict)


class _Joined(Model):
    """Parts with a config each compute as the whole does."""

    base_model_prefix: ClassVar[str] = "clip"

    def __setattr__(self, name: str, value: Any) -> None:  # noqa: ANN401 - as of every module
        super().__setattr__(name, value)
        if name == "attn_implementation":
            for part in self.children():
                if isinstance(part, Model):
                    part.attn_implementation = value

    def _loses(self, module: Linear, width: int) -> Linear:
        """An untrained projection spreads as wide as the encoder in front of it."""
        module.spread = width**-0.5 * self.config.initializer_factor
        return module


class CLIPModel(_Joined):
    """Both encoders, and how well each picture fits each text."""

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        text, vision = config.text_config, config.vision_config
        self.text_model = CLIPTextModel(text)
        self.vision_model = CLIPVisionModel(vision)
        self.visual_projection = self._loses(
            Linear(vision.hidden_size, config.projection_dim, bias=False), vision.hidden_size
        )
        self.text_projection = self._loses(
            Linear(text.hidden_size, config.projection_dim, bias=False), text.hidden_size
        )
        self.logit_scale = empty_parameter()
        self.starts = {"logit_scale": config.logit_scale_init_value}

    def get_input_embeddings(self) -> nn.Module:
        """The word embeddings."""
        return self.text_model.embeddings.token_embedding

    def get_text_features(
        self,
        input_ids: Tensor,
        attention_mask: Tensor | None = None,
        position_ids: Tensor | None = None,
        output_attentions: bool | None = None,
        output_hidden_states: bool | None = None,
        return_dict: bool | None = None,
    ) -> ModelOutput | tuple[Any, ...]:
        """The text encoder's output, its `pooler_output` projected to where pictures are."""
        output = self.text_model(
            input_ids, attention_mask, position_ids, output_attentions, output_hidden_states, return_dict=True
        )
        output.pooler_output = self.text_projection(output.pooler_output)
        return self._shape(output, return_dict)

    def get_image_features(
        self,
        pixel_values: Tensor,
        interpolate_pos_encoding: bool | None = None,
        output_attentions: bool | None = None,
        output_hidden_states: bool | None = None,
        return_dict: bool | None = None,
    ) -> ModelOutput | tuple[Any, ...]:
        """The picture encoder's output, its `pooler_output` projected to where texts are."""
        output = self.vision_model(
            pixel_values, interpolate_pos_encoding, output_attentions, output_hidden_states, return_dict=True
        )
        output.pooler_output = self.visual_projection(output.pooler_output)
        return self._shape(output, return_dict)

    def forward(
        self,
        input_ids: Tensor | None = None,
        pixel_values: Tensor | None = None,
        attention_mask: Tensor | None = None,
        position_ids: Tensor | None = None,
        return_loss: bool | None = None,
        interpolate_pos_encoding: bool | None = None,
        output_attentions: bool | None = None,
        output_hidden_states: bool | None = None,
        return_dict: bool | None = None,
    ) -> ModelOutput | tuple[Any, ...]:
        """Logits of every pair; with `return_loss`, the loss of pairs in the same order."""
        if input_ids is None or pixel_values is None:
            raise ValueError("give input_ids and pixel_values")
        flags = {"output_attentions": output_attentions, "output_hidden_states": output_hidden_states}
        image: Any = self.get_image_features(
            pixel_values, interpolate_pos_encoding, **flags, return_dict=True
        )
        text: Any = self.get_text_features(input_ids, attention_mask, position_ids, **flags, return_dict=True)
        image_IE, text_SE = _of_length_one(image.pooler_output), _of_length_one(text.pooler_output)
        logits_SI = text_SE @ image_IE.T * self.logit_scale.exp()
        loss = None
        if return_loss:
            own = torch.arange(len(logits_SI), device=logits_SI.device)
            loss = (F.cross_entropy(logits_SI, own) + F.cross_entropy(logits_SI.T, own)) / 2.0
        output = CLIPOutput(
            loss=loss,
            logits_per_image=logits_SI.T,
            logits_per_text=logits_SI,
            text_embeds=text_SE,
            image_embeds=image_IE,
            text_model_output=text,
            vision_model_output=image,
        )
        return self._shape(output, return_dict)


class CLIPForImageClassification(_Joined):
    """One decision per picture, from the mean of its patches."""

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        width = config.vision_config.hidden_size
        self.vision_model = CLIPVisionModel(config.vision_config)
        self.classifier = (
            self._loses(Linear(width, config.num_labels), width) if config.num_labels else nn.Identity()
        )

    def get_input_embeddings(self) -> nn.Module:
        """The projection of the patches."""
        return self.vision_model.embeddings.patch_embedding

    def forward(
        self,
        pixel_values: Tensor | None = None,
        labels: Tensor | None = None,
        interpolate_pos_encoding: bool | None = None,
        output_attentions: bool | None = None,
        output_hidden_states: bool | None = None,
        return_dict: bool | None = None,
    ) -> ModelOutput | tuple[Any, ...]:
        """Logits of the labels; with labels, the loss."""
        encoded = self.vision_model(
            pixel_values, interpolate_pos_encoding, output_attentions, output_hidden_states, return_dict=True
        )
        logits_BL = self.classifier(encoded.last_hidden_state[:, 1:].mean(1))
        output = ImageClassifierOutput(
            loss=None if labels is None else classification_loss(logits_BL, labels, self.config),
            logits=logits_BL,
            hidden_states=encoded.hidden_states,
            attentions=encoded.attentions,
        )
        return self._shape(output, return_dict)


def _of_length_one(x_BE: Tensor) -> Tensor:
    return x_BE / x_BE.square().sum(-1, keepdim=True).sqrt()


def _refuse(config: Config) -> str | None:
    return unusable_patches(config.vision_config)


ARCHITECTURE = Architecture(
    model_type="clip",
    classes=MappingProxyType(
        {
            "AutoModel": CLIPModel,
            "AutoModelForZeroShotImageClassification": CLIPModel,
            "AutoModelForImageClassification": CLIPForImageClassification,
        }
    ),
    heads=("classifier.",),
    elsewhere=("text_model.", "text_projection.", "visual_projection.", "logit_scale"),
    ignorable=("text_model.embeddings.position_ids", "vision_model.embeddings.position_ids"),
    refuse=_refuse,
)
