"""The Auto classes: one for each name that transformers 5 has.

    model = AutoModelForSequenceClassification.from_pretrained("./model")

A class whose task no architecture serves yet can be imported, and says so when it is used. torch is
imported by the first load, not by this module.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NoReturn, overload

from safeload.errors import UsageError
from safeload.resolver.config import AutoConfig

if TYPE_CHECKING:
    from pathlib import Path

    from safeload.architectures.base.config import Config
    from safeload.architectures.base.model import Model

SUPPORTED = (
    "AutoConfig",
    "AutoModel",
    "AutoModelForCausalLM",
    "AutoModelForMaskedLM",
    "AutoModelForQuestionAnswering",
    "AutoModelForSequenceClassification",
    "AutoModelForTokenClassification",
    "AutoTokenizer",
    "AutoImageProcessor",
    "AutoFeatureExtractor",
    "AutoProcessor",
    "AutoModelForPreTraining",
    "AutoModelForNextSentencePrediction",
    "AutoModelForMultipleChoice",
    "AutoModelForTextEncoding",
    "AutoModelForAudioClassification",
    "AutoModelForAudioFrameClassification",
    "AutoModelForAudioXVector",
    "AutoModelForCTC",
    "AutoModelForImageClassification",
    "AutoModelForMaskedImageModeling",
    "AutoModelForZeroShotImageClassification",
)
"""What works now: the message of every class that does not."""


class _AutoModel:
    """Loads a model whose architecture the checkpoint's config names."""

    def __init__(self) -> None:
        raise UsageError(f"{type(self).__name__} is used through from_pretrained or from_config")

    @overload
    @classmethod
    def from_pretrained(
        cls,
        pretrained_model_name_or_path: str | Path,
        *,
        output_loading_info: Literal[True],
        **kwargs: Any,  # noqa: ANN401 - arguments have many types
    ) -> tuple[Model, dict[str, Any]]: ...

    @overload
    @classmethod
    def from_pretrained(
        cls,
        pretrained_model_name_or_path: str | Path,
        **kwargs: Any,  # noqa: ANN401 - arguments have many types
    ) -> Model: ...

    @classmethod
    def from_pretrained(
        cls,
        pretrained_model_name_or_path: str | Path,
        **kwargs: Any,
    ) -> Model | tuple[Model, dict[str, Any]]:
        """Judge a checkpoint, and build the model from the bytes that were judged.

        Args:
            pretrained_model_name_or_path: a folder, or the name of a Hub repository.
            **kwargs: `policy`, `origin`, `lock`, `revision`, `token`, `cache_dir`, `local_files_only`,
                `config`, `dtype`, `device`, `device_map`, `variant`, `use_safetensors`, `from_tf`,
                `from_flax`, `attn_implementation`, `generation_config`, `ignore_mismatched_sizes`,
                `output_loading_info`, and config fields such as `num_labels` and `id2label`. What cannot be
                honoured is refused.

        Raises:
            PolicyDenied: the policy refuses; the exception carries the decision.
            FormatError: the checkpoint does not hold the model that its config describes.
            UsageError: an argument, an architecture or a file that is not supported.
        """
        from safeload.resolver.loading import load_model

        model, info = load_model(cls.__name__, pretrained_model_name_or_path, kwargs)
        return model if info is None else (model, info)

    @classmethod
    def from_config(
        cls,
        config: Config,
        **kwargs: Any,  # noqa: ANN401 - arguments have many types
    ) -> Model:
        """Build an untrained model.

        Raises:
            UsageError: an argument or an architecture that is not supported.
        """
        from safeload.resolver.loading import build_model

        return build_model(cls.__name__, config, kwargs)


class _Unsupported:
    """A name that nothing serves yet."""

    def __init__(self) -> None:
        self._refuse()

    @classmethod
    def from_pretrained(cls, *_: object, **__: object) -> NoReturn:
        """Say what is supported.

        Raises:
            UsageError: always.
        """
        cls._refuse()

    @classmethod
    def from_config(cls, *_: object, **__: object) -> NoReturn:
        """Say what is supported.

        Raises:
            UsageError: always.
        """
        cls._refuse()

    @classmethod
    def _refuse(cls) -> NoReturn:
        raise UsageError(f"{cls.__name__} is not supported yet; supported: {', '.join(SUPPORTED)}")


