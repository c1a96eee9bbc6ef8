"""bert: BERT, MiniLM, and the sentence encoders built on them.

Devlin et al., https://arxiv.org/abs/1810.04805. Parameter names are those of the published files.
Decoders, cross-attention and relative positions are refused: no loader of this package runs them.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

from torch import nn

from safeload.architectures.base.architecture import Architecture
from safeload.architectures.base.heads import (
    ChoiceHead,
    Head,
    MaskedLanguageHead,
    SequenceHead,
    SpanHead,
    TokenHead,
)
from safeload.architectures.base.losses import token_loss
from safeload.architectures.base.model import Model
from safeload.architectures.base.outputs import (
    BaseModelOutputWithPooling,
    BertForPreTrainingOutput,
    NextSentencePredictorOutput,
)
from safeload.architectures.layers.activations import ACTIVATIONS
from safeload.architectures.layers.encoder import BlockNames, BlockShape, PostNormStack, padding_mask
from safeload.architectures.layers.modules import LayerNorm, Linear, empty_parameter
from safeload.architectures.layers.text import Pooler, TextEmbeddings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor

    from safeload.architectures.base.config import Config
    from safeload.architectures.base.outputs import ModelOutput

NAMES = BlockNames(
    query="attention.self.query",
    key="attention.self.key",
    value="attention.self.value",
    out="attention.output.dense",
    attention_norm="attention.output.LayerNorm",
    inner="intermediate.dense",
    outer="output.dense",
    output_norm="output.LayerNorm",
)


def block_shape(config: Config) -> BlockShape:
    """Sizes of a block from the field names that this family shares."""
    return BlockShape(
        width=config.hidden_size,
        heads=config.num_attention_heads,
        inner=config.intermediate_size,
        activation=config.hidden_act,
        eps=config.layer_norm_eps,
        dropout=config.hidden_dropout_prob,
        attention_dropout=config.attention_probs_dropout_prob,
        output_dropout=config.hidden_dropout_prob,
    )


class BertModel(Model):
    """The encoder, with a pooler unless a head does without."""

    base_model_prefix: ClassVar[str] = "bert"

    def __init__(self, config: Config, *, pooler: bool = True) -> None:
        super().__init__(config)
        self.embeddings = self._embeddings(config)
        self.encoder = self._encoder(config)
        self.pooler = Pooler(config) if pooler else None

    def _embeddings(self, config: Config) -> TextEmbeddings:
        return TextEmbeddings(config, config.hidden_size)

    def _encoder(self, config: Config) -> PostNormStack:
        return PostNormStack(config.num_hidden_layers, block_shape(config), NAMES)

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
    ) -> ModelOutput | tuple[Any, ...]:
        """Hidden states of every position, and the pooled first one."""
        attentions, hidden = self._wanted(output_attentions, output_hidden_states)
        x_BTD = self._embedded(input_ids, token_type_ids, position_ids, inputs_embeds)
        encoded = self.encoder(
            x_BTD,
            padding_mask(attention_mask, x_BTD),
            eager=attentions or self.attn_implementation == "eager",
            hidden=hidden,
            attentions=attentions,
        )
        return self._shape(self._output(encoded), return_dict)

    def _embedded(self, *inputs: Tensor | None) -> Tensor:
        embedded_BTD: Tensor = self.embeddings(*inputs)
        return embedded_BTD

    def _output(self, encoded: dict[str, Any]) -> ModelOutput:
        pooled = None if self.pooler is None else self.pooler(encoded["last_hidden_state"])
        return BaseModelOutputWithPooling(**encoded, pooler_output=pooled)


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


class BertOutputs(nn.Module):
    """The level `cls` of the files' names: words behind masks, and whether a sentence follows."""

    def __init__(self, config: Config, *, words: bool, sentences: bool) -> None:
        super().__init__()
        if words:
            self.predictions = BertPredictions(config)
        if sentences:
            self.seq_relationship = Linear(config.hidden_size, 2)


_TIED = MappingProxyType(
    {
        "cls.predictions.decoder.weight": "bert.embeddings.word_embeddings.weight",
        "cls.predictions.decoder.bias": "cls.predictions.bias",
    }
)


class _BertHead(Head):
    base_model_prefix: ClassVar[str] = "bert"
    backbone: ClassVar[type[Model]] = BertModel


