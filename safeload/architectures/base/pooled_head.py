"""The head of emotion recognisers that were trained with a class of their own, and how it is recognised.

Shapes: B batch, T frames, D width, L labels.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import torch
from torch import nn

from safeload.architectures.base.losses import classification_loss
from safeload.architectures.base.outputs import SequenceClassifierOutput
from safeload.architectures.base.speech import SpeechHead
from safeload.architectures.layers.modules import Linear
from safeload.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from torch import Tensor

    from safeload.architectures.base.config import Config
    from safeload.architectures.base.model import Model


class TanhClassifier(nn.Module):
    """Two layers with a tanh between them."""

    def __init__(self, config: Config, outer: str) -> None:
        super().__init__()
        self.dense = Linear(config.hidden_size, config.hidden_size)
        self.dropout = nn.Dropout(config.final_dropout)
        self.outer = outer
        self.add_module(outer, Linear(config.hidden_size, config.num_labels))

    def forward(self, x_BD: Tensor) -> Tensor:
        """Logits of shape batch, labels."""
        h_BD = self.dropout(torch.tanh(self.dense(self.dropout(x_BD))))
        logits_BL: Tensor = self.get_submodule(self.outer)(h_BD)
        return logits_BL


class PooledHead(SpeechHead):
    """One decision per sound, from all of its frames and through a hidden layer.

    Not the reference's: emotion recognisers of 2021 were trained with a class of their own, whose head the
    names `classifier.dense` and `classifier.output` or `classifier.out_proj` show. It pools every frame,
    padding too, by the config's `pooling_mode`, and has a tanh behind the hidden layer.
    """

    outer: ClassVar[str]
    note: ClassVar[str] = (
        "the head is not the reference's: its names show classifier.dense and an output layer, and it is "
        "computed as pooling over all frames, dense, tanh, output; the file does not state the activation"
    )

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self._refuse_adapter()
        self.classifier = TanhClassifier(config, self.outer)

    def _answer(
        self,
        encoded: Any,  # noqa: ANN401
        samples_BS: Tensor,  # noqa: ARG002
        attention_mask: Tensor | None,  # noqa: ARG002
        labels: Tensor | None,
    ) -> SequenceClassifierOutput:
        x_BTD = encoded.last_hidden_state
        mode = self.config.pooling_mode or "mean"
        pooled_BD = {"mean": x_BTD.mean, "sum": x_BTD.sum, "max": x_BTD.amax}[mode](dim=1)
        logits_BL = self.classifier(pooled_BD)
        loss = None if labels is None else classification_loss(logits_BL, labels, self.config)
        return SequenceClassifierOutput(loss=loss, logits=logits_BL)


def pooled_variant(
    prefix: str, backbone: type[Model], name: str
) -> Callable[[str, Collection[str]], type[Model] | None]:
    """What picks the class for a head with `classifier.dense`, for a family."""
    classes = {
        outer: type(
            name,
            (PooledHead,),
            {
                "__doc__": PooledHead.__doc__,
                "base_model_prefix": prefix,
                "backbone": backbone,
                "outer": outer,
            },
        )
        for outer in ("output", "out_proj")
    }

    def choose(auto_class: str, names: Collection[str]) -> type[Model] | None:
        if auto_class != "AutoModelForAudioClassification" or "classifier.dense.weight" not in names:
            return None
        for outer, found in classes.items():
            if f"classifier.{outer}.weight" in names:
                return found
        raise UsageError(
            "the checkpoint has a head of its own (classifier.dense) without classifier.output or "
            "classifier.out_proj: which class made it is unknown, and a new head would predict nothing"
        )

    return choose
