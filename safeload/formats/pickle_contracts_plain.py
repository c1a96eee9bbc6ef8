"""Contracts for Python's own data types: collections, numbers, dates, paths.

Bags of attributes of the standard library (`argparse.Namespace`, `types.SimpleNamespace`) are records.
Named tuples and other classes made at run time have no contract.

Arguments are literals, and a contract that copies charges for it first: `bytearray(10**10)` is an int
argument and refused, `_codecs.encode` of one long memoised text a thousand times runs out of budget.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from safeload.formats.pickle_contracts import Contract, Refused, is_int, is_member, is_plain, listed
from safeload.formats.pickle_gadgets import gadget
from safeload.formats.pickle_records import COST, MEMBER, TYPE_ONLY, record, take_fields
from safeload.formats.pickle_trace import (
    UNKNOWN,
    DefaultDictValue,
    DequeValue,
    GlobalRef,
    InertRecord,
    OrderedDictValue,
    TextValue,
)

if TYPE_CHECKING:
    from safeload.formats.pickle_contracts import Arguments, Call, Key, Scene

_DECIMAL = r"[+-]?[0-9]{1,64}(\.[0-9]{1,64})?([eE][+-]?[0-9]{1,6})?"
_FACTORIES = frozenset({"list", "dict", "int", "float", "set", "str", "bool"})


def ordered_dict(args: Arguments, scene: Scene) -> object:
    """`OrderedDict()`, and what goes in comes by SETITEM; Python 2 gave it a list of pairs."""
    value = OrderedDictValue()
    if not args:
        return value
    pairs = args[0]
    if len(args) > 1 or not isinstance(pairs, list) or type(pairs) is not list:
        raise Refused("takes nothing, or one list of pairs")
    scene.charge(len(pairs))
    for pair in pairs:
        if not isinstance(pair, (list, tuple)) or type(pair) not in (list, tuple) or len(pair) != 2:
            raise Refused("takes nothing, or one list of pairs")
        if not is_member(pair[0]):
            raise Refused("a key is no small constant")
        value[pair[0]] = pair[1]
    return value


def _default_dict(args: Arguments, _scene: Scene) -> object:
    factory = args[0] if args else None
    if len(args) > 1:
        raise Refused("takes only a factory")
    if factory is not None and not (
        type(factory) is GlobalRef and factory.module == "builtins" and factory.name in _FACTORIES
    ):
        raise Refused("the factory is no plain container or number type")
    return DefaultDictValue()


def _counter(args: Arguments, scene: Scene) -> object:
    if len(args) > 1 or (args and type(args[0]) is not dict):
        raise Refused("takes one dict of counts")
    value = DefaultDictValue()
    if args and isinstance(args[0], dict):
        scene.charge(len(args[0]))
        if not all(map(is_plain, args[0].values())):
            raise Refused("a count is no constant")
        value.update(args[0])
    return value


def _members(args: Arguments, scene: Scene) -> list[object]:
    if not args:
        return []
    items = args[0]
    if len(args) > 1 or not isinstance(items, (list, tuple)) or type(items) not in (list, tuple):
        raise Refused("takes one list")
    scene.charge(len(items))
    if not all(map(is_member, items)):
        raise Refused("a member is no small constant")
    return list(items)


def _set(args: Arguments, scene: Scene) -> object:
    return set(_members(args, scene))


def _frozenset(args: Arguments, scene: Scene) -> object:
    return frozenset(_members(args, scene))


def _complex(args: Arguments, _scene: Scene) -> object:
    if len(args) == 2:
        real, imaginary = args
        if isinstance(real, float) and isinstance(imaginary, float):
            return complex(real, imaginary)
    raise Refused("takes two floats")


def _slice(args: Arguments, _scene: Scene) -> object:
    if len(args) != 3 or not all(item is None or is_int(item, -(1 << 62)) for item in args):
        raise Refused("takes three ints or None")
    return InertRecord("builtins.slice", args)


def _encoded(args: Arguments, scene: Scene) -> bytes:
    if len(args) != 2 or args[1] not in ("latin1", "latin-1"):
        raise Refused("takes a text and 'latin1'")
    text = args[0]
    if not isinstance(text, str) or type(text) is not str:
        raise Refused("takes a text and 'latin1'")
    scene.charge(len(text))
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        raise Refused("the text holds characters outside latin-1") from None


def _encode(args: Arguments, scene: Scene) -> object:
    return _encoded(args, scene)


def _bytes(args: Arguments, scene: Scene) -> object:
    return _encoded(args, scene) if args else b""


def _bytearray(args: Arguments, scene: Scene) -> object:
    if not args:
        return bytearray()
    if len(args) == 1 and isinstance(args[0], bytes):
        scene.charge(len(args[0]))
        return bytearray(args[0])
    return bytearray(_encoded(args, scene))


def _decimal(args: Arguments, _scene: Scene) -> object:
    if len(args) != 1 or not isinstance(args[0], str) or not re.fullmatch(_DECIMAL, args[0]):
        raise Refused("takes one decimal number as text")
    return InertRecord("decimal.Decimal", args)


def _path(args: Arguments, scene: Scene) -> object:
    scene.charge(sum(len(part) for part in args if isinstance(part, str)))
    if not all(type(part) is str for part in args):
        raise Refused("takes texts")
    return TextValue("/".join(part for part in args if isinstance(part, str)))


def _date_part(size: int, position: int, low: int, high: int, name: str) -> Call:
    """`date(b"....")` as pickled: the length is fixed, and one byte is checked by CPython as well."""

    def call(args: Arguments, _scene: Scene) -> object:
        packed = args[0] if args else None
        if not isinstance(packed, bytes) or len(packed) != size:
            raise Refused(f"takes {size} packed bytes")
        if not low <= packed[position] & 0x7F <= high:
            raise Refused("the packed bytes are out of range")
        if len(args) > 1 and not (
            size != 4
            and len(args) == 2
            and isinstance(args[1], InertRecord)
            and args[1].name == "datetime.timezone"
        ):
            raise Refused("takes packed bytes and a timezone")
        return InertRecord(name, args)

    return call


def _timedelta(args: Arguments, _scene: Scene) -> object:
    if (
        len(args) == 3
        and is_int(args[0], -999_999_999, 999_999_999)
        and is_int(args[1], 0, 86_399)
        and is_int(args[2], 0, 999_999)
    ):
        return InertRecord("datetime.timedelta", args)
    raise Refused("takes days, seconds and microseconds")


def _timezone(args: Arguments, _scene: Scene) -> object:
    if len(args) == 1 and isinstance(args[0], InertRecord) and args[0].name == "datetime.timedelta":
        given = args[0].args
        if isinstance(given, tuple) and given[0] in (0, -1) and given != (-1, 0, 0):
            return InertRecord("datetime.timezone", args)
    raise Refused("takes one timedelta of less than a day")


def _range(args: Arguments, _scene: Scene) -> object:
    if len(args) != 3 or not all(is_int(item, -(1 << 62)) for item in args) or args[2] == 0:
        raise Refused("takes three ints")
    return InertRecord("builtins.range", args)


def _deque(args: Arguments, scene: Scene) -> object:
    """`deque([...])`, or `deque((), maxlen)` and the items by APPENDS."""
    items = args[0] if args else ()
    if len(args) > 2 or not isinstance(items, (list, tuple)) or type(items) not in (list, tuple):
        raise Refused("takes one list and a length")
    if len(args) == 2 and not (args[1] is None or is_int(args[1])):
        raise Refused("the length is no count")
    scene.charge(COST + len(items))
    return DequeValue(items)


def _namespace(args: Arguments, scene: Scene) -> object:
    if args:
        raise Refused("takes no arguments")
    scene.charge(COST)
    return InertRecord("types.SimpleNamespace", (), take_fields)


def _take_uuid(_target: object, state: object, _scene: Scene) -> None:
    given = state if isinstance(state, dict) and type(state) is dict else {}
    if not is_int(given.get("int"), 0, (1 << 128) - 1) or len(given) != 1 + ("is_safe" in given):
        raise Refused("the state of a UUID is not one int")
    if "is_safe" in given and not is_int(given["is_safe"], -1, 0):
        raise Refused("the state of a UUID is not one int")


def _uuid(args: Arguments, scene: Scene) -> object:
    if args:
        raise Refused("takes no arguments")
    scene.charge(COST)
    return InertRecord("uuid.UUID", (), _take_uuid)


def _new_record(kind: object, args: Arguments, scene: Scene) -> object:
    contract = listed(kind)
    if contract is None or not contract.record or contract.new is None:
        raise Refused("restores only records of a pack")
    return contract.new(args, scene)


def _reconstructor(args: Arguments, scene: Scene) -> object:
    """`copyreg._reconstructor(cls, object, None)`: how protocols 0 and 1 write a plain instance."""
    if len(args) == 3:
        kind, base, state = args
        plain_base = type(base) is GlobalRef and (base.module, base.name) == ("builtins", "object")
        if plain_base and state is None:
            return _new_record(kind, (), scene)
    raise Refused("restores only records of a pack, with object as base")


def _new_object(args: Arguments, scene: Scene) -> object:
    """`copyreg.__newobj__(cls)`: NEWOBJ, written as a call."""
    if not args:
        raise Refused("takes a class")
    return _new_record(args[0], args[1:], scene)


def _get_attribute(args: Arguments, _scene: Scene) -> object:
    """`getattr(Enum, "NAME")`: how Python 3.11 writes an enum member."""
    if len(args) == 2:
        kind, name = args
        contract = listed(kind)
        named = isinstance(name, str) and type(name) is str and MEMBER.fullmatch(name)
        if named and contract is not None and contract.enum and isinstance(kind, GlobalRef):
            return InertRecord(kind.path, (name,))
        if (
            named
            and isinstance(kind, GlobalRef)
            and kind.contract is None
            and gadget(kind.module, kind.name) is None
        ):
            return UNKNOWN  # an enum that no pack lists: its global is the finding
    raise Refused("reads only members of enums that a pack lists")


GETATTR = Contract(call=_get_attribute)
"""Listed only together with a pack that holds enums."""

_PATH = Contract(call=_path)

CONTRACTS: dict[Key, Contract] = {
    ("collections", "OrderedDict"): Contract(call=ordered_dict),
    ("collections", "defaultdict"): Contract(call=_default_dict),
    ("collections", "Counter"): Contract(call=_counter),
    ("collections", "deque"): Contract(call=_deque),
    ("collections", "UserDict"): record("collections.UserDict"),
    ("types", "SimpleNamespace"): Contract(call=_namespace),
    ("argparse", "Namespace"): record("argparse.Namespace"),
    ("uuid", "UUID"): Contract(new=_uuid, record=True),
    ("builtins", "set"): Contract(call=_set),
    ("builtins", "frozenset"): Contract(call=_frozenset),
    ("builtins", "complex"): Contract(call=_complex),
    ("builtins", "slice"): Contract(call=_slice),
    ("builtins", "range"): Contract(call=_range),
    ("builtins", "bytes"): Contract(call=_bytes),
    ("builtins", "bytearray"): Contract(call=_bytearray),
    ("_codecs", "encode"): Contract(call=_encode),
    ("decimal", "Decimal"): Contract(call=_decimal),
    ("datetime", "datetime"): Contract(call=_date_part(10, 2, 1, 12, "datetime.datetime")),
    ("datetime", "date"): Contract(call=_date_part(4, 2, 1, 12, "datetime.date")),
    ("datetime", "time"): Contract(call=_date_part(6, 0, 0, 23, "datetime.time")),
    ("datetime", "timedelta"): Contract(call=_timedelta),
    ("datetime", "timezone"): Contract(call=_timezone),
    ("copyreg", "_reconstructor"): Contract(call=_reconstructor),
    ("copyreg", "__newobj__"): Contract(call=_new_object),
}
CONTRACTS.update(
    {("builtins", name): TYPE_ONLY for name in ("object", "list", "dict", "int", "float", "str", "bool")}
)
CONTRACTS.update(
    {
        (module, name): _PATH
        for module in ("pathlib", "pathlib._local")
        for name in ("PosixPath", "WindowsPath", "PurePosixPath", "PureWindowsPath", "Path", "PurePath")
    }
)
