"""qwen2: Qwen 1.5 to 2.5.

Yang et al., https://arxiv.org/abs/2407.10671. Queries, keys and values have biases, and some layers may
look back over a window only. Else a llama.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from safeload.architectures.llama import (
    LlamaForCausalLM,
    LlamaForSequenceClassification,
    LlamaForTokenClassification,
    LlamaModel,
    architecture,
)
from safeload.architectures.llama import refuse as refuse_llama

if TYPE_CHECKING:
    from collections.abc import Sequence

    from safeload.architectures.base.config import Config
    from safeload.architectures.base.decoders import Decoder


def windows(config: Config) -> list[int | None]:
    """How far back each layer looks: by `layer_types`, else the upper layers over the window."""
    window = config.sliding_window if config.use_sliding_window else None
    if config.layer_types is not None:
        return [window if kind == "sliding_attention" else None for kind in config.layer_types]
    return [
        window if layer >= config.max_window_layers else None for layer in range(config.num_hidden_layers)
    ]


def refuse(config: Config) -> str | None:
    """Why a decoder of this family cannot be built, or None."""
    kinds = config.layer_types
    if kinds is not None and len(kinds) != config.num_hidden_layers:
        return f"layer_types has {len(kinds)} entries for {config.num_hidden_layers} layers"
    if (
        kinds is not None
        and "sliding_attention" in kinds
        and not (config.use_sliding_window and config.sliding_window)
    ):
        return "layer_types has layers with a window, and there is no window"
    return refuse_llama(config)


class Qwen2Model(LlamaModel):
    """The decoder."""

    @staticmethod
    def biases(config: Config) -> tuple[bool, bool, bool]:  # noqa: ARG004 - always the same
        """In front of the attention."""
        return True, False, False

    def _windows(self) -> Sequence[int | None]:
        return windows(self.config)


class Qwen2ForCausalLM(LlamaForCausalLM):
    """Which word follows."""

    backbone: ClassVar[type[Decoder]] = Qwen2Model


class Qwen2ForSequenceClassification(LlamaForSequenceClassification):
    """One decision per text, from its last word."""

    backbone: ClassVar[type[Decoder]] = Qwen2Model


class Qwen2ForTokenClassification(LlamaForTokenClassification):
    """One decision per position."""

    backbone: ClassVar[type[Decoder]] = Qwen2Model


ARCHITECTURE = architecture(
    "qwen2",
    Qwen2Model,
    Qwen2ForCausalLM,
    Qwen2ForSequenceClassification,
    Qwen2ForTokenClassification,
    refuse=refuse,
)