class BertForPreTraining(_BertHead):
    """Both tasks that BERT was trained on."""

    pooled: ClassVar[bool | None] = True
    tied: ClassVar[Mapping[str, str]] = _TIED

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.cls = BertOutputs(config, words=True, sentences=True)

    def forward(  # type: ignore[override]  # two kinds of labels
        self,
        input_ids: Tensor | None = None,
        attention_mask: Tensor | None = None,
        token_type_ids: Tensor | None = None,
        position_ids: Tensor | None = None,
        inputs_embeds: Tensor | None = None,
        labels: Tensor | None = None,
        next_sentence_label: Tensor | None = None,
        output_attentions: bool | None = None,
        output_hidden_states: bool | None = None,
        return_dict: bool | None = None,
    ) -> ModelOutput | tuple[Any, ...]:
        """Logits of both tasks; with both kinds of labels, the sum of the losses."""
        encoded = self._encoded(
            input_ids, attention_mask, token_type_ids, position_ids, inputs_embeds,
            output_attentions=output_attentions, output_hidden_states=output_hidden_states,
        )  # fmt: skip
        words_BTV = self.cls.predictions(encoded.last_hidden_state)
        follows_B2 = self.cls.seq_relationship(encoded.pooler_output)
        loss = None
        if labels is not None and next_sentence_label is not None:
            loss = token_loss(words_BTV, labels) + token_loss(follows_B2, next_sentence_label)
        output = BertForPreTrainingOutput(
            loss=loss,
            prediction_logits=words_BTV,
            seq_relationship_logits=follows_B2,
            hidden_states=encoded.hidden_states,
            attentions=encoded.attentions,
        )
        return self._shape(output, return_dict)


class BertForMaskedLM(_BertHead, MaskedLanguageHead):
    """Which word stood behind each mask."""

    tied: ClassVar[Mapping[str, str]] = _TIED

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.cls = BertOutputs(config, words=True, sentences=False)

    def _words(self, x_BTD: Tensor) -> Tensor:
        words_BTV: Tensor = self.cls.predictions(x_BTD)
        return words_BTV


class BertForNextSentencePrediction(_BertHead):
    """Whether the second sentence follows the first: 0 for yes, 1 for no."""

    pooled: ClassVar[bool | None] = True

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.cls = BertOutputs(config, words=False, sentences=True)

    def _answer(self, encoded: Any, labels: Tensor | None) -> ModelOutput:  # noqa: ANN401 - the backbone's output
        logits_B2 = self.cls.seq_relationship(encoded.pooler_output)
        return NextSentencePredictorOutput(
            loss=None if labels is None else token_loss(logits_B2, labels),
            logits=logits_B2,
            hidden_states=encoded.hidden_states,
            attentions=encoded.attentions,
        )


class BertForSequenceClassification(_BertHead, SequenceHead):
    """One decision per text, from the pooled first position."""

    pooled: ClassVar[bool | None] = True

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.dropout = self._head_dropout()
        self.classifier = Linear(config.hidden_size, config.num_labels)

    def _decided(self, encoded: Any) -> Tensor:  # noqa: ANN401 - the backbone's output
        logits_BL: Tensor = self.classifier(self.dropout(encoded.pooler_output))
        return logits_BL


class BertForMultipleChoice(_BertHead, ChoiceHead):
    """Which of several continuations fits best."""

    def _choice_dropout(self) -> nn.Dropout:
        return self._head_dropout()


class BertForTokenClassification(_BertHead, TokenHead):
    """One decision per position."""


class BertForQuestionAnswering(_BertHead, SpanHead):
    """Where the answer starts and ends."""


def refuse(config: Config) -> str | None:
    """Why an encoder of this family cannot be built, or None."""
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
            "AutoModelForPreTraining": BertForPreTraining,
            "AutoModelForMaskedLM": BertForMaskedLM,
            "AutoModelForNextSentencePrediction": BertForNextSentencePrediction,
            "AutoModelForSequenceClassification": BertForSequenceClassification,
            "AutoModelForMultipleChoice": BertForMultipleChoice,
            "AutoModelForTokenClassification": BertForTokenClassification,
            "AutoModelForQuestionAnswering": BertForQuestionAnswering,
            "AutoModelForTextEncoding": BertModel,
        }
    ),
    heads=("pooler.", "bert.pooler.", "cls.", "classifier.", "qa_outputs."),
    renames=((".gamma", ".weight"), (".beta", ".bias")),
    ignorable=("embeddings.position_ids", "embeddings.token_type_ids"),
    refuse=refuse,
)
