"""An abstract interpreter for pickle streams, protocols 0 to 5.

It keeps stack, marks, memo and frames as the C unpickler of CPython 3.11 to 3.14 does
(https://github.com/python/cpython/blob/3.14/Modules/_pickle.c), with the values of `pickle_trace` in the
place of objects. It never imports and never calls: a global is a name, a call is a question to its
contract. One pass, no recursion, every budget checked before the memory is taken.

Where it differs from CPython it is stricter, and ends as MALFORMED:

- frames: the C unpickler reads a frame ahead and then forgets about it, so that a reader from a file and
  one from memory may see different bytes. Here an opcode inside a frame ends inside it, frames do not
  nest, and STOP is the last byte of its frame.
- text forms of numbers (INT, LONG, FLOAT, GET, PUT) are plain decimal: no `0x`, `_`, blanks or `+`.
- STRING and BINSTRING hold ASCII only, whatever encoding the loader would be told to use.
- dict keys and set members are constants of bounded size, or short flat tuples of them, so that an
  attacker cannot choose keys that collide.

An unlisted global does not stop the machine: what it gives back is `UNKNOWN`, on which everything is
allowed, so that the report names all of a stream's imports and calls. CPython would have run those in
front of a break, therefore they win over the break in the trace's status.
"""

from __future__ import annotations

import struct
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from safeload.errors import FormatError, LimitExceeded
from safeload.formats import pickle_errors as wrong
from safeload.formats.opcodes import BY_NAME
from safeload.formats.pickle_contracts import Refused
from safeload.formats.pickle_contracts_torch import rebuild_tensor_v2
from safeload.formats.pickle_fast import TensorStep
from safeload.formats.pickle_handlers import HANDLERS
from safeload.formats.pickle_state import Machine
from safeload.formats.pickle_trace import GlobalRef, GlobalUse, StreamStatus, Trace
from safeload.formats.pickle_value import check_value

if TYPE_CHECKING:
    from collections.abc import Callable

    from safeload.formats.pickle_state import Persistent, Use
    from safeload.formats.pickle_trace import StorageRef
    from safeload.limits import Limits

_U2 = struct.Struct("<H").unpack_from
_U4 = struct.Struct("<I").unpack_from
_I4 = struct.Struct("<i").unpack_from
_F8 = struct.Struct(">d").unpack_from

_SLICE: Final = 4_096
"""Opcodes between two looks at the size of the stack."""
_ONE_BYTE: Final = frozenset(
    BY_NAME[name].code for name in ("BININT1", "BINGET", "BINPUT", "SHORT_BINUNICODE")
)
"""Opcodes of the loop whose argument is read by index."""
_TO_MARK: Final = frozenset(
    BY_NAME[name].code
    for name in (
        "TUPLE", "LIST", "DICT", "SETITEMS", "APPENDS", "ADDITEMS", "FROZENSET", "POP_MARK", "INST",
        "OBJ",
    )
)  # fmt: skip


