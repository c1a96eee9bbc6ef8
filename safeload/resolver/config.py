"""AutoConfig, and how a judged config meets the caller's changes. Without torch."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from safeload import pipeline
from safeload.architectures import MODEL_TYPES
from safeload.architectures.base.config import Config
from safeload.core import Role, Scope, visible
from safeload.errors import FormatError, UsageError
from safeload.formats.layout import CONFIG
from safeload.formats.model_config import ModelConfig, field_names, interpret, override
from safeload.resolver.arguments import ARGUMENT_NAMES, read_arguments

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from safeload.core import VerifiedSnapshot

SCOPE = Scope(name="config", roles=frozenset({Role.CONFIG}))


class AutoConfig:
    """The configuration of a checkpoint, judged and typed."""

    def __init__(self) -> None:
        raise UsageError("AutoConfig is used through from_pretrained or for_model")

    @staticmethod
    def from_pretrained(
        pretrained_model_name_or_path: str | Path,
        *,
        return_unused_kwargs: bool = False,
        **kwargs: Any,  # noqa: ANN401 - config fields have many types
    ) -> Any:  # noqa: ANN401 - Config, or Config and dict where asked for
        """Judge a checkpoint and return its configuration.

        Args:
            pretrained_model_name_or_path: a folder, or the name of a Hub repository.
            return_unused_kwargs: also return the keyword arguments that are no config fields.
            **kwargs: `policy`, `origin`, `lock`, and config fields to set (`num_labels`, `id2label`, ...).

        Raises:
            PolicyDenied: the policy refuses the folder's structure.
            UsageError: an argument, or a model_type that no table describes.
        """
        arguments = read_arguments({key: value for key, value in kwargs.items() if key not in _FIELDS_TOO})
        snapshot = pipeline.admit(
            pretrained_model_name_or_path,
            scope=SCOPE,
            policy=arguments.policy,
            origin=arguments.origin,
            hub=arguments.hub,
            lock=arguments.lock,
        )
        record = config_record(snapshot)
        asked = {**arguments.overrides, **{key: kwargs[key] for key in _FIELDS_TOO & kwargs.keys()}}
        known = field_names(record.model_type)
        unused = {key: value for key, value in asked.items() if key not in known}
        if unused and not return_unused_kwargs:
            raise unknown_argument(unused, record.model_type)
        config = with_overrides(
            record,
            {key: value for key, value in asked.items() if key in known},
            str(pretrained_model_name_or_path),
        )
        return (config, unused) if return_unused_kwargs else config

    @staticmethod
    def for_model(model_type: str, **fields: Any) -> Config:  # noqa: ANN401 - config fields have many types
        """A configuration from the defaults of a model_type.

        Raises:
            UsageError: an unknown model_type, or a field that is not in its table.
        """
        if model_type not in MODEL_TYPES:
            raise unsupported(model_type)
        return with_overrides(interpret({"model_type": model_type}), fields, "")


_FIELDS_TOO = frozenset({"dtype", "torch_dtype"})
"""Arguments of a model load that are config fields as well."""


def config_record(snapshot: VerifiedSnapshot) -> ModelConfig:
    """The judged config of a snapshot, of a model_type that can be built.

    Raises:
        UsageError: there is none, or it is of another kind.
    """
    if not snapshot.hands_out(CONFIG):
        raise UsageError(f"no {CONFIG} in {visible(snapshot.manifest.uri)}: the architecture is unknown")
    record = snapshot.record(CONFIG)
    if not isinstance(record, ModelConfig) or not record.model_type:
        raise UsageError(f"{CONFIG} names no model_type: the architecture is unknown")
    if record.model_type not in MODEL_TYPES:
        raise unsupported(record.model_type)
    return record


def with_overrides(record: ModelConfig, fields: Mapping[str, Any], name_or_path: str) -> Config:
    """The caller's Config: the judged one with some fields set anew.

    Raises:
        UsageError: a value that the field cannot have.
    """
    plain = {
        # a torch.dtype is written as its name
        key: str(value).removeprefix("torch.") if key in _FIELDS_TOO and value is not None else value
        for key, value in fields.items()
        if not (key in _FIELDS_TOO and value == "auto")
    }
    try:
        changed = override(record, plain) if plain else record
    except FormatError as error:
        raise UsageError(f"config: {error}") from None
    return Config(changed, name_or_path=name_or_path)


def revised(config: Config, fields: Mapping[str, Any]) -> Config:
    """A copy of the caller's Config with some fields set anew, all of it under the checks of a file's.

    Raises:
        UsageError: a value that a field cannot have, be it in the Config or among the new ones.
    """
    try:
        record = interpret(config.stated())
    except FormatError as error:
        raise UsageError(f"config: {error}") from None
    copied = copy.deepcopy(config)
    # what a program has added for itself stays
    vars(copied).update(vars(with_overrides(record, fields, config.name_or_path)))
    return copied


def unsupported(model_type: str) -> UsageError:
    """The one line about a model_type that we lack."""
    return UsageError(
        f"model_type {visible(model_type)} is not supported yet; supported: {', '.join(MODEL_TYPES)}"
    )


def unknown_argument(names: Mapping[str, object], model_type: str) -> UsageError:
    """The one line about keyword arguments that nobody knows."""
    # for the message only
    from difflib import get_close_matches

    known = sorted({*field_names(model_type), *ARGUMENT_NAMES})
    near = [match for name in sorted(names) for match in get_close_matches(name, known, n=1)]
    hint = f"; did you mean {near[0]}?" if near else ""
    return UsageError(
        f"unknown argument {', '.join(sorted(names))}: neither an argument nor a {model_type} field{hint}"
    )
