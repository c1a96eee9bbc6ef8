"""Inert records: how an instance of a listed class is made, and what state it takes.

Guarantees: what comes out is a name and fields. The class is never imported or called, a record is no
argument of any other contract, and it can be neither called nor used as a key.

- *Making one.* NEWOBJ without arguments, and what protocols 0 and 1 write for it (`copyreg._reconstructor`
  with `object` as base). REDUCE on the class itself would run its `__init__`, so a record refuses it.
- *State.* One BUILD with a dict under str keys, as CPython hands to `__dict__` or to the class's own
  `__setstate__`. A pair of dicts is refused: the second one goes through `setattr`, which reaches the
  properties and descriptors of the class.
- *Fields.* `__name__` in double underscores is refused, as is a function in the place of a field: the
  first would stand in for what the interpreter looks up, the second for a method. Where a name contains
  `_hooks`, torch calls what it holds, so it holds nothing: an OrderedDict that stays empty.

A class whose `__setstate__`, `__reduce__` or `__new__` opens files, connects, evaluates or unpickles has
no place in a pack, whatever its records would be here: `guard` hands a decided stream to the unpickler.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from safeload.formats.pickle_contracts import Contract, Refused, listed
from safeload.formats.pickle_trace import DictRecord, GlobalRef, InertRecord, OrderedDictValue

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from safeload.formats.pickle_contracts import Arguments, Key, Scene

_FUNCTIONS = frozenset({"getattr", "encode", "scalar"})
"""Listed functions, beside those whose name starts with an underscore."""
COST = 24
"""What a record takes of the budget: four bytes of stream make one of a hundred bytes of memory, and a
pickler writes eight or more."""
_FLAG = frozenset({type(None), bool, int, str})

MEMBER = re.compile(r"[A-Z][A-Z0-9_]{0,63}")
"""Members of enums: a method of the class is never written in capitals."""


def is_function(value: object) -> bool:
    """True for a global that is a function of a contract, and no class or constant."""
    contract = listed(value)
    return (
        contract is not None
        and contract.call is not None
        and isinstance(value, GlobalRef)
        and (value.name.startswith("_") or value.name in _FUNCTIONS)
    )


def check_field(key: object, value: object) -> None:
    """Hold one field of a record to what a plain attribute is.

    Raises:
        Refused: its name or its value could stand in for behaviour.
    """
    if type(key) is not str:
        raise Refused("BUILD brings a field whose name is no text")
    if key.startswith("__") and key.endswith("__"):
        raise Refused("BUILD brings a field that the interpreter itself looks up")
    if "_hooks" in key:
        if type(value) is OrderedDictValue and not value and value.metadata is None:
            value.sealed = True
        elif type(value) not in _FLAG:
            raise Refused("BUILD brings hooks, which are called")
    if is_function(value):
        raise Refused("BUILD brings a function in the place of a field")


def take_fields(_target: object, state: object, scene: Scene) -> None:
    """The state of a plain record: a dict of fields.

    Raises:
        Refused: it is none, or a field is more than an attribute.
    """
    if not isinstance(state, dict) or type(state) is not dict:
        raise Refused("BUILD brings no dict of fields")
    scene.charge(len(state))  # one dict may be the state of many records
    for key, value in state.items():
        check_field(key, value)


def record(path: str) -> Contract:
    """A class whose instances are a name and fields."""

    def new(args: Arguments, scene: Scene) -> object:
        if args:
            raise Refused("a record is made without arguments")
        scene.charge(COST)
        return InertRecord(path, (), take_fields)

    return Contract(new=new, record=True)


def dict_record(path: str) -> Contract:
    """The same for a subclass of dict."""

    def new(args: Arguments, scene: Scene) -> object:
        if args:
            raise Refused("a record is made without arguments")
        scene.charge(COST)
        return DictRecord(path, take_fields)

    return Contract(new=new)


def enum(path: str) -> Contract:
    """An enum: `Class(value)`, as Python 3.8 to 3.10 and from 3.12 on write a member."""

    def call(args: Arguments, scene: Scene) -> object:
        if len(args) != 1 or type(args[0]) not in (str, int):
            raise Refused("an enum takes one text or int")
        scene.charge(COST)
        return InertRecord(path, args)

    return Contract(call=call, enum=True)


TYPE_ONLY = Contract()
"""A class or function that stands as a value, and that nothing may call."""


def keys(groups: Mapping[str, str]) -> Iterator[Key]:
    """(module, name) of a table of modules and the names in each."""
    for module, names in groups.items():
        for name in names.split():
            yield module, name


def table(
    records: Mapping[str, str],
    *,
    enums: Mapping[str, str] | None = None,
    dicts: Mapping[str, str] | None = None,
    types: Mapping[str, str] | None = None,
) -> dict[Key, Contract]:
    """The contracts of a pack, from tables of modules and the names in each."""
    found = {key: record(".".join(key)) for key in keys(records)}
    found.update({key: enum(".".join(key)) for key in keys(enums or {})})
    found.update({key: dict_record(".".join(key)) for key in keys(dicts or {})})
    found.update(dict.fromkeys(keys(types or {}), TYPE_ONLY))
    return found
