"""The pack `numpy`: arrays, scalars and dtypes (`pickle_contracts_numpy`), and states of random generators.

A generator is a record, and its state is held to what one of that kind can have: blocks of so many words,
and positions inside them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.formats.pickle_contracts import Contract, Refused, is_int, listed
from safeload.formats.pickle_contracts_numpy import CONTRACTS
from safeload.formats.pickle_records import TYPE_ONLY
from safeload.formats.pickle_trace import ArrayValue, GlobalRef, InertRecord

if TYPE_CHECKING:
    from safeload.formats.pickle_contracts import Arguments, Key, Scene

_PICKLE = "numpy.random._pickle"
_SEED = "numpy.random.bit_generator.SeedSequence"
_CLASSES = {
    "MT19937": "numpy.random._mt19937",
    "PCG64": "numpy.random._pcg64",
    "PCG64DXSM": "numpy.random._pcg64",
    "Philox": "numpy.random._philox",
    "SFC64": "numpy.random._sfc64",
}
_TYPES = (
    "bool_ bool int8 int16 int32 int64 uint8 uint16 uint32 uint64 float16 float32 float64 complex64 "
    "complex128 str_ bytes_ intc uintc intp longlong ulonglong longdouble"
)
"""Scalar types, which stand in fields as a choice of dtype."""
_WIDE = (1 << 128) - 1
_POOL = 64


def _is_words(value: object, dtype: str, count: int) -> bool:
    return (
        isinstance(value, ArrayValue)
        and value.kind == "array"
        and value.shape == (count,)
        and value.dtype in (f"<{dtype}", f"={dtype}", dtype)
    )


def _is_state(name: str, state: object) -> bool:
    """Whether the inner state is one that the generator of that name can have."""
    if not isinstance(state, dict) or type(state) is not dict or len(state) > 2:
        return False
    if name == "MT19937":
        return (
            set(state) == {"key", "pos"}
            and _is_words(state["key"], "u4", 624)
            and is_int(state["pos"], 0, 624)
        )
    if name == "Philox":
        words = _is_words(state.get("counter"), "u8", 4) and _is_words(state.get("key"), "u8", 2)
        return set(state) == {"counter", "key"} and words
    if name == "SFC64":
        return set(state) == {"state"} and _is_words(state["state"], "u8", 4)
    return set(state) == {"state", "inc"} and all(is_int(item, 0, _WIDE) for item in state.values())


_EXTRA = {
    "has_uint32": lambda value: is_int(value, 0, 1),
    "uinteger": lambda value: is_int(value, 0, (1 << 32) - 1),
    "buffer": lambda value: _is_words(value, "u8", 4),
    "buffer_pos": lambda value: is_int(value, 0, 4),
    "has_gauss": lambda value: is_int(value, 0, 1),
    "gauss": lambda value: type(value) is float,
}


def _check_generator(name: str, state: object) -> None:
    if not isinstance(state, dict) or type(state) is not dict or state.get("bit_generator") != name:
        raise Refused("the state is not one of this random generator")
    if not _is_state(name, state.get("state")):
        raise Refused("the inner state is none of this random generator")
    for key, value in state.items():
        if key not in ("bit_generator", "state") and not (key in _EXTRA and _EXTRA[str(key)](value)):
            raise Refused("the state holds more than the random generator's own fields")


def _take_bits(target: InertRecord, state: object, _scene: Scene) -> None:
    """State of a bit generator: a dict, from numpy 1.24 on with the seed sequence behind it."""
    if isinstance(state, tuple) and type(state) is tuple and len(state) == 2:
        state, seed = state
        if seed is not None and not (isinstance(seed, InertRecord) and seed.name == _SEED):
            raise Refused("the second half of the state is no seed sequence")
    _check_generator(target.name.rpartition(".")[2], state)


def _bit_generator(args: Arguments, _scene: Scene) -> object:
    """`__bit_generator_ctor(class or name)`."""
    kind = args[0] if len(args) == 1 else None
    name = kind if type(kind) is str else kind.name if isinstance(kind, GlobalRef) else ""
    module = _CLASSES.get(str(name))
    if module is None or (isinstance(kind, GlobalRef) and kind.module != module):
        raise Refused("takes one of numpy's own bit generators")
    return InertRecord(f"{module}.{name}", (), _take_bits)


def _take_legacy(target: InertRecord, state: object, _scene: Scene) -> None:
    """State of a RandomState or Generator, which goes to its bit generator."""
    args = target.args
    if isinstance(state, tuple) and type(state) is tuple and len(state) == 5:
        name, key, pos, has_gauss, gauss = state
        state = {
            "bit_generator": name,
            "state": {"key": key, "pos": pos},
            "has_gauss": has_gauss,
            "gauss": gauss,
        }
    inner = args[0] if isinstance(args, tuple) and args else "MT19937"
    name = inner.name.rpartition(".")[2] if isinstance(inner, InertRecord) else str(inner)
    _check_generator(name, state)


def _owner(path: str) -> Contract:
    """`__generator_ctor` and `__randomstate_ctor`: a bit generator, or a name and what makes one of it."""

    def call(args: Arguments, _scene: Scene) -> object:
        kind = args[0] if args else "MT19937"
        made = isinstance(kind, InertRecord) and kind.name in _PATHS
        named = type(kind) is str and kind in _CLASSES
        if len(args) > 2 or not (made or named):
            raise Refused("takes one of numpy's own bit generators")
        if len(args) == 2:
            maker = args[1]
            contract = listed(maker)
            if contract is None or contract.call is not _bit_generator:
                raise Refused("the second argument makes something other than a bit generator")
        return InertRecord(path, args[:1], _take_legacy)

    return Contract(call=call)


def _old(args: Arguments, _scene: Scene) -> object:
    """`__RandomState_ctor()` of numpy before 1.17, which knew one bit generator."""
    if args:
        raise Refused("takes no arguments")
    return InertRecord("numpy.random.RandomState", (), _take_legacy)


def _take_seed(_target: InertRecord, state: object, scene: Scene) -> None:
    """State of a seed sequence: entropy, children, pool, size of the pool, key."""
    if isinstance(state, tuple) and type(state) is tuple and len(state) == 5:
        entropy, children, pool, size, key = state
        if (
            is_int(children)
            and is_int(size, 1, _POOL)
            and isinstance(size, int)
            and _is_words(pool, "u4", size)
            and _are_words(entropy, scene)
            and _are_words(key, scene)
        ):
            return
    raise Refused("the state is not that of a seed sequence")


def _are_words(value: object, scene: Scene) -> bool:
    """An int, None, or a sequence of ints of any size that a stream may hold."""
    if isinstance(value, (tuple, list)) and type(value) in (tuple, list):
        scene.charge(len(value))
        return all(type(item) is int and item >= 0 for item in value)
    if isinstance(value, ArrayValue):  # an integer that came from another generator
        return (
            value.kind == "scalar"
            and value.dtype is not None
            and value.dtype[-2:] in ("i4", "i8", "u4", "u8")
        )
    return value is None or (type(value) is int and value >= 0)


def _seed(args: Arguments, _scene: Scene) -> object:
    """`__pyx_unpickle_SeedSequence(SeedSequence, checksum, None)`."""
    kind = args[0] if len(args) == 3 else None
    if isinstance(kind, GlobalRef) and kind.path == _SEED and args[2] is None:
        if not is_int(args[1], 0, (1 << 32) - 1):
            raise Refused("the checksum is no number")
        return InertRecord(_SEED, (), _take_seed)
    raise Refused("takes SeedSequence, a number and None")


_PATHS = frozenset(f"{module}.{name}" for name, module in _CLASSES.items())


def contracts() -> dict[Key, Contract]:
    """The contracts of the pack."""
    found = dict(CONTRACTS)
    found |= {(module, name): TYPE_ONLY for name, module in _CLASSES.items()}
    found |= {("numpy", name): TYPE_ONLY for name in _TYPES.split()}
    found[_PICKLE, "__bit_generator_ctor"] = Contract(call=_bit_generator)
    found[_PICKLE, "__generator_ctor"] = _owner("numpy.random.Generator")
    found[_PICKLE, "__randomstate_ctor"] = _owner("numpy.random.RandomState")
    found["numpy.random", "__RandomState_ctor"] = Contract(call=_old)
    for module in ("numpy.random.bit_generator", "numpy.random._bit_generator"):
        found[module, "__pyx_unpickle_SeedSequence"] = Contract(call=_seed)
    found["numpy.random.bit_generator", "SeedSequence"] = TYPE_ONLY
    return found
