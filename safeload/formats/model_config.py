"""config.json as a typed record.

Guarantees: each known field has the type and lies within the bounds of its table, fields that bind
each other agree, labels are numbered; or a FormatError. Names outside the table are listed and their
values dropped, so that no setting reaches a model that this file does not know. Whether an
architecture can be built from the record is left to `safeload.architectures`.

Field names: https://huggingface.co/docs/transformers/main_classes/configuration
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from safeload.errors import FormatError, LimitExceeded
from safeload.formats.config_fields import TABLES
from safeload.formats.config_fields._field import LABELS
from safeload.formats.field_values import FieldTypeWrong, check_value, type_name
from safeload.formats.json_strict import JsonTooLarge, parse_json
from safeload.formats.view import read_all
from safeload.record import record

if TYPE_CHECKING:
    from collections.abc import Mapping

    from safeload.core import Json, View
    from safeload.formats.config_fields._field import ConfigTable
    from safeload.limits import Limits

_NO_FIELDS: Mapping[str, Json] = MappingProxyType({})
_NO_LABELS: Mapping[int, Json] = MappingProxyType({})
_LABEL_FIELDS = frozenset({"id2label", "label2id", "num_labels"})
_OWN_FIELDS = frozenset({"model_type", "architectures"})
_LABEL_DIGITS = 6


class NotAConfig(FormatError):
    """A JSON value that is no object, or has no usable `model_type`."""


class FieldsDisagree(FormatError):
    """Two fields that contradict each other."""


class LabelsMalformed(FormatError):
    """`id2label` or `label2id` that are no numbering of labels."""


class TooManyLabels(LimitExceeded):
    """More labels than a classifier can sensibly have."""


@record
class ModelConfig:
    """What a config.json says. Without a table for its model_type, only the names."""

    model_type: str
    """Empty where the file names none."""
    architectures: tuple[str, ...] = ()
    """Class names that the writer noted: information, never looked up."""
    fields: Mapping[str, Json] = _NO_FIELDS
    """Every known field, with the default where the file does not mention it."""
    id2label: Mapping[int, Json] = _NO_LABELS
    label2id: Mapping[str, Json] = _NO_FIELDS
    inert: Mapping[str, Json] = _NO_FIELDS
    unknown: tuple[str, ...] = ()
    parts: Mapping[str, ModelConfig] = MappingProxyType({})
    """The configs of a model's parts, by the name under which they stand in this one."""
    given: Mapping[str, Json] = _NO_FIELDS
    """The known fields as the file has them, aliases resolved; what `override` starts from."""

    @property
    def known(self) -> bool:
        """Whether a table of fields exists for the model_type."""
        return self.model_type in TABLES


def parse_model_config(view: View, limits: Limits) -> ModelConfig:
    """The record of one config.json.

    Raises:
        FormatError: a class of this module or of `json_strict`.
    """
    if view.size > limits.json_bytes:
        raise JsonTooLarge(f"{view.size} bytes of JSON, more than {limits.json_bytes}")
    return interpret(parse_json(read_all(view), limits))


def interpret(value: Json) -> ModelConfig:
    """The record of a config that has been read already.

    Raises:
        FormatError: a class of this module.
    """
    if not isinstance(value, dict):
        raise NotAConfig("is not a JSON object")
    model_type = value.get("model_type", "")
    if not isinstance(model_type, str):
        raise NotAConfig("model_type is not a string")
    architectures = _architectures(value.get("architectures"))
    table = TABLES.get(model_type)
    if table is None:
        return ModelConfig(model_type=model_type, architectures=architectures)
    return _interpret(table, value, architectures)


def _interpret(table: ConfigTable, value: Mapping[str, Json], architectures: tuple[str, ...]) -> ModelConfig:
    given: dict[str, Json] = {}
    inert: dict[str, Json] = {}
    unknown: list[str] = []
    parts = {name: _part(name, part, value) for name, part in table.parts.items()}
    for key, item in value.items():
        name = table.aliases.get(key, key)
        if key.removesuffix("_dict") in parts:
            continue
        if name in table.fields or name in _LABEL_FIELDS:
            if name in given and given[name] != item:
                raise FieldsDisagree(f"{key} and {name} say different things")
            given[name] = item
        elif key in table.inert:
            inert[key] = item
        elif key not in _OWN_FIELDS:
            unknown.append(key)
    unknown += [f"{name}.{key}" for name, part in parts.items() for key in part.unknown]
    return _record(
        table, given, architectures=architectures, inert=inert, unknown=tuple(unknown), parts=parts
    )


def _part(name: str, table: ConfigTable, value: Mapping[str, Json]) -> ModelConfig:
    """The config of one part. What older writers noted under `<name>_dict` stands in the place of it."""
    chosen = value.get(f"{name}_dict")
    chosen = value.get(name) if chosen is None else chosen
    if not isinstance(chosen, dict | None):
        raise FieldTypeWrong(f"{name} is {type_name(chosen)} where the table has an object")
    part = chosen or {}
    if part.get("model_type", table.model_type) != table.model_type:
        raise FieldsDisagree(f"{name} is of model_type {str(part['model_type'])[:100]!r}")
    return _interpret(table, part, _architectures(part.get("architectures")))


