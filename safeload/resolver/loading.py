"""The order of a load.

    1. what the caller asks for is checked, before anything is read
    2. admit: every file is judged, the policy decides, weights are read into private memory
    3. the judged config picks the architecture from the closed table
    4. the model is built on the meta device: shapes without memory
    5. plan: names, shapes and types of the judged headers against the model's
    6. what only the plan can know (a new head, unknown tensors) goes before the policy too
    7. fill: parameters become views of the judged memory

An exception anywhere leaves nothing behind; a model leaves here complete, in evaluation mode.
"""

from __future__ import annotations

import copy
import logging
from typing import TYPE_CHECKING, Any

from safeload import pipeline
from safeload.architectures import find
from safeload.architectures.base.config import Config
from safeload.core import Fact, Location, Role, Scope
from safeload.errors import MissingExtra, UsageError
from safeload.formats.layout import GENERATION
from safeload.formats.model_config import field_names
from safeload.resolver.arguments import read_arguments
from safeload.resolver.config import (
    config_record,
    revised,
    unknown_argument,
    unsupported,
    with_overrides,
)
from safeload.resolver.pause import collection_paused, import_torch
from safeload.resolver.save_model import save_model

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import torch

    from safeload.architectures.base.architecture import Architecture
    from safeload.architectures.base.generation import GenerationConfig
    from safeload.architectures.base.model import Model
    from safeload.core import Json, VerifiedSnapshot
    from safeload.resolver.load_report import LoadReport

SCOPE = Scope(name="model", roles=frozenset({Role.CONFIG, Role.WEIGHTS, Role.INDEX}))
WRITING = Scope(name="model", roles=SCOPE.roles | {Role.GENERATION})
"""For a model that writes text."""
_WRITERS = frozenset({"AutoModelForCausalLM"})

_log = logging.getLogger("safeload.load")


def load_model(
    auto_class: str, name_or_path: str | Path, values: Mapping[str, Any]
) -> tuple[Model, dict[str, Any] | None]:
    """A model of `auto_class` from a checkpoint, and the loading info where it was asked for.

    Raises:
        PolicyDenied: the policy refuses the checkpoint, or what the load would make of it.
        FormatError: the checkpoint does not hold the model that its config describes.
        UsageError: an argument, an architecture or a file that is not supported.
    """
    # importing torch alone makes half a million objects that live on
    with collection_paused():
        return _load(auto_class, name_or_path, values)


def _load(
    auto_class: str, name_or_path: str | Path, values: Mapping[str, Any]
) -> tuple[Model, dict[str, Any] | None]:
    arguments = read_arguments(values)
    if arguments.config is not None and not isinstance(arguments.config, Config):
        raise UsageError("config= takes what safeload.AutoConfig.from_pretrained returns")
    require_torch(auto_class)
    snapshot = pipeline.admit(
        name_or_path,
        scope=WRITING if auto_class in _WRITERS else SCOPE,
        policy=arguments.policy,
        weights=arguments.weights,
        origin=arguments.origin,
        hub=arguments.hub,
        lock=arguments.lock,
    )
    import_torch()
    if isinstance(arguments.config, Config):
        _check_fields(arguments.overrides, arguments.config.model_type)
        config = revised(arguments.config, arguments.overrides)
    else:
        record = config_record(snapshot)
        _check_fields(arguments.overrides, record.model_type)
        config = with_overrides(record, arguments.overrides, str(name_or_path))

    from safeload.resolver.weights import fill, first_float, plan_load, weights_of

    architecture, model_class = choose(auto_class, config)
    path, tensors = weights_of(snapshot, arguments.weights)
    model = build(architecture.variant(auto_class, tensors) or model_class, config)
    model.attn_implementation = arguments.attention
    plan = plan_load(model, tensors, architecture, ignore_mismatched=arguments.ignore_mismatched)
    snapshot = _amend(snapshot, path, plan.report)
    dtype = choose_dtype(arguments.dtype, config, first_float(tensors))
    device = _torch_device(arguments.device)
    fill(model, plan, snapshot, dtype)
    config.dtype = dtype
    model.load_report = plan.report
    _set_generation(model, arguments.generation, snapshot)
    if plan.report.new_head or plan.report.unknown or plan.report.note:
        _log.warning("%s", plan.report.render())
    _move(model, device)
    model.eval()
    return model, plan.report.to_dict() if arguments.loading_info else None


