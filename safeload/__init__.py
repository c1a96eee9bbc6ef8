"""safeload: a gate between a model repository and `from_pretrained`.

    from safeload import AutoModel, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained("./model")
    model = AutoModel.from_pretrained("./model")

Every load scans the files, puts the findings before a policy, and builds the object from the very
bytes that were judged. Nothing from a checkpoint is executed or imported. What is refused raises
`PolicyDenied`, whose `decision` says what, where, which rule and which policy line.

All names load lazily: importing this package costs a few milliseconds, and torch is imported only
when a model is loaded.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from safeload.architectures.base.generation import GenerationConfig as GenerationConfig
    from safeload.core import AuditReport as AuditReport
    from safeload.core import Decision as Decision
    from safeload.core import Finding as Finding
    from safeload.core import Level as Level
    from safeload.core import Reason as Reason
    from safeload.core import Scope as Scope
    from safeload.core import Severity as Severity
    from safeload.core import Verdict as Verdict
    from safeload.core import VerifiedSnapshot as VerifiedSnapshot
    from safeload.errors import FormatError as FormatError
    from safeload.errors import LimitExceeded as LimitExceeded
    from safeload.errors import MissingExtra as MissingExtra
    from safeload.errors import PolicyDenied as PolicyDenied
    from safeload.errors import ProvenanceError as ProvenanceError
    from safeload.errors import SafeloadError as SafeloadError
    from safeload.errors import UsageError as UsageError
    from safeload.pipeline import Origin as Origin
    from safeload.pipeline import admit as admit
    from safeload.pipeline import audit as audit
    from safeload.preprocessing.open_image import open_image as open_image
    from safeload.resolver.auto import AutoBackbone as AutoBackbone
    from safeload.resolver.auto import AutoConfig as AutoConfig
    from safeload.resolver.auto import AutoFeatureExtractor as AutoFeatureExtractor
    from safeload.resolver.auto import AutoImageProcessor as AutoImageProcessor
    from safeload.resolver.auto import AutoModel as AutoModel
    from safeload.resolver.auto import AutoModelForAudioClassification as AutoModelForAudioClassification
    from safeload.resolver.auto import (
        AutoModelForAudioFrameClassification as AutoModelForAudioFrameClassification,
    )
    from safeload.resolver.auto import AutoModelForAudioTokenization as AutoModelForAudioTokenization
    from safeload.resolver.auto import AutoModelForAudioXVector as AutoModelForAudioXVector
    from safeload.resolver.auto import AutoModelForCausalLM as AutoModelForCausalLM
    from safeload.resolver.auto import AutoModelForCTC as AutoModelForCTC
    from safeload.resolver.auto import AutoModelForDecision as AutoModelForDecision
    from safeload.resolver.auto import AutoModelForDepthEstimation as AutoModelForDepthEstimation
    from safeload.resolver.auto import (
        AutoModelForDocumentQuestionAnswering as AutoModelForDocumentQuestionAnswering,
    )
    from safeload.resolver.auto import AutoModelForImageClassification as AutoModelForImageClassification
    from safeload.resolver.auto import AutoModelForImageMatting as AutoModelForImageMatting
    from safeload.resolver.auto import AutoModelForImageSegmentation as AutoModelForImageSegmentation
    from safeload.resolver.auto import AutoModelForImageTextToText as AutoModelForImageTextToText
    from safeload.resolver.auto import AutoModelForImageToImage as AutoModelForImageToImage
    from safeload.resolver.auto import AutoModelForInstanceSegmentation as AutoModelForInstanceSegmentation
    from safeload.resolver.auto import AutoModelForKeypointDetection as AutoModelForKeypointDetection
    from safeload.resolver.auto import AutoModelForKeypointMatching as AutoModelForKeypointMatching
    from safeload.resolver.auto import AutoModelForMaskedImageModeling as AutoModelForMaskedImageModeling
    from safeload.resolver.auto import AutoModelForMaskedLM as AutoModelForMaskedLM
    from safeload.resolver.auto import AutoModelForMaskGeneration as AutoModelForMaskGeneration
    from safeload.resolver.auto import AutoModelForMultimodalLM as AutoModelForMultimodalLM
    from safeload.resolver.auto import AutoModelForMultipleChoice as AutoModelForMultipleChoice
    from safeload.resolver.auto import (
        AutoModelForNextSentencePrediction as AutoModelForNextSentencePrediction,
    )
    from safeload.resolver.auto import AutoModelForNormalEstimation as AutoModelForNormalEstimation
    from safeload.resolver.auto import AutoModelForObjectDetection as AutoModelForObjectDetection
    from safeload.resolver.auto import AutoModelForPointmapEstimation as AutoModelForPointmapEstimation
    from safeload.resolver.auto import AutoModelForPoseEstimation as AutoModelForPoseEstimation
    from safeload.resolver.auto import AutoModelForPreTraining as AutoModelForPreTraining
    from safeload.resolver.auto import AutoModelForQuestionAnswering as AutoModelForQuestionAnswering
    from safeload.resolver.auto import AutoModelForRNNT as AutoModelForRNNT
    from safeload.resolver.auto import AutoModelForSemanticSegmentation as AutoModelForSemanticSegmentation
    from safeload.resolver.auto import AutoModelForSeq2SeqLM as AutoModelForSeq2SeqLM
    from safeload.resolver.auto import (
        AutoModelForSequenceClassification as AutoModelForSequenceClassification,
    )
    from safeload.resolver.auto import AutoModelForSpeechSeq2Seq as AutoModelForSpeechSeq2Seq
    from safeload.resolver.auto import (
        AutoModelForTableQuestionAnswering as AutoModelForTableQuestionAnswering,
    )
    from safeload.resolver.auto import AutoModelForTableRecognition as AutoModelForTableRecognition
    from safeload.resolver.auto import AutoModelForTDT as AutoModelForTDT
    from safeload.resolver.auto import AutoModelForTextEncoding as AutoModelForTextEncoding
    from safeload.resolver.auto import AutoModelForTextRecognition as AutoModelForTextRecognition
    from safeload.resolver.auto import AutoModelForTextToSpectrogram as AutoModelForTextToSpectrogram
    from safeload.resolver.auto import AutoModelForTextToWaveform as AutoModelForTextToWaveform
    from safeload.resolver.auto import AutoModelForTimeSeriesPrediction as AutoModelForTimeSeriesPrediction
    from safeload.resolver.auto import AutoModelForTokenClassification as AutoModelForTokenClassification
    from safeload.resolver.auto import AutoModelForUniversalSegmentation as AutoModelForUniversalSegmentation
    from safeload.resolver.auto import AutoModelForVideoClassification as AutoModelForVideoClassification
    from safeload.resolver.auto import (
        AutoModelForVisualQuestionAnswering as AutoModelForVisualQuestionAnswering,
    )
    from safeload.resolver.auto import (
        AutoModelForZeroShotImageClassification as AutoModelForZeroShotImageClassification,
    )
    from safeload.resolver.auto import (
        AutoModelForZeroShotObjectDetection as AutoModelForZeroShotObjectDetection,
    )
    from safeload.resolver.auto import AutoProcessor as AutoProcessor
    from safeload.resolver.auto import AutoVideoProcessor as AutoVideoProcessor
    from safeload.resolver.auto_tokenizer import AutoTokenizer as AutoTokenizer

_HOMES = {
    "safeload.core": (
        "AuditReport",
        "Decision",
        "Finding",
        "Level",
        "Reason",
        "Scope",
        "Severity",
        "Verdict",
        "VerifiedSnapshot",
    ),
    "safeload.errors": (
        "FormatError",
        "LimitExceeded",
        "MissingExtra",
        "PolicyDenied",
        "ProvenanceError",
        "SafeloadError",
        "UsageError",
    ),
    "safeload.pipeline": ("Origin", "admit", "audit"),
    "safeload.architectures.base.generation": ("GenerationConfig",),
    "safeload.preprocessing.open_image": ("open_image",),
    "safeload.resolver.auto_tokenizer": ("AutoTokenizer",),
    "safeload.resolver.auto": (
        "AutoBackbone",
        "AutoConfig",
        "AutoFeatureExtractor",
        "AutoImageProcessor",
        "AutoModel",
        "AutoModelForAudioClassification",
        "AutoModelForAudioFrameClassification",
        "AutoModelForAudioTokenization",
        "AutoModelForAudioXVector",
        "AutoModelForCTC",
        "AutoModelForCausalLM",
        "AutoModelForDecision",
        "AutoModelForDepthEstimation",
        "AutoModelForDocumentQuestionAnswering",
        "AutoModelForImageClassification",
        "AutoModelForImageMatting",
        "AutoModelForImageSegmentation",
        "AutoModelForImageTextToText",
        "AutoModelForImageToImage",
        "AutoModelForInstanceSegmentation",
        "AutoModelForKeypointDetection",
        "AutoModelForKeypointMatching",
        "AutoModelForMaskGeneration",
        "AutoModelForMaskedImageModeling",
        "AutoModelForMaskedLM",
        "AutoModelForMultimodalLM",
        "AutoModelForMultipleChoice",
        "AutoModelForNextSentencePrediction",
        "AutoModelForNormalEstimation",
        "AutoModelForObjectDetection",
        "AutoModelForPointmapEstimation",
        "AutoModelForPoseEstimation",
        "AutoModelForPreTraining",
        "AutoModelForQuestionAnswering",
        "AutoModelForRNNT",
        "AutoModelForSemanticSegmentation",
        "AutoModelForSeq2SeqLM",
        "AutoModelForSequenceClassification",
        "AutoModelForSpeechSeq2Seq",
        "AutoModelForTDT",
        "AutoModelForTableQuestionAnswering",
        "AutoModelForTableRecognition",
        "AutoModelForTextEncoding",
        "AutoModelForTextRecognition",
        "AutoModelForTextToSpectrogram",
        "AutoModelForTextToWaveform",
        "AutoModelForTimeSeriesPrediction",
        "AutoModelForTokenClassification",
        "AutoModelForUniversalSegmentation",
        "AutoModelForVideoClassification",
        "AutoModelForVisualQuestionAnswering",
        "AutoModelForZeroShotImageClassification",
        "AutoModelForZeroShotObjectDetection",
        "AutoProcessor",
        "AutoVideoProcessor",
    ),
}
"""Where each public name lives."""

_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = ["__version__", *_HOME_OF]  # noqa: PLE0604 - one table, also for dir()


def __getattr__(name: str) -> Any:  # noqa: ANN401 - the types stand above
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module 'safeload' has no attribute {name!r}")
    value = getattr(importlib.import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME_OF})
