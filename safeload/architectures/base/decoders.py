"""The frame of decoders of text, and the heads that they share.

A family states its embeddings, its blocks and its names; the cache, the masks, the losses and the outputs
stand here once. The order of inputs is that of the reference, since callers pass them by place; what
comes behind the embeddings is passed by name.

Shapes: B batch, T new positions, S all positions, D width, L labels, V vocabulary.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812 - torch's own convention

from safeload.architectures.base.decoder_outputs import (
    BaseModelOutputWithPast,
    CausalLMOutputWithPast,
    SequenceClassifierOutputWithPast,
)
from safeload.architectures.base.generate import Generator
from safeload.architectures.base.generation import GenerationConfig
from safeload.architectures.base.losses import classification_loss, token_loss
from safeload.architectures.base.model import Model
from safeload.architectures.base.outputs import TokenClassifierOutput
from safeload.architectures.layers.decoder import KeyValueCache, causal_mask
from safeload.architectures.layers.modules import Linear

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from safeload.architectures.base.config import Config
    from safeload.architectures.base.outputs import ModelOutput

_CLASSIFIER_DROPOUT = 0.1
"""Of a decoder's token classifier; no config of these families says another."""


def refuse_decoder(config: Config) -> str | None:
    """Why no decoder can be built from a config, whatever its family, or None."""
    if config.is_encoder_decoder or config.add_cross_attention:
        return "it has cross-attention, and only decoders by themselves are supported"
    if getattr(config, "quantization_config", None):
        return "quantised weights are not supported yet"
    return None


