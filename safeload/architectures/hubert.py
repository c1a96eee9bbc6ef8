"""hubert: wav2vec2's encoder, trained to predict clusters.

Hsu et al., https://arxiv.org/abs/2106.07447. The encoder returns no features, SpecAugment hides padding as
well, and the heads are those for transcription and for whole sounds.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

from safeload.architectures import wav2vec2
from safeload.architectures.base.architecture import Architecture
from safeload.architectures.base.outputs import BaseModelOutput
from safeload.architectures.base.pooled_head import pooled_variant
from safeload.architectures.base.speech import CtcHead, SoundHead, SpeechBackbone, SpeechHead

if TYPE_CHECKING:
    from torch import Tensor

    from safeload.architectures.base.model import Model
    from safeload.architectures.base.outputs import ModelOutput


class HubertModel(SpeechBackbone):
    """The encoder."""

    base_model_prefix: ClassVar[str] = "hubert"

    def _output(self, encoded: dict[str, Any], features_BTC: Tensor) -> ModelOutput:  # noqa: ARG002 - one signature
        return BaseModelOutput(**encoded)

    def _lengths(self, heard_BT: Tensor | None) -> list[int] | None:  # noqa: ARG002 - one signature
        return None


class _HubertHead(SpeechHead):
    base_model_prefix: ClassVar[str] = "hubert"
    backbone: ClassVar[type[Model]] = HubertModel


class HubertForCTC(_HubertHead, CtcHead):
    """Which character each frame says."""


class HubertForSequenceClassification(_HubertHead, SoundHead):
    """One decision per sound."""


ARCHITECTURE = Architecture(
    model_type="hubert",
    classes=MappingProxyType(
        {
            "AutoModel": HubertModel,
            "AutoModelForCTC": HubertForCTC,
            "AutoModelForAudioClassification": HubertForSequenceClassification,
        }
    ),
    heads=("lm_head.", "projector.", "classifier.", "layer_weights"),
    renames=wav2vec2.RENAMES,
    training=("masked_spec_embed",),
    variant=pooled_variant("hubert", HubertModel, "HubertForSpeechClassification"),
    refuse=wav2vec2.refuse,
)
