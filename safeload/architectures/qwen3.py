"""qwen3: Qwen 3.

Yang et al., https://arxiv.org/abs/2505.09388. Queries and keys are normed, a head may have any width, and
some layers may look back over a window only. Else a llama.
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
from safeload.architectures.qwen2 import refuse, windows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from safeload.architectures.base.config import Config
    from safeload.architectures.base.decoders import Decoder


class Qwen3Model(LlamaModel):
    """The decoder."""

    norms: ClassVar[bool] = True

    @staticmethod
    def biases(config: Config) -> tuple[bool, bool, bool]:
        """Around the attention, where the config asks for them."""
        return config.attention_bias, config.attention_bias, False

    def _windows(self) -> Sequence[int | None]:
        return windows(self.config)


class Qwen3ForCausalLM(LlamaForCausalLM):
    """Which word follows."""

    backbone: ClassVar[type[Decoder]] = Qwen3Model


class Qwen3ForSequenceClassification(LlamaForSequenceClassification):
    """One decision per text, from its last word."""

    backbone: ClassVar[type[Decoder]] = Qwen3Model


class Qwen3ForTokenClassification(LlamaForTokenClassification):
    """One decision per position."""

    backbone: ClassVar[type[Decoder]] = Qwen3Model


ARCHITECTURE = architecture(
    "qwen3",
    Qwen3Model,
    Qwen3ForCausalLM,
    Qwen3ForSequenceClassification,
    Qwen3ForTokenClassification,
    refuse=refuse,
)
