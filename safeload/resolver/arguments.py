"""What a caller may ask of `from_pretrained`: honoured, or refused with a reason; never ignored.

The names are those of transformers. Arguments about downloading (`cache_dir`, `token`, ...) are those of
huggingface_hub, and accepted for a local folder too, where nothing is downloaded.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from safeload.errors import UsageError
from safeload.formats.layout import WeightsChoice
from safeload.resolver.hub_arguments import DOWNLOAD, take_hub_access
from safeload.sources.hub_api import HubAccess

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from safeload.architectures.base.generation import GenerationConfig
    from safeload.pipeline.origin import Origin
    from safeload.policy.schema import Policy

_REFUSED: Mapping[str, str] = MappingProxyType(
    {
        "trust_remote_code": "code from a repository is never run",
        "code_revision": "code from a repository is never run",
        "quantization_config": "quantised weights are not supported yet",
        "load_in_8bit": "quantised weights are not supported yet",
        "load_in_4bit": "quantised weights are not supported yet",
        "target_lang": "adapters of languages are not loaded: the model speaks the one in its weight file",
        "adapter_kwargs": "adapters are not supported yet",
        "gguf_file": "GGUF files are not supported yet",
        "key_mapping": "names are matched by the architecture's own table",
        "subfolder": "give the folder itself",
        "state_dict": "build the model with from_config and call load_state_dict",
        "max_memory": "a model is loaded to one device",
        "offload_folder": "a model is loaded to one device",
        "offload_buffers": "a model is loaded to one device",
        "offload_state_dict": "a model is loaded to one device",
        "tp_plan": "a model is loaded to one device",
        "tp_size": "a model is loaded to one device",
        "device_mesh": "a model is loaded to one device",
        "distributed_config": "a model is loaded to one device",
        "experts_implementation": "there are no experts in the supported architectures",
        "fusion_config": "models are not patched",
        "kernel_config": "kernels are not loaded from anywhere",
        "use_kernels": "kernels are not loaded from anywhere",
    }
)
"""Arguments of transformers that we do not honour. None, False and empty values ask for nothing."""
_ATTENTION = (None, "sdpa", "eager")
_HONOURED = frozenset(
    {
        "policy", "origin", "lock", "config", "variant", "use_safetensors", "dtype", "torch_dtype", "device",
        "device_map", "generation_config",
        "attn_implementation", "ignore_mismatched_sizes", "output_loading_info", "weights_only",
        "from_tf", "from_flax",
    }
)  # fmt: skip
ARGUMENT_NAMES = _HONOURED | DOWNLOAD | _REFUSED.keys()
"""Every argument that is not a config field."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arguments:
    """The checked wishes of one call."""

    policy: Policy | str | Path | None = None
    origin: Origin | None = None
    """What the caller says about where the checkpoint comes from, to be checked."""
    hub: HubAccess = field(default_factory=HubAccess)
    """How a Hub is reached."""
    lock: str | Path | None = None
    """The lock file that has to hold the checkpoint."""
    config: object | None = None
    weights: WeightsChoice = field(default_factory=WeightsChoice)
    dtype: object = "auto"
    """`auto`, a name or a torch.dtype."""
    device: object = "cpu"
    """A name or a torch.device."""
    attention: str = "sdpa"
    generation: GenerationConfig | None = None
    """Settings of `generate` in the place of the checkpoint's."""
    ignore_mismatched: bool = False
    loading_info: bool = False
    overrides: Mapping[str, Any] = field(default_factory=dict)
    """Everything else: config fields, checked against the table once the model_type is known."""


def read_arguments(values: Mapping[str, Any]) -> Arguments:
    """The checked form of keyword arguments.

    Raises:
        UsageError: an argument that cannot be honoured; the message says which and why.
    """
    rest = dict(values)
    hub = take_hub_access(rest)
    for name, reason in _REFUSED.items():
        value = rest.pop(name, None)
        if value is not None and not (isinstance(value, bool | int | str | dict) and not value):
            raise UsageError(f"{name}={value!r} is refused: {reason}")
    weights_only = rest.pop("weights_only", None)
    if weights_only is not None and weights_only is not True:
        raise UsageError(f"weights_only={weights_only!r} is refused: no pickle is ever executed")
    attention = rest.pop("attn_implementation", None)
    if attention not in _ATTENTION:
        raise UsageError(f"attn_implementation={attention!r} is refused: it is one of 'sdpa' and 'eager'")
    dtype, torch_dtype = rest.pop("dtype", None), rest.pop("torch_dtype", None)
    safetensors = rest.pop("use_safetensors", None)
    if safetensors not in (None, True, False):
        raise UsageError(f"use_safetensors is True, False or None, not {safetensors!r}")
    framework = _framework(rest.pop("from_tf", None), rest.pop("from_flax", None))
    variant = _variant(rest.pop("variant", None))
    if framework is not None and (variant is not None or safetensors is not None):
        raise UsageError("from_tf and from_flax name the weight file, so variant and use_safetensors cannot")
    # memory has been low by design, whatever the caller says
    rest.pop("low_cpu_mem_usage", None)
    return Arguments(
        policy=rest.pop("policy", None),
        origin=_origin(rest.pop("origin", None)),
        hub=hub,
        lock=rest.pop("lock", None),
        config=rest.pop("config", None),
        weights=WeightsChoice(variant=variant, safetensors=safetensors, framework=framework),
        dtype=dtype if dtype is not None else torch_dtype if torch_dtype is not None else "auto",
        device=_device(rest.pop("device", None), rest.pop("device_map", None)),
        attention=attention or "sdpa",
        generation=_generation(rest.pop("generation_config", None)),
        ignore_mismatched=bool(rest.pop("ignore_mismatched_sizes", False)),
        loading_info=bool(rest.pop("output_loading_info", False)),
        overrides=rest,
    )


def _origin(value: object) -> Origin | None:
    from safeload.pipeline.origin import Origin

    if value is not None and not isinstance(value, Origin):
        raise UsageError("origin= takes a safeload.Origin")
    return value


def _generation(value: object) -> GenerationConfig | None:
    if value is None:
        return None
    from safeload.architectures.base.generation import GenerationConfig

    if not isinstance(value, GenerationConfig):
        raise UsageError("generation_config= takes a safeload.GenerationConfig")
    return value


def _framework(from_tf: object, from_flax: object) -> str | None:
    """Whose checkpoint the caller wants, if not torch's."""
    for name, value in (("from_tf", from_tf), ("from_flax", from_flax)):
        if value not in (None, True, False):
            raise UsageError(f"{name} is True or False, not {value!r}")
    if from_tf and from_flax:
        raise UsageError("from_tf and from_flax name two different weight files")
    return "tf" if from_tf else "flax" if from_flax else None


def _variant(value: object) -> str | None:
    if value is None or value == "":
        return None
    if not isinstance(value, str) or not value.replace("-", "").replace("_", "").isalnum():
        raise UsageError(f"variant={value!r} is not the middle part of a file name")
    return value


def _device(device: object, device_map: object) -> object:
    """The one device that both arguments agree on."""
    if isinstance(device_map, dict) and set(device_map) == {""}:
        device_map = device_map[""]
    if isinstance(device_map, dict) or device_map in ("auto", "balanced", "balanced_low_0", "sequential"):
        raise UsageError(f"device_map={device_map!r} is refused: a model is loaded to one device")
    if device is not None and device_map is not None and device != device_map:
        raise UsageError("device and device_map name different devices")
    chosen = device if device is not None else device_map
    return "cpu" if chosen is None else chosen
