"""How a model writes text: the settings of `generate`, each within its type and bounds. Without torch."""

from __future__ import annotations

import copy
import json
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from safeload.errors import FormatError, UsageError
from safeload.formats.generation_config import FIELDS, UNDONE, check_setting, interpret

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from safeload.formats.generation_config import GenerationSettings

DEFAULTS: Mapping[str, Any] = MappingProxyType(
    {
        "max_length": 20,
        "min_length": 0,
        "do_sample": False,
        "use_cache": True,
        "num_return_sequences": 1,
        "temperature": 1.0,
        "top_k": 50,
        "top_p": 1.0,
        "repetition_penalty": 1.0,
        "no_repeat_ngram_size": 0,
        "output_scores": False,
        "output_logits": False,
        "return_dict_in_generate": False,
    }
)
"""What counts where neither the caller nor the model says anything."""


class GenerationConfig:
    """Settings of `generate` as attributes; None where nothing is said.

    GenerationConfig(max_new_tokens=20, do_sample=True, temperature=0.7)
    """

    def __init__(self, **settings: Any) -> None:  # noqa: ANN401 - settings have many types
        self.__dict__.update(dict.fromkeys(FIELDS))
        self.__dict__["undone"] = ()
        self.update(**settings)

    @classmethod
    def from_settings(cls, settings: GenerationSettings) -> GenerationConfig:
        """The settings of a judged file."""
        made = cls()
        made.__dict__.update(copy.deepcopy(dict(settings.fields)))
        made.leave_undone(settings.undone)
        return made

    @classmethod
    def from_values(cls, values: Mapping[str, Any]) -> GenerationConfig:
        """The settings among the fields of a config.json, where older files have them.

        Raises:
            FormatError: a setting that cannot be.
        """
        known = {name: value for name, value in values.items() if name in FIELDS or name in UNDONE}
        return cls.from_settings(interpret(known))

    def leave_undone(self, names: Iterable[str]) -> None:
        """Note settings that ask for what `generate` does not do: it refuses until each is set to None."""
        self.__dict__["undone"] = tuple(dict.fromkeys((*self.undone, *names)))

    def update(self, **settings: Any) -> None:  # noqa: ANN401 - settings have many types
        """Set several.

        Raises:
            UsageError: a name that `generate` does not know, or a value that cannot be.
        """
        for name, value in settings.items():
            setattr(self, name, value)

    def __setattr__(self, name: str, value: Any) -> None:  # noqa: ANN401 - checked against the table
        if name in UNDONE:
            if value is not None and value not in UNDONE[name]:
                raise UsageError(
                    f"{name}={value!r} is refused: generate does greedy search and sampling only"
                )
            # set to nothing, it no longer stands in the way
            self.__dict__["undone"] = tuple(item for item in self.undone if item != name)
            return
        if name not in FIELDS:
            raise UsageError(f"{name} is no setting of generate; settings: {', '.join(FIELDS)}")
        if value is not None:
            value = list(value) if isinstance(value, tuple) else value
            try:
                check_setting(name, value)
            except FormatError as error:
                raise UsageError(f"generate: {error}") from None
        self.__dict__[name] = value

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - as above
        raise AttributeError(f"a GenerationConfig has no {name}")

    def to_dict(self) -> dict[str, Any]:
        """What is said, by name."""
        return {name: copy.deepcopy(value) for name in FIELDS if (value := self.__dict__[name]) is not None}

    def to_json_string(self) -> str:
        """The settings as they stand in a generation_config.json."""
        return json.dumps(self.to_dict(), indent=2, sort_keys=True) + "\n"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, GenerationConfig) and self.__dict__ == other.__dict__

    __hash__ = None  # type: ignore[assignment]  # it can be changed

    def __repr__(self) -> str:
        return f"GenerationConfig {self.to_json_string()}"
