"""What decoders of text return."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.architectures.base.outputs import ModelOutput

if TYPE_CHECKING:
    from torch import Tensor

    from safeload.architectures.layers.decoder import KeyValueCache


class BaseModelOutputWithPast(ModelOutput):
    """Of a decoder."""

    last_hidden_state: Tensor
    past_key_values: KeyValueCache | None
    """Keys and values of every position seen, for the next call."""
    hidden_states: tuple[Tensor, ...] | None
    """The embeddings, the output of each layer but the last, and the normed output of that one."""
    attentions: tuple[Tensor, ...] | None
    """Probabilities of each layer: batch, head, to, from."""


class CausalLMOutputWithPast(ModelOutput):
    """One logit per position and vocabulary entry: which word follows."""

    loss: Tensor | None
    logits: Tensor
    past_key_values: KeyValueCache | None
    hidden_states: tuple[Tensor, ...] | None
    attentions: tuple[Tensor, ...] | None


class SequenceClassifierOutputWithPast(ModelOutput):
    """One logit per label."""

    loss: Tensor | None
    logits: Tensor
    past_key_values: KeyValueCache | None
    hidden_states: tuple[Tensor, ...] | None
    attentions: tuple[Tensor, ...] | None


class GenerateDecoderOnlyOutput(ModelOutput):
    """Of `generate`, where more than the words is asked for."""

    sequences: Tensor
    """Token ids: batch, positions, those of the prompt included."""
    scores: tuple[Tensor, ...] | None
    """What each word was chosen by: batch, vocabulary, for each step."""
    logits: tuple[Tensor, ...] | None
    """The model's own, for each step."""
    past_key_values: KeyValueCache | None
