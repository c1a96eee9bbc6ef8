"""layoutlmv2: pages as words, boxes and a picture.

Xu et al., https://arxiv.org/abs/2012.14740. The picture goes through `layers.resnext`, its finest level
through a mean over 7 x 7 cells, and each cell stands behind the words as one more position. Attention
adds a bias for the distance between two positions, and between their left and their bottom edges.
Parameter names are those of the published files, which docs/layoutlmv2.md lists.

Shapes: B batch, T words, V cells of the picture, S = T + V, D width, L labels.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812 - torch's own convention

from safeload.architectures.base.architecture import Architecture
from safeload.architectures.base.losses import classification_loss, span_loss, token_loss
from safeload.architectures.base.model import Model
from safeload.architectures.base.outputs import (
    BaseModelOutputWithPooling,
    QuestionAnsweringModelOutput,
    SequenceClassifierOutput,
    TokenClassifierOutput,
)
from safeload.architectures.bert import NAMES, block_shape
from safeload.architectures.layers.encoder import PostNormBlock, PostNormStack
from safeload.architectures.layers.layout import DistanceBias, FastBlock, LayoutEmbeddings
from safeload.architectures.layers.modules import LayerNorm, Linear, empty_parameter
from safeload.architectures.layers.resnext import PYRAMID, Pyramid, norm_names
from safeload.architectures.layers.text import Pooler

if TYPE_CHECKING:
    from torch import Tensor

    from safeload.architectures.base.config import Config
    from safeload.architectures.base.outputs import ModelOutput

_MEAN = (103.53, 116.28, 123.675)
_DEVIATION = (57.375, 57.12, 58.395)
"""Of blue, green and red. Older files store both numbers; the reference has them from here."""
_EDGE = 1000


class VisualBackbone(nn.Module):
    """A picture, as one row of numbers for each of its cells."""

    pixel_mean: Tensor
    pixel_std: Tensor

    def __init__(self, cells: tuple[int, int]) -> None:
        super().__init__()
        self.cells = cells
        self.backbone = Pyramid()
        for name, numbers in (("pixel_mean", _MEAN), ("pixel_std", _DEVIATION)):
            self.register_buffer(name, torch.tensor(numbers)[:, None, None], persistent=False)

    def forward(self, image_B3HW: Tensor) -> Tensor:
        """Batch, cells, channels."""
        dtype = next(self.backbone.parameters()).dtype
        pixels = ((image_B3HW - self.pixel_mean) / self.pixel_std).to(dtype)
        return F.adaptive_avg_pool2d(self.backbone(pixels), self.cells).flatten(2).transpose(1, 2)


class LayoutLMv2Encoder(PostNormStack):
    """The layers, and the tables of distances."""

    def __init__(self, config: Config) -> None:
        kind = FastBlock if config.fast_qkv else PostNormBlock
        super().__init__(config.num_hidden_layers, block_shape(config), NAMES, kind)
        heads = config.num_attention_heads
        self.rel_pos_bias: DistanceBias | None = None
        self.rel_pos_x_bias: DistanceBias | None = None
        self.rel_pos_y_bias: DistanceBias | None = None
        if config.has_relative_attention_bias:
            self.rel_pos_bias = DistanceBias(config.rel_pos_bins, heads, config.max_rel_pos)
        if config.has_spatial_attention_bias:
            self.rel_pos_x_bias = DistanceBias(config.rel_2d_pos_bins, heads, config.max_rel_2d_pos)
            self.rel_pos_y_bias = DistanceBias(config.rel_2d_pos_bins, heads, config.max_rel_2d_pos)

    def bias(self, position_ids_BS: Tensor, bbox_BS4: Tensor) -> Tensor | None:
        """What is added to the scores of attention: batch, head, from, to; or None for nothing."""
        left, _, _, bottom = bbox_BS4.unbind(-1)
        parts = [
            table(places)
            for table, places in (
                (self.rel_pos_bias, position_ids_BS),
                (self.rel_pos_x_bias, left),
                (self.rel_pos_y_bias, bottom),
            )
            if table is not None
        ]
        return torch.stack(parts).sum(0) if parts else None


class LayoutLMv2Model(Model):
    """Words, boxes and picture, encoded."""

    base_model_prefix: ClassVar[str] = "layoutlmv2"

    def __init__(self, config: Config, *, segment: bool | None = None) -> None:
        """`segment`: whether the picture's positions have a segment embedding, else as the config says."""
        super().__init__(config)
        self.embeddings = LayoutEmbeddings(config, edges=config.coordinate_size, sizes=config.shape_size)
        rows, columns = config.image_feature_pool_shape[:2]
        self.visual = VisualBackbone((rows, columns))
        self.visual_proj = Linear(PYRAMID, config.hidden_size)
        wanted = config.has_visual_segment_embedding if segment is None else segment
        self.visual_segment_embedding = empty_parameter(config.hidden_size) if wanted else None
        self.visual_LayerNorm = LayerNorm(config.hidden_size, eps=config.layer_norm_eps)
        self.visual_dropout = nn.Dropout(config.hidden_dropout_prob)
        self.encoder = LayoutLMv2Encoder(config)
        self.pooler = Pooler(config)

    def get_input_embeddings(self) -> nn.Module:
        """The word embeddings."""
        return self.embeddings.word_embeddings

    def forward(
        self,
        input_ids: Tensor | None = None,
        bbox: Tensor | None = None,
        image: Tensor | None = None,
        attention_mask: Tensor | None = None,
        token_type_ids: Tensor | None = None,
        position_ids: Tensor | None = None,
        inputs_embeds: Tensor | None = None,
        output_attentions: bool | None = None,
        output_hidden_states: bool | None = None,
        return_dict: bool | None = None,
    ) -> ModelOutput | tuple[Any, ...]:
        """Hidden states of the words and then of the picture's cells, and the pooled first one."""
        encoded, _ = self.encode(
            input_ids, bbox, image, attention_mask, token_type_ids, position_ids, inputs_embeds,
            output_attentions=output_attentions, output_hidden_states=output_hidden_states,
        )  # fmt: skip
        return self._shape(encoded, return_dict)

    def encode(
        self,
        input_ids: Tensor | None,
        bbox: Tensor | None,
        image: Tensor | None,
        attention_mask: Tensor | None,
        token_type_ids: Tensor | None,
        position_ids: Tensor | None,
        inputs_embeds: Tensor | None,
        *,
        output_attentions: bool | None,
        output_hidden_states: bool | None,
    ) -> tuple[BaseModelOutputWithPooling, Tensor]:
        """What `forward` returns, and the embeddings of the picture's cells in front of the encoder.

        Raises:
            ValueError: no boxes, no picture, or words that the model has no positions for.
        """
        if bbox is None or image is None:
            raise ValueError("give bbox= and image=: the model sees words, boxes and a picture")
        attentions, hidden = self._wanted(output_attentions, output_hidden_states)
        counted_BT = self.embeddings.positions(input_ids, inputs_embeds)
        position_ids = counted_BT if position_ids is None else position_ids.expand_as(counted_BT)
        cells_BV4, cell_ids_BV = self._cells(bbox)
        seen_BVD = self._seen(image, cells_BV4, cell_ids_BV)
        words_BTD = self.embeddings.words(input_ids, token_type_ids, position_ids, inputs_embeds)
        words_BTD = words_BTD + torch.cat(self.embeddings.boxes(bbox), -1)
        words_BTD = self.embeddings.dropout(self.embeddings.LayerNorm(words_BTD))
        bias = self.encoder.bias(torch.cat([position_ids, cell_ids_BV], 1), torch.cat([bbox, cells_BV4], 1))
        encoded = self.encoder(
            torch.cat([words_BTD, seen_BVD], 1),
            self._mask(attention_mask, bias, seen_BVD),
            eager=attentions or self.attn_implementation == "eager",
            hidden=hidden,
            attentions=attentions,
        )
        pooled = self.pooler(encoded["last_hidden_state"])
        return BaseModelOutputWithPooling(**encoded, pooler_output=pooled), seen_BVD

    def _seen(self, image_B3HW: Tensor, cells_BV4: Tensor, cell_ids_BV: Tensor) -> Tensor:
        seen_BVD = self.visual_proj(self.visual(image_B3HW))
        seen_BVD = seen_BVD + self.embeddings.position_embeddings(cell_ids_BV)
        seen_BVD = seen_BVD + torch.cat(self.embeddings.boxes(cells_BV4), -1)
        if self.visual_segment_embedding is not None:
            seen_BVD = seen_BVD + self.visual_segment_embedding
        embedded: Tensor = self.visual_dropout(self.visual_LayerNorm(seen_BVD))
        return embedded

    def _cells(self, like_BT4: Tensor) -> tuple[Tensor, Tensor]:
        """The boxes and the positions of the picture's cells."""
        rows, columns = self.visual.cells
        options: dict[str, Any] = {"device": like_BT4.device, "dtype": like_BT4.dtype}
        top, left = (_EDGE * torch.arange(count + 1, **options) // count for count in (rows, columns))
        boxes = [
            left[:-1].expand(rows, columns),
            top[:-1, None].expand(rows, columns),
            left[1:].expand(rows, columns),
            top[1:, None].expand(rows, columns),
        ]
        batch, count = like_BT4.shape[0], rows * columns
        places = torch.arange(count, device=like_BT4.device)
        return torch.stack(boxes, -1).view(1, count, 4).expand(batch, -1, -1), places.expand(batch, -1)

    @staticmethod
    def _mask(attention_mask: Tensor | None, bias: Tensor | None, seen_BVD: Tensor) -> Tensor | None:
        """The bias, with the least number where attention must not look; cells are always looked at."""
        if attention_mask is None or bool((attention_mask != 0).all()):
            return bias
        batch, count, _ = seen_BVD.shape
        keep = F.pad(attention_mask.to(torch.bool), (0, count), value=True)[:, None, None, :]
        if bias is None:
            return keep.expand(batch, 1, keep.shape[-1], keep.shape[-1])
        return bias.masked_fill(~keep, torch.finfo(bias.dtype).min)


class _PageHead(Model):
    """A backbone, and what reads from it."""

    base_model_prefix: ClassVar[str] = "layoutlmv2"
    segment: ClassVar[bool | None] = None

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.layoutlmv2 = LayoutLMv2Model(config, segment=self.segment)

    def forward(
        self,
        input_ids: Tensor | None = None,
        bbox: Tensor | None = None,
        image: Tensor | None = None,
        attention_mask: Tensor | None = None,
        token_type_ids: Tensor | None = None,
        position_ids: Tensor | None = None,
        inputs_embeds: Tensor | None = None,
        labels: Tensor | None = None,
        output_attentions: bool | None = None,
        output_hidden_states: bool | None = None,
        return_dict: bool | None = None,
    ) -> ModelOutput | tuple[Any, ...]:
        """What the head makes of the encoded page; with labels, the loss."""
        encoded, seen_BVD = self.layoutlmv2.encode(
            input_ids, bbox, image, attention_mask, token_type_ids, position_ids, inputs_embeds,
            output_attentions=output_attentions, output_hidden_states=output_hidden_states,
        )  # fmt: skip
        words_BTD, cells_BVD = _apart(encoded.last_hidden_state, seen_BVD)
        return self._shape(self._answer(encoded, words_BTD, cells_BVD, seen_BVD, labels), return_dict)

    def _answer(
        self,
        encoded: BaseModelOutputWithPooling,
        words_BTD: Tensor,
        cells_BVD: Tensor,
        seen_BVD: Tensor,
        labels: Tensor | None,
    ) -> ModelOutput:
        raise NotImplementedError


class LayoutLMv2ForSequenceClassification(_PageHead):
    """One decision per page, from its first position, and the picture before and behind the encoder."""

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.dropout = nn.Dropout(config.hidden_dropout_prob)
        self.classifier = Linear(3 * config.hidden_size, config.num_labels)

    def _answer(
        self,
        encoded: BaseModelOutputWithPooling,
        words_BTD: Tensor,
        cells_BVD: Tensor,
        seen_BVD: Tensor,
        labels: Tensor | None,
    ) -> ModelOutput:
        read = torch.cat([words_BTD[:, 0], seen_BVD.mean(1), cells_BVD.mean(1)], 1)
        logits_BL = self.classifier(self.dropout(read))
        return SequenceClassifierOutput(
            loss=None if labels is None else classification_loss(logits_BL, labels, self.config),
            logits=logits_BL,
            hidden_states=encoded.hidden_states,
            attentions=encoded.attentions,
        )


class LayoutLMv2ForTokenClassification(_PageHead):
    """One decision per word."""

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.dropout = nn.Dropout(config.hidden_dropout_prob)
        self.classifier = Linear(config.hidden_size, config.num_labels)

    def _answer(
        self,
        encoded: BaseModelOutputWithPooling,
        words_BTD: Tensor,
        cells_BVD: Tensor,  # noqa: ARG002 - one signature
        seen_BVD: Tensor,  # noqa: ARG002 - same
        labels: Tensor | None,
    ) -> ModelOutput:
        logits_BTL = self.classifier(self.dropout(words_BTD))
        return TokenClassifierOutput(
            loss=None if labels is None else token_loss(logits_BTL, labels),
            logits=logits_BTL,
            hidden_states=encoded.hidden_states,
            attentions=encoded.attentions,
        )


class LayoutLMv2ForQuestionAnswering(_PageHead):
    """Where on the page the answer starts and ends. It always has the segment embedding of the picture."""

    segment: ClassVar[bool | None] = True

    def __init__(self, config: Config) -> None:
        config.has_visual_segment_embedding = True
        super().__init__(config)
        self.qa_outputs = Linear(config.hidden_size, 2)

    def forward(  # type: ignore[override]  # two positions in the place of one label, as in the reference
        self,
        input_ids: Tensor | None = None,
        bbox: Tensor | None = None,
        image: Tensor | None = None,
        attention_mask: Tensor | None = None,
        token_type_ids: Tensor | None = None,
        position_ids: Tensor | None = None,
        inputs_embeds: Tensor | None = None,
        start_positions: Tensor | None = None,
        end_positions: Tensor | None = None,
        output_attentions: bool | None = None,
        output_hidden_states: bool | None = None,
        return_dict: bool | None = None,
    ) -> ModelOutput | tuple[Any, ...]:
        """Logits of start and end per word; with both positions, the loss."""
        encoded, seen_BVD = self.layoutlmv2.encode(
            input_ids, bbox, image, attention_mask, token_type_ids, position_ids, inputs_embeds,
            output_attentions=output_attentions, output_hidden_states=output_hidden_states,
        )  # fmt: skip
        words_BTD, _ = _apart(encoded.last_hidden_state, seen_BVD)
        starts_BT, ends_BT = self.qa_outputs(words_BTD).unbind(-1)
        loss = None
        if start_positions is not None and end_positions is not None:
            loss = span_loss(starts_BT, ends_BT, start_positions, end_positions)
        output = QuestionAnsweringModelOutput(
            loss=loss,
            start_logits=starts_BT.contiguous(),
            end_logits=ends_BT.contiguous(),
            hidden_states=encoded.hidden_states,
            attentions=encoded.attentions,
        )
        return self._shape(output, return_dict)


def _apart(x_BSD: Tensor, seen_BVD: Tensor) -> tuple[Tensor, Tensor]:
    """The positions of the words, and those of the picture's cells."""
    count = seen_BVD.shape[1]
    return x_BSD[:, :-count], x_BSD[:, -count:]


def refuse(config: Config) -> str | None:
    """Why such a model cannot be built, or None."""
    if config.is_decoder or config.add_cross_attention or config.is_encoder_decoder:
        return "it is a decoder or has cross-attention, and only bidirectional encoders are supported"
    shape = list(config.image_feature_pool_shape)
    if len(shape) not in (2, 3) or shape[2:] not in ([], [PYRAMID]):
        return f"image_feature_pool_shape is {shape}, and is rows, columns and {PYRAMID}"
    if shape[0] * shape[1] > config.max_position_embeddings:
        return f"the picture has {shape[0]} x {shape[1]} cells, more than positions"
    if 4 * config.coordinate_size + 2 * config.shape_size != config.hidden_size:
        return (
            f"four times coordinate_size {config.coordinate_size} and twice shape_size {config.shape_size} "
            f"are not hidden_size {config.hidden_size}"
        )
    if config.max_2d_position_embeddings <= _EDGE:
        return f"edges go up to {_EDGE}, max_2d_position_embeddings is {config.max_2d_position_embeddings}"
    for bins, farthest in (("rel_pos_bins", "max_rel_pos"), ("rel_2d_pos_bins", "max_rel_2d_pos")):
        if getattr(config, farthest) <= getattr(config, bins) // 4:
            return f"{farthest} {getattr(config, farthest)} is a distance with a bucket of its own"
    return None


ARCHITECTURE = Architecture(
    model_type="layoutlmv2",
    classes=MappingProxyType(
        {
            "AutoModel": LayoutLMv2Model,
            "AutoModelForSequenceClassification": LayoutLMv2ForSequenceClassification,
            "AutoModelForTokenClassification": LayoutLMv2ForTokenClassification,
            "AutoModelForQuestionAnswering": LayoutLMv2ForQuestionAnswering,
            "AutoModelForDocumentQuestionAnswering": LayoutLMv2ForQuestionAnswering,
        }
    ),
    heads=(
        "classifier.",
        "qa_outputs.",
        # the head that answers questions has it whatever the config of the checkpoint says
        "visual_segment_embedding",
        "layoutlmv2.visual_segment_embedding",
    ),
    ignorable=(
        "embeddings.position_ids",
        "visual.pixel_mean",
        "visual.pixel_std",
        # counted by the norms of several machines' training
        *(f"visual.backbone.{name}.num_batches_tracked" for name in norm_names()),
    ),
    refuse=refuse,
)
"""What the resolver must know about an architecture: its entry in the closed table."""
