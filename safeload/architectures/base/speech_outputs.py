"""What models of speech return."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.architectures.base.outputs import ModelOutput

if TYPE_CHECKING:
    from torch import Tensor


class Wav2Vec2BaseModelOutput(ModelOutput):
    """Of an encoder of speech, with the features that the convolutions made."""

    last_hidden_state: Tensor
    extract_features: Tensor
    hidden_states: tuple[Tensor, ...] | None
    attentions: tuple[Tensor, ...] | None


class CtcOutput(ModelOutput):
    """One logit per frame and vocabulary entry; the reference calls it CausalLMOutput."""

    loss: Tensor | None
    logits: Tensor
    hidden_states: tuple[Tensor, ...] | None
    attentions: tuple[Tensor, ...] | None


class XVectorOutput(ModelOutput):
    """Who speaks: logits, and the embedding that is compared."""

    loss: Tensor | None
    logits: Tensor
    embeddings: Tensor
    hidden_states: tuple[Tensor, ...] | None
    attentions: tuple[Tensor, ...] | None


class Wav2Vec2ForPreTrainingOutput(ModelOutput):
    """What the encoder predicts for hidden frames, and the quantised features that it should."""

    loss: Tensor | None
    projected_states: Tensor
    projected_quantized_states: Tensor
    codevector_perplexity: Tensor
    hidden_states: tuple[Tensor, ...] | None
    attentions: tuple[Tensor, ...] | None
    contrastive_loss: Tensor | None
    diversity_loss: Tensor | None
