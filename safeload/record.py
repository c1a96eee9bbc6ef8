"""Frozen records: what `@dataclass(frozen=True, slots=True, kw_only=True)` gives, at a tenth of its cost.

A start of this program defines some forty record types. The standard decorator compiles six methods for
each and imports `inspect`; together that was a fifth of the start (docs/adr/0005-records.md). Here all
types share their methods and nothing is compiled. Type checkers see the decorator through PEP 681 and
treat the types as frozen dataclasses.

Left out, since no record here needs it: inheritance, default factories, ordering, `__post_init__`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn, TypeVar, dataclass_transform, overload

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

_ADDED_BY_CLASS = frozenset({"__dict__", "__weakref__"})


@overload
def record(cls: type[T], /) -> type[T]: ...
@overload
def record(*, kw_only: bool = True, eq: bool = True) -> Callable[[type[T]], type[T]]: ...
@dataclass_transform(frozen_default=True, kw_only_default=True)
def record(
    cls: type[T] | None = None, /, *, kw_only: bool = True, eq: bool = True
) -> type[T] | Callable[[type[T]], type[T]]:
    """Turn annotated names of a class into the fields of an immutable type with slots.

    Args:
        cls: the class, whose fields are its annotations, with their values as defaults.
        kw_only: whether fields are given by name only.
        eq: whether records of the same type with equal fields are equal; else each equals itself only.
    """
    if cls is None:
        return lambda cls: _build(cls, kw_only=kw_only, eq=eq)
    return _build(cls, kw_only=kw_only, eq=eq)


def replace(item: T, **changes: Any) -> T:  # noqa: ANN401 - fields have any type
    """A record with other values in some fields."""
    values = {name: getattr(item, name) for name in fields(type(item))}
    return type(item)(**(values | changes))


def fields(cls: type) -> tuple[str, ...]:
    """The names of a record's fields, in order."""
    return tuple(cls.__slots__)  # type: ignore[attr-defined]  # records have slots


def _build(cls: type[T], *, kw_only: bool, eq: bool) -> type[T]:
    names = tuple(cls.__annotations__)
    # A field's default would stand where its slot has to be.
    body = {
        name: value
        for name, value in cls.__dict__.items()
        if name not in names and name not in _ADDED_BY_CLASS
    }
    body |= {
        "__slots__": names,
        "__match_args__": () if kw_only else names,
        "__setattr__": _refuse,
        "__delattr__": _refuse,
        "__repr__": _repr,
        "__copy__": _itself,
        "__deepcopy__": _itself,
    }
    if eq:
        body |= {"__eq__": _eq, "__hash__": _hash}
    made: type[T] = type(cls)(cls.__name__, cls.__bases__, body)  # type: ignore[misc]  # a class of cls's kind
    defaults = {name: cls.__dict__[name] for name in names if name in cls.__dict__}
    setattr(made, "__init__", _initialiser(made, names, defaults, kw_only=kw_only))  # noqa: B010 - it needs `made`
    return made


def _initialiser(
    made: type, names: tuple[str, ...], defaults: dict[str, Any], *, kw_only: bool
) -> Callable[..., None]:
    """`__init__` of one type, which sets each slot directly."""
    stores = tuple((name, made.__dict__[name].__set__) for name in names)
    count = len(names)

    def __init__(self: object, *args: Any, **given: Any) -> None:  # noqa: ANN401, N807 - any field's type
        if args:
            if kw_only or len(args) > count or not given.keys().isdisjoint(names[: len(args)]):
                raise TypeError(f"{made.__name__} takes {'keywords only' if kw_only else ', '.join(names)}")
            given.update(zip(names, args, strict=False))
        if len(given) != count:
            given = defaults | given
        try:
            for name, store in stores:
                store(self, given[name])
        except KeyError as missing:
            reason = f"needs {missing.args[0]}"
        else:
            if len(given) == count:
                return
        if unknown := given.keys() - set(names):
            reason = f"has no {', '.join(sorted(unknown))}"
        raise TypeError(f"{made.__name__} {reason}")

    return __init__


def _refuse(self: object, name: str, value: object = None) -> NoReturn:  # noqa: ARG001 - the protocol
    raise AttributeError(f"{type(self).__name__} is frozen: cannot change {name}")


def _itself(self: T, memo: object = None) -> T:  # noqa: ARG001 - the protocol of deepcopy
    return self


def _values(self: object) -> tuple[object, ...]:
    return tuple([getattr(self, name) for name in type(self).__slots__])  # type: ignore[attr-defined]


def _repr(self: object) -> str:
    pairs = zip(fields(type(self)), _values(self), strict=True)
    return f"{type(self).__qualname__}({', '.join(f'{name}={value!r}' for name, value in pairs)})"


def _eq(self: object, other: object) -> bool:
    return _values(self) == _values(other) if type(self) is type(other) else NotImplemented


def _hash(self: object) -> int:
    return hash(_values(self))