class AutoModel(_AutoModel):
    """The backbone, without a head."""


class AutoBackbone(_Unsupported):
    """A vision backbone."""


class AutoFeatureExtractor:
    """Sounds to model input: loads the feature extractor of a checkpoint. Use `from_pretrained`."""

    def __init__(self) -> None:
        raise UsageError(
            "AutoFeatureExtractor is not built directly: use AutoFeatureExtractor.from_pretrained"
        )

    @classmethod
    def from_pretrained(
        cls,
        pretrained_model_name_or_path: str | Path,
        *,
        return_unused_kwargs: bool = False,
        **kwargs: Any,  # noqa: ANN401 - settings have many types
    ) -> Any:  # noqa: ANN401 - FeatureExtractor, or FeatureExtractor and dict where asked for
        """Judge a checkpoint, and build its feature extractor from the settings that were judged.

        Args:
            pretrained_model_name_or_path: a folder, or the name of a Hub repository.
            return_unused_kwargs: also return the keyword arguments that are no settings.
            **kwargs: `policy`, `origin`, `lock`, `revision`, `token`, `cache_dir`, `local_files_only`,
                `force_download`, and settings such as `sampling_rate`.

        Raises:
            PolicyDenied: the policy refuses the files.
            FormatError: a setting of a file that cannot be.
            UsageError: the class is not supported, or an argument is not, with the reason.
        """
        from safeload.resolver.auto_audio import load_feature_extractor

        extractor, unused = load_feature_extractor(pretrained_model_name_or_path, kwargs)
        if unused and not return_unused_kwargs:
            raise UsageError(
                f"unknown argument {', '.join(sorted(unused))}: no setting of a feature extractor"
            )
        return (extractor, unused) if return_unused_kwargs else extractor


class AutoImageProcessor:
    """Images to model input: loads the image processor of a checkpoint. Use `from_pretrained`."""

    def __init__(self) -> None:
        raise UsageError("AutoImageProcessor is not built directly: use AutoImageProcessor.from_pretrained")

    @classmethod
    def from_pretrained(
        cls,
        pretrained_model_name_or_path: str | Path,
        *,
        return_unused_kwargs: bool = False,
        **kwargs: Any,  # noqa: ANN401 - settings have many types
    ) -> Any:  # noqa: ANN401 - ImageProcessor, or ImageProcessor and dict where asked for
        """Judge a checkpoint, and build its image processor from the settings that were judged.

        Args:
            pretrained_model_name_or_path: a folder, or the name of a Hub repository.
            return_unused_kwargs: also return the keyword arguments that are no settings.
            **kwargs: `policy`, `origin`, `revision`, `token`, `cache_dir`, `local_files_only`,
                `force_download`, `backend` (`pil` or `torchvision`), and settings such as `size`.

        Raises:
            PolicyDenied: the policy refuses the files.
            FormatError: a setting of a file that cannot be.
            UsageError: the class is not supported, or an argument is not, with the reason.
        """
        from safeload.resolver.auto_image_processor import load_image_processor

        processor, unused = load_image_processor(pretrained_model_name_or_path, kwargs)
        if unused and not return_unused_kwargs:
            raise UsageError(
                f"unknown argument {', '.join(sorted(unused))}: no setting of an image processor"
            )
        return (processor, unused) if return_unused_kwargs else processor


class AutoProcessor:
    """Several modalities to model input: loads the processor of a checkpoint. Use `from_pretrained`."""

    def __init__(self) -> None:
        raise UsageError("AutoProcessor is not built directly: use AutoProcessor.from_pretrained")

    @classmethod
    def from_pretrained(
        cls,
        pretrained_model_name_or_path: str | Path,
        **kwargs: Any,  # noqa: ANN401 - settings have many types
    ) -> Any:  # noqa: ANN401 - of the class that the files name
        """Judge a checkpoint, and build its processor from what was judged.

        Args:
            pretrained_model_name_or_path: a folder, or the name of a Hub repository.
            **kwargs: `policy`, `origin`, `lock`, `revision`, `token`, `cache_dir`, `local_files_only`,
                `force_download`, and settings of the processor's parts.

        Raises:
            PolicyDenied: the policy refuses the files.
            FormatError: a setting of a file that cannot be.
            UsageError: the class is not supported, a part is missing, or an argument is not supported.
        """
        from safeload.resolver.auto_processor import load_processor

        return load_processor(pretrained_model_name_or_path, kwargs)


