"""Contracts: which globals a stream may name, and exactly how it may use them.

A contract answers for one (module, name). Its functions get abstract arguments and give back an abstract
value, or raise `Refused`; nothing is imported and nothing is called. What has no contract is unlisted,
and there is no rule by prefix: `torch.` alone holds dozens of ways to run code.

The families live in `pickle_contracts_plain`, `_torch`, `_torch_special`, `_sparse` and `_numpy`; inert
records (`pickle_records`) by exact name in `packs`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from safeload.formats.pickle_trace import GlobalRef
from safeload.record import record

if TYPE_CHECKING:
    from collections.abc import Callable

    from safeload.formats.pickle_trace import StorageRef

Arguments: TypeAlias = "tuple[object, ...]"
INT64_MAX = (1 << 63) - 1


class Refused(Exception):
    """A use that the contract does not allow. The text says why."""


class Scene:
    """What contract functions may look at and charge while one stream is interpreted."""

    __slots__ = ("budget", "data", "quantized", "read", "storages", "tensor_rank", "untyped")

    def __init__(
        self, tensor_rank: int, budget: int, read: Callable[[StorageRef], bytes | None] | None = None
    ) -> None:
        self.tensor_rank = tensor_rank
        self.budget = budget
        """Items and bytes that contracts may still copy: a few times the stream's own length."""
        self.storages: dict[str, StorageRef] = {}
        self.untyped: set[str] = set()
        """Keys of storages that are bytes without a dtype."""
        self.quantized: dict[str, str] = {}
        """Storage key to the quantised dtype of it."""
        self.read = read
        """Gives the bytes of a storage, where they are at hand: the indices of sparse tensors stand there."""
        self.data: dict[str, tuple[memoryview, int]] = {}
        """Storages of indices that were read, and how many of their elements may still be looked at."""

    def charge(self, amount: int) -> None:
        """Account for a copy of `amount` items or bytes before it is made.

        Raises:
            Refused: a short stream asks for large copies again and again.
        """
        self.budget -= amount
        if self.budget < 0:
            raise Refused("copies more data than the stream itself holds")


Call: TypeAlias = "Callable[[Arguments, Scene], object]"


@record(kw_only=False, eq=False)
class Contract:
    """How one global may be used. A field that is None is a use that is refused."""

    call: Call | None = None
    """Under REDUCE."""
    new: Call | None = None
    """Under NEWOBJ, with the class taken off the arguments."""
    value: object = None
    """What the global itself stands for, where it is a constant (a dtype)."""
    storage: str | None = None
    """Dtype name, where the global is a storage type inside a persistent id."""
    quantized: str | None = None
    """The same for the storage types of quantised tensors, which are no dtype of `tensors.ITEM_BITS`."""
    enum: bool = False
    """True for an enum class, whose members `getattr` may name."""
    record: bool = False
    """True for a class whose instances become inert records."""
    tensor_builder: bool = False
    """True for functions that `_rebuild_from_type_v2` may wrap."""
    tensor_type: bool = False
    """True for the types that `_rebuild_from_type_v2` may restore."""


Key: TypeAlias = "tuple[str, str]"


def listed(value: object) -> Contract | None:
    """The contract behind a global as a value, or None."""
    if type(value) is GlobalRef and isinstance(value.contract, Contract):
        return value.contract
    return None


def is_int(value: object, low: int = 0, high: int = INT64_MAX) -> bool:
    """True for an int (no bool) inside the bounds."""
    return type(value) is int and low <= value <= high


_PLAIN = frozenset({type(None), bool, int, float, complex, str, bytes})


def is_plain(value: object) -> bool:
    """True for a constant."""
    return type(value) in _PLAIN


def is_literal(value: object, scene: Scene) -> bool:
    """True for constants in tuples, lists, dicts and sets, each visited once per mention."""
    pending = [value]
    while pending:
        item = pending.pop()
        kind = type(item)
        if kind in _PLAIN:
            continue
        if kind in (tuple, list, set, frozenset):
            children = list(item)  # type: ignore[call-overload]  # one of four iterables, just compared
        elif kind is dict:
            children = list(item.values())  # type: ignore[attr-defined]  # a dict, just compared
        else:
            return False
        scene.charge(len(children) + 1)
        pending.extend(children)
    return True


def is_member(value: object) -> bool:
    """True for constants whose equality and digest in a set cannot be made expensive."""
    if type(value) is int:
        return -(1 << 60) < value < 1 << 60
    return value is None or type(value) in (str, bytes, bool)