def interpret(machine: Machine, *, use_fast: bool) -> object:
    """Interpret up to STOP and give back the final value.

    What else than an error ends it, may go on later: the state is the machine's.

    Raises:
        FormatError: the stream breaks, or exceeds a budget.
    """
    data = machine.data
    size = end = len(data)
    pos = at = machine.pos
    stack, below, memo = machine.stack, machine.below, machine.memo
    scene, log = machine.scene, machine.events
    most_opcodes, most_memo = machine.most_opcodes, machine.most_memo
    opcodes, more = 0, machine.opcodes
    fast = None
    if use_fast and log is None and machine.storage is not None:
        fast = TensorStep(legacy=machine.persistent_ids == "torch-legacy")
    try:
        while True:
            machine.stack = stack
            machine.check_sizes()
            if opcodes + more >= most_opcodes:
                raise wrong.TooManyOpcodes(f"more than {most_opcodes} opcodes in a stream of this length")
            for opcodes in range(opcodes + 1, min(opcodes + _SLICE, most_opcodes - more) + 1):  # noqa: B020 - counts for free
                if pos >= end:
                    if pos > end:
                        if end < size:
                            raise wrong.FrameViolation("an opcode crosses the end of its frame")
                        raise wrong.StreamTruncated("the stream ends inside an opcode")
                    machine.framed = False
                    machine.end = end = size
                    if pos >= size:
                        raise wrong.StreamTruncated("the stream ends before STOP")
                at = pos
                code = data[pos]
                pos += 1
                if code > 0x67:
                    if code == 0x72:  # LONG_BINPUT
                        (index,) = _U4(data, pos)
                        if index > most_memo:
                            raise wrong.MemoTooLarge(f"puts into the memo at index {index}")
                        memo[index] = stack[-1]
                        pos += 4
                    elif code == 0x68:  # BINGET
                        stack.append(memo[data[pos]])
                        pos += 1
                    elif code == 0x71:  # BINPUT
                        memo[data[pos]] = stack[-1]
                        pos += 1
                    elif code == 0x94:  # MEMOIZE
                        memo[len(memo)] = stack[-1]
                    elif code == 0x74:  # TUPLE
                        items = stack
                        stack = below.pop()
                        stack.append(tuple(items))
                    elif code == 0x75 and type(below[-1][-1]) is dict:  # SETITEMS
                        items = stack
                        stack = below.pop()
                        machine.at = at
                        machine.set_dict_items(stack[-1], items)  # type: ignore[arg-type]  # a dict, as said
                    elif code == 0x7D:  # EMPTY_DICT
                        stack.append({})
                    elif code == 0x86:  # TUPLE2
                        last = stack.pop()
                        stack[-1] = (stack[-1], last)
                    elif code == 0x85:  # TUPLE1
                        stack[-1] = (stack[-1],)
                    elif code == 0x6A:  # LONG_BINGET
                        stack.append(memo[_U4(data, pos)[0]])
                        pos += 4
                    elif code == 0x89:  # NEWFALSE
                        stack.append(False)
                    elif code == 0x8C:  # SHORT_BINUNICODE
                        stop = pos + 1 + data[pos]
                        stack.append(data[pos + 1 : stop].decode("utf-8", "surrogatepass"))
                        pos = stop
                    elif code == 0x88:  # NEWTRUE
                        stack.append(True)
                    elif code == 0x87:  # TUPLE3
                        last = stack.pop()
                        middle = stack.pop()
                        stack[-1] = (stack[-1], middle, last)
                    else:
                        machine.at, machine.pos, machine.stack = at, pos, stack
                        HANDLERS[code](machine)
                        pos, stack, end = machine.pos, machine.stack, machine.end
                elif code == 0x4B:  # BININT1
                    stack.append(data[pos])
                    pos += 1
                elif code == 0x28:  # MARK
                    target = stack[-1] if stack else None
                    if (
                        type(target) is GlobalRef
                        and target.reduce is rebuild_tensor_v2
                        and fast is not None
                        and opcodes + more < most_opcodes - 64
                    ):
                        step = fast.take(data, pos, end, memo, scene, most_memo)
                        if step is not None:
                            pos, stack[-1], count = step
                            target.calls += 1
                            more += count
                            continue
                    below.append(stack)
                    stack = []
                elif code == 0x52:  # REDUCE
                    args = stack.pop()
                    target = stack[-1]
                    if (
                        type(target) is GlobalRef
                        and type(args) is tuple
                        and target.reduce is not None
                        and log is None
                    ):
                        try:
                            stack[-1] = target.reduce(args, scene)
                        except Refused as refusal:
                            machine.at = at
                            stack[-1] = machine.refuse(target, str(refusal))
                        else:
                            target.calls += 1
                    else:
                        machine.at = at
                        stack[-1] = machine.call(target, args, "REDUCE")
                elif code == 0x58:  # BINUNICODE
                    stop = pos + 4 + _U4(data, pos)[0]
                    stack.append(data[pos + 4 : stop].decode("utf-8", "surrogatepass"))
                    pos = stop
                elif code == 0x51:  # BINPERSID
                    machine.at = at
                    stack[-1] = machine.persistent(stack[-1])
                elif code == 0x47:  # BINFLOAT
                    stack.append(_F8(data, pos)[0])
                    pos += 8
                elif code == 0x5D:  # EMPTY_LIST
                    stack.append([])
                elif code == 0x29:  # EMPTY_TUPLE
                    stack.append(())
                elif code == 0x4D:  # BININT2
                    stack.append(_U2(data, pos)[0])
                    pos += 2
                elif code == 0x4A:  # BININT
                    stack.append(_I4(data, pos)[0])
                    pos += 4
                elif code == 0x4E:  # NONE
                    stack.append(None)
                elif code == 0x2E:  # STOP
                    value = stack.pop()
                    if machine.framed and pos != end:
                        raise wrong.FrameViolation("STOP leaves its frame open")
                    return value
                else:
                    machine.at, machine.pos, machine.stack = at, pos, stack
                    HANDLERS[code](machine)
                    pos, stack, end = machine.pos, machine.stack, machine.end
    except IndexError:
        if pos >= size and data[at] in _ONE_BYTE:
            raise wrong.StreamTruncated("the stream ends inside an opcode", offset=at) from None
        if not below and data[at] in _TO_MARK:
            raise wrong.MarkMissing("no mark is open", offset=at) from None
        raise wrong.StackUnderflow("takes a value that is not above the last mark", offset=at) from None
    except KeyError:
        raise wrong.MemoMissing("the memo holds nothing at that index", offset=at) from None
    except struct.error:
        raise wrong.StreamTruncated("the stream ends inside an opcode", offset=at) from None
    except UnicodeDecodeError:
        raise wrong.BadArgument("a text is not UTF-8", offset=at) from None
    except FormatError as error:
        if error.offset is None:
            error.offset = at
        raise
    finally:
        machine.at, machine.pos, machine.stack, machine.opcodes = at, pos, stack, opcodes + more