def build_model(auto_class: str, config: object, values: Mapping[str, Any]) -> Model:
    """A model of `auto_class` with untrained parameters, in training mode.

    Raises:
        UsageError: an argument or an architecture that is not supported.
    """
    arguments = read_arguments(values)
    if arguments.lock is not None:
        raise UsageError("lock= is about a checkpoint, and from_config reads none")
    require_torch(auto_class)
    if not isinstance(config, Config):
        raise UsageError("from_config takes what safeload.AutoConfig returns")
    if arguments.overrides:
        raise unknown_argument(arguments.overrides, config.model_type)
    if arguments.generation is not None:
        raise UsageError("generation_config= is for from_pretrained; set model.generation_config")
    config = revised(config, {})
    architecture, model_class = choose(auto_class, config)
    model = build(model_class, config)
    if reason := architecture.refuse_untrained(config):
        raise UsageError(f"this {config.model_type} config cannot be built: {reason}")
    model.attn_implementation = arguments.attention
    dtype = choose_dtype(arguments.dtype, config, None)
    model.start((name for name, _ in model.named_parameters(remove_duplicate=False)), dtype)
    model.tie_weights()
    _move(model, _torch_device(arguments.device))
    return model


def choose(auto_class: str, config: Config) -> tuple[Architecture, type[Model]]:
    """The architecture of a config, and its class for a task.

    Raises:
        UsageError: the architecture cannot be built, or has no such head.
    """
    architecture = find(config.model_type)
    if architecture is None:
        raise unsupported(config.model_type)
    model_class = architecture.choose(auto_class, config.architectures or ())
    if model_class is None:
        names = ", ".join(architecture.classes)
        raise UsageError(f"{auto_class} is not supported for {config.model_type}; supported: {names}")
    if reason := architecture.refuse(config):
        raise UsageError(f"this {config.model_type} config cannot be built: {reason}")
    return architecture, model_class


def build(model_class: type[Model], config: Config) -> Model:
    """A model without weights, on the meta device.

    Raises:
        UsageError: the config lacks what this class needs.
    """
    model = model_class(config)
    model.saver = save_model
    return model


def choose_dtype(asked: object, config: Config, found: str | None) -> torch.dtype:
    """The explicit type, else the config's, else the checkpoint's, else float32.

    Raises:
        UsageError: a type that parameters cannot have.
    """
    from safeload.resolver.memory import FLOATS

    name = str(asked).removeprefix("torch.")
    if name == "auto":
        name = str(config.dtype or found or "float32").removeprefix("torch.")
    if name not in FLOATS:
        raise UsageError(f"dtype={asked!r} is none of auto, {', '.join(FLOATS)}")
    return FLOATS[name]


def require_torch(what: str) -> None:
    """Raise unless torch can be imported.

    Raises:
        MissingExtra: it cannot.
    """
    import importlib.util

    if importlib.util.find_spec("torch") is None:
        raise MissingExtra(what, "torch", "torch")


def _set_generation(model: Model, given: GenerationConfig | None, snapshot: VerifiedSnapshot) -> None:
    """How the model writes: as the caller says, else as generation_config.json does, else as built."""
    from safeload.architectures.base.generate import Generator

    if not isinstance(model, Generator):
        if given is not None:
            raise UsageError(f"generation_config= is refused: a {type(model).__name__} writes no text")
        return
    if given is not None:
        model.generation_config = copy.deepcopy(given)
    elif snapshot.hands_out(GENERATION):
        from safeload.architectures.base.generation import GenerationConfig
        from safeload.formats.generation_config import GenerationSettings

        settings = snapshot.record(GENERATION)
        if isinstance(settings, GenerationSettings):
            model.generation_config = GenerationConfig.from_settings(settings)


def _check_fields(overrides: Mapping[str, Any], model_type: str) -> None:
    known = field_names(model_type)
    if unknown := {key: value for key, value in overrides.items() if key not in known}:
        raise unknown_argument(unknown, model_type)


def _torch_device(device: object) -> torch.device:
    import torch

    try:
        found = torch.device(device)  # type: ignore[call-overload]  # the caller's value, checked by torch
    except (RuntimeError, TypeError) as error:
        raise UsageError(f"device={device!r}: {str(error).splitlines()[0]}") from None
    if not isinstance(found, torch.device):
        raise UsageError(f"device={device!r} is not a device")
    return found


def _move(model: Model, device: torch.device) -> None:
    if device.type == "cpu":
        return
    try:
        model.to(device)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        # which of them it is depends on how torch was built
        raise UsageError(f"device={str(device)!r}: {str(error).splitlines()[0]}") from None


def _amend(snapshot: VerifiedSnapshot, path: str, report: LoadReport) -> VerifiedSnapshot:
    """Step 6."""
    place = Location(artifact=path)
    facts = []
    if report.new_head:
        data: dict[str, Json] = {"names": report.new_head, "architecture": report.architecture}
        facts.append(Fact(kind="load.new-head", location=place, data=data))
    if report.unknown:
        facts.append(Fact(kind="load.unexpected", location=place, data={"names": report.unknown}))
    return pipeline.amend(snapshot, facts) if facts else snapshot