class Decoder(Model):
    """Words to hidden states, each position from what stands before it."""

    def _start(
        self, x_BTD: Tensor, position_ids: Tensor, token_type_ids: Tensor | None
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        """What the first block gets, and what every block gets besides."""
        raise NotImplementedError

    def _blocks(self) -> Sequence[nn.Module]:
        raise NotImplementedError

    def _normed(self, x_BTD: Tensor) -> Tensor:
        """The output of the last block through the last norm."""
        raise NotImplementedError

    def _windows(self) -> Sequence[int | None]:
        """How far back each block looks."""
        return [None] * len(self._blocks())

    def _decode(
        self,
        input_ids: Tensor | None,
        attention_mask: Tensor | None,
        position_ids: Tensor | None,
        past_key_values: KeyValueCache | None,
        inputs_embeds: Tensor | None,
        use_cache: bool | None,
        output_attentions: bool | None,
        output_hidden_states: bool | None,
        return_dict: bool | None,
        token_type_ids: Tensor | None = None,
    ) -> ModelOutput | tuple[Any, ...]:
        if (input_ids is None) == (inputs_embeds is None):
            raise ValueError("give exactly one of input_ids and inputs_embeds")
        if not isinstance(past_key_values, KeyValueCache | None):
            raise TypeError(f"past_key_values is what a call returned, not {type(past_key_values).__name__}")
        attentions, hidden = self._wanted(output_attentions, output_hidden_states)
        keep = self.config.use_cache if use_cache is None else use_cache
        cache = KeyValueCache() if keep and past_key_values is None else past_key_values
        x_BTD = self.get_input_embeddings()(input_ids) if inputs_embeds is None else inputs_embeds
        batch, new = x_BTD.shape[:2]
        past = 0 if cache is None else cache.get_seq_length()
        if position_ids is None:
            position_ids = torch.arange(past, past + new, device=x_BTD.device)[None]
        x_BTD, besides = self._start(x_BTD, position_ids, token_type_ids)
        windows = self._windows()
        masks = {
            window: causal_mask(attention_mask, batch, new, past, x_BTD.device, window)
            for window in set(windows)
        }
        eager = attentions or self.attn_implementation == "eager"
        states, weights = [], []
        for index, (block, window) in enumerate(zip(self._blocks(), windows, strict=True)):
            states.append(x_BTD)
            x_BTD, attention = block(x_BTD, masks[window], cache, index, eager, *besides)
            weights.append(attention)
        x_BTD = self._normed(x_BTD)
        output = BaseModelOutputWithPast(
            last_hidden_state=x_BTD,
            past_key_values=cache if keep else None,
            hidden_states=(*states, x_BTD) if hidden else None,
            attentions=tuple(weights) if attentions else None,
        )
        return self._shape(output, return_dict)


class DecoderHead(Model):
    """A decoder, and what a subclass reads from its hidden states."""

    backbone: ClassVar[type[Decoder]]

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        setattr(self, self.base_model_prefix, self.backbone(config))

    def forward(
        self,
        *inputs: Any,  # noqa: ANN401 - those of the backbone
        labels: Tensor | None = None,
        return_dict: bool | None = None,
        **named: Any,  # noqa: ANN401 - as above
    ) -> ModelOutput | tuple[Any, ...]:
        """What the head makes of the text; with labels, the loss.

        Inputs, by place or by name, are those of the backbone.
        """
        decoded = getattr(self, self.base_model_prefix)(*inputs, **named, return_dict=True)
        ids = inputs[0] if inputs else named.get("input_ids")
        return self._shape(self._answer(decoded, ids, labels), return_dict)

    def _answer(self, decoded: Any, input_ids: Tensor | None, labels: Tensor | None) -> ModelOutput:  # noqa: ANN401
        raise NotImplementedError


class CausalHead(DecoderHead, Generator):
    """Which word follows."""

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.lm_head = Linear(config.hidden_size, config.vocab_size, bias=False)
        self.generation_config = GenerationConfig.from_values(vars(config))

    def forward(
        self,
        *inputs: Any,  # noqa: ANN401 - those of the backbone
        labels: Tensor | None = None,
        logits_to_keep: int | Tensor = 0,
        return_dict: bool | None = None,
        **named: Any,  # noqa: ANN401 - as above
    ) -> ModelOutput | tuple[Any, ...]:
        """Logits over the vocabulary, of the last `logits_to_keep` positions or all; with labels, the loss.

        Inputs, by place or by name, are those of the backbone. Labels are the words themselves: each is
        compared with what the position before it says.
        """
        decoded = getattr(self, self.base_model_prefix)(*inputs, **named, return_dict=True)
        kept = slice(-logits_to_keep, None) if isinstance(logits_to_keep, int) else logits_to_keep
        logits_BTV = self.lm_head(decoded.last_hidden_state[:, kept])
        loss = None
        if labels is not None:
            before, after = logits_BTV[:, :-1].float(), labels[:, 1:]
            loss = F.cross_entropy(before.reshape(-1, before.shape[-1]), after.reshape(-1))
        output = CausalLMOutputWithPast(
            loss=loss,
            logits=logits_BTV,
            past_key_values=decoded.past_key_values,
            hidden_states=decoded.hidden_states,
            attentions=decoded.attentions,
        )
        return self._shape(output, return_dict)


class LastWordHead(DecoderHead):
    """One decision per text, from its last word."""

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.score = Linear(config.hidden_size, config.num_labels, bias=False)

    def _answer(self, decoded: Any, input_ids: Tensor | None, labels: Tensor | None) -> ModelOutput:  # noqa: ANN401
        x_BTD = decoded.last_hidden_state
        rows = torch.arange(len(x_BTD), device=x_BTD.device)
        logits_BL = self.score(x_BTD[rows, self._last(input_ids, x_BTD)])
        return SequenceClassifierOutputWithPast(
            loss=None if labels is None else classification_loss(logits_BL, labels, self.config),
            logits=logits_BL,
            past_key_values=decoded.past_key_values,
            hidden_states=decoded.hidden_states,
            attentions=decoded.attentions,
        )

    def _last(self, input_ids: Tensor | None, x_BTD: Tensor) -> Tensor | int:
        """Where the last word of each text is: the rightmost id that is not the padding's."""
        padding = self.config.pad_token_id
        if padding is None and len(x_BTD) != 1:
            raise ValueError("several texts need a pad_token_id in the config, to tell where each one ends")
        if padding is None or input_ids is None:
            return -1
        places = torch.arange(input_ids.shape[1], device=input_ids.device)
        last_B: Tensor = (places * (input_ids != padding)).argmax(-1)
        return last_B.to(x_BTD.device)


class WordLabelHead(DecoderHead):
    """One decision per position."""

    named: ClassVar[str] = "score"
    """What the files call the head."""

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.dropout = nn.Dropout(_CLASSIFIER_DROPOUT)
        self.add_module(self.named, Linear(config.hidden_size, config.num_labels))

    def _answer(self, decoded: Any, input_ids: Tensor | None, labels: Tensor | None) -> ModelOutput:  # noqa: ANN401, ARG002
        logits_BTL = getattr(self, self.named)(self.dropout(decoded.last_hidden_state))
        return TokenClassifierOutput(
            loss=None if labels is None else token_loss(logits_BTL.float(), labels),
            logits=logits_BTL,
            hidden_states=decoded.hidden_states,
            attentions=decoded.attentions,
        )
