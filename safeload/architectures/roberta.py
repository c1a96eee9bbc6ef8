"""roberta: RoBERTa, and with other vocabularies XLM-RoBERTa and CamemBERT.

Liu et al., https://arxiv.org/abs/1907.11692. BERT's layers under `roberta`; positions count the words
that are not padding and start behind the padding id, as fairseq numbered them.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

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
from safeload.architectures.layers.text import FirstPositionClassifier, TextEmbeddings, WordHead

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor

    from safeload.architectures.base.config import Config
    from safeload.architectures.base.model import Model


class RobertaModel(bert.BertModel):
    """The encoder, with a pooler unless a head does without."""

    base_model_prefix: ClassVar[str] = "roberta"

    def _embeddings(self, config: Config) -> TextEmbeddings:
        return TextEmbeddings(config, config.hidden_size, padding=config.pad_token_id)


class _RobertaHead(Head):
    base_model_prefix: ClassVar[str] = "roberta"
    backbone: ClassVar[type[Model]] = RobertaModel


class RobertaForMaskedLM(_RobertaHead, MaskedLanguageHead):
    """Which word stood behind each mask."""

    tied: ClassVar[Mapping[str, str]] = MappingProxyType(
        {
            "lm_head.decoder.weight": "roberta.embeddings.word_embeddings.weight",
            "lm_head.decoder.bias": "lm_head.bias",
        }
    )

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.lm_head = WordHead(config)

    def _words(self, x_BTD: Tensor) -> Tensor:
        words_BTV: Tensor = self.lm_head(x_BTD)
        return words_BTV


class RobertaForSequenceClassification(_RobertaHead, SequenceHead):
    """One decision per text, from the first position."""

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.classifier = FirstPositionClassifier(config, "tanh", self._head_dropout().p)

    def _decided(self, encoded: Any) -> Tensor:  # noqa: ANN401 - the backbone's output
        logits_BL: Tensor = self.classifier(encoded.last_hidden_state)
        return logits_BL


class RobertaForMultipleChoice(_RobertaHead, ChoiceHead):
    """Which of several continuations fits best."""


class RobertaForTokenClassification(_RobertaHead, TokenHead):
    """One decision per position."""


class RobertaForQuestionAnswering(_RobertaHead, SpanHead):
    """Where the answer starts and ends."""


def _refuse(config: Config) -> str | None:
    if config.pad_token_id is None or config.pad_token_id < 0:
        return "positions are counted from the padding id, and it has none"
    if config.max_position_embeddings <= config.pad_token_id + 1:
        return "there are no positions behind the padding id"
    return bert.refuse(config)


_CLASSES: Mapping[str, type[Model]] = MappingProxyType(
    {
        "AutoModel": RobertaModel,
        "AutoModelForPreTraining": RobertaForMaskedLM,
        "AutoModelForMaskedLM": RobertaForMaskedLM,
        "AutoModelForSequenceClassification": RobertaForSequenceClassification,
        "AutoModelForMultipleChoice": RobertaForMultipleChoice,
        "AutoModelForTokenClassification": RobertaForTokenClassification,
        "AutoModelForQuestionAnswering": RobertaForQuestionAnswering,
        "AutoModelForTextEncoding": RobertaModel,
    }
)


def architecture(model_type: str, name: str) -> Architecture:
    """The entry of a model_type that is RoBERTa but for its name, which its classes and files carry."""
    renamed = {
        kind: type(kind.__name__.replace("Roberta", name), (kind,), {"__doc__": kind.__doc__})
        for kind in set(_CLASSES.values())
    }
    return Architecture(
        model_type=model_type,
        classes=MappingProxyType({auto_class: renamed[kind] for auto_class, kind in _CLASSES.items()}),
        heads=("pooler.", "roberta.pooler.", "lm_head.", "classifier.", "qa_outputs."),
        renames=((".gamma", ".weight"), (".beta", ".bias")),
        ignorable=("embeddings.position_ids", "embeddings.token_type_ids"),
        refuse=_refuse,
    )


ARCHITECTURE = architecture("roberta", "Roberta")
