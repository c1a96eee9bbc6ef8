"""mpnet: MPNet, and the sentence encoders built on it.

Song et al., https://arxiv.org/abs/2004.09297. BERT's layers with a bias by relative position that all
layers share, buckets as in T5 (https://arxiv.org/abs/1910.10683, section 2.1), positions as in RoBERTa,
no segments.
"""

from __future__ import annotations

import math
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

import torch

from safeload.architectures import bert
from safeload.architectures.base.architecture import Architecture
from safeload.architectures.base.heads import (
    ChoiceHead,
    Head,
    MaskedLanguageHead,
    SequenceHead,
    SpanHead,
    TokenHead,
)
from safeload.architectures.layers.encoder import PostNormStack
from safeload.architectures.layers.modules import Embedding
from safeload.architectures.layers.text import FirstPositionClassifier, TextEmbeddings, WordHead

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor

    from safeload.architectures.base.config import Config
    from safeload.architectures.base.model import Model

_PADDING = 1
"""Fixed in the architecture, whatever the config says."""
_BUCKETS = 32
_FARTHEST = 128
_NAMES = replace(
    bert.NAMES,
    query="attention.attn.q",
    key="attention.attn.k",
    value="attention.attn.v",
    out="attention.attn.o",
    attention_norm="attention.LayerNorm",
)


class MPNetStack(PostNormStack):
    """The layers, with the bias in front of them."""

    def __init__(self, config: Config) -> None:
        super().__init__(config.num_hidden_layers, bert.block_shape(config), _NAMES)
        buckets = config.relative_attention_num_buckets
        self.relative_attention_bias = Embedding(buckets, config.num_attention_heads)

    def forward(
        self, x_BTD: Tensor, mask: Tensor | None, *, eager: bool, hidden: bool, attentions: bool
    ) -> dict[str, Any]:
        """As in the base class; the mask also holds the bias."""
        places = torch.arange(x_BTD.shape[1], device=x_BTD.device)
        bias_1HTT = self.relative_attention_bias(buckets(places[None] - places[:, None])).permute(2, 0, 1)[
            None
        ]
        if mask is None:
            bias = bias_1HTT
        elif mask.dtype is torch.bool:
            bias = bias_1HTT.masked_fill(~mask, torch.finfo(bias_1HTT.dtype).min)
        else:
            bias = bias_1HTT + mask
        return super().forward(x_BTD, bias, eager=eager, hidden=hidden, attentions=attentions)


def buckets(distance: Tensor) -> Tensor:
    """Bucket of each distance, from query to key: exact when near, logarithmic when far, both ways."""
    half, near = _BUCKETS // 2, _BUCKETS // 4
    far = distance.abs()
    scale = (half - near) / math.log(_FARTHEST / near)
    steps = near + (torch.log(far.float().clamp(min=1) / near) * scale).long()
    size = torch.where(far < near, far, steps.clamp(max=half - 1))
    return size + half * (distance > 0)


class MPNetModel(bert.BertModel):
    """The encoder, with a pooler unless a head does without."""

    base_model_prefix: ClassVar[str] = "mpnet"

    def _embeddings(self, config: Config) -> TextEmbeddings:
        return TextEmbeddings(config, config.hidden_size, segments=False, padding=_PADDING)

    def _encoder(self, config: Config) -> PostNormStack:
        return MPNetStack(config)

    def forward(  # type: ignore[override]  # no segments, as in the reference
        self,
        input_ids: Tensor | None = None,
        attention_mask: Tensor | None = None,
        position_ids: Tensor | None = None,
        inputs_embeds: Tensor | None = None,
        output_attentions: bool | None = None,
        output_hidden_states: bool | None = None,
        return_dict: bool | None = None,
    ) -> Any:  # noqa: ANN401 - an output, or a tuple
        """Hidden states of every position, and the pooled first one."""
        return super().forward(
            input_ids,
            attention_mask,
            None,
            position_ids,
            inputs_embeds,
            output_attentions=output_attentions,
            output_hidden_states=output_hidden_states,
            return_dict=return_dict,
        )


