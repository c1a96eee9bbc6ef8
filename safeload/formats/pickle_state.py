"""The state of the pickle machine: stack, marks, memo, globals, calls, and what may be done to a value.

The opcodes are in `pickle_machine` (the frequent ones) and `pickle_handlers`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from safeload.formats import pickle_errors as wrong
from safeload.formats.joblib_wrapper import (
    OBJECT,
    ArrayWrapper,
    build_object_array,
    build_object_dtype,
    build_wrapper,
    contracts_with_joblib,
    is_object_array,
)
from safeload.formats.opcodes import OPCODES
from safeload.formats.pickle_contracts import Contract, Refused, Scene, is_member
from safeload.formats.pickle_contracts_numpy import build_array, build_dtype
from safeload.formats.pickle_contracts_torch import legacy_storage, persistent_storage
from safeload.formats.pickle_gadgets import gadget
from safeload.formats.pickle_python2 import canonical
from safeload.formats.pickle_text import decimal
from safeload.formats.pickle_trace import (
    UNKNOWN,
    ArrayValue,
    CallUse,
    DefaultDictValue,
    DequeValue,
    DictRecord,
    GlobalRef,
    GlobalUse,
    InertRecord,
    OrderedDictValue,
    TextValue,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from safeload.formats.pickle_trace import StorageRef
    from safeload.limits import Limits

_MARKS: Final = 10_000
"""Open marks. A pickler opens one or two per level of nesting, and gives up near a depth of 1000."""
_CHOSEN_KEYS: Final = 1_024
"""Dict keys and set members whose collisions can be chosen: tuples and long integers."""
_KEY_ITEMS: Final = 8
_SHORT_SETS: Final = 200_000
"""Sets of a stream of any length. Past them there is one per 24 bytes: a pickler writes six or more for one
with a member."""
_SET_BYTES: Final = 24
_NAME_SHOWN: Final = 512
"""Characters of a module or name that the trace keeps: a name may be as long as the stream."""
_CONSTANTS: Final = frozenset({type(None), bool, int, float, complex, str, bytes, tuple, frozenset})
"""Values that no opcode can change: writing to one raises in CPython."""

Persistent: TypeAlias = Literal["torch", "torch-legacy", "none"]
"""Which storages persistent ids refer to: those of a torch archive, of the stream format before it, none."""
_STORAGES: Final[Mapping[str, Callable[[object, Scene], object]]] = {
    "torch": persistent_storage,
    "torch-legacy": legacy_storage,
}

_LISTS: Final = frozenset({list, DequeValue})
_METADATA: Final = frozenset({OrderedDictValue, dict})

_NAMES: Final = {row.code: row.name for row in OPCODES}


class Use:
    """A global while it is counted."""

    __slots__ = ("count", "first", "ref")

    def __init__(self, first: GlobalUse, ref: object) -> None:
        self.first = first
        self.ref = ref
        self.count = 0


_DROPPED: Final = GlobalUse(module="", name="", offset=0, opcode="", listed=False, gadget=None)
"""Stands for the first use of a global that is one too many to be kept."""


class Machine:
    """The state of one run."""

    def __init__(
        self,
        data: bytes,
        limits: Limits,
        packs: frozenset[str],
        *,
        persistent: Persistent,
        start: int,
        log: bool,
        base: int = 0,
        objects: bool = False,
        read: Callable[[StorageRef], bytes | None] | None = None,
    ) -> None:
        self.data = data
        self.base = base
        """Where `data` stands in the artifact."""
        self.inline: Callable[[Machine, ArrayWrapper], object] | None = None
        """Reads the array behind a record of joblib, as joblib does; None: the record is the value."""
        self.limits = limits
        length = len(data) - start
        further = max(0, length - limits.pickle_short_bytes)
        self.most_opcodes = min(limits.pickle_opcodes, limits.pickle_short_opcodes + further // 2)
        self.most_memo = min(limits.pickle_memo, limits.pickle_short_memo + further // 4)
        self.sets = 0
        self.most_sets = _SHORT_SETS + length // _SET_BYTES
        self.contracts = contracts_with_joblib(packs, objects=objects)
        self.persistent_ids = persistent
        self.storage = _STORAGES.get(persistent)
        self.pos = start
        self.at = start
        """Byte of the opcode that runs."""
        self.end = len(data)
        """Where the current frame ends, or the data."""
        self.framed = False
        self.opcodes = 0
        self.protocol = 0
        self.stack: list[object] = []
        """What lies above the last mark."""
        self.below: list[list[object]] = []
        """What lies below each open mark."""
        self.memo: dict[int, object] = {}
        self.uses: dict[tuple[str, str], Use] = {}
        self.written: dict[tuple[str, str], Use] = {}
        self.rejected: list[CallUse] = []
        self.unlisted = 0
        self.known = 0
        """Unlisted globals that are known gadgets."""
        self.dropped = 0
        self.dropped_known = 0
        self.dangerous = False
        self.dangerous_call = False
        self.chosen_keys = 0
        self.events: list[tuple[object, ...]] | None = [] if log else None
        self.scene = Scene(
            tensor_rank=limits.tensor_rank,
            budget=min(4 * length + 65_536, limits.pickle_bytes),
            read=read,
        )

    # -- globals and calls -------------------------------------------------------------------------

    def find(self, module: str, name: str) -> object:
        """The value of a global: what `find_class` of the unpickler would import."""
        use = self.written.get((module, name)) or self._first_use(module, name)
        use.count += 1
        if self.events is not None:
            self.events.append(("global", use.first.module, use.first.name))
        return use.ref

    def _first_use(self, module: str, name: str) -> Use:
        written = (module, name)
        key = canonical(module, name) if self.protocol < 3 else written
        use = self.uses.get(key)
        if use is None:
            contract = self.contracts.get(key)
            words = None if contract is not None else gadget(*key)
            dropped = contract is None and self._is_dropped(words)
            if dropped and self.events is None:
                use = Use(_DROPPED, GlobalRef(*key))
            else:
                use = self._described(key, written, contract, words)
            if not dropped:
                self.uses[key] = use
        if len(self.written) <= 4 * self.limits.pickle_findings:
            self.written[written] = use
        return use

    def _described(
        self, key: tuple[str, str], written: tuple[str, str], contract: Contract | None, words: str | None
    ) -> Use:
        first = GlobalUse(
            module=key[0][:_NAME_SHOWN],
            name=key[1][:_NAME_SHOWN],
            offset=self.base + self.at,
            opcode=_NAMES[self.data[self.at]],
            listed=contract is not None,
            gadget=words,
            written=None if key == written else ".".join(written)[:_NAME_SHOWN],
        )
        if contract is not None and contract.value is not None:
            return Use(first, contract.value)
        return Use(first, GlobalRef(*key, contract, None if contract is None else contract.call))

    def _is_dropped(self, words: str | None) -> bool:
        """Count an unlisted global that is one too many to be kept; False where there is room.

        Gadgets are counted by themselves: no number of other globals in front hides one.
        """
        ahead = self.unlisted - self.known if words is None else self.known
        self.unlisted += 1
        self.known += words is not None
        self.dangerous |= words is not None
        if ahead < self.limits.pickle_findings:
            return False
        self.dropped += 1
        self.dropped_known += words is not None
        return True

    def reject(self, what: str, why: str, words: str | None = None) -> object:
        """Record a use that no contract allows, and give back what is known of its result.

        `words` say what it does, where that is what attacks do.
        """
        first = words is not None and not self.dangerous_call
        if first or len(self.rejected) < self.limits.pickle_findings:
            self.rejected.append(CallUse(what, _NAMES[self.data[self.at]], self.base + self.at, why, words))
        else:
            self.dropped += 1
        if words is not None:
            self.dangerous = self.dangerous_call = True
        return UNKNOWN

    def call(self, target: object, args: object, opcode: str) -> object:
        """What a call gives back, by the contract of what is called."""
        if type(args) is not tuple and args is not UNKNOWN:
            raise wrong.WrongOperand("the arguments of a call are no tuple", offset=self.at)
        if type(target) is not GlobalRef:
            if type(target) in _CONSTANTS or isinstance(target, (list, dict, set)):
                raise wrong.WrongOperand(f"calls {describe(target)}", offset=self.at)
            return self.reject(describe(target), "what is called is no global")
        if self.events is not None:
            self.events.append((opcode, target.module, target.name))
        contract = target.contract
        if not isinstance(contract, Contract):
            return UNKNOWN
        use = contract.new if opcode == "NEWOBJ" else contract.call if opcode == "REDUCE" else None
        if use is None:
            return self.refuse(target, f"the contract does not allow {opcode}")
        if not isinstance(args, tuple):
            return self.refuse(target, "the arguments are the result of another call")
        try:
            value = use(args, self.scene)
        except Refused as refusal:
            return self.refuse(target, str(refusal))
        target.calls += 1
        return value

    def refuse(self, target: GlobalRef, why: str) -> object:
        """Record a call outside its contract; on a known gadget it is what attacks do."""
        return self.reject(target.path, why, gadget(target.module, target.name))

    def persistent(self, pid: object) -> object:
        """What `persistent_load` would give back."""
        if self.events is not None:
            self.events.append(("persistent",))
        if self.storage is None:
            return self.reject("a persistent id", "only a torch checkpoint has storages to refer to")
        try:
            return self.storage(pid, self.scene)
        except Refused as refusal:
            return self.reject("a persistent id", str(refusal))

    def count_set(self) -> None:
        """Account for a set, which takes 216 bytes of memory for one byte of stream.

        Raises:
            TooManySets: more of them than a stream of this length has.
        """
        self.sets += 1
        if self.sets > self.most_sets:
            raise wrong.TooManySets("more sets than the length of the stream explains", offset=self.at)

    def check_sizes(self) -> None:
        """Bound stack and memo.

        Raises:
            StackTooLarge: more values or marks than any pickler leaves there.
            MemoTooLarge: more entries than a stream of this length has.
        """
        if len(self.memo) > self.most_memo:
            raise wrong.MemoTooLarge(f"the memo holds more than {self.most_memo} values")
        most = self.limits.pickle_stack
        if len(self.below) > _MARKS or sum(map(len, self.below)) + len(self.stack) > most:
            raise wrong.StackTooLarge(f"the stack holds more than {most} values or {_MARKS} marks")

    # -- arguments ---------------------------------------------------------------------------------

    def take(self, length: int) -> bytes:
        """The next bytes of the stream. The length is checked before anything is copied."""
        stop = self.pos + length
        if stop > self.end:
            if self.end < len(self.data):
                raise wrong.FrameViolation("an opcode crosses the end of its frame", offset=self.at)
            raise wrong.StreamTruncated(f"an argument of {length} bytes reaches past the end", offset=self.at)
        taken = self.data[self.pos : stop]
        self.pos = stop
        return taken

    def number(self, width: int) -> int:
        """The next unsigned little-endian number."""
        return int.from_bytes(self.take(width), "little")

    def counted(self, width: int) -> bytes:
        """The next bytes behind their length."""
        return self.take(self.number(width))

    def line(self) -> bytes:
        """The next bytes up to a newline, without it."""
        stop = self.data.find(b"\n", self.pos, self.end)
        if stop < 0:
            self.pos = self.end
            raise wrong.StreamTruncated("a text argument has no newline", offset=self.at)
        taken = self.data[self.pos : stop]
        self.pos = stop + 1
        return taken

    def index(self) -> int:
        """A memo index in decimal."""
        index = decimal(self.line(), 20, self.at)
        if index < 0:
            raise wrong.BadArgument("a memo index is negative", offset=self.at)
        return index

    def pop_mark(self) -> list[object]:
        """What lies above the last mark, which is taken away."""
        items = self.stack
        self.stack = self.below.pop()
        return items

    # -- containers --------------------------------------------------------------------------------

    def key(self, value: object) -> bool:
        """True where a value may serve as dict key or set member.

        Raises:
            UnhashableKey: CPython would raise, too.
            TooManyKeys: too many whose collisions can be chosen.
        """
        if is_member(value) or type(value) is float:
            return True
        kind = type(value)
        if isinstance(value, GlobalRef) and isinstance(value.contract, Contract) and value.contract.record:
            return True  # Lightning before 1.5 keeps the state of a callback under its class
        if kind in (list, dict, set, bytearray, OrderedDictValue, DefaultDictValue):
            raise wrong.UnhashableKey("a mutable value is used as a key", offset=self.at)
        if kind is int or (
            isinstance(value, tuple)
            and kind is tuple
            and len(value) <= _KEY_ITEMS
            and all(is_member(item) or type(item) is float for item in value)
        ):
            self.chosen_keys += 1
            if self.chosen_keys > _CHOSEN_KEYS:
                raise wrong.TooManyKeys(f"more than {_CHOSEN_KEYS} tuples or long integers are keys")
            return True
        if value is not UNKNOWN:
            self.reject(describe(value), "is used as a key")
        return False

    def set_items(self, target: object, items: list[object]) -> None:
        """SETITEM and SETITEMS."""
        kind = type(target)
        if len(items) % 2:
            raise wrong.OddItems("a key has no value", offset=self.at)
        if kind is OrderedDictValue and isinstance(target, OrderedDictValue):
            if target.sealed:
                self.reject("collections.OrderedDict", "the hooks of a tensor are written to")
                return
        elif kind is not dict and kind is not DefaultDictValue and kind is not DictRecord:
            self.write(target)
            return
        if isinstance(target, dict):
            self.set_dict_items(target, items)

    def set_dict_items(self, target: dict[object, object], items: list[object]) -> None:
        """SETITEMS on a plain dict."""
        if len(items) % 2:
            raise wrong.OddItems("a key has no value", offset=self.at)
        pairs = iter(items)
        for key, value in zip(pairs, pairs, strict=True):
            if type(key) is str or self.key(key):
                target[key] = value  # noqa: PERF403 - a comprehension costs more for a few items

    def write(self, target: object) -> None:
        """An opcode that puts items into something that is no container of ours."""
        if type(target) in _CONSTANTS:
            raise wrong.WrongOperand(f"puts items into {describe(target)}", offset=self.at)
        if target is not UNKNOWN:
            self.reject(describe(target), "items are put into it")

    def extend(self, target: object, items: list[object]) -> None:
        """APPEND and APPENDS."""
        if isinstance(target, list) and type(target) in _LISTS:
            target.extend(items)
        else:
            self.write(target)

    def members(self, items: Iterable[object]) -> list[object]:
        """The items that may stand in a set."""
        return [item for item in items if type(item) is str or self.key(item)]

    def build(self, target: object, state: object) -> None:
        """BUILD: fields of a record, metadata of a state dict, content of an array."""
        if self.events is not None:
            self.events.append(("BUILD",))
        if target is UNKNOWN:
            return
        try:
            self._build(target, state)
        except Refused as refusal:
            self.reject(describe(target), str(refusal))

    def _build(self, target: object, state: object) -> None:
        if state is UNKNOWN:
            raise Refused("the state is the result of another call")
        if isinstance(target, OrderedDictValue):
            more = not isinstance(state, dict) or type(state) is not dict or set(state) != {"_metadata"}
            metadata = None if more or not isinstance(state, dict) else state["_metadata"]
            if target.sealed or type(metadata) not in _METADATA:
                raise Refused("BUILD brings more than _metadata")
            target.metadata = metadata
        elif isinstance(target, ArrayValue) and target.kind == "dtype":
            if target.dtype == OBJECT:
                build_object_dtype(state)
            else:
                build_dtype(target, state)
        elif isinstance(target, ArrayValue) and target.kind == "array":
            if isinstance(state, tuple) and is_object_array(state):
                build_object_array(target, state, self.scene)
            else:
                build_array(target, state, self.scene)
        elif isinstance(target, ArrayWrapper):
            build_wrapper(target, state)
        elif isinstance(target, (InertRecord, DictRecord)):
            if target.accepts is None or target.state is not None:
                raise Refused("BUILD brings a state where none belongs, or a second one")
            target.accepts(target, state, self.scene)
            target.state = state
        elif isinstance(target, TextValue) and type(state) is dict and not state:
            return  # the empty __dict__ of a version, as Python before 3.11 writes it
        elif type(target) in _CONSTANTS:
            raise wrong.WrongOperand(f"BUILD on {describe(target)}", offset=self.at)
        else:
            raise Refused("no contract allows BUILD on it")


def describe(value: object) -> str:
    """What a value is, in the words of a message."""
    if isinstance(value, GlobalRef):
        return value.path[: 2 * _NAME_SHOWN]
    if isinstance(value, (InertRecord, DictRecord)):
        return f"a record of {value.name}"
    if isinstance(value, OrderedDictValue):
        return "collections.OrderedDict"
    if value is UNKNOWN:
        return "the result of another call"
    if value is None:
        return "None"
    return f"a {type(value).__name__}"
