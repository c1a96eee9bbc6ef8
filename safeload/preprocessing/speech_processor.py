"""The processor of speech models: a feature extractor and a tokenizer of letters as one object.

    processor(sound, sampling_rate=16_000)            what the model hears
    processor(text="A TRANSCRIPTION")                 what it should write
    processor(sound, text="A TRANSCRIPTION", ...)     both, the ids as `labels`
    processor.batch_decode(logits.argmax(-1))         what it has written

Same arguments and results as `Wav2Vec2Processor` of transformers 5. An argument goes to each part that
knows it; `audio_kwargs` and `text_kwargs` name one part. It holds no path and reads nothing.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from safeload.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from os import PathLike

    from safeload.preprocessing.feature_extractor import FeatureExtractor
    from safeload.preprocessing.tokenizer import Tokenizer

    Writer = Callable[[str | PathLike[str], Mapping[str, bytes]], tuple[str, ...]]

FILE = "processor_config.json"
_AUDIO = frozenset(
    {
        "padding", "max_length", "truncation", "pad_to_multiple_of", "return_attention_mask",
        "return_tensors", "sampling_rate",
    }
)  # fmt: skip
TEXT = frozenset(
    {
        "add_special_tokens", "is_split_into_words", "max_length", "pad_to_multiple_of", "padding",
        "padding_side", "return_attention_mask", "return_length", "return_offsets_mapping",
        "return_overflowing_tokens", "return_special_tokens_mask", "return_tensors", "return_token_type_ids",
        "stride", "text_pair", "text_pair_target", "text_target", "truncation", "verbose",
    }
)  # fmt: skip
"""Arguments of a tokenizer's call."""
_PARTS = ("audio_kwargs", "text_kwargs", "common_kwargs")


class SpeechProcessor:
    """Sounds and transcriptions for one model.

    Args:
        feature_extractor: of the checkpoint.
        tokenizer: of the checkpoint.
        class_name: what a saved configuration calls this class.
        name_or_path: what the user asked for.
        writer: writes files for `save_pretrained`.
    """

    def __init__(
        self,
        feature_extractor: FeatureExtractor,
        tokenizer: Tokenizer,
        *,
        class_name: str,
        name_or_path: str = "",
        writer: Writer | None = None,
    ) -> None:
        self.feature_extractor = feature_extractor
        self.tokenizer = tokenizer
        self.class_name = class_name
        self.name_or_path = name_or_path
        self._writer = writer

    def __repr__(self) -> str:
        """The two parts."""
        return f"SpeechProcessor({self.class_name}, {self.feature_extractor!r}, {self.tokenizer!r})"

    @property
    def model_input_names(self) -> list[str]:
        """What a model gets."""
        return [*self.feature_extractor.model_input_names, "labels"]

    def __call__(self, audio: Any = None, text: Any = None, **kwargs: Any) -> Any:  # noqa: ANN401 - BatchFeature, or BatchEncoding of text alone
        """Sounds as `input_values`, text as ids; of both, the ids are the `labels`.

        Raises:
            UsageError: an argument that neither part knows.
            ValueError: neither sound nor text, or what the parts refuse.
        """
        if audio is None and text is None:
            raise ValueError("give audio=, text= or both")
        for_audio, for_text = self._split(kwargs)
        if audio is None:
            return self.tokenizer(text, **for_text)
        features = self.feature_extractor(audio, **for_audio)
        if text is not None:
            features["labels"] = self.tokenizer(text, **for_text)["input_ids"]
        return features

    def pad(self, input_features: Any = None, labels: Any = None, **kwargs: Any) -> Any:  # noqa: ANN401 - as the parts
        """Pad features, labels or both, each with its part; of both, the ids are the `labels`."""
        if input_features is None:
            return None if labels is None else self.tokenizer.pad(labels, **kwargs)
        features = self.feature_extractor.pad(input_features, **kwargs)
        if labels is not None:
            features["labels"] = self.tokenizer.pad(labels, **kwargs)["input_ids"]
        return features

    def decode(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - the tokenizer's
        """The text of the ids of frames."""
        return self.tokenizer.decode(*args, **kwargs)

    def batch_decode(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - same
        """One text per row of ids."""
        return self.tokenizer.batch_decode(*args, **kwargs)

    def to_dict(self) -> dict[str, Any]:
        """The settings of the feature extractor, and this class's name."""
        return {"feature_extractor": self.feature_extractor.to_dict(), "processor_class": self.class_name}

    def save_pretrained(self, save_directory: str | PathLike[str]) -> tuple[str, ...]:
        """Write the files of both parts, which transformers reads as well, and return the paths written.

        Raises:
            UsageError: the processor was built without a writer, or the folder cannot be written.
        """
        if self._writer is None:
            raise UsageError("this processor was built without a writer, so it cannot be saved")
        text = json.dumps(self.to_dict(), indent=2, sort_keys=True) + "\n"
        self.tokenizer.saved_settings["processor_class"] = self.class_name
        return (
            *self.tokenizer.save_pretrained(save_directory),
            *self._writer(save_directory, {FILE: text.encode()}),
        )

    def _split(self, kwargs: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """Arguments for each part: what the tokenizer was saved with, then common ones, then the caller's."""
        known = _AUDIO | TEXT | frozenset(_PARTS)
        parts = {name: kwargs.get(name) or {} for name in _PARTS}
        for name, value in parts.items():
            allowed = {"audio_kwargs": _AUDIO, "text_kwargs": TEXT}.get(name, known)
            wrong = sorted(set(value) - allowed) if isinstance(value, dict) else [f"{value!r}"]
            if wrong:
                raise UsageError(f"{name} cannot have {', '.join(wrong)}")
        if unknown := sorted(kwargs.keys() - known):
            raise UsageError(
                f"unknown argument {', '.join(unknown)}: neither feature extractor nor tokenizer has it"
            )
        saved = self.tokenizer.saved_settings
        flat = {name: value for name, value in kwargs.items() if name not in _PARTS}
        made = []
        for name, allowed in (("audio_kwargs", _AUDIO), ("text_kwargs", TEXT)):
            values = {key: saved[key] for key in allowed & saved.keys()}
            values.update((key, value) for key, value in parts["common_kwargs"].items() if key in allowed)
            values.update(parts[name])
            values.update((key, value) for key, value in flat.items() if key in allowed)
            made.append(values)
        return made[0], made[1]
