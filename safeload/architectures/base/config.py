"""The configuration that a model carries: a judged record with attributes that may be set.

Without torch. A known field keeps its table's type and bounds when it is set; other names that a
program adds for itself are kept as they are.
"""

from __future__ import annotations

import copy
import json
import math
import sys
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from safeload.errors import FormatError, UsageError
from safeload.formats.config_fields import TABLES
from safeload.formats.config_fields._field import LABELS
from safeload.formats.model_config import check_field

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import ModuleType

    from safeload.formats.model_config import ModelConfig

_EMPTY: Mapping[str, str] = MappingProxyType({})


class Config:
    """Attribute access to one architecture's fields, as the models and their users expect it."""

    def __init__(self, record: ModelConfig, *, name_or_path: str = "") -> None:
        values = self.__dict__
        values["model_type"] = record.model_type
        values["architectures"] = list(record.architectures) or None
        values.update((key, copy.deepcopy(value)) for key, value in record.inert.items())
        values.update((key, copy.deepcopy(value)) for key, value in record.fields.items())
        values["id2label"] = dict(record.id2label)
        values["label2id"] = dict(record.label2id)
        values.update((key, Config(part)) for key, part in record.parts.items())
        values["_name_or_path"] = name_or_path

    @property
    def attribute_map(self) -> Mapping[str, str]:
        """Other names of fields."""
        table = TABLES.get(self.__dict__.get("model_type", ""))
        return _EMPTY if table is None else table.aliases

    @property
    def name_or_path(self) -> str:
        """What the config was loaded from."""
        return str(self.__dict__["_name_or_path"])

    @property
    def dtype(self) -> Any:  # noqa: ANN401 - torch.dtype, where torch is
        """Type of the weights: a torch.dtype once torch is imported, its name before that, or None."""
        name = self.__dict__.get("dtype")
        torch = sys.modules.get("torch")
        return name if torch is None or name is None else _torch_dtype(torch, name)

    @dtype.setter
    def dtype(self, value: object) -> None:
        self._set("dtype", None if value is None else str(value).removeprefix("torch."))

    @property
    def inputs_to_logits_ratio(self) -> int:
        """Samples of sound for each frame, of a model that hears."""
        return math.prod(self.conv_stride)

    @property
    def num_labels(self) -> int:
        """Number of labels; setting another one starts a new numbering."""
        return len(self.__dict__["id2label"])

    @num_labels.setter
    def num_labels(self, count: int) -> None:
        if not isinstance(count, int) or isinstance(count, bool) or not 0 <= count <= LABELS:
            raise UsageError(f"config: num_labels is a number from 0 to {LABELS}, not {count!r}")
        if count != self.num_labels:
            self.__dict__["id2label"] = {index: f"LABEL_{index}" for index in range(count)}
            self.__dict__["label2id"] = {f"LABEL_{index}": index for index in range(count)}

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - the fields' types stand in their table
        target = None if name.startswith("__") else self.attribute_map.get(name)
        if target is None:
            raise AttributeError(f"a {self.__dict__.get('model_type', '')} config has no {name}")
        return self.dtype if target == "dtype" else self.__dict__[target]

    def __setattr__(self, name: str, value: Any) -> None:  # noqa: ANN401 - checked against the table
        if isinstance(getattr(type(self), name, None), property):
            object.__setattr__(self, name, value)
            return
        name = self.attribute_map.get(name, name)
        if name == "dtype":
            self.dtype = value
        else:
            self._set(name, value)

    def _set(self, name: str, value: Any) -> None:  # noqa: ANN401 - checked against the table
        table = TABLES.get(self.model_type)
        if table is not None and name in table.fields:
            try:
                check_field(self.model_type, name, value)
            except FormatError as error:
                raise UsageError(f"config: {error}") from None
        self.__dict__[name] = value

    def to_dict(self) -> dict[str, Any]:
        """Every field by name, as plain values."""
        return {
            key: value.to_dict() if isinstance(value, Config) else copy.deepcopy(value)
            for key, value in self.__dict__.items()
            if value is not None
        }

    def stated(self, *, nulls: bool = True) -> dict[str, Any]:
        """Every field by name as a config.json has it, those of the parts in objects."""
        return {
            key: value.stated(nulls=nulls) if isinstance(value, Config) else copy.deepcopy(value)
            for key, value in self.__dict__.items()
            if not key.startswith("_") and (nulls or value is not None)
        }

    def to_json_string(self) -> str:
        """The fields as they stand in a config.json.

        Raises:
            UsageError: a program has set a value that JSON cannot hold.
        """
        named = self.stated(nulls=False)
        try:
            return json.dumps(named, indent=2, sort_keys=True, allow_nan=False) + "\n"
        except (TypeError, ValueError, RecursionError) as error:
            raise UsageError(f"config: cannot be written as JSON: {error}") from None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Config) and self.__dict__ == other.__dict__

    __hash__ = None  # type: ignore[assignment]  # it can be changed

    def __repr__(self) -> str:
        return f"Config {json.dumps(self.to_dict(), indent=2, sort_keys=True, default=repr)}"


def _torch_dtype(torch: ModuleType, name: str) -> object:
    closed = {
        "float16": torch.float16,
        "bfloat16": torch.bfloat16,
        "float32": torch.float32,
        "float64": torch.float64,
    }
    return closed[name]
