r"""The thirty opcodes that torch.save writes per tensor, taken in one step.

A state dict is the same sequence of opcodes for every tensor; only numbers differ. Matching it as one
regular expression gives what the loop in `pickle_machine` would have given opcode by opcode, and leaves
the same stack, memo, counts and storages behind (a test compares both on every stream it knows). Where
anything is not exactly as expected, nothing has been changed and the loop takes over.

    ( ( h'storage' h Type X key r. h'cpu' numel t r. Q    persistent id (before torch 1.6: numel N t)
    offset sizes r. strides r. flag                       range
    h OrderedDict ) R r. t r. R r.                        hooks, arguments, call
"""

from __future__ import annotations

import re
import struct
from typing import TYPE_CHECKING

from safeload.formats.pickle_contracts import Contract, Refused
from safeload.formats.pickle_contracts_plain import ordered_dict
from safeload.formats.pickle_contracts_torch import UNTYPED, check_extent
from safeload.formats.pickle_trace import GlobalRef, OrderedDictValue, StorageRef, TensorSpec

if TYPE_CHECKING:
    from safeload.formats.pickle_contracts import Scene

_INT = rb"(?:K.|M..|J...[\x00-\x7f])"
_DIMS = rb"(?:" + _INT + rb"{1,3}[\x85-\x87]|\(" + _INT + rb"{4,8}t)"
_TO_KEY = rb"\(h.h.X[\x01-\x14]\0\0\0([0-9]{1,20})r(....)h(.)(" + _INT + rb")"
_FROM_PID = (
    rb"tr(....)Q"
    rb"(" + _INT + _DIMS + rb")r(....)(" + _DIMS + rb")r....[\x88\x89]h.\)Rr....tr....Rr...."
)
_HEAD = struct.Struct("<xxBxBxI").unpack_from
_TAIL = struct.Struct("<IBxBxxxIxxIxxI")
_TAIL_AT = _TAIL.unpack_from
_PUTS = struct.Struct("<III").unpack

Shape = tuple[int, int, tuple[int, ...], tuple[int, ...], int]
"""Elements of the storage, offset, sizes, strides, opcodes of the three."""

_FIXED_OPCODES = 22
"""Opcodes behind the first MARK without the numbers of numel, offset, sizes and strides."""
_CACHED = 10_000


class TensorStep:
    """The step with what it has already decoded: most tensors of a model share a few shapes."""

    __slots__ = ("fixed_opcodes", "hooks", "legacy", "match", "shapes")

    def __init__(self, *, legacy: bool) -> None:
        self.legacy = legacy
        """Whether persistent ids have None for a sixth field, as before torch 1.6."""
        self.match = re.compile(_TO_KEY + b"N" * legacy + _FROM_PID, re.DOTALL).match
        self.fixed_opcodes = _FIXED_OPCODES + legacy
        self.hooks = OrderedDictValue()
        """One for all: empty, and sealed against writes, so nothing can tell it from many."""
        self.hooks.sealed = True
        self.shapes: dict[tuple[bytes, bytes, bytes], Shape] = {}

    def take(  # noqa: PLR0917 - positional for speed: once per tensor
        self, data: bytes, pos: int, end: int, memo: dict[int, object], scene: Scene, most_memo: int
    ) -> tuple[int, TensorSpec, int] | None:
        """Run the sequence that starts behind a MARK at `pos`.

        Returns:
            The position behind it, the tensor, and the number of opcodes; None where the bytes are not
            that sequence or something about them is unusual.
        """
        match = self.match(data, pos, end)
        if match is None:
            return None
        key, put_key, location_at, numel_raw, put_pid, sizes_raw, put_sizes, strides_raw = match.groups()
        tag_at, kind_at, key_size = _HEAD(data, pos)
        stop = match.end()
        put_strides, flag, hooks_at, put_hooks, put_args, put_tensor = _TAIL_AT(data, stop - _TAIL.size)
        key_index, pid_index, sizes_index = _PUTS(put_key + put_pid + put_sizes)
        location = memo.get(location_at[0])
        kind = memo.get(kind_at)
        hooks_type = memo.get(hooks_at)
        if (
            key_size != len(key)
            or memo.get(tag_at) != "storage"
            or location != "cpu"
            or type(location) is not str
            or type(kind) is not GlobalRef
            or type(hooks_type) is not GlobalRef
            or hooks_type.reduce is not ordered_dict
            or key_index > most_memo
            or pid_index > most_memo
            or sizes_index > most_memo
            or put_strides > most_memo
            or put_hooks > most_memo
            or put_args > most_memo
            or put_tensor > most_memo
        ):
            return None
        contract = kind.contract
        dtype = contract.storage if isinstance(contract, Contract) else None
        key_text = key.decode("ascii")
        if dtype is None or dtype == UNTYPED or key_text in scene.storages:
            return None
        shape = self.shapes.get((numel_raw, sizes_raw, strides_raw))
        if shape is None:
            shape = self._decode(numel_raw, sizes_raw, strides_raw, scene)
            if shape is None:
                return None
        numel, offset, sizes, strides, opcodes = shape
        requires_grad = flag == 0x88
        storage = tuple.__new__(StorageRef, (dtype, key_text, "cpu", numel))
        tensor = tuple.__new__(TensorSpec, (storage, dtype, offset, sizes, strides, requires_grad, False))
        hooks = self.hooks
        hooks_type.calls += 1
        scene.storages[key_text] = storage
        memo[key_index] = key_text
        pid = ("storage", kind, key_text, location, numel)
        memo[pid_index] = (*pid, None) if self.legacy else pid
        memo[sizes_index] = sizes
        memo[put_strides] = strides
        memo[put_hooks] = hooks
        memo[put_args] = (storage, offset, sizes, strides, requires_grad, hooks)
        memo[put_tensor] = tensor
        return stop, tensor, opcodes

    def _decode(self, numel_raw: bytes, sizes_raw: bytes, strides_raw: bytes, scene: Scene) -> Shape | None:
        """Numbers of a shape that was not seen before, once the extent was checked."""
        (numel,), _ = _numbers(numel_raw, b"")
        (offset, *sizes), sizes_opcode = _numbers(sizes_raw, b"(t\x85\x86\x87")
        strides, strides_opcode = _numbers(strides_raw, b"(t\x85\x86\x87")
        for count, opcode in ((len(sizes), sizes_opcode), (len(strides), strides_opcode)):
            if opcode != 0x74 and opcode != 0x84 + count:
                return None
        try:
            check_extent(offset, tuple(sizes), tuple(strides), numel, scene.tensor_rank)
        except Refused:
            return None
        marks = 2 * (sizes_opcode == 0x74) + (sizes_opcode != 0x74)
        marks += 2 * (strides_opcode == 0x74) + (strides_opcode != 0x74)
        opcodes = self.fixed_opcodes + len(sizes) + len(strides) + marks
        shape = (numel, offset, tuple(sizes), tuple(strides), opcodes)
        if len(self.shapes) < _CACHED:
            self.shapes[numel_raw, sizes_raw, strides_raw] = shape
        return shape


def _numbers(raw: bytes, others: bytes) -> tuple[list[int], int]:
    """The integers of a matched piece, and the last opcode that is none."""
    values: list[int] = []
    position, last = 0, 0
    while position < len(raw):
        code = raw[position]
        width = {0x4B: 1, 0x4D: 2, 0x4A: 4}.get(code, 0)
        if width:
            values.append(int.from_bytes(raw[position + 1 : position + 1 + width], "little"))
        elif code in others:
            last = code
        position += 1 + width
    return values, last
