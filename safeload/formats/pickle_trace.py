"""What the pickle machine found out about one stream, and the values that a stream is made of.

The machine (`pickle_machine.run_pickle`) never imports and never calls. Where CPython's unpickler would
hold an object, it holds one of these:

- a constant: None, bool, int, float, complex, str, bytes, as Python's own;
- tuple, list, dict, set, frozenset, bytearray, as Python's own; dict keys and set members are plain
  constants or short flat tuples of them;
- `OrderedDictValue`, `DefaultDictValue` and `DictRecord` (dicts), `DequeValue` (a list), `SizeValue` (a
  tuple of int), `TextValue` (a str, for paths and versions);
- `GlobalRef`, `StorageRef`, `TensorSpec`, `DtypeValue`, `DeviceValue`, `LayoutValue`, `ArrayValue`,
  `InertRecord`: frozen descriptions;
- `UNKNOWN`: what an unlisted or refused call gave back. An inert stream holds none.
"""

from __future__ import annotations

from enum import Enum
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NamedTuple

from safeload.record import record

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from safeload.errors import FormatError


class StreamStatus(Enum):
    """What is known about one stream, from best to worst in what it would do."""

    INERT = "inert"
    """Complete, and every global and every call is under a contract."""
    UNLISTED = "unlisted"
    """A global outside the contracts, or a listed callable used outside its contract."""
    DANGEROUS = "dangerous"
    """A known gadget. It wins over what else is wrong: CPython would have run it first."""
    MALFORMED = "malformed"
    """CPython would refuse it, or two readers would see different bytes."""
    LIMIT_EXCEEDED = "limit-exceeded"
    """It asks for more than a budget allows."""


class Unknown:
    """The result of a call that the machine did not follow."""

    __slots__ = ()


UNKNOWN: Final = Unknown()


class OrderedDictValue(dict[object, object]):
    """A `collections.OrderedDict`."""

    __slots__ = ("metadata", "sealed")

    def __init__(self) -> None:
        self.metadata: object = None
        """The `_metadata` that a module's state dict carries, or None."""
        self.sealed = False
        """True once it serves as the (empty) hooks of a tensor: nothing may enter it any more."""


class DefaultDictValue(dict[object, object]):
    """A `collections.defaultdict` or `collections.Counter`; the factory is not kept."""

    __slots__ = ()


class DequeValue(list[object]):
    """A `collections.deque`, with all that was appended; its bound is not kept."""

    __slots__ = ()


class SizeValue(tuple[int, ...]):
    """A `torch.Size`."""

    __slots__ = ()


class TextValue(str):
    """A path or a version: what it says, without its class."""

    __slots__ = ()


class GlobalRef:
    """A global as a value: never the object that it names."""

    __slots__ = ("calls", "contract", "module", "name", "reduce")

    def __init__(
        self, module: str, name: str, contract: object = None, reduce: Callable[..., object] | None = None
    ) -> None:
        self.module = module
        self.name = name
        self.contract = contract
        """For the machine: the `pickle_contracts.Contract` that lists it, or None."""
        self.reduce = reduce
        """For the machine: what answers for REDUCE, or None."""
        self.calls = 0
        """Calls under the contract."""

    @property
    def path(self) -> str:
        """`module.name`."""
        return f"{self.module}.{self.name}"


@record(kw_only=False, eq=False)
class DtypeValue:
    """A torch dtype."""

    name: str
    """A key of `tensors.ITEM_BITS`."""


@record(kw_only=False, eq=False)
class DeviceValue:
    """A `torch.device`."""

    kind: str
    index: int | None


@record(kw_only=False, eq=False)
class LayoutValue:
    """A `torch.layout`."""

    name: str


class StorageRef(NamedTuple):
    """A persistent id of torch: which storage, and what it must hold.

    A named tuple, since there may be many: whoever walks a value tests for it before tuple.
    """

    dtype: str
    """Torch dtype name; `uint8` for an UntypedStorage."""
    key: str
    """Decimal digits: names the member `data/<key>`."""
    location: str
    numel: int
    """Elements of `dtype`."""


class TensorSpec(NamedTuple):
    """A tensor as a strided range of a storage. The extent was checked against `storage.numel`.

    A named tuple, as StorageRef is.
    """

    storage: StorageRef
    dtype: str
    """Differs from the storage's where that is untyped."""
    offset: int
    """Elements of `dtype` from the start of the storage."""
    shape: tuple[int, ...]
    stride: tuple[int, ...]
    """Elements of `dtype`, as many as dimensions."""
    requires_grad: bool
    parameter: bool


