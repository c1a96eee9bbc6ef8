"""distilbert: half of a BERT, without segments and pooler.

Sanh et al., https://arxiv.org/abs/1910.01108. Parameter names are those of the published files; the
norms' epsilon is fixed. Positions are read from the file, sinusoidal ones as well.
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
    BaseModelOutput,
    MaskedLMOutput,
    QuestionAnsweringModelOutput,
    SequenceClassifierOutput,
    TokenClassifierOutput,
)
from safeload.architectures.layers.activations import ACTIVATIONS
from safeload.architectures.layers.encoder import BlockNames, BlockShape, PostNormStack, padding_mask
from safeload.architectures.layers.modules import Embedding, LayerNorm, Linear

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor

    from safeload.architectures.base.config import Config

_EPS = 1e-12
_NAMES = BlockNames(
    query="attention.q_lin",
    key="attention.k_lin",
    value="attention.v_lin",
    out="attention.out_lin",
    attention_norm="sa_layer_norm",
    inner="ffn.lin1",
    outer="ffn.lin2",
    output_norm="output_layer_norm",
)


class DistilBertEmbeddings(nn.Module):
    """Word and position, summed and normed."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.word_embeddings = Embedding(config.vocab_size, config.dim, padding=config.pad_token_id)
        self.position_embeddings = Embedding(config.max_position_embeddings, config.dim)
        self.LayerNorm = LayerNorm(config.dim, eps=_EPS)
        self.dropout = nn.Dropout(config.dropout)

    def forward(
        self, input_ids: Tensor | None, inputs_embeds: Tensor | None, position_ids: Tensor | None
    ) -> Tensor:
        """Embeddings of shape batch, positions, width."""
        if (input_ids is None) == (inputs_embeds is None):
            raise ValueError("give exactly one of input_ids and inputs_embeds")
        words = self.word_embeddings(input_ids) if inputs_embeds is None else inputs_embeds
        length = words.shape[1]
        if position_ids is None:
            most = self.position_embeddings.num_embeddings
            if length > most:
                raise ValueError(f"{length} positions, and the model has {most}")
            position_ids = torch.arange(length, device=words.device)[None]
        normed: Tensor = self.dropout(self.LayerNorm(words + self.position_embeddings(position_ids)))
        return normed


class DistilBertModel(Model):
    """The encoder."""

    base_model_prefix: ClassVar[str] = "distilbert"

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.embeddings = DistilBertEmbeddings(config)
        shape = BlockShape(
            width=config.dim,
            heads=config.n_heads,
            inner=config.hidden_dim,
            activation=config.activation,
            eps=_EPS,
            dropout=config.dropout,
            attention_dropout=config.attention_dropout,
            output_dropout=0.0,
        )
        self.transformer = PostNormStack(config.n_layers, shape, _NAMES)

    def get_input_embeddings(self) -> nn.Module:
        """The word embeddings."""
        return self.embeddings.word_embeddings

    def forward(
        self,
        input_ids: Tensor | None = None,
        attention_mask: Tensor | None = None,
        inputs_embeds: Tensor | None = None,
        position_ids: Tensor | None = None,
        output_attentions: bool | None = None,
        output_hidden_states: bool | None = None,
        return_dict: bool | None = None,
    ) -> BaseModelOutput | tuple[Any, ...]:
        """Hidden states of every position."""
        attentions, hidden = self._wanted(output_attentions, output_hidden_states)
        x_BTD = self.embeddings(input_ids, inputs_embeds, position_ids)
        encoded = self.transformer(
            x_BTD,
            padding_mask(attention_mask, x_BTD),
            eager=attentions or self.attn_implementation == "eager",
            hidden=hidden,
            attentions=attentions,
        )
        return self._shape(BaseModelOutput(**encoded), return_dict)


class _DistilBertHead(Model):
    """A backbone under `distilbert`, and what a subclass adds."""

    base_model_prefix: ClassVar[str] = "distilbert"

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.distilbert = DistilBertModel(config)

    def _backbone(self, *inputs: Tensor | None, **flags: bool | None) -> BaseModelOutput:
        output: BaseModelOutput = self.distilbert(*inputs, **flags, return_dict=True)
        return output


class DistilBertForMaskedLM(_DistilBertHead):
    """Which word stood behind each mask."""

    tied: ClassVar[Mapping[str, str]] = MappingProxyType(
        {"vocab_projector.weight": "distilbert.embeddings.word_embeddings.weight"}
    )

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.activation = ACTIVATIONS[config.activation]
        self.vocab_transform = Linear(config.dim, config.dim)
        self.vocab_layer_norm = LayerNorm(config.dim, eps=_EPS)
        self.vocab_projector = Linear(config.dim, config.vocab_size)

    def forward(
        self,
        input_ids: Tensor | None = None,
        attention_mask: Tensor | None = None,
        inputs_embeds: Tensor | None = None,
        labels: Tensor | None = None,
        position_ids: Tensor | None = None,
        output_attentions: bool | None = None,
        output_hidden_states: bool | None = None,
        return_dict: bool | None = None,
    ) -> MaskedLMOutput | tuple[Any, ...]:
        """Logits over the vocabulary; with labels (-100 = not asked), the loss."""
        encoded = self._backbone(
            input_ids, attention_mask, inputs_embeds, position_ids,
            output_attentions=output_attentions, output_hidden_states=output_hidden_states,
        )  # fmt: skip
        transformed = self.activation(self.vocab_transform(encoded.last_hidden_state))
        logits = self.vocab_projector(self.vocab_layer_norm(transformed))
        output = MaskedLMOutput(
            loss=None if labels is None else token_loss(logits, labels),
            logits=logits,
            hidden_states=encoded.hidden_states,
            attentions=encoded.attentions,
        )
        return self._shape(output, return_dict)


