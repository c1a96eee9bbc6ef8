"""The feature extractor that `AutoFeatureExtractor` returns: sounds -> `input_values`.

Same settings, defaults and results as `Wav2Vec2FeatureExtractor` of transformers. It holds no path and reads
nothing: decoding files and resampling are the program's part. Steps of a call:

    1. truncate each sound, if asked
    2. pad to one length, if asked
    3. to each sound zero mean and unit variance (`do_normalize`), over what is no padding where a mask says
       what that is; padding gets its value back
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from safeload.errors import FormatError, MissingExtra, UsageError
from safeload.formats.audio_settings import NAMES, checked, settings_of
from safeload.preprocessing.batch_feature import BatchFeature

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from os import PathLike

    import numpy as np
    from numpy.typing import NDArray

    from safeload.formats.audio_settings import AudioKind

    Array = NDArray[np.floating[Any]]
    Writer = Callable[[str | PathLike[str], Mapping[str, bytes]], tuple[str, ...]]

FILE = "preprocessor_config.json"
_PADDING = ("longest", "max_length", "do_not_pad")
_VALUES, _MASK = "input_values", "attention_mask"
_EPS = 1e-7


class FeatureExtractor:
    """Turns sounds into the input of a model.

    Every setting is an attribute of its name, which a program may set.

    Args:
        kind: the class that the checkpoint names.
        settings: what its file and the caller say.
        name_or_path: what the user asked for.
        writer: writes files for `save_pretrained`.

    Raises:
        FormatError: a setting that cannot be.
    """

    def __init__(
        self,
        kind: AudioKind,
        settings: Mapping[str, Any],
        *,
        name_or_path: str = "",
        writer: Writer | None = None,
    ) -> None:
        self._kind = kind
        self._settings: dict[str, Any] = settings_of(kind, settings)
        self._writer = writer
        self.name_or_path = name_or_path
        self.model_input_names = [_VALUES, _MASK]

    @property
    def feature_extractor_type(self) -> str:
        """The class's name in files."""
        return self._kind.name

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - settings have many types
        """A setting."""
        settings = self.__dict__.get("_settings", {})
        if name not in settings:
            raise AttributeError(f"a feature extractor has no {name}")
        return settings[name]

    def __setattr__(self, name: str, value: Any) -> None:  # noqa: ANN401 - same
        if name not in NAMES:
            object.__setattr__(self, name, value)
            return
        try:
            self._settings[name] = checked(name, value)
        except FormatError as error:
            raise UsageError(str(error)) from None

    def __repr__(self) -> str:
        """Class and settings."""
        return f"FeatureExtractor {self.to_json_string()}"

    def __call__(  # noqa: PLR0917 - the arguments are transformers' own
        self,
        raw_speech: Any,  # noqa: ANN401 - arrays, tensors, lists
        padding: bool | str = False,  # noqa: FBT001, FBT002 - the signature that callers know
        max_length: int | None = None,
        truncation: bool = False,  # noqa: FBT001, FBT002 - same
        pad_to_multiple_of: int | None = None,
        return_attention_mask: bool | None = None,  # noqa: FBT001 - same
        return_tensors: str | None = None,
        sampling_rate: int | None = None,
    ) -> BatchFeature:
        """`input_values`, and `attention_mask` where it is asked for, of one sound or several.

        Args:
            raw_speech: a sound as an array, a tensor or a list of numbers; or several of them.
            padding: True or `longest`, `max_length`, False or `do_not_pad`.
            max_length: samples to pad or to cut to.
            truncation: whether to cut.
            pad_to_multiple_of: make lengths a multiple of this.
            return_attention_mask: whether to say what is padding; the setting where it is None.
            return_tensors: `pt`, `np`, or None for a list of arrays.
            sampling_rate: of the sounds, to be compared with the model's.

        Raises:
            ValueError: another sampling rate, sounds of several channels, arguments that contradict, or
                sounds of different lengths that cannot become one tensor.
            MissingExtra: numpy, or what `return_tensors` names, is not installed.
        """
        if sampling_rate is None:
            warnings.warn(
                f"pass sampling_rate=: the model hears {self.sampling_rate} samples per second, and sounds "
                "of another rate give wrong results without an error",
                stacklevel=2,
            )
        elif sampling_rate != self.sampling_rate:
            raise ValueError(
                f"the model was trained with a sampling rate of {self.sampling_rate}, and the sounds have "
                f"{sampling_rate}: resample them"
            )
        fill = _strategy(padding, max_length)
        padded = self._padded(
            {_VALUES: _sounds(raw_speech)},
            fill,
            max_length,
            truncation=truncation,
            multiple=pad_to_multiple_of,
            mask=self.return_attention_mask if return_attention_mask is None else return_attention_mask,
        )
        if self.do_normalize:
            masks = padded.get(_MASK) if fill != "do_not_pad" else None
            lengths = None if masks is None else [int(mask.sum()) for mask in masks]
            padded[_VALUES] = [
                self._normed(sound, len(sound) if lengths is None else lengths[index])
                for index, sound in enumerate(padded[_VALUES])
            ]
        return BatchFeature(padded, tensor_type=return_tensors)

    def pad(  # noqa: PLR0917 - same
        self,
        processed_features: Any,  # noqa: ANN401 - a mapping, or a list of mappings
        padding: bool | str = True,  # noqa: FBT001, FBT002 - same
        max_length: int | None = None,
        truncation: bool = False,  # noqa: FBT001, FBT002 - same
        pad_to_multiple_of: int | None = None,
        return_attention_mask: bool | None = None,  # noqa: FBT001 - same
        return_tensors: str | None = None,
    ) -> BatchFeature:
        """Pad what was extracted before: a mapping of lists, or a list of mappings (as a collator does).

        The result is of the kind of what is given: tensors of tensors, arrays of everything else.

        Raises:
            ValueError: no `input_values`, arguments that contradict, or rows that do not belong together.
            MissingExtra: numpy, or what `return_tensors` names, is not installed.
        """
        given = processed_features
        if isinstance(given, list | tuple) and given and isinstance(given[0], Mapping):
            given = {key: [item[key] for item in given] for key in given[0]}
        if not isinstance(given, Mapping) or _VALUES not in given:
            raise ValueError(f"give features that have {_VALUES}")
        if not len(given[_VALUES]):
            return BatchFeature({**given, _MASK: []} if return_attention_mask else dict(given))
        kind = return_tensors or ("pt" if _is_tensor(given[_VALUES]) else "np")
        rows = {key: _sounds(value, whole=key != _VALUES) for key, value in given.items()}
        if len({len(value) for value in rows.values()}) > 1:
            raise ValueError("the lists have different numbers of rows")
        padded = self._padded(
            rows,
            _strategy(padding, max_length),
            max_length,
            truncation=truncation,
            multiple=pad_to_multiple_of,
            mask=self.return_attention_mask if return_attention_mask is None else return_attention_mask,
        )
        return BatchFeature(padded, tensor_type=kind)

    def _padded(
        self,
        rows: Mapping[str, Sequence[Any]],
        fill: str,
        max_length: int | None,
        *,
        truncation: bool,
        multiple: int | None,
        mask: bool,
    ) -> dict[str, list[Any]]:
        """Steps 1 and 2."""
        np = _numpy()
        found = {key: list(value) for key, value in rows.items()}
        if truncation:
            if max_length is None:
                raise ValueError("truncation=True needs max_length=")
            most = _multiple(max_length, multiple)
            for key in found.keys() & {_VALUES, _MASK}:
                found[key] = [row[:most] for row in found[key]]
        lengths = [len(row) for row in found[_VALUES]]
        if mask and _MASK not in found:
            found[_MASK] = [np.ones(length, dtype=np.int32) for length in lengths]
        if fill == "do_not_pad":
            return found
        target = _multiple(max(lengths) if fill == "longest" or max_length is None else max_length, multiple)
        for key, value in ((_VALUES, self.padding_value), (_MASK, 0)):
            if key not in found or (key == _MASK and not mask):
                continue
            rows_of = []
            for row in found[key]:
                missing = max(target - len(row), 0)
                sides = (0, missing) if self.padding_side == "right" else (missing, 0)
                rows_of.append(np.pad(row, sides, constant_values=value) if missing else row)
            found[key] = rows_of
        return found

    def _normed(self, sound: Array, length: int) -> Array:
        """Step 3. The reference counts from the start, whichever side the padding is on."""
        np = _numpy()
        heard = sound[:length]
        normed: Array = (sound - heard.mean()) / np.sqrt(heard.var() + _EPS)
        if length < len(sound):
            normed[length:] = self.padding_value
        return normed.astype(np.float32, copy=False)

    def to_dict(self) -> dict[str, Any]:
        """The settings as plain values, and the class's name."""
        return {**self._settings, "feature_extractor_type": self._kind.name}

    def to_json_string(self) -> str:
        """The settings as they stand in a file."""
        return json.dumps(self.to_dict(), indent=2, sort_keys=True) + "\n"

    def save_pretrained(self, save_directory: str | PathLike[str]) -> tuple[str, ...]:
        """Write preprocessor_config.json, which transformers reads as well, and return the paths written.

        Raises:
            UsageError: the extractor was built without a writer, or the folder cannot be written.
        """
        if self._writer is None:
            raise UsageError("this feature extractor was built without a writer, so it cannot be saved")
        return self._writer(save_directory, {FILE: self.to_json_string().encode()})


