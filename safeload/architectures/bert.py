"""bert: BERT, MiniLM, and the sentence encoders built on them.

Devlin et al., https://arxiv.org/abs/1810.04805. Parameter names are those of the published files.
Decoders, cross-attention and relative positions are refused: no loader of this package runs them.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

import torch
from torch import nn

from safeload.architectures.base.architecture import Architecture
from safeload.architectures.base.losses import classification_loss, span_loss, token_loss
from safeload.architectures.base.model import Model
from safeload.architectures.base.outputs import (
    BaseModelOutputWithPooling,
    MaskedLMOutput,
    QuestionAnsweringModelOutput,
    SequenceClassifierOutput,
    TokenClassifierOutput,
)
from safeload.architectures.layers.activations import ACTIVATIONS
from safeload.architectures.layers.encoder import BlockNames, BlockShape, PostNormStack, padding_mask
from safeload.architectures.layers.modules import Embedding, LayerNorm, Linear, empty_parameter

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor

    from safeload.architectures.base.config import Config

_NAMES = BlockNames(
    query="attention.self.query",
    key="attention.self.key",
    value="attention.self.value",
    out="attention.output.dense",
    attention_norm="attention.output.LayerNorm",
    inner="intermediate.dense",
    outer="output.dense",
    output_norm="output.LayerNorm",
)


class BertEmbeddings(nn.Module):
    """Word, position and segment, summed and normed."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        width = config.hidden_size
        self.word_embeddings = Embedding(config.vocab_size, width, padding=config.pad_token_id)
        self.position_embeddings = Embedding(config.max_position_embeddings, width)
        self.token_type_embeddings = Embedding(config.type_vocab_size, width)
        self.LayerNorm = LayerNorm(width, eps=config.layer_norm_eps)
        self.dropout = nn.Dropout(config.hidden_dropout_prob)

    def forward(
        self,
        input_ids: Tensor | None,
        token_type_ids: Tensor | None,
        position_ids: Tensor | None,
        inputs_embeds: Tensor | None,
    ) -> Tensor:
        """Embeddings of shape batch, positions, width."""
        if (input_ids is None) == (inputs_embeds is None):
            raise ValueError("give exactly one of input_ids and inputs_embeds")
        words = self.word_embeddings(input_ids) if inputs_embeds is None else inputs_embeds
        batch, length = words.shape[:2]
        if position_ids is None:
            most = self.position_embeddings.num_embeddings
            if length > most:
                raise ValueError(f"{length} positions, and the model has {most}")
            position_ids = torch.arange(length, device=words.device)[None]
        if token_type_ids is None:
            token_type_ids = torch.zeros((batch, length), dtype=torch.long, device=words.device)
        summed = words + self.token_type_embeddings(token_type_ids) + self.position_embeddings(position_ids)
        normed: Tensor = self.dropout(self.LayerNorm(summed))
        return normed