class AutoVideoProcessor(_Unsupported):
    """Videos to model input."""


class AutoModelForAudioClassification(_AutoModel):
    """Audio classification."""


class AutoModelForAudioFrameClassification(_AutoModel):
    """Classification of audio frames."""


class AutoModelForAudioTokenization(_Unsupported):
    """Audio tokenisation."""


class AutoModelForAudioXVector(_AutoModel):
    """Speaker verification."""


class AutoModelForCTC(_AutoModel):
    """Speech recognition with CTC."""


class AutoModelForCausalLM(_AutoModel):
    """Text generation."""


class AutoModelForDecision(_Unsupported):
    """Decisions."""


class AutoModelForDepthEstimation(_Unsupported):
    """Depth estimation."""


class AutoModelForDocumentQuestionAnswering(_Unsupported):
    """Questions about documents."""


class AutoModelForImageClassification(_AutoModel):
    """Image classification."""


class AutoModelForImageMatting(_Unsupported):
    """Image matting."""


class AutoModelForImageSegmentation(_Unsupported):
    """Image segmentation."""


class AutoModelForImageTextToText(_Unsupported):
    """Text from images and text."""


class AutoModelForImageToImage(_Unsupported):
    """Images from images."""


class AutoModelForInstanceSegmentation(_Unsupported):
    """Instance segmentation."""


class AutoModelForKeypointDetection(_Unsupported):
    """Keypoint detection."""


class AutoModelForKeypointMatching(_Unsupported):
    """Keypoint matching."""


class AutoModelForMaskGeneration(_Unsupported):
    """Mask generation."""


class AutoModelForMaskedImageModeling(_AutoModel):
    """Masked image modelling."""


class AutoModelForMaskedLM(_AutoModel):
    """Masked language modelling."""


class AutoModelForMultimodalLM(_Unsupported):
    """Text from several modalities."""


class AutoModelForMultipleChoice(_AutoModel):
    """Multiple choice."""


class AutoModelForNextSentencePrediction(_AutoModel):
    """Next sentence prediction."""


class AutoModelForNormalEstimation(_Unsupported):
    """Estimation of surface normals."""


class AutoModelForObjectDetection(_Unsupported):
    """Object detection."""


class AutoModelForPointmapEstimation(_Unsupported):
    """Estimation of point maps."""


class AutoModelForPoseEstimation(_Unsupported):
    """Pose estimation."""


class AutoModelForPreTraining(_AutoModel):
    """Pretraining."""


class AutoModelForQuestionAnswering(_AutoModel):
    """Extractive question answering."""


class AutoModelForRNNT(_Unsupported):
    """Speech recognition with transducers."""


class AutoModelForSemanticSegmentation(_Unsupported):
    """Semantic segmentation."""


class AutoModelForSeq2SeqLM(_Unsupported):
    """Text from text."""


class AutoModelForSequenceClassification(_AutoModel):
    """Text classification."""


class AutoModelForSpeechSeq2Seq(_Unsupported):
    """Text from speech."""


class AutoModelForTDT(_Unsupported):
    """Speech recognition with duration transducers."""


class AutoModelForTableQuestionAnswering(_Unsupported):
    """Questions about tables."""


class AutoModelForTableRecognition(_Unsupported):
    """Table recognition."""


class AutoModelForTextEncoding(_AutoModel):
    """Text encoding."""


class AutoModelForTextRecognition(_Unsupported):
    """Text recognition."""


class AutoModelForTextToSpectrogram(_Unsupported):
    """Spectrograms from text."""


class AutoModelForTextToWaveform(_Unsupported):
    """Waveforms from text."""


class AutoModelForTimeSeriesPrediction(_Unsupported):
    """Prediction of time series."""


class AutoModelForTokenClassification(_AutoModel):
    """Token classification."""


class AutoModelForUniversalSegmentation(_Unsupported):
    """Universal segmentation."""


class AutoModelForVideoClassification(_Unsupported):
    """Video classification."""


class AutoModelForVisualQuestionAnswering(_Unsupported):
    """Questions about images."""


class AutoModelForZeroShotImageClassification(_AutoModel):
    """Image classification without training."""


class AutoModelForZeroShotObjectDetection(_Unsupported):
    """Object detection without training."""


__all__ = [
    "SUPPORTED",
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
]