def _strategy(padding: bool | str, max_length: int | None) -> str:  # noqa: FBT001 - of the caller
    fill = {True: "longest", False: "do_not_pad", None: "do_not_pad"}.get(
        padding,  # type: ignore[arg-type]  # a string falls through
        str(getattr(padding, "value", padding)),
    )
    if fill not in _PADDING:
        raise ValueError(f"padding is {padding!r}, and can be True, False, {', '.join(_PADDING)}")
    if fill == "max_length" and max_length is None:
        raise ValueError("padding='max_length' needs max_length=")
    return fill


def _multiple(length: int, multiple: int | None) -> int:
    return length if not multiple else -(-length // multiple) * multiple


def _numpy() -> Any:  # noqa: ANN401 - a module
    try:
        import numpy as np
    except ImportError:
        raise MissingExtra("a feature extractor", "numpy", "torch") from None
    return np


def _is_tensor(value: Any) -> bool:  # noqa: ANN401 - what callers give
    """Whether rows, or the first of them, are torch's."""
    while isinstance(value, list | tuple) and value:
        value = value[0]
    return type(value).__module__.partition(".")[0] == "torch"


def _sounds(given: Any, *, whole: bool = False) -> list[Any]:  # noqa: ANN401 - checked here
    """Each sound as an array of one dimension: float32, or with `whole` whole numbers."""
    np = _numpy()
    if isinstance(given, str | bytes | Mapping) or not hasattr(given, "__len__"):
        raise ValueError(
            f"a sound is an array or a list of numbers, not {type(given).__name__}: "
            "decode files with a library of your choice"
        )
    many = getattr(given, "ndim", None)
    if many is None:
        if not len(given):
            raise ValueError("there is no sound: the list is empty")
        first = given[0]
        if isinstance(first, str | bytes | Mapping):
            raise ValueError(f"a sound is an array or a list of numbers, not {type(first).__name__}")
        # a number of an array or a tensor may have a length, but no dimension
        many = 2 if hasattr(first, "__len__") and getattr(first, "ndim", 1) > 0 else 1
    sounds = []
    for item in given if many > 1 else [given]:
        detached = item.detach().cpu() if hasattr(item, "detach") else item
        try:
            sound = np.asarray(detached)
            sound = sound.astype(np.int32 if whole else np.float32, copy=False)
        except (ValueError, TypeError) as error:
            raise ValueError(f"a sound is not made of numbers: {error}") from None
        if sound.ndim != 1:
            raise ValueError(f"only sounds of one channel are supported, and one has the shape {sound.shape}")
        sounds.append(sound)
    return sounds