class DistilBertForSequenceClassification(_DistilBertHead):
    """One decision per text, from the first position."""

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.pre_classifier = Linear(config.dim, config.dim)
        self.classifier = Linear(config.dim, config.num_labels)
        self.dropout = nn.Dropout(config.seq_classif_dropout)

    def forward(
        self,
        input_ids: Tensor | None = None,
        attention_mask: Tensor | None = None,
        inputs_embeds: Tensor | None = None,
        labels: Tensor | None = None,
        position_ids: Tensor | None = None,
        output_attentions: bool | None = None,
        output_hidden_states: bool | None = None,
        return_dict: bool | None = None,
    ) -> SequenceClassifierOutput | tuple[Any, ...]:
        """One logit per label; with labels, the loss that `problem_type` names."""
        encoded = self._backbone(
            input_ids, attention_mask, inputs_embeds, position_ids,
            output_attentions=output_attentions, output_hidden_states=output_hidden_states,
        )  # fmt: skip
        pooled = F.relu(self.pre_classifier(encoded.last_hidden_state[:, 0]))
        logits = self.classifier(self.dropout(pooled))
        output = SequenceClassifierOutput(
            loss=None if labels is None else classification_loss(logits, labels, self.config),
            logits=logits,
            hidden_states=encoded.hidden_states,
            attentions=encoded.attentions,
        )
        return self._shape(output, return_dict)


class DistilBertForTokenClassification(_DistilBertHead):
    """One decision per position."""

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.dropout = nn.Dropout(config.dropout)
        self.classifier = Linear(config.dim, config.num_labels)

    def forward(
        self,
        input_ids: Tensor | None = None,
        attention_mask: Tensor | None = None,
        inputs_embeds: Tensor | None = None,
        labels: Tensor | None = None,
        position_ids: Tensor | None = None,
        output_attentions: bool | None = None,
        output_hidden_states: bool | None = None,
        return_dict: bool | None = None,
    ) -> TokenClassifierOutput | tuple[Any, ...]:
        """One logit per position and label; with labels (-100 = not asked), the loss."""
        encoded = self._backbone(
            input_ids, attention_mask, inputs_embeds, position_ids,
            output_attentions=output_attentions, output_hidden_states=output_hidden_states,
        )  # fmt: skip
        logits = self.classifier(self.dropout(encoded.last_hidden_state))
        output = TokenClassifierOutput(
            loss=None if labels is None else token_loss(logits, labels),
            logits=logits,
            hidden_states=encoded.hidden_states,
            attentions=encoded.attentions,
        )
        return self._shape(output, return_dict)


class DistilBertForQuestionAnswering(_DistilBertHead):
    """Where the answer starts and ends."""

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.qa_outputs = Linear(config.dim, 2)
        self.dropout = nn.Dropout(config.qa_dropout)

    def forward(
        self,
        input_ids: Tensor | None = None,
        attention_mask: Tensor | None = None,
        inputs_embeds: Tensor | None = None,
        start_positions: Tensor | None = None,
        end_positions: Tensor | None = None,
        position_ids: Tensor | None = None,
        output_attentions: bool | None = None,
        output_hidden_states: bool | None = None,
        return_dict: bool | None = None,
    ) -> QuestionAnsweringModelOutput | tuple[Any, ...]:
        """Logits of start and end per position; with both positions, the loss."""
        encoded = self._backbone(
            input_ids, attention_mask, inputs_embeds, position_ids,
            output_attentions=output_attentions, output_hidden_states=output_hidden_states,
        )  # fmt: skip
        starts, ends = self.qa_outputs(self.dropout(encoded.last_hidden_state)).unbind(-1)
        loss = None
        if start_positions is not None and end_positions is not None:
            loss = span_loss(starts, ends, start_positions, end_positions)
        output = QuestionAnsweringModelOutput(
            loss=loss,
            start_logits=starts.contiguous(),
            end_logits=ends.contiguous(),
            hidden_states=encoded.hidden_states,
            attentions=encoded.attentions,
        )
        return self._shape(output, return_dict)


def _refuse(config: Config) -> str | None:
    if config.is_decoder or config.add_cross_attention or config.is_encoder_decoder:
        return "it is a decoder or has cross-attention, and only bidirectional encoders are supported"
    return None


def _refuse_untrained(config: Config) -> str | None:
    return "sinusoidal positions are read from checkpoints only" if config.sinusoidal_pos_embds else None


ARCHITECTURE = Architecture(
    model_type="distilbert",
    classes=MappingProxyType(
        {
            "AutoModel": DistilBertModel,
            "AutoModelForMaskedLM": DistilBertForMaskedLM,
            "AutoModelForSequenceClassification": DistilBertForSequenceClassification,
            "AutoModelForTokenClassification": DistilBertForTokenClassification,
            "AutoModelForQuestionAnswering": DistilBertForQuestionAnswering,
        }
    ),
    heads=(
        "vocab_transform.",
        "vocab_layer_norm.",
        "vocab_projector.",
        "pre_classifier.",
        "classifier.",
        "qa_outputs.",
    ),
    renames=((".gamma", ".weight"), (".beta", ".bias")),
    ignorable=("embeddings.position_ids",),
    refuse=_refuse,
    refuse_untrained=_refuse_untrained,
)
