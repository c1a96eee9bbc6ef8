"""What `AutoFeatureExtractor` does: admit the processor files of a checkpoint, build from what was judged.

The order in which files speak is that of transformers: the part `feature_extractor` of
processor_config.json, else preprocessor_config.json. The class is `feature_extractor_type`, there or in
config.json, else that of the model_type.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from safeload.core import Role, Scope, visible
from safeload.errors import FormatError, UsageError
from safeload.formats.audio_settings import KINDS, MODEL_TYPES, NAMES, checked
from safeload.formats.json_strict import parse_json
from safeload.formats.layout import CONFIG, PREPROCESSOR, PROCESSOR
from safeload.formats.processor_config import ProcessorConfig
from safeload.limits import DEFAULT_LIMITS
from safeload.pipeline import admit
from safeload.preprocessing.feature_extractor import FeatureExtractor
from safeload.resolver.hub_arguments import take_hub_access

if TYPE_CHECKING:
    from collections.abc import Mapping
    from os import PathLike
    from pathlib import Path

    from safeload.core import Json, VerifiedSnapshot
    from safeload.formats.audio_settings import AudioKind

SCOPE = Scope(name="feature extractor", roles=frozenset({Role.PROCESSOR, Role.CONFIG}))
"""What a feature extractor needs: no weights are read or digested for it."""

_REFUSED: dict[str, tuple[tuple[Any, ...], str]] = {
    "trust_remote_code": ((None, False), "code from a repository is never run"),
    "code_revision": ((None,), "code from a repository is never run"),
    "subfolder": ((None, ""), "give the folder itself: a subfolder is a checkpoint of its own"),
    "config": ((None,), "the class is chosen by the checkpoint's own files"),
}
"""Arguments of transformers: the values that change nothing here, and why another one is refused."""


def load_feature_extractor(
    name_or_path: str | Path, arguments: Mapping[str, Any]
) -> tuple[FeatureExtractor, dict[str, Any]]:
    """The feature extractor of a checkpoint, and the arguments that are no settings.

    Raises:
        PolicyDenied: the policy refuses the files.
        FormatError: a setting of a file that cannot be.
        UsageError: the class is not supported, or an argument is not, with the reason.
    """
    values = dict(arguments)
    wanted = admission(values)
    asked = settings_asked(values)
    snapshot = admit(name_or_path, scope=SCOPE, **wanted)
    return feature_extractor_of(snapshot, asked, name_or_path), values


def feature_extractor_of(
    snapshot: VerifiedSnapshot, asked: Mapping[str, Json], name_or_path: str | Path
) -> FeatureExtractor:
    """The feature extractor of an admitted snapshot.

    Raises:
        FormatError: a setting of a file that cannot be.
        UsageError: no settings, or a class that is not supported.
    """
    settings = _settings(snapshot)
    return FeatureExtractor(
        _kind(snapshot, settings),
        {**settings, **asked},
        name_or_path=str(name_or_path),
        writer=write,
    )


def admission(values: dict[str, Any]) -> dict[str, Any]:
    """What `admit` has to know, taken out of a caller's arguments; and those that ask for nothing, dropped.

    Raises:
        UsageError: one that cannot be honoured.
    """
    hub = take_hub_access(values)
    for name, (nothing, reason) in _REFUSED.items():
        if name in values and (value := values.pop(name)) not in nothing:
            raise UsageError(f"{name}={value!r} is refused: {reason}")
    return {"hub": hub, **{name: values.pop(name, None) for name in ("policy", "origin", "lock")}}


def settings_asked(values: dict[str, Any]) -> dict[str, Json]:
    """The settings among a caller's arguments, taken out and checked by themselves.

    Raises:
        UsageError: a value that a setting cannot have.
    """
    asked = {name: values.pop(name) for name in tuple(values) if name in NAMES}
    for name, value in asked.items():
        try:
            checked(name, value)
        except FormatError as error:
            raise UsageError(str(error)) from None
    return asked


def config_values(snapshot: VerifiedSnapshot) -> Mapping[str, Json]:
    """The top of config.json, from the judged bytes; nothing where there is none."""
    if not snapshot.hands_out(CONFIG):
        return {}
    try:
        value = parse_json(snapshot.content(CONFIG), DEFAULT_LIMITS)
    except FormatError as error:
        raise UsageError(f"{CONFIG} cannot be used: {error}") from error
    return value if isinstance(value, dict) else {}


def processor_values(snapshot: VerifiedSnapshot, name: str) -> Mapping[str, Json] | None:
    """The settings in a file of a processor, or None where there is none.

    Raises:
        UsageError: it is there and holds no settings.
    """
    if not snapshot.hands_out(name):
        return None
    record = snapshot.record(name)
    if not isinstance(record, ProcessorConfig):
        raise UsageError(f"{name} cannot be used: it is no object of settings")
    return record.values


def write(directory: str | PathLike[str], files: Mapping[str, bytes]) -> tuple[str, ...]:
    """Write files for `save_pretrained`."""
    from safeload.resolver.save import write_files  # loading needs nothing of it

    return write_files(directory, files)


def _settings(snapshot: VerifiedSnapshot) -> Mapping[str, Json]:
    for name in ("feature_extractor", "audio_processor"):
        part = (processor_values(snapshot, PROCESSOR) or {}).get(name)
        if isinstance(part, dict):
            return part
    found = processor_values(snapshot, PREPROCESSOR)
    if found is None:
        raise UsageError(
            f"no {PREPROCESSOR} in {visible(snapshot.manifest.uri)}, and no feature_extractor in {PROCESSOR}"
        )
    return found


def _kind(snapshot: VerifiedSnapshot, settings: Mapping[str, Json]) -> AudioKind:
    """The class, by the name in the settings or by the model_type."""
    supported = ", ".join(KINDS)
    config = config_values(snapshot)
    named = settings.get("feature_extractor_type") or config.get("feature_extractor_type")
    if named is not None:
        kind = KINDS.get(named) if isinstance(named, str) else None
        if kind is None:
            shown = visible(str(named)[:100])
            raise UsageError(f"feature extractor {shown} is not supported yet; supported: {supported}")
        return kind
    model_type = config.get("model_type")
    kind_name = MODEL_TYPES.get(model_type) if isinstance(model_type, str) else None
    if kind_name is None:
        raise UsageError(
            f"{PREPROCESSOR} names no class, and model_type {visible(str(model_type)[:100])} has none; "
            f"supported classes: {supported}"
        )
    return KINDS[kind_name]
