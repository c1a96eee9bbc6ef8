"""What models return: a dict in a fixed order whose values are attributes and positions as well.

    output.logits == output["logits"] == output[0]        with no loss in front of it

A value that was not computed is None as an attribute, and absent as an item and as a position.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

if TYPE_CHECKING:
    from collections.abc import Iterable

    from torch import Tensor


class ModelOutput(OrderedDict[str, Any]):
    """Base of all outputs. A subclass lists its values as annotations, in order."""

    _FIELDS: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls) -> None:
        cls._FIELDS = tuple(name for name in cls.__annotations__ if not name.startswith("_"))

    def __init__(self, values: Iterable[tuple[str, Any]] = (), /, **named: Any) -> None:  # noqa: ANN401
        super().__init__()
        given = dict(values) | named
        if unknown := given.keys() - set(self._FIELDS):
            raise TypeError(f"{type(self).__name__} has no {sorted(unknown)}")
        for name in self._FIELDS:
            if given.get(name) is not None:
                self[name] = given[name]

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - annotated in the subclasses
        if name in self._FIELDS:
            return self.get(name)
        raise AttributeError(f"{type(self).__name__} has no {name}")

    def __setattr__(self, name: str, value: Any) -> None:  # noqa: ANN401
        if name not in self._FIELDS:
            super().__setattr__(name, value)
        elif value is not None:
            self[name] = value
        elif name in self:
            super().__delitem__(name)

    def __getitem__(self, key: Any) -> Any:  # noqa: ANN401 - a name, a position or a slice
        return super().__getitem__(key) if isinstance(key, str) else self.to_tuple()[key]

    def to_tuple(self) -> tuple[Any, ...]:
        """The values that were computed, in order."""
        return tuple(self.values())

    def __delitem__(self, key: str) -> NoReturn:
        raise TypeError("an output keeps its values; set the attribute to None instead")


class BaseModelOutput(ModelOutput):
    """Of an encoder."""

    last_hidden_state: Tensor
    hidden_states: tuple[Tensor, ...] | None
    """The embeddings and the output of each layer."""
    attentions: tuple[Tensor, ...] | None
    """Probabilities of each layer: batch, head, to, from."""


class BaseModelOutputWithPooling(ModelOutput):
    """Of an encoder with a pooler."""

    last_hidden_state: Tensor
    pooler_output: Tensor | None
    hidden_states: tuple[Tensor, ...] | None
    attentions: tuple[Tensor, ...] | None


class MaskedLMOutput(ModelOutput):
    """One logit per position and vocabulary entry."""

    loss: Tensor | None
    logits: Tensor
    hidden_states: tuple[Tensor, ...] | None
    attentions: tuple[Tensor, ...] | None


class SequenceClassifierOutput(ModelOutput):
    """One logit per label."""

    loss: Tensor | None
    logits: Tensor
    hidden_states: tuple[Tensor, ...] | None
    attentions: tuple[Tensor, ...] | None


class TokenClassifierOutput(ModelOutput):
    """One logit per position and label."""

    loss: Tensor | None
    logits: Tensor
    hidden_states: tuple[Tensor, ...] | None
    attentions: tuple[Tensor, ...] | None


class QuestionAnsweringModelOutput(ModelOutput):
    """One logit per position for the start and for the end of the answer."""

    loss: Tensor | None
    start_logits: Tensor
    end_logits: Tensor
    hidden_states: tuple[Tensor, ...] | None
    attentions: tuple[Tensor, ...] | None


class MultipleChoiceModelOutput(ModelOutput):
    """One logit per choice."""

    loss: Tensor | None
    logits: Tensor
    hidden_states: tuple[Tensor, ...] | None
    attentions: tuple[Tensor, ...] | None


class ImageClassifierOutput(ModelOutput):
    """One logit per label."""

    loss: Tensor | None
    logits: Tensor
    hidden_states: tuple[Tensor, ...] | None
    attentions: tuple[Tensor, ...] | None


class MaskedImageModelingOutput(ModelOutput):
    """The image with what stood behind the mask."""

    loss: Tensor | None
    reconstruction: Tensor
    hidden_states: tuple[Tensor, ...] | None
    attentions: tuple[Tensor, ...] | None


class DeiTForImageClassificationWithTeacherOutput(ModelOutput):
    """One logit per label, of both heads and their mean."""

    logits: Tensor
    cls_logits: Tensor
    distillation_logits: Tensor
    hidden_states: tuple[Tensor, ...] | None
    attentions: tuple[Tensor, ...] | None


class CLIPOutput(ModelOutput):
    """How well each picture fits each text."""

    loss: Tensor | None
    logits_per_image: Tensor
    logits_per_text: Tensor
    text_embeds: Tensor
    image_embeds: Tensor
    text_model_output: BaseModelOutputWithPooling
    vision_model_output: BaseModelOutputWithPooling

    def to_tuple(self) -> tuple[Any, ...]:
        """The values that were computed, in order; those of an encoder as a tuple of their own."""
        return tuple(value.to_tuple() if isinstance(value, ModelOutput) else value for value in self.values())


class NextSentencePredictorOutput(ModelOutput):
    """Two logits per text: the second sentence follows, or it does not."""

    loss: Tensor | None
    logits: Tensor
    hidden_states: tuple[Tensor, ...] | None
    attentions: tuple[Tensor, ...] | None


class BertForPreTrainingOutput(ModelOutput):
    """Of both tasks of BERT's training."""

    loss: Tensor | None
    prediction_logits: Tensor
    seq_relationship_logits: Tensor
    hidden_states: tuple[Tensor, ...] | None
    attentions: tuple[Tensor, ...] | None


class ElectraForPreTrainingOutput(ModelOutput):
    """One logit per position: was this word replaced?"""

    loss: Tensor | None
    logits: Tensor
    hidden_states: tuple[Tensor, ...] | None
    attentions: tuple[Tensor, ...] | None