class _MPNetHead(Head):
    base_model_prefix: ClassVar[str] = "mpnet"
    backbone: ClassVar[type[Model]] = MPNetModel

    def forward(  # type: ignore[override]  # no segments, as in the reference
        self,
        input_ids: Tensor | None = None,
        attention_mask: Tensor | None = None,
        position_ids: Tensor | None = None,
        inputs_embeds: Tensor | None = None,
        labels: Tensor | None = None,
        output_attentions: bool | None = None,
        output_hidden_states: bool | None = None,
        return_dict: bool | None = None,
    ) -> Any:  # noqa: ANN401 - an output, or a tuple
        """What the head makes of the encoded text; with labels, the loss."""
        encoded = self._encoded(
            input_ids, attention_mask, position_ids, inputs_embeds,
            output_attentions=output_attentions, output_hidden_states=output_hidden_states,
        )  # fmt: skip
        return self._shape(self._answer(encoded, labels), return_dict)


class MPNetForMaskedLM(_MPNetHead, MaskedLanguageHead):
    """Which word stood behind each mask."""

    tied: ClassVar[Mapping[str, str]] = MappingProxyType(
        {
            "lm_head.decoder.weight": "mpnet.embeddings.word_embeddings.weight",
            "lm_head.decoder.bias": "lm_head.bias",
        }
    )

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.lm_head = WordHead(config)

    def _words(self, x_BTD: Tensor) -> Tensor:
        words_BTV: Tensor = self.lm_head(x_BTD)
        return words_BTV


class MPNetForSequenceClassification(_MPNetHead, SequenceHead):
    """One decision per text, from the first position."""

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.classifier = FirstPositionClassifier(config, "tanh", config.hidden_dropout_prob)

    def _decided(self, encoded: Any) -> Tensor:  # noqa: ANN401 - the backbone's output
        logits_BL: Tensor = self.classifier(encoded.last_hidden_state)
        return logits_BL


class MPNetForMultipleChoice(_MPNetHead, ChoiceHead):
    """Which of several continuations fits best."""


class MPNetForTokenClassification(_MPNetHead, TokenHead):
    """One decision per position."""


class MPNetForQuestionAnswering(_MPNetHead, SpanHead):
    """Where the answer starts and ends."""

    def forward(  # type: ignore[override]  # two positions in the place of one label, as in the reference
        self,
        input_ids: Tensor | None = None,
        attention_mask: Tensor | None = None,
        position_ids: Tensor | None = None,
        inputs_embeds: Tensor | None = None,
        start_positions: Tensor | None = None,
        end_positions: Tensor | None = None,
        output_attentions: bool | None = None,
        output_hidden_states: bool | None = None,
        return_dict: bool | None = None,
    ) -> Any:  # noqa: ANN401 - an output, or a tuple
        """Logits of start and end per position; with both positions, the loss."""
        encoded = self._encoded(
            input_ids, attention_mask, position_ids, inputs_embeds,
            output_attentions=output_attentions, output_hidden_states=output_hidden_states,
        )  # fmt: skip
        return self._shape(self._span(encoded, start_positions, end_positions), return_dict)


def _refuse(config: Config) -> str | None:
    if config.relative_attention_num_buckets < _BUCKETS:
        return f"it has fewer than {_BUCKETS} buckets of relative positions"
    if config.max_position_embeddings <= _PADDING + 1:
        return "there are no positions behind the padding id"
    return bert.refuse(config)


ARCHITECTURE = Architecture(
    model_type="mpnet",
    classes=MappingProxyType(
        {
            "AutoModel": MPNetModel,
            "AutoModelForPreTraining": MPNetForMaskedLM,
            "AutoModelForMaskedLM": MPNetForMaskedLM,
            "AutoModelForSequenceClassification": MPNetForSequenceClassification,
            "AutoModelForMultipleChoice": MPNetForMultipleChoice,
            "AutoModelForTokenClassification": MPNetForTokenClassification,
            "AutoModelForQuestionAnswering": MPNetForQuestionAnswering,
        }
    ),
    heads=("pooler.", "mpnet.pooler.", "lm_head.", "classifier.", "qa_outputs."),
    renames=((".gamma", ".weight"), (".beta", ".bias")),
    ignorable=("embeddings.position_ids",),
    refuse=_refuse,
)
