"""The heads that text encoders share: a backbone under its prefix, and what reads from it.

A family states its backbone and the modules that carry its file's names; the inputs, the losses and the
outputs stand here once. The order of inputs is that of the reference, since callers pass them by place.

Shapes: B batch, C choices, T positions, D width, L labels, V vocabulary.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from torch import nn

from safeload.architectures.base.losses import classification_loss, span_loss, token_loss
from safeload.architectures.base.model import Model
from safeload.architectures.base.outputs import (
    MaskedLMOutput,
    MultipleChoiceModelOutput,
    QuestionAnsweringModelOutput,
    SequenceClassifierOutput,
    TokenClassifierOutput,
)
from safeload.architectures.layers.modules import Linear

if TYPE_CHECKING:
    from torch import Tensor

    from safeload.architectures.base.config import Config
    from safeload.architectures.base.outputs import ModelOutput


class Head(Model):
    """A backbone, and what a subclass adds to it."""

    backbone: ClassVar[type[Model]]
    pooled: ClassVar[bool | None] = False
    """Whether the backbone has its pooler; None for a family without poolers."""

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        options = {} if self.pooled is None else {"pooler": self.pooled}
        setattr(self, self.base_model_prefix, self.backbone(config, **options))

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
    ) -> ModelOutput | tuple[Any, ...]:
        """What the head makes of the encoded text; with labels, the loss."""
        encoded = self._encoded(
            input_ids, attention_mask, token_type_ids, position_ids, inputs_embeds,
            output_attentions=output_attentions, output_hidden_states=output_hidden_states,
        )  # fmt: skip
        return self._shape(self._answer(encoded, labels), return_dict)

    def _encoded(self, *inputs: Tensor | None, **flags: bool | None) -> Any:  # noqa: ANN401 - the backbone's output
        return getattr(self, self.base_model_prefix)(*inputs, **flags, return_dict=True)

    def _answer(self, encoded: Any, labels: Tensor | None) -> ModelOutput:  # noqa: ANN401 - as above
        raise NotImplementedError

    def _head_dropout(self) -> nn.Dropout:
        own = getattr(self.config, "classifier_dropout", None)
        return nn.Dropout(self.config.hidden_dropout_prob if own is None else own)


class MaskedLanguageHead(Head):
    """Which word stood behind each mask."""

    def _words(self, x_BTD: Tensor) -> Tensor:
        """Logits over the vocabulary."""
        raise NotImplementedError

    def _answer(self, encoded: Any, labels: Tensor | None) -> ModelOutput:  # noqa: ANN401
        logits_BTV = self._words(encoded.last_hidden_state)
        return MaskedLMOutput(
            loss=None if labels is None else token_loss(logits_BTV, labels),
            logits=logits_BTV,
            hidden_states=encoded.hidden_states,
            attentions=encoded.attentions,
        )


class SequenceHead(Head):
    """One decision per text."""

    def _decided(self, encoded: Any) -> Tensor:  # noqa: ANN401
        """Logits of the labels."""
        raise NotImplementedError

    def _answer(self, encoded: Any, labels: Tensor | None) -> ModelOutput:  # noqa: ANN401
        logits_BL = self._decided(encoded)
        return SequenceClassifierOutput(
            loss=None if labels is None else classification_loss(logits_BL, labels, self.config),
            logits=logits_BL,
            hidden_states=encoded.hidden_states,
            attentions=encoded.attentions,
        )


class TokenHead(Head):
    """One decision per position."""

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.dropout = self._head_dropout()
        self.classifier = Linear(config.hidden_size, config.num_labels)

    def _answer(self, encoded: Any, labels: Tensor | None) -> ModelOutput:  # noqa: ANN401
        logits_BTL = self.classifier(self.dropout(encoded.last_hidden_state))
        return TokenClassifierOutput(
            loss=None if labels is None else token_loss(logits_BTL, labels),
            logits=logits_BTL,
            hidden_states=encoded.hidden_states,
            attentions=encoded.attentions,
        )


class SpanHead(Head):
    """Where the answer starts and ends."""

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.qa_outputs = Linear(config.hidden_size, 2)

    def forward(  # type: ignore[override]  # two positions in the place of one label, as in the reference
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
    ) -> ModelOutput | tuple[Any, ...]:
        """Logits of start and end per position; with both positions, the loss."""
        encoded = self._encoded(
            input_ids, attention_mask, token_type_ids, position_ids, inputs_embeds,
            output_attentions=output_attentions, output_hidden_states=output_hidden_states,
        )  # fmt: skip
        return self._shape(self._span(encoded, start_positions, end_positions), return_dict)

    def _span(self, encoded: Any, start_B: Tensor | None, end_B: Tensor | None) -> ModelOutput:  # noqa: ANN401
        starts_BT, ends_BT = self.qa_outputs(self._read(encoded.last_hidden_state)).unbind(-1)
        loss = None
        if start_B is not None and end_B is not None:
            loss = span_loss(starts_BT, ends_BT, start_B, end_B)
        return QuestionAnsweringModelOutput(
            loss=loss,
            start_logits=starts_BT.contiguous(),
            end_logits=ends_BT.contiguous(),
            hidden_states=encoded.hidden_states,
            attentions=encoded.attentions,
        )

    def _read(self, x_BTD: Tensor) -> Tensor:
        return x_BTD


class ChoiceHead(Head):
    """One logit per choice: each choice is a text of its own, and the best one is the answer."""

    pooled: ClassVar[bool | None] = True

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.dropout = self._choice_dropout()
        self.classifier = Linear(config.hidden_size, 1)

    def _choice_dropout(self) -> nn.Dropout:
        return nn.Dropout(self.config.hidden_dropout_prob)

    def _encoded(self, *inputs: Tensor | None, **flags: bool | None) -> Any:  # noqa: ANN401
        """The choices as texts of one batch."""
        given = next(item for item in inputs if item is not None)
        self._choices = given.shape[1]
        return super()._encoded(*(None if item is None else item.flatten(0, 1) for item in inputs), **flags)

    def _decided(self, encoded: Any) -> Tensor:  # noqa: ANN401
        """One number per text."""
        logits: Tensor = self.classifier(self.dropout(encoded.pooler_output))
        return logits

    def _answer(self, encoded: Any, labels: Tensor | None) -> ModelOutput:  # noqa: ANN401
        logits_BC = self._decided(encoded).view(-1, self._choices)
        return MultipleChoiceModelOutput(
            loss=None if labels is None else token_loss(logits_BC, labels),
            logits=logits_BC,
            hidden_states=encoded.hidden_states,
            attentions=encoded.attentions,
        )