class BertPooler(nn.Module):
    """The first position through one more layer."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.dense = Linear(config.hidden_size, config.hidden_size)

    def forward(self, x_BTD: Tensor) -> Tensor:
        """Pooled output of shape batch, width."""
        return torch.tanh(self.dense(x_BTD[:, 0]))


class BertModel(Model):
    """The encoder, with a pooler unless a head does without."""

    base_model_prefix: ClassVar[str] = "bert"

    def __init__(self, config: Config, *, pooler: bool = True) -> None:
        super().__init__(config)
        self.embeddings = BertEmbeddings(config)
        shape = BlockShape(
            width=config.hidden_size,
            heads=config.num_attention_heads,
            inner=config.intermediate_size,
            activation=config.hidden_act,
            eps=config.layer_norm_eps,
            dropout=config.hidden_dropout_prob,
            attention_dropout=config.attention_probs_dropout_prob,
            output_dropout=config.hidden_dropout_prob,
        )
        self.encoder = PostNormStack(config.num_hidden_layers, shape, _NAMES)
        self.pooler = BertPooler(config) if pooler else None

    def get_input_embeddings(self) -> nn.Module:
        """The word embeddings."""
        return self.embeddings.word_embeddings

    def forward(
        self,
        input_ids: Tensor | None = None,
        attention_mask: Tensor | None = None,
        token_type_ids: Tensor | None = None,
        position_ids: Tensor | None = None,
        inputs_embeds: Tensor | None = None,
        output_attentions: bool | None = None,
        output_hidden_states: bool | None = None,
        return_dict: bool | None = None,
    ) -> BaseModelOutputWithPooling | tuple[Any, ...]:
        """Hidden states of every position, and the pooled first one."""
        attentions, hidden = self._wanted(output_attentions, output_hidden_states)
        x_BTD = self.embeddings(input_ids, token_type_ids, position_ids, inputs_embeds)
        encoded = self.encoder(
            x_BTD,
            padding_mask(attention_mask, x_BTD),
            eager=attentions or self.attn_implementation == "eager",
            hidden=hidden,
            attentions=attentions,
        )
        pooled = None if self.pooler is None else self.pooler(encoded["last_hidden_state"])
        return self._shape(BaseModelOutputWithPooling(**encoded, pooler_output=pooled), return_dict)


class BertPredictionTransform(nn.Module):
    """A layer in front of the vocabulary."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.dense = Linear(config.hidden_size, config.hidden_size)
        self.activation = ACTIVATIONS[config.hidden_act]
        self.LayerNorm = LayerNorm(config.hidden_size, eps=config.layer_norm_eps)

    def forward(self, x_BTD: Tensor) -> Tensor:
        """Same shape as the input."""
        transformed: Tensor = self.LayerNorm(self.activation(self.dense(x_BTD)))
        return transformed


class BertPredictions(nn.Module):
    """Logits over the vocabulary."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.transform = BertPredictionTransform(config)
        self.decoder = Linear(config.hidden_size, config.vocab_size)
        # the name under which files keep the decoder's bias
        self.bias = empty_parameter(config.vocab_size)

    def forward(self, x_BTD: Tensor) -> Tensor:
        """Logits of shape batch, positions, vocabulary."""
        logits: Tensor = self.decoder(self.transform(x_BTD))
        return logits


class BertMaskedHead(nn.Module):
    """The level `cls` of the files' names."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.predictions = BertPredictions(config)

    def forward(self, x_BTD: Tensor) -> Tensor:
        """Logits of shape batch, positions, vocabulary."""
        logits: Tensor = self.predictions(x_BTD)
        return logits


class _BertHead(Model):
    """A backbone under `bert`, and what a subclass adds."""

    base_model_prefix: ClassVar[str] = "bert"
    pooled: ClassVar[bool] = False

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.bert = BertModel(config, pooler=self.pooled)

    def _head_dropout(self) -> nn.Dropout:
        own = self.config.classifier_dropout
        return nn.Dropout(self.config.hidden_dropout_prob if own is None else own)

    def _backbone(self, *inputs: Tensor | None, **flags: bool | None) -> BaseModelOutputWithPooling:
        output: BaseModelOutputWithPooling = self.bert(*inputs, **flags, return_dict=True)
        return output


class BertForMaskedLM(_BertHead):
    """Which word stood behind each mask."""

    tied: ClassVar[Mapping[str, str]] = MappingProxyType(
        {
            "cls.predictions.decoder.weight": "bert.embeddings.word_embeddings.weight",
            "cls.predictions.decoder.bias": "cls.predictions.bias",
        }
    )

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.cls = BertMaskedHead(config)

    def forward(
        self,
        input_ids: Tensor | None = None,
        attention_mask: Tensor | None = None,
        token_type_ids: Tensor | None = None,
        position_ids: Tensor | None = None,
        inputs_embeds: Tensor | None = None,
        labels: Tensor | None = None,
        output_attentions: bool | None = None,
        output_hidden_states: bool | None = None,
        return_dict: bool | None = None,
    ) -> MaskedLMOutput | tuple[Any, ...]:
        """Logits over the vocabulary; with labels (-100 = not asked), the loss."""
        encoded = self._backbone(
            input_ids, attention_mask, token_type_ids, position_ids, inputs_embeds,
            output_attentions=output_attentions, output_hidden_states=output_hidden_states,
        )  # fmt: skip
        logits = self.cls(encoded.last_hidden_state)
        output = MaskedLMOutput(
            loss=None if labels is None else token_loss(logits, labels),
            logits=logits,
            hidden_states=encoded.hidden_states,
            attentions=encoded.attentions,
        )
        return self._shape(output, return_dict)


