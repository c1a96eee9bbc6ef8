"""The same table as a pydantic model: for `policies/policy.schema.json` and the editors that read it.

Every field is checked by its key in `keys`, and its JSON schema is made from the same key, so the model
takes what `parse_policy` takes. What a schema cannot say (two waivers of one id, a lock that a child
loosens, a span of days) the reader alone says. The load path never imports this module.
"""

from __future__ import annotations

import datetime as dt
import tomllib
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    WithJsonSchema,
    create_model,
)

from safeload.policy.entries import SCHEMA, WAIVER_KEYS, is_sha256, subject_problem
from safeload.policy.keys import NEVER_WAIVED, catalogue, lockable
from safeload.policy.patterns import pattern_problem

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from safeload.policy.keys import Key

ADDRESS = "https://safeload.dev/schema/policy-v1.json"
_STRICT = ConfigDict(extra="forbid")


def json_schema(rule_ids: frozenset[str], unwaivable: frozenset[str]) -> dict[str, Any]:
    """The JSON schema of a policy."""
    schema = model_of(rule_ids, unwaivable).model_json_schema(by_alias=True)
    schema["title"] = "safeload policy, schema 1"
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": ADDRESS, **_inlined(schema)}


def accepts(text: str, rule_ids: frozenset[str], unwaivable: frozenset[str]) -> list[str]:
    """What the model finds wrong with a document, as places and sentences; nothing where it takes it."""
    try:
        model_of(rule_ids, unwaivable).model_validate(tomllib.loads(text))
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        return [str(error)]
    except ValidationError as error:
        return [f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors()]
    return []


@lru_cache(maxsize=2)
def model_of(rule_ids: frozenset[str], unwaivable: frozenset[str]) -> type[BaseModel]:
    """The model of a whole policy."""
    keys = catalogue(rule_ids, unwaivable)
    lock_names = lockable(keys)
    override = _sections({name: key for name, key in keys.items() if key.override}, "override ")
    repos = _checked(_patterns, _listed({"type": "string", "minLength": 1}, least=1))
    locked = _checked(
        _list_of(lambda name: None if name in lock_names else f"{name} is no key"),
        _listed({"enum": sorted(lock_names)}),
    )
    fields: dict[str, Any] = {
        "schema_": (_exactly(SCHEMA), Field(alias="schema", description="The version of this grammar.")),
        "extends": (
            _checked(_list_of(lambda _: None), _listed({"type": "string", "minLength": 1})),
            Field(default=None, description="Built-ins (`safeload:default`) and files relative to this one."),
        ),
        "locked": (
            locked,
            Field(default=None, description="Keys that a policy which extends this one may only tighten."),
        ),
        **_sections(keys),
        "override": (
            list[create_model("Override", __config__=_STRICT, repos=(repos, Field()), **override)],  # type: ignore[misc]  # made here
            Field(default=None, description="Keys that hold for some sources only; the last match wins."),
        ),
        "waiver": (
            list[_waiver(rule_ids - unwaivable - NEVER_WAIVED)],  # type: ignore[misc]  # made here
            Field(default=None, description="Recorded exceptions."),
        ),
    }
    return create_model("Policy", __config__=_STRICT, **fields)


def _sections(keys: Mapping[str, Key], prefix: str = "") -> dict[str, Any]:
    """A field for each section, whose model has one for each key in it."""
    tree: dict[str, Any] = {}
    for name, key in keys.items():
        *above, last = name.split(".")
        place = tree
        for step in above:
            place = place.setdefault(step, {})
        place[last] = key
    return _fields(tree, prefix)


