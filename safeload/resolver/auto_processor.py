"""What `AutoProcessor` does: which class a checkpoint's files name, from a closed table.

The order in which files speak is that of transformers: `processor_class` of processor_config.json, of
preprocessor_config.json, of tokenizer_config.json, of config.json; else that of the model_type; else the
one part that the files describe: a tokenizer, an image processor or a feature extractor.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from safeload.core import Role, Scope, visible
from safeload.errors import UsageError
from safeload.formats.layout import PREPROCESSOR, PROCESSOR
from safeload.formats.tokenizer_config import TokenizerConfig
from safeload.pipeline import admit
from safeload.preprocessing.load import load_tokenizer
from safeload.resolver.auto_audio import (
    admission,
    config_values,
    feature_extractor_of,
    processor_values,
    settings_asked,
    write,
)
from safeload.resolver.pause import collection_paused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from safeload.core import Json, VerifiedSnapshot
    from safeload.preprocessing.image_text_processor import ImageTextProcessor
    from safeload.preprocessing.speech_processor import SpeechProcessor

    Builder = Callable[[str, VerifiedSnapshot, "str | Path", dict[str, Any]], Any]

SCOPE = Scope(name="processor", roles=frozenset({Role.PROCESSOR, Role.TOKENIZER, Role.CONFIG}))
"""What a processor needs: no weights are read or digested for it."""
_TOKENIZER_CONFIG = "tokenizer_config.json"
_PAGES = "LayoutLMv2Processor"


def load_processor(name_or_path: str | Path, arguments: Mapping[str, Any]) -> Any:  # noqa: ANN401 - of the class that the files name
    """The processor of a checkpoint, or the one part of one that it has.

    Raises:
        PolicyDenied: the policy refuses the files.
        FormatError: a setting of a file that cannot be.
        UsageError: the class is not supported, a part is missing, or an argument is not supported.
    """
    values = dict(arguments)
    wanted = admission(values)
    # a vocabulary is many small objects without a cycle
    with collection_paused():
        snapshot = admit(name_or_path, scope=SCOPE, **wanted)
        name = next(_named(snapshot), None)
        if name is None and config_values(snapshot).get("model_type") in SINGLE:
            return _single(name_or_path, arguments)
        if name is None:
            raise UsageError(
                f"no file of {visible(snapshot.manifest.uri)} names a processor class, and its model_type "
                f"has none; supported: {', '.join(PROCESSORS)}. Load the part itself: AutoTokenizer, "
                "AutoImageProcessor or AutoFeatureExtractor"
            )
        builder = PROCESSORS.get(name)
        if builder is None:
            reason = _REASONS.get(name, "is not supported yet")
            raise UsageError(f"processor {visible(name[:100])} {reason}; supported: {', '.join(PROCESSORS)}")
        return builder(name, snapshot, name_or_path, values)


def _named(snapshot: VerifiedSnapshot) -> Iterator[str]:
    """Class names, the one that counts first."""
    config = config_values(snapshot)
    tokenizer = snapshot.record(_TOKENIZER_CONFIG) if snapshot.hands_out(_TOKENIZER_CONFIG) else None
    places: tuple[Mapping[str, Json], ...] = (
        processor_values(snapshot, PROCESSOR) or {},
        processor_values(snapshot, PREPROCESSOR) or {},
        tokenizer.values if isinstance(tokenizer, TokenizerConfig) else {},
        config,
    )
    for values in places:
        found = values.get("processor_class")
        if isinstance(found, str):
            yield found
    model_type = config.get("model_type")
    if isinstance(model_type, str) and model_type in MODEL_TYPES:
        yield MODEL_TYPES[model_type]


def _speech(
    name: str, snapshot: VerifiedSnapshot, name_or_path: str | Path, values: dict[str, Any]
) -> SpeechProcessor:
    """A feature extractor and a tokenizer. Settings go to the part that has them, `padding_side` to both."""
    from safeload.preprocessing.speech_processor import SpeechProcessor

    side = {"padding_side": values["padding_side"]} if "padding_side" in values else {}
    extractor = feature_extractor_of(snapshot, settings_asked(values), name_or_path)
    tokenizer = load_tokenizer(snapshot, name_or_path=str(name_or_path), writer=write, **values, **side)
    return SpeechProcessor(
        extractor, tokenizer, class_name=name, name_or_path=str(name_or_path), writer=write
    )


def _image_text(
    name: str, snapshot: VerifiedSnapshot, name_or_path: str | Path, values: dict[str, Any]
) -> ImageTextProcessor:
    """An image processor and a tokenizer. Settings go to the part that has them."""
    from safeload.preprocessing.image_text_processor import ImageTextProcessor
    from safeload.preprocessing.page_processor import PageProcessor
    from safeload.resolver import auto_image_processor as images

    processor = images.image_processor_of(snapshot, images.settings_asked(values), name_or_path)
    tokenizer = load_tokenizer(snapshot, name_or_path=str(name_or_path), writer=write, **values)
    made = PageProcessor if name == _PAGES else ImageTextProcessor
    return made(processor, tokenizer, class_name=name, name_or_path=str(name_or_path), writer=write)


def _single(name_or_path: str | Path, arguments: Mapping[str, Any]) -> Any:  # noqa: ANN401 - of one of these classes
    """The tokenizer or the image processor of a model that needs nothing else."""
    from safeload.resolver import auto, auto_tokenizer

    tokenizers: Any = auto_tokenizer.AutoTokenizer
    images: Any = auto.AutoImageProcessor
    try:
        return tokenizers.from_pretrained(name_or_path, **arguments)
    except UsageError as error:
        try:
            return images.from_pretrained(name_or_path, **arguments)
        except UsageError as other:
            raise UsageError(f"no processor: {error}; {other}") from None


SINGLE = frozenset(
    {
        "bert", "camembert", "deit", "distilbert", "electra", "gpt2", "llama", "mistral", "mpnet", "qwen2",
        "qwen3", "roberta", "vit", "xlm-roberta",
    }
)  # fmt: skip
"""Model types that have no processor but one part of it."""
PROCESSORS: Mapping[str, Builder] = MappingProxyType(
    {"Wav2Vec2Processor": _speech, "CLIPProcessor": _image_text, _PAGES: _image_text}
)
"""The closed table of processors."""
_REASONS: Mapping[str, str] = MappingProxyType(
    {
        "Wav2Vec2ProcessorWithLM": "has a language model in a format of its own that is not read: load the "
        "checkpoint with AutoTokenizer and AutoFeatureExtractor and decode greedily",
    }
)
_SPEECH = "wav2vec2 hubert moonshine sew sew-d unispeech unispeech-sat wav2vec2-conformer wavlm"
MODEL_TYPES: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(_SPEECH.split(), "Wav2Vec2Processor"),
        **dict.fromkeys(("aimv2", "clip", "groupvit", "metaclip_2"), "CLIPProcessor"),
        "layoutlmv2": _PAGES,
    }
)
"""The class of a model_type, for files that name none."""
