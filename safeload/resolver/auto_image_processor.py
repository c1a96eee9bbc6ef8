"""What `AutoImageProcessor` does: admit the processor files of a checkpoint, build from what was judged.

The order in which files speak is that of transformers: the part `image_processor` of
processor_config.json, else preprocessor_config.json. The class is `image_processor_type`, else what older
files call `feature_extractor_type`, else that of the model_type.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from safeload.core import Role, Scope, visible
from safeload.errors import FormatError, UsageError
from safeload.formats.image_settings import KINDS, MODEL_TYPES, NAMES, OCR, checked, kind_named
from safeload.formats.layout import CONFIG, PREPROCESSOR, PROCESSOR
from safeload.formats.model_config import ModelConfig
from safeload.formats.processor_config import ProcessorConfig
from safeload.pipeline import admit
from safeload.preprocessing.image_processor import ImageProcessor, supported
from safeload.resolver.hub_arguments import take_hub_access

if TYPE_CHECKING:
    from collections.abc import Mapping
    from os import PathLike
    from pathlib import Path

    from safeload.core import Json, VerifiedSnapshot
    from safeload.formats.image_settings import ImageKind

SCOPE = Scope(name="image processor", roles=frozenset({Role.PROCESSOR, Role.CONFIG}))
"""What an image processor needs: no weights are read or digested for it."""

_REFUSED: dict[str, tuple[tuple[Any, ...], str]] = {
    "trust_remote_code": ((None, False), "code from a repository is never run"),
    "code_revision": ((None,), "code from a repository is never run"),
    "subfolder": ((None, ""), "give the folder itself: a subfolder is a checkpoint of its own"),
    "image_processor_filename": ((None, PREPROCESSOR), "the settings stand in preprocessor_config.json"),
    "config": ((None,), "the class is chosen by the checkpoint's own files"),
}
"""Arguments of transformers: the values that change nothing here, and why another one is refused."""


def load_image_processor(
    name_or_path: str | Path, arguments: Mapping[str, Any]
) -> tuple[ImageProcessor, dict[str, Any]]:
    """The image processor of a checkpoint, and the arguments that are no settings.

    Raises:
        PolicyDenied: the policy refuses the files.
        FormatError: a setting of a file that cannot be.
        UsageError: the class is not supported, or an argument is not, with the reason.
    """
    values = dict(arguments)
    hub = take_hub_access(values)
    for name, (harmless, reason) in _REFUSED.items():
        if name in values and (value := values.pop(name)) not in harmless:
            raise UsageError(f"{name}={value!r} is refused: {reason}")
    policy, origin = values.pop("policy", None), values.pop("origin", None)
    asked = settings_asked(values)
    snapshot = admit(name_or_path, scope=SCOPE, policy=policy, origin=origin, hub=hub)
    return image_processor_of(snapshot, asked, name_or_path), values


def settings_asked(values: dict[str, Any]) -> dict[str, Any]:
    """The settings among a caller's arguments and the `backend`, taken out and checked by themselves.

    Raises:
        UsageError: a value that a setting cannot have.
    """
    asked = {name: _plain(name, values.pop(name)) for name in tuple(values) if name in NAMES | OCR}
    return {**asked, "backend": _backend(values.pop("backend", None), values.pop("use_fast", None))}


def image_processor_of(
    snapshot: VerifiedSnapshot, asked: Mapping[str, Any], name_or_path: str | Path
) -> ImageProcessor:
    """The image processor of an admitted snapshot.

    Raises:
        FormatError: a setting of a file that cannot be.
        UsageError: no settings, or a class that is not supported.
    """
    settings = _settings(snapshot)
    kind = _kind(snapshot, settings)
    if unknown := sorted(asked.keys() - kind.names - {"backend"}):
        raise UsageError(f"{kind.name} has no {', '.join(unknown)}")
    made = ImageProcessor
    if kind.names & OCR:
        from safeload.preprocessing.page_image_processor import PageImageProcessor  # one family needs it

        made = PageImageProcessor
    return made(
        kind,
        {**settings, **{name: value for name, value in asked.items() if name != "backend"}},
        backend=asked.get("backend"),
        name_or_path=str(name_or_path),
        writer=_write,
    )


def _settings(snapshot: VerifiedSnapshot) -> Mapping[str, Json]:
    for name in (PROCESSOR, PREPROCESSOR):
        record = snapshot.record(name) if snapshot.hands_out(name) else None
        if isinstance(record, ProcessorConfig):
            part = record.part("image_processor") if name == PROCESSOR else record.values
            if part is not None:
                return part
    raise UsageError(
        f"no {PREPROCESSOR} in {visible(snapshot.manifest.uri)}, and no image_processor in {PROCESSOR}"
    )


def _kind(snapshot: VerifiedSnapshot, settings: Mapping[str, Json]) -> ImageKind:
    """The class, by the name in the settings or by the model_type."""
    named = settings.get("image_processor_type") or settings.get("feature_extractor_type")
    if named is not None:
        kind = kind_named(named) if isinstance(named, str) else None
        if kind is None:
            raise UsageError(
                f"image processor {visible(str(named)[:100])} is not supported yet; supported: {supported()}"
            )
        return kind
    config = snapshot.record(CONFIG) if snapshot.hands_out(CONFIG) else None
    model_type = config.model_type if isinstance(config, ModelConfig) else ""
    if model_type not in MODEL_TYPES:
        where = f"model_type {visible(model_type)}" if model_type else f"no model_type in {CONFIG}"
        raise UsageError(
            f"{PREPROCESSOR} names no class, and {where} has none; supported classes: {supported()}"
        )
    return KINDS[MODEL_TYPES[model_type]]


def _plain(name: str, value: Any) -> Any:  # noqa: ANN401 - settings have many types
    """A setting of the caller, checked by itself so that a mistake is not blamed on the file."""
    value = list(value) if isinstance(value, tuple) else getattr(value, "value", value)
    try:
        checked(name, value, {})
    except FormatError as error:
        raise UsageError(f"{name}: {error}") from None
    return value


def _backend(asked: object, fast: object) -> str | None:
    """`use_fast` is what `backend` was called before."""
    if fast not in (None, True, False):
        raise UsageError(f"use_fast is True, False or None, not {fast!r}")
    if asked is not None and not isinstance(asked, str):
        raise UsageError(f"backend={asked!r} is no name")
    return asked if asked is not None or fast is not False else "pil"


def _write(directory: str | PathLike[str], files: Mapping[str, bytes]) -> tuple[str, ...]:
    from safeload.resolver.save import write_files  # loading needs nothing of it

    return write_files(directory, files)