def override(config: ModelConfig, values: Mapping[str, Json]) -> ModelConfig:
    """The record with some known fields set anew, under the same checks.

    Another number of labels starts a new numbering, and so does another `id2label`.

    Raises:
        FormatError: a class of this module; `NotAConfig` where a name is not a known field.
    """
    table = TABLES[config.model_type]
    given = dict(config.given)
    for key, item in values.items():
        name = table.aliases.get(key, key)
        if name not in table.fields and name not in _LABEL_FIELDS:
            raise NotAConfig(f"{key} is not a field of a {config.model_type} config")
        given[name] = item
    if "id2label" in values and "label2id" not in values:
        given.pop("label2id", None)
    if "num_labels" in values and "id2label" not in values and given["num_labels"] != len(config.id2label):
        given.pop("id2label", None)
        if "label2id" not in values:
            given.pop("label2id", None)
    elif "id2label" in values and "num_labels" not in values:
        given.pop("num_labels", None)
    changed = _record(
        table,
        given,
        architectures=config.architectures,
        inert=config.inert,
        unknown=config.unknown,
        parts=config.parts,
    )
    asked = values.get("id2label")
    if isinstance(asked, dict) and len(asked) != len(changed.id2label):
        raise FieldsDisagree(f"num_labels is {len(changed.id2label)}, and id2label has {len(asked)} entries")
    return changed


def field_names(model_type: str) -> frozenset[str]:
    """Names that `override` takes for a model_type."""
    table = TABLES.get(model_type)
    return frozenset() if table is None else _LABEL_FIELDS | table.fields.keys() | table.aliases.keys()


def check_field(model_type: str, name: str, value: Json) -> None:
    """Raise unless `value` is one that field `name` may have.

    Raises:
        FormatError: a class of this module.
    """
    check_value(name, TABLES[model_type].fields[name], value)


def _record(
    table: ConfigTable,
    given: Mapping[str, Json],
    *,
    architectures: tuple[str, ...],
    inert: Mapping[str, Json],
    unknown: tuple[str, ...],
    parts: Mapping[str, ModelConfig],
) -> ModelConfig:
    fields = {name: given.get(name, spec.default) for name, spec in table.fields.items()}
    for name, spec in table.fields.items():
        check_value(name, spec, fields[name])
    for whole, part in table.multiples:
        if fields[part] is not None and _number(fields[whole]) % _number(fields[part]):
            raise FieldsDisagree(f"{whole} {fields[whole]} is no multiple of {part} {fields[part]}")
    for names in table.alike:
        lengths = [_length(fields[name]) for name in names]
        if len(set(lengths)) > 1:
            raise FieldsDisagree(f"{', '.join(names)} have {lengths} entries, and should have one per layer")
    for smaller, larger in table.below:
        if fields[smaller] is not None and _number(fields[smaller]) >= _number(fields[larger]):
            raise FieldsDisagree(f"{smaller} {fields[smaller]} is not below {larger} {fields[larger]}")
    id2label, label2id = _labels(given)
    if fields["problem_type"] == "single_label_classification" and len(id2label) == 1:
        raise FieldsDisagree("problem_type single_label_classification needs more than one label")
    return ModelConfig(
        model_type=table.model_type,
        architectures=architectures,
        fields=MappingProxyType(fields),
        id2label=MappingProxyType(id2label),
        label2id=MappingProxyType(label2id),
        inert=MappingProxyType(dict(inert)),
        unknown=unknown,
        parts=MappingProxyType(dict(parts)),
        given=MappingProxyType(dict(given)),
    )


def _architectures(value: Json) -> tuple[str, ...]:
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise FieldTypeWrong("architectures is not a list of strings")
    return tuple(item for item in value if isinstance(item, str))


def _labels(given: Mapping[str, Json]) -> tuple[dict[int, Json], dict[str, Json]]:
    """The numbering of labels: as given, else `LABEL_0` and so on."""
    count = given.get("num_labels")
    if count is not None:
        if not isinstance(count, int) or isinstance(count, bool):
            raise FieldTypeWrong("num_labels is not an integer")
        if not 0 <= count <= LABELS:
            raise TooManyLabels(f"num_labels is {count}, outside 0 to {LABELS}")
    names = given.get("id2label")
    numbers = given.get("label2id")
    id2label = None if names is None else _numbered(names)
    if id2label is not None and count not in (None, len(id2label)):
        # Writers before 2020 set num_labels and kept the old names: the reference numbers anew, and so do we.
        id2label = numbers = None
    if id2label is None:
        # the reference's default head has two outputs
        id2label = {index: f"LABEL_{index}" for index in range(2 if count is None else count)}
    if numbers is None:
        return id2label, {str(name): index for index, name in id2label.items()}
    if not isinstance(numbers, dict) or len(numbers) > LABELS:
        raise LabelsMalformed("label2id is not an object of a usable size")
    return id2label, {str(name): _label(index) for name, index in numbers.items()}


def _numbered(names: Json) -> dict[int, Json]:
    if not isinstance(names, dict):
        raise LabelsMalformed("id2label is not an object")
    if len(names) > LABELS:
        raise TooManyLabels(f"id2label has {len(names)} entries, more than {LABELS}")
    id2label = {_label_id(key): _label(name) for key, name in names.items()}
    if len(id2label) != len(names):
        raise LabelsMalformed("id2label has the same number twice")
    return id2label


def _label_id(key: object) -> int:
    if isinstance(key, int) and not isinstance(key, bool) and 0 <= key < 10**_LABEL_DIGITS:
        return key
    if isinstance(key, str) and key.isascii() and key.isdigit() and len(key) <= _LABEL_DIGITS:
        return int(key)
    raise LabelsMalformed(f"id2label has the key {str(key)[:100]!r}, which is no label number")


def _label(value: Json) -> Json:
    if isinstance(value, str) or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    raise LabelsMalformed(f"a label is {type_name(value)}, not a string or an integer")


def _number(value: Json) -> float:
    return value if isinstance(value, int | float) else 0


def _length(value: Json) -> int:
    return len(value) if isinstance(value, list | tuple) else 0