def run_pickle(
    data: bytes,
    limits: Limits,
    *,
    packs: frozenset[str] = frozenset(),
    persistent: Persistent = "none",
    start: int = 0,
    log: bool = False,
    fast: bool = True,
    base: int = 0,
    objects: bool = False,
    read: Callable[[StorageRef], bytes | None] | None = None,
) -> Trace:
    """Interpret the stream that starts at byte `start`.

    Nothing is raised for any bytes: what was wrong is the trace's `error`.

    Args:
        data: the whole artifact; offsets in the trace count from its first byte.
        limits: the budgets.
        packs: names of the packs of inert records that the policy switches on.
        persistent: whose storages persistent ids refer to: `torch` for those of a torch archive.
        start: where the stream begins.
        base: where `data` stands in the artifact; offsets in the trace count from there.
        objects: whether arrays of Python objects are listed, as in files of joblib.
        fast: take the opcodes of one tensor in one step where they are the usual ones.
        read: gives the bytes of a storage, for the indices of sparse tensors; without it these are refused.
        log: keep every import and call in order in `Trace.events` (for tests; slower).
    """
    machine = Machine(
        data,
        limits,
        packs,
        persistent=persistent,
        start=start,
        log=log,
        base=base,
        objects=objects,
        read=read,
    )
    error: FormatError | None = None
    value: object = None
    stopped = False
    try:
        if len(data) - start > limits.pickle_bytes:
            raise wrong.StreamTooLarge(f"the stream has more than {limits.pickle_bytes} bytes", offset=start)
        value = interpret(machine, use_fast=fast)
        stopped = True
        if not machine.unlisted and not machine.rejected:
            function = check_value(value, limits)
            if function is not None:
                machine.refuse(function, "the value holds it: a function, where only classes and data belong")
    except FormatError as caught:
        error = caught
        if base and error.offset is not None:
            error.offset += base
    return traced(machine, value, error, len(data) - machine.pos if stopped else 0)


def traced(machine: Machine, value: object, error: FormatError | None, trailing: int) -> Trace:
    """The trace of a run that came to its end, or to an error."""
    if machine.dangerous:
        status = StreamStatus.DANGEROUS
    elif machine.unlisted or machine.rejected:
        status = StreamStatus.UNLISTED
    elif isinstance(error, LimitExceeded):
        status = StreamStatus.LIMIT_EXCEEDED
    elif error is not None:
        status = StreamStatus.MALFORMED
    else:
        status = StreamStatus.INERT
    uses = tuple(machine.uses.values())
    return Trace(
        status=status,
        value=value if status is StreamStatus.INERT else None,
        globals=tuple(_counted(use) for use in uses),
        rejected_calls=tuple(machine.rejected),
        calls=MappingProxyType(
            {use.ref.path: use.ref.calls for use in uses if isinstance(use.ref, GlobalRef) and use.ref.calls}
        ),
        storages=MappingProxyType(machine.scene.storages),
        opcodes=machine.opcodes,
        protocol=machine.protocol,
        end=machine.base + min(machine.pos, len(machine.data)),
        trailing=trailing,
        error=error,
        truncated_findings=machine.dropped,
        truncated_gadgets=machine.dropped_known,
        events=tuple(machine.events or ()),
    )


def _counted(use: Use) -> GlobalUse:
    first = use.first
    return GlobalUse(
        module=first.module,
        name=first.name,
        offset=first.offset,
        opcode=first.opcode,
        listed=first.listed,
        gadget=first.gadget,
        count=use.count,
        written=first.written,
    )