class BertForSequenceClassification(_BertHead):
    """One decision per text, from the pooled first position."""

    pooled: ClassVar[bool] = True

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.dropout = self._head_dropout()
        self.classifier = Linear(config.hidden_size, config.num_labels)

    def forward(
        self,
        input_ids: Tensor | None = None,
        attention_mask: Tensor | None = None,
        token_type_ids: Tensor | None = None,
        position_ids: Tensor | None = None,
        inputs_embeds: Tensor | None = None,
        labels: Tensor | None = None,
        output_attentions: bool | None = None,
        output_hidden_states: bool | None = None,
        return_dict: bool | None = None,
    ) -> SequenceClassifierOutput | tuple[Any, ...]:
        """One logit per label; with labels, the loss that `problem_type` names."""
        encoded = self._backbone(
            input_ids, attention_mask, token_type_ids, position_ids, inputs_embeds,
            output_attentions=output_attentions, output_hidden_states=output_hidden_states,
        )  # fmt: skip
        logits = self.classifier(self.dropout(encoded.pooler_output))
        output = SequenceClassifierOutput(
            loss=None if labels is None else classification_loss(logits, labels, self.config),
            logits=logits,
            hidden_states=encoded.hidden_states,
            attentions=encoded.attentions,
        )
        return self._shape(output, return_dict)


class BertForTokenClassification(_BertHead):
    """One decision per position."""

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.dropout = self._head_dropout()
        self.classifier = Linear(config.hidden_size, config.num_labels)

    def forward(
        self,
        input_ids: Tensor | None = None,
        attention_mask: Tensor | None = None,
        token_type_ids: Tensor | None = None,
        position_ids: Tensor | None = None,
        inputs_embeds: Tensor | None = None,
        labels: Tensor | None = None,
        output_attentions: bool | None = None,
        output_hidden_states: bool | None = None,
        return_dict: bool | None = None,
    ) -> TokenClassifierOutput | tuple[Any, ...]:
        """One logit per position and label; with labels (-100 = not asked), the loss."""
        encoded = self._backbone(
            input_ids, attention_mask, token_type_ids, position_ids, inputs_embeds,
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


class BertForQuestionAnswering(_BertHead):
    """Where the answer starts and ends."""

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.qa_outputs = Linear(config.hidden_size, 2)

    def forward(
        self,
        input_ids: Tensor | None = None,
        attention_mask: Tensor | None = None,
        token_type_ids: Tensor | None = None,
        position_ids: Tensor | None = None,
        inputs_embeds: Tensor | None = None,
        start_positions: Tensor | None = None,
        end_positions: Tensor | None = None,
        output_attentions: bool | None = None,
        output_hidden_states: bool | None = None,
        return_dict: bool | None = None,
    ) -> QuestionAnsweringModelOutput | tuple[Any, ...]:
        """Logits of start and end per position; with both positions, the loss."""
        encoded = self._backbone(
            input_ids, attention_mask, token_type_ids, position_ids, inputs_embeds,
            output_attentions=output_attentions, output_hidden_states=output_hidden_states,
        )  # fmt: skip
        starts, ends = self.qa_outputs(encoded.last_hidden_state).unbind(-1)
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
    if config.position_embedding_type != "absolute":
        return f"position_embedding_type is {config.position_embedding_type}, and only absolute is supported"
    return None


ARCHITECTURE = Architecture(
    model_type="bert",
    classes=MappingProxyType(
        {
            "AutoModel": BertModel,
            "AutoModelForMaskedLM": BertForMaskedLM,
            "AutoModelForSequenceClassification": BertForSequenceClassification,
            "AutoModelForTokenClassification": BertForTokenClassification,
            "AutoModelForQuestionAnswering": BertForQuestionAnswering,
        }
    ),
    heads=("pooler.", "bert.pooler.", "cls.", "classifier.", "qa_outputs."),
    renames=((".gamma", ".weight"), (".beta", ".bias")),
    ignorable=("embeddings.position_ids", "embeddings.token_type_ids"),
    refuse=_refuse,
)