class ArrayValue:
    """A numpy array, scalar or dtype while it is being built: filled by BUILD."""

    __slots__ = ("data", "dtype", "fields", "kind", "shape")

    def __init__(self, kind: str, dtype: str | None = None) -> None:
        self.kind = kind
        """`array`, `scalar` or `dtype`."""
        self.dtype = dtype
        """Kind and size as numpy writes them (`f8`), with the byte order once it is known (`<f8`)."""
        self.fields: tuple[tuple[str, str, int], ...] | None = None
        """Of a structured dtype (`V16`): name, dtype and offset of each field."""
        self.shape: tuple[int, ...] | None = None
        self.data: bytes | ObjectArray | None = None


class ObjectArray:
    """The members of an array of Python objects."""

    __slots__ = ("items",)

    def __init__(self, items: list[object]) -> None:
        self.items = items


class InertRecord:
    """An instance of a class that a pack or contract lists: its name and fields, nothing else.

    Records may refer to each other in circles, as objects do: whoever walks into one keeps count.
    """

    __slots__ = ("accepts", "args", "name", "state")

    def __init__(self, name: str, args: object, accepts: Callable[..., None] | None = None) -> None:
        self.name = name
        """`module.Class`."""
        self.args = args
        self.state: object = None
        """What BUILD brought, or None."""
        self.accepts = accepts
        """For the machine: what answers for BUILD (record, state, scene), or None."""


class DictRecord(dict[object, object]):
    """As InertRecord, for a subclass of dict: its items come by SETITEM."""

    __slots__ = ("accepts", "name", "state")

    def __init__(self, name: str, accepts: Callable[..., None] | None = None) -> None:
        super().__init__()
        self.name = name
        self.state: object = None
        self.accepts = accepts


@record(kw_only=False)
class GlobalUse:
    """A global that the stream imports, used or not: the import alone runs code in CPython."""

    module: str
    """As the unpickler resolves it: Python 2 names are translated as CPython translates them."""
    name: str
    offset: int
    """Byte of the first opcode that imports it."""
    opcode: str
    listed: bool
    """True where a contract, or a pack that is switched on, knows it."""
    gadget: str | None
    """What a known gadget does, in plain words, or None."""
    count: int = 1
    written: str | None = None
    """`module.name` as the stream writes it, where that differs."""


@record(kw_only=False)
class CallUse:
    """A call, or a write to an object, that no contract allows."""

    callable: str
    """`module.name`, or what is called in words."""
    opcode: str
    offset: int
    why: str
    gadget: str | None = None
    """What the callable does, in plain words, where it is a known gadget."""


@record(kw_only=False)
class Trace:
    """All that one pass over one stream established."""

    status: StreamStatus
    """Of the opcodes up to STOP. What stands behind STOP is `trailing`, for the caller to judge."""
    value: object
    """The final value of an inert stream, else None."""
    globals: tuple[GlobalUse, ...]
    """Distinct (module, name) in order of first use."""
    rejected_calls: tuple[CallUse, ...]
    calls: Mapping[str, int]
    """`module.name` of every listed callable that was called under its contract, and how often."""
    storages: Mapping[str, StorageRef]
    opcodes: int
    protocol: int
    end: int
    """Byte after STOP, or where the stream broke."""
    trailing: int
    """Bytes behind STOP."""
    error: FormatError | None = None
    """What stopped the machine before STOP, or spoilt the final value."""
    truncated_findings: int = 0
    """Unlisted globals and refused calls beyond the `pickle_findings` that are kept of each kind."""
    truncated_gadgets: int = 0
    """Known gadgets among them."""
    events: tuple[tuple[object, ...], ...] = ()
    """Every import and call in order, where they were asked for (tests only)."""

    @property
    def inert(self) -> bool:
        """True where the whole input is one inert stream."""
        return self.status is StreamStatus.INERT and self.trailing == 0


def state_dict_tensors(trace: Trace) -> Mapping[str, TensorSpec]:
    """The tensors under the top-level str keys of an inert stream's value, in file order.

    Nothing is unwrapped: a checkpoint that nests its state dict (`{"state_dict": {...}}`) yields none
    from inside, and a caller that wants them looks at `trace.value` itself.
    """
    if trace.status is not StreamStatus.INERT or not isinstance(trace.value, dict):
        return MappingProxyType({})
    return MappingProxyType(
        {key: item for key, item in trace.value.items() if type(key) is str and type(item) is TensorSpec}
    )
