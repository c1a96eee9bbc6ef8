"""distilbert: half of a BERT, without segments and pooler.

Sanh et al., https://arxiv.org/abs/1910.01108. Parameter names are those of the published files; the
norms' epsilon is fixed. Positions are read from the file, sinusoidal ones as well.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

from torch import nn
from torch.nn import functional as F  # noqa: N812 - torch's own convention

from safeload.architectures.base.architecture import Architecture
from safeload.architectures.base.heads import (
    ChoiceHead,
    Head,
    MaskedLanguageHead,
    SequenceHead,
    SpanHead,
    TokenHead,
)
from safeload.architectures.base.model import Model
from safeload.architectures.base.outputs import BaseModelOutput
from safeload.architectures.layers.activations import ACTIVATIONS
from safeload.architectures.layers.encoder import BlockNames, BlockShape, PostNormStack, padding_mask
from safeload.architectures.layers.modules import LayerNorm, Linear
from safeload.architectures.layers.text import TextEmbeddings

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


class DistilBertModel(Model):
    """The encoder."""

    base_model_prefix: ClassVar[str] = "distilbert"

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.embeddings = TextEmbeddings(config, config.dim, segments=False, eps=_EPS, dropout=config.dropout)
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
        x_BTD = self.embeddings(input_ids, None, position_ids, inputs_embeds)
        encoded = self.transformer(
            x_BTD,
            padding_mask(attention_mask, x_BTD),
            eager=attentions or self.attn_implementation == "eager",
            hidden=hidden,
            attentions=attentions,
        )
        return self._shape(BaseModelOutput(**encoded), return_dict)


class _DistilBertHead(Head):
    base_model_prefix: ClassVar[str] = "distilbert"
    backbone: ClassVar[type[Model]] = DistilBertModel
    pooled: ClassVar[bool | None] = None

    def forward(  # type: ignore[override]  # its own order, as in the reference
        self,
        input_ids: Tensor | None = None,
        attention_mask: Tensor | None = None,
        inputs_embeds: Tensor | None = None,
        labels: Tensor | None = None,
        position_ids: Tensor | None = None,
        output_attentions: bool | None = None,
        output_hidden_states: bool | None = None,
        return_dict: bool | None = None,
    ) -> Any:  # noqa: ANN401 - an output, or a tuple
        """What the head makes of the encoded text; with labels, the loss."""
        encoded = self._encoded(
            input_ids, attention_mask, inputs_embeds, position_ids,
            output_attentions=output_attentions, output_hidden_states=output_hidden_states,
        )  # fmt: skip
        return self._shape(self._answer(encoded, labels), return_dict)

    def _head_dropout(self) -> nn.Dropout:
        return nn.Dropout(self.config.dropout)


class DistilBertForMaskedLM(_DistilBertHead, MaskedLanguageHead):
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

    def _words(self, x_BTD: Tensor) -> Tensor:
        transformed_BTD = self.activation(self.vocab_transform(x_BTD))
        words_BTV: Tensor = self.vocab_projector(self.vocab_layer_norm(transformed_BTD))
        return words_BTV


class DistilBertForSequenceClassification(_DistilBertHead, SequenceHead):
    """One decision per text, from the first position."""

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.pre_classifier = Linear(config.dim, config.dim)
        self.classifier = Linear(config.dim, config.num_labels)
        self.dropout = nn.Dropout(config.seq_classif_dropout)

    def _decided(self, encoded: Any) -> Tensor:  # noqa: ANN401 - the backbone's output
        pooled_BD = F.relu(self.pre_classifier(encoded.last_hidden_state[:, 0]))
        logits_BL: Tensor = self.classifier(self.dropout(pooled_BD))
        return logits_BL


class DistilBertForMultipleChoice(_DistilBertHead, ChoiceHead):
    """Which of several continuations fits best, from the first position of each."""

    pooled: ClassVar[bool | None] = None

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.pre_classifier = Linear(config.dim, config.dim)

    def _choice_dropout(self) -> nn.Dropout:
        return nn.Dropout(self.config.seq_classif_dropout)

    def _decided(self, encoded: Any) -> Tensor:  # noqa: ANN401 - the backbone's output
        pooled_BD = F.relu(self.pre_classifier(encoded.last_hidden_state[:, 0]))
        logits: Tensor = self.classifier(self.dropout(pooled_BD))
        return logits


class DistilBertForTokenClassification(_DistilBertHead, TokenHead):
    """One decision per position."""


class DistilBertForQuestionAnswering(_DistilBertHead, SpanHead):
    """Where the answer starts and ends."""

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.dropout = nn.Dropout(config.qa_dropout)

    def forward(  # type: ignore[override]  # two positions in the place of one label, as in the reference
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
    ) -> Any:  # noqa: ANN401 - an output, or a tuple
        """Logits of start and end per position; with both positions, the loss."""
        encoded = self._encoded(
            input_ids, attention_mask, inputs_embeds, position_ids,
            output_attentions=output_attentions, output_hidden_states=output_hidden_states,
        )  # fmt: skip
        return self._shape(self._span(encoded, start_positions, end_positions), return_dict)

    def _read(self, x_BTD: Tensor) -> Tensor:
        dropped: Tensor = self.dropout(x_BTD)
        return dropped


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
            "AutoModelForPreTraining": DistilBertForMaskedLM,
            "AutoModelForMaskedLM": DistilBertForMaskedLM,
            "AutoModelForSequenceClassification": DistilBertForSequenceClassification,
            "AutoModelForMultipleChoice": DistilBertForMultipleChoice,
            "AutoModelForTokenClassification": DistilBertForTokenClassification,
            "AutoModelForQuestionAnswering": DistilBertForQuestionAnswering,
            "AutoModelForTextEncoding": DistilBertModel,
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
