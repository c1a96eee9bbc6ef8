"""The base of all models: a torch module on the meta device with the attributes users expect."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

import torch
from torch import nn

from safeload.architectures.layers.modules import initialise
from safeload.errors import UsageError

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable, Mapping

    from safeload.architectures.base.config import Config
    from safeload.architectures.base.outputs import ModelOutput

_Output = TypeVar("_Output", bound="ModelOutput")
_NONE: Mapping[str, str] = MappingProxyType({})


class Model(nn.Module):
    """Built without weights; only the Auto classes fill one in and hand it out."""

    base_model_prefix: ClassVar[str] = ""
    """Attribute under which a head holds its backbone, which its parameter names start with."""
    tied: ClassVar[Mapping[str, str]] = _NONE
    """Parameter -> the one it is, where the config ties word embeddings."""

    note: ClassVar[str] = ""
    """What a load report says about the class, for one that is not the reference's."""

    load_report: object | None
    """What the load found (`resolver.load_report.LoadReport`), or None for a model that was not loaded."""

    saver: Callable[[Model, str | os.PathLike[str]], tuple[str, ...]] | None
    """What writes files: given by the resolver, since models touch no path."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.load_report = None
        self.saver = None
        self.config = config
        self._attention = "sdpa"

    @property
    def attn_implementation(self) -> str:
        """`sdpa`, torch's fused attention, or `eager`, step by step."""
        return self._attention

    @attn_implementation.setter
    def attn_implementation(self, name: str) -> None:
        for module in self.modules():
            if isinstance(module, Model):
                module._attention = name  # noqa: SLF001 - one of our own

    @property
    def base_model(self) -> Model:
        """The backbone: the model itself where it has no head."""
        backbone = getattr(self, self.base_model_prefix, None)
        return backbone if isinstance(backbone, Model) else self

    @property
    def device(self) -> torch.device:
        """Where the parameters are."""
        return next(self.parameters()).device

    @property
    def dtype(self) -> torch.dtype:
        """Type of the first floating parameter."""
        return next((item.dtype for item in self.parameters() if item.is_floating_point()), torch.float32)

    @property
    def name_or_path(self) -> str:
        """What the model was loaded from."""
        return self.config.name_or_path

    def get_input_embeddings(self) -> nn.Module:
        """The word embeddings."""
        return self.base_model.get_input_embeddings()

    def num_parameters(self, only_trainable: bool = False, exclude_embeddings: bool = False) -> int:
        """Number of elements of all parameters, tied ones once."""
        left_out = {
            f"{name}.weight"
            for name, module in self.named_modules()
            if exclude_embeddings and isinstance(module, nn.Embedding)
        }
        return sum(
            item.numel()
            for name, item in self.named_parameters()
            if name not in left_out and (item.requires_grad or not only_trainable)
        )

    def get_memory_footprint(self, return_buffers: bool = True) -> int:
        """Bytes of all parameters, and of the buffers unless told otherwise."""
        tensors = [*self.parameters(), *(self.buffers() if return_buffers else ())]
        return sum(item.nelement() * item.element_size() for item in tensors)

    def tie_weights(self) -> None:
        """Make tied parameters one and the same, as the config wants it."""
        if self.config.tie_word_embeddings:
            for target, source in self.tied.items():
                self.put(target, self.get_parameter(source))

    def save_pretrained(self, save_directory: str | os.PathLike[str]) -> tuple[str, ...]:
        """Write config.json and model.safetensors into a folder, and return the paths written.

        Raises:
            UsageError: the folder cannot be written, or the model did not come from an Auto class.
        """
        if self.saver is None:
            raise UsageError("only a model from an Auto class can save itself")
        return self.saver(self, save_directory)

    def put(self, name: str, value: nn.Parameter) -> None:
        """Replace one of our own parameters by `value`."""
        path, _, leaf = name.rpartition(".")
        setattr(self.get_submodule(path), leaf, value)

    def start(self, names: Iterable[str], dtype: torch.dtype) -> None:
        """Give the named parameters memory and untrained values, as the reference does for a new head."""
        spread = float(getattr(self.config, "initializer_range", 0.0)) or 0.02
        for name in names:
            path, _, leaf = name.rpartition(".")
            module = self.get_submodule(path)
            value = torch.empty(self.get_parameter(name).shape, dtype=dtype)
            self.put(name, nn.Parameter(initialise(module, leaf, value, spread)))

    def _wanted(self, output_attentions: bool | None, output_hidden_states: bool | None) -> tuple[bool, bool]:
        """Whether attentions and hidden states are asked for, by the call or by the config."""
        return (
            bool(self.config.output_attentions if output_attentions is None else output_attentions),
            bool(self.config.output_hidden_states if output_hidden_states is None else output_hidden_states),
        )

    def _shape(self, output: _Output, return_dict: bool | None) -> _Output | tuple[Any, ...]:
        """The output itself, or a tuple where that is asked for."""
        wanted = self.config.return_dict if return_dict is None else return_dict
        return output if wanted else output.to_tuple()