def _fields(tree: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for name, item in tree.items():
        if isinstance(item, dict):
            model = create_model(f"{prefix}{name}", __config__=_STRICT, **_fields(item, f"{prefix}{name} "))
            fields[_identifier(name)] = (model, Field(default=None, alias=name))
        else:
            annotated = _checked(_problem_of(item), _schema_of(item))
            fields[_identifier(name)] = (annotated, Field(default=None, alias=name, description=item.doc))
    return fields


def _identifier(name: str) -> str:
    """A name that pydantic takes for a field: no leading underscore, none of its own methods."""
    return f"field_{name.replace('-', '_')}"


def _problem_of(key: Key) -> Callable[[Any], str | None]:
    return lambda value: next(key.problems(value), None)


def _schema_of(key: Key) -> dict[str, Any]:
    if key.kind == "word":
        return {"enum": list(key.words)}
    if key.kind == "number":
        return {"type": "integer", "minimum": key.least, "maximum": key.most}
    if key.kind in {"text", "folder"}:
        return {"type": "string"}
    if key.known is not None:
        return _listed({"enum": sorted(key.known)})
    return _listed({"type": "string", "minLength": 1})


def _listed(item: dict[str, Any], *, least: int = 0) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "array", "items": item, "uniqueItems": True}
    return {**schema, "minItems": least} if least else schema


def _checked(problem: Callable[[Any], str | None], schema: dict[str, Any]) -> Any:  # noqa: ANN401  a type
    def check(value: Any) -> Any:  # noqa: ANN401  TOML has any type
        found = problem(value)
        if found is not None:
            raise ValueError(found)
        return value

    return Annotated[Any, BeforeValidator(check), WithJsonSchema(schema)]


def _exactly(number: int) -> Any:  # noqa: ANN401  a type
    return _checked(
        lambda value: None if type(value) is int and value == number else f"is not {number}",
        {"const": number},
    )


def _list_of(problem: Callable[[str], str | None]) -> Callable[[Any], str | None]:
    def check(value: Any) -> str | None:  # noqa: ANN401  TOML has any type
        if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
            return "is not a list of strings"
        if len(set(value)) != len(value):
            return "names something twice"
        return next((found for item in value if (found := problem(item)) is not None), None)

    return check


def _patterns(value: Any) -> str | None:  # noqa: ANN401  TOML has any type
    return "names no repos" if value == [] else _list_of(pattern_problem)(value)


def _waiver(rules: frozenset[str]) -> type[BaseModel]:
    def text(problem: Callable[[str], str | None], schema: dict[str, Any]) -> Any:  # noqa: ANN401  a type
        def check(value: Any) -> str | None:  # noqa: ANN401  TOML has any type
            if not isinstance(value, str) or not value.strip():
                return "is empty, or no string"
            return problem(value)

        return _checked(check, schema)

    def day(value: Any) -> str | None:  # noqa: ANN401  TOML has any type
        plain = isinstance(value, dt.date) and not isinstance(value, dt.datetime)
        return None if plain else "is no date"

    words: dict[str, Any] = {
        "rule": text(lambda rule: None if rule in rules else f"{rule} is no rule that can be waived",
                     {"enum": sorted(rules)}),
        "subject": text(subject_problem, {"type": "string", "minLength": 1}),
        "sha256": text(lambda digest: None if is_sha256(digest) else "is no sha256",
                       {"type": "string", "pattern": "^[0-9a-f]{64}$"}),
    }  # fmt: skip
    plain = text(lambda _: None, {"type": "string", "minLength": 1})
    date = _checked(day, {"type": "string", "format": "date"})
    fields: dict[str, Any] = {
        name: (words.get(name, date if name in {"created", "expires"} else plain), Field())
        for name in WAIVER_KEYS
    }
    return create_model("Waiver", __config__=_STRICT, **fields)


def _inlined(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema with short names for its parts."""
    names = {old: "-".join(old.lower().split()) for old in schema.get("$defs", {})}

    def renamed(item: Any) -> Any:  # noqa: ANN401  any JSON
        if isinstance(item, list):
            return [renamed(entry) for entry in item]
        if not isinstance(item, dict):
            return item
        kept: dict[str, Any] = {}
        for key, value in item.items():
            if key == "$ref":
                kept[key] = f"#/$defs/{names[value.rpartition('/')[2]]}"
            elif key == "$defs":
                kept[key] = {names[name]: renamed(entry) for name, entry in value.items()}
            elif (key == "title" and isinstance(value, str)) or (key == "default" and value is None):
                continue
            else:
                kept[key] = renamed(value)
        return kept

    result = renamed(schema)
    return {"title": schema["title"], **result}
