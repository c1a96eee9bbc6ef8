"""mistral: Mistral 7B and its relatives.

Jiang et al., https://arxiv.org/abs/2310.06825. Every layer looks back over a window, where there is one.
Else a llama.
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

if TYPE_CHECKING:
    from collections.abc import Sequence

    from safeload.architectures.base.config import Config
    from safeload.architectures.base.decoders import Decoder


class MistralModel(LlamaModel):
    """The decoder."""

    @staticmethod
    def biases(config: Config) -> tuple[bool, bool, bool]:  # noqa: ARG004 - there are none
        """None."""
        return False, False, False

    def _windows(self) -> Sequence[int | None]:
        return [self.config.sliding_window] * self.config.num_hidden_layers


class MistralForCausalLM(LlamaForCausalLM):
    """Which word follows."""

    backbone: ClassVar[type[Decoder]] = MistralModel


class MistralForSequenceClassification(LlamaForSequenceClassification):
    """One decision per text, from its last word."""

    backbone: ClassVar[type[Decoder]] = MistralModel


class MistralForTokenClassification(LlamaForTokenClassification):
    """One decision per position."""

    backbone: ClassVar[type[Decoder]] = MistralModel


ARCHITECTURE = architecture(
    "mistral",
    MistralModel,
    MistralForCausalLM,
    MistralForSequenceClassification,
    MistralForTokenClassification,
)
