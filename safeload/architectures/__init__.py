"""The models that can be built: one file per model_type, `layers/` for what they share.

    bert.py, roberta.py, ...  what is special about one architecture, and its entry in the table
    layers/                   modules without initialisers, activations, encoders, decoders
    base/                     the frame: Config, Model, outputs, losses, the Architecture record

Nothing here touches a path or the network: a model is built from a Config, on torch's meta device,
and the resolver puts the weights in. Importing this package imports no torch; `find` does.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from safeload.architectures.base.architecture import Architecture


def _bert() -> Architecture:
    from safeload.architectures.bert import ARCHITECTURE

    return ARCHITECTURE


def _camembert() -> Architecture:
    from safeload.architectures.camembert import ARCHITECTURE

    return ARCHITECTURE


def _distilbert() -> Architecture:
    from safeload.architectures.distilbert import ARCHITECTURE

    return ARCHITECTURE


def _electra() -> Architecture:
    from safeload.architectures.electra import ARCHITECTURE

    return ARCHITECTURE


def _hubert() -> Architecture:
    from safeload.architectures.hubert import ARCHITECTURE

    return ARCHITECTURE


def _mpnet() -> Architecture:
    from safeload.architectures.mpnet import ARCHITECTURE

    return ARCHITECTURE


def _roberta() -> Architecture:
    from safeload.architectures.roberta import ARCHITECTURE

    return ARCHITECTURE


def _wav2vec2() -> Architecture:
    from safeload.architectures.wav2vec2 import ARCHITECTURE

    return ARCHITECTURE


def _xlm_roberta() -> Architecture:
    from safeload.architectures.xlm_roberta import ARCHITECTURE

    return ARCHITECTURE


def _clip() -> Architecture:
    from safeload.architectures.clip import ARCHITECTURE

    return ARCHITECTURE


def _clip_text_model() -> Architecture:
    from safeload.architectures.clip_text_model import ARCHITECTURE

    return ARCHITECTURE


def _clip_vision_model() -> Architecture:
    from safeload.architectures.clip_vision_model import ARCHITECTURE

    return ARCHITECTURE


def _deit() -> Architecture:
    from safeload.architectures.deit import ARCHITECTURE

    return ARCHITECTURE


def _vit() -> Architecture:
    from safeload.architectures.vit import ARCHITECTURE

    return ARCHITECTURE


def _gpt2() -> Architecture:
    from safeload.architectures.gpt2 import ARCHITECTURE

    return ARCHITECTURE


def _llama() -> Architecture:
    from safeload.architectures.llama import ARCHITECTURE

    return ARCHITECTURE


def _mistral() -> Architecture:
    from safeload.architectures.mistral import ARCHITECTURE

    return ARCHITECTURE


def _qwen2() -> Architecture:
    from safeload.architectures.qwen2 import ARCHITECTURE

    return ARCHITECTURE


def _qwen3() -> Architecture:
    from safeload.architectures.qwen3 import ARCHITECTURE

    return ARCHITECTURE


_FINDERS: Mapping[str, Callable[[], Architecture]] = MappingProxyType(
    {
        "bert": _bert,
        "camembert": _camembert,
        "distilbert": _distilbert,
        "electra": _electra,
        "hubert": _hubert,
        "mpnet": _mpnet,
        "roberta": _roberta,
        "wav2vec2": _wav2vec2,
        "xlm-roberta": _xlm_roberta,
        "clip": _clip,
        "clip_text_model": _clip_text_model,
        "clip_vision_model": _clip_vision_model,
        "deit": _deit,
        "vit": _vit,
        "gpt2": _gpt2,
        "llama": _llama,
        "mistral": _mistral,
        "qwen2": _qwen2,
        "qwen3": _qwen3,
    }
)
"""The closed table from model_type to architecture: a name from a repository is looked up in it only."""

MODEL_TYPES = tuple(_FINDERS)
"""Every model_type that can be built."""


def find(model_type: str) -> Architecture | None:
    """The architecture of a model_type, or None where we have none."""
    finder = _FINDERS.get(model_type)
    return None if finder is None else finder()
