"""What an image processor or a feature extractor returns: a mapping of lists or tensors by name.

Same keys, attributes and methods as transformers' class of this name. Nothing is imported until tensors
are asked for.
"""

from __future__ import annotations

from collections import UserDict
from typing import TYPE_CHECKING, Any

from safeload.errors import MissingExtra

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class BatchFeature(UserDict[str, Any]):
    """Features by name, as items and as attributes.

    Args:
        data: lists of arrays, by name.
        tensor_type: `pt` or `np` to convert at once.
    """

    def __init__(self, data: Mapping[str, Any] | None = None, tensor_type: str | None = None) -> None:
        super().__init__(data)
        self.convert_to_tensors(tensor_type)

    def __getitem__(self, item: str) -> Any:  # noqa: ANN401 - lists or tensors
        """The value of a key."""
        if not isinstance(item, str):
            raise KeyError(f"{item!r}: the keys are {', '.join(self.data)}")
        return self.data[item]

    def __getattr__(self, item: str) -> Any:  # noqa: ANN401 - same
        """The value of a key: `features.pixel_values`."""
        if item != "data" and item in self.data:
            return self.data[item]
        raise AttributeError(item)

    def __getstate__(self) -> dict[str, Any]:
        """The parts, for copies and workers."""
        return {"data": self.data}

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        self.data = state["data"]

    def convert_to_tensors(self, tensor_type: str | None = None) -> BatchFeature:
        """Turn every list of numbers or arrays into a tensor, in place; text stays as it is.

        Raises:
            MissingExtra: torch or numpy is not installed.
            ValueError: another type than `pt` or `np`, or rows of different shapes.
        """
        if tensor_type is None:
            return self
        if tensor_type not in _CONVERTERS:
            raise ValueError(f"{tensor_type!r} is no tensor type: use 'pt' or 'np'")
        as_tensor = _CONVERTERS[tensor_type]()
        for key, value in self.data.items():
            if not _is_numbers(value):
                continue
            try:
                self.data[key] = as_tensor(value)
            except (ValueError, TypeError, RuntimeError) as error:
                raise ValueError(
                    f"{key} cannot become one tensor: its rows differ in shape; bring them to one size, "
                    "or leave return_tensors out"
                ) from error
        return self

    def to(self, *args: Any, **kwargs: Any) -> BatchFeature:  # noqa: ANN401 - torch's types
        """Move every tensor to a device, or floating ones to a type, in place, as `Tensor.to` does."""
        import torch

        device = kwargs.get("device", args[0] if args and not isinstance(args[0], torch.dtype) else None)

        def moved(value: Any) -> Any:  # noqa: ANN401 - same
            if isinstance(value, list | tuple):
                return type(value)(moved(item) for item in value)
            if not isinstance(value, torch.Tensor):
                return value
            if value.is_floating_point():
                return value.to(*args, **kwargs)
            return value if device is None else value.to(device)

        self.data = {key: moved(value) for key, value in self.data.items()}
        return self


def _is_numbers(value: object) -> bool:
    """Whether a value is an array, or nested lists that end in numbers or arrays."""
    while isinstance(value, list | tuple) and value:
        value = value[0]
    return not isinstance(value, str | bytes | dict) and value is not None


def _torch() -> Callable[[Any], Any]:
    try:
        import torch
    except ImportError:
        raise MissingExtra("return_tensors='pt'", "torch", "torch") from None
    numpy = _numpy()

    def as_tensor(value: Any) -> Any:  # noqa: ANN401 - what the tensor libraries take
        if torch.is_tensor(value):
            return value
        if isinstance(value, list | tuple) and value and torch.is_tensor(value[0]):
            return torch.stack(tuple(value))
        array = numpy(value)
        if array.dtype == object:
            raise ValueError("rows of different shapes")
        return torch.from_numpy(array)

    return as_tensor


def _numpy() -> Callable[[Any], Any]:
    try:
        import numpy as np
    except ImportError:
        raise MissingExtra("return_tensors='np'", "numpy", "torch") from None
    return np.asarray


_CONVERTERS: dict[str, Callable[[], Callable[[Any], Any]]] = {"pt": _torch, "np": _numpy}
