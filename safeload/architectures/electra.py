"""electra: ELECTRA's discriminator and generator.

Clark et al., https://arxiv.org/abs/2003.10555. BERT's layers behind embeddings that may be narrower,
without a pooler.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812 - torch's own convention

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
from safeload.architectures.base.outputs import BaseModelOutput, ElectraForPreTrainingOutput
from safeload.architectures.layers.activations import ACTIVATIONS
from safeload.architectures.layers.modules import LayerNorm, Linear
from safeload.architectures.layers.text import FirstPositionClassifier, TextEmbeddings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor

    from safeload.architectures.base.config import Config
    from safeload.architectures.base.model import Model
    from safeload.architectures.base.outputs import ModelOutput


class ElectraModel(bert.BertModel):
    """The encoder."""

    base_model_prefix: ClassVar[str] = "electra"

    def __init__(self, config: Config) -> None:
        super().__init__(config, pooler=False)
        del self.pooler
        if config.embedding_size != config.hidden_size:
            self.embeddings_project = Linear(config.embedding_size, config.hidden_size)

    def _embeddings(self, config: Config) -> TextEmbeddings:
        return TextEmbeddings(config, config.embedding_size)

    def _embedded(self, *inputs: Tensor | None) -> Tensor:
        embedded = super()._embedded(*inputs)
        return self.embeddings_project(embedded) if hasattr(self, "embeddings_project") else embedded

    def _output(self, encoded: dict[str, Any]) -> ModelOutput:
        return BaseModelOutput(**encoded)


class _ElectraHead(Head):
    base_model_prefix: ClassVar[str] = "electra"
    backbone: ClassVar[type[Model]] = ElectraModel
    pooled: ClassVar[bool | None] = None


class ElectraDiscriminator(nn.Module):
    """One logit per position: was this word replaced?"""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.dense = Linear(config.hidden_size, config.hidden_size)
        self.activation = ACTIVATIONS[config.hidden_act]
        self.dense_prediction = Linear(config.hidden_size, 1)

    def forward(self, x_BTD: Tensor) -> Tensor:
        """Logits of shape batch, positions."""
        logits_BT: Tensor = self.dense_prediction(self.activation(self.dense(x_BTD))).squeeze(-1)
        return logits_BT


class ElectraForPreTraining(_ElectraHead):
    """The discriminator."""

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.discriminator_predictions = ElectraDiscriminator(config)

    def _encoded(self, *inputs: Tensor | None, **flags: bool | None) -> Any:  # noqa: ANN401 - the backbone's output
        # positions that are padding do not count in the loss
        self._mask = inputs[1]
        return super()._encoded(*inputs, **flags)

    def _answer(self, encoded: Any, labels: Tensor | None) -> ModelOutput:  # noqa: ANN401
        logits_BT = self.discriminator_predictions(encoded.last_hidden_state)
        loss = None
        if labels is not None:
            kept = torch.ones_like(labels).bool() if self._mask is None else self._mask == 1
            loss = F.binary_cross_entropy_with_logits(logits_BT[kept], labels[kept].float())
        return ElectraForPreTrainingOutput(
            loss=loss,
            logits=logits_BT,
            hidden_states=encoded.hidden_states,
            attentions=encoded.attentions,
        )


class ElectraGenerator(nn.Module):
    """A layer in front of the vocabulary, of the embeddings' width."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.LayerNorm = LayerNorm(config.embedding_size, eps=config.layer_norm_eps)
        self.dense = Linear(config.hidden_size, config.embedding_size)

    def forward(self, x_BTD: Tensor) -> Tensor:
        """Shape batch, positions, width of the embeddings."""
        transformed: Tensor = self.LayerNorm(F.gelu(self.dense(x_BTD)))
        return transformed


class ElectraForMaskedLM(_ElectraHead, MaskedLanguageHead):
    """The generator: which word stood behind each mask."""

    tied: ClassVar[Mapping[str, str]] = MappingProxyType(
        {"generator_lm_head.weight": "electra.embeddings.word_embeddings.weight"}
    )

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.generator_predictions = ElectraGenerator(config)
        self.generator_lm_head = Linear(config.embedding_size, config.vocab_size)

    def _words(self, x_BTD: Tensor) -> Tensor:
        words_BTV: Tensor = self.generator_lm_head(self.generator_predictions(x_BTD))
        return words_BTV


class ElectraForSequenceClassification(_ElectraHead, SequenceHead):
    """One decision per text, from the first position."""

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.classifier = FirstPositionClassifier(config, "gelu", self._head_dropout().p)

    def _decided(self, encoded: Any) -> Tensor:  # noqa: ANN401 - the backbone's output
        logits_BL: Tensor = self.classifier(encoded.last_hidden_state)
        return logits_BL


class ElectraSummary(nn.Module):
    """The first position through one more layer."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.summary = Linear(config.hidden_size, config.hidden_size)
        self.activation = ACTIVATIONS["gelu"]
        self.dropout = nn.Dropout(config.summary_last_dropout)

    def forward(self, x_BTD: Tensor) -> Tensor:
        """Shape batch, width."""
        summary_BD: Tensor = self.dropout(self.activation(self.summary(x_BTD[:, 0])))
        return summary_BD


class ElectraForMultipleChoice(_ElectraHead, ChoiceHead):
    """Which of several continuations fits best."""

    pooled: ClassVar[bool | None] = None

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        del self.dropout
        self.sequence_summary = ElectraSummary(config)

    def _decided(self, encoded: Any) -> Tensor:  # noqa: ANN401 - the backbone's output
        logits: Tensor = self.classifier(self.sequence_summary(encoded.last_hidden_state))
        return logits


class ElectraForTokenClassification(_ElectraHead, TokenHead):
    """One decision per position."""


class ElectraForQuestionAnswering(_ElectraHead, SpanHead):
    """Where the answer starts and ends."""


def _refuse(config: Config) -> str | None:
    summary = (config.summary_type, config.summary_use_proj, config.summary_activation)
    if summary != ("first", True, "gelu"):
        return "its summary is not the first position through a layer with gelu"
    return bert.refuse(config)


ARCHITECTURE = Architecture(
    model_type="electra",
    classes=MappingProxyType(
        {
            "AutoModel": ElectraModel,
            "AutoModelForPreTraining": ElectraForPreTraining,
            "AutoModelForMaskedLM": ElectraForMaskedLM,
            "AutoModelForSequenceClassification": ElectraForSequenceClassification,
            "AutoModelForMultipleChoice": ElectraForMultipleChoice,
            "AutoModelForTokenClassification": ElectraForTokenClassification,
            "AutoModelForQuestionAnswering": ElectraForQuestionAnswering,
            "AutoModelForTextEncoding": ElectraModel,
        }
    ),
    heads=(
        "discriminator_predictions.",
        "generator_predictions.",
        "generator_lm_head.",
        "sequence_summary.",
        "classifier.",
        "qa_outputs.",
    ),
    renames=((".gamma", ".weight"), (".beta", ".bias")),
    ignorable=("embeddings.position_ids", "embeddings.token_type_ids"),
    refuse=_refuse,
)
