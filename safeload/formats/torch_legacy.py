"""Torch's format before 1.6, which `torch.save(..., _use_new_zipfile_serialization=False)` still writes.

    five pickles        magic number, protocol version, system information, the object, storage keys
    storage table       per key: number of elements as int64, then the elements, little-endian

Guarantees: the four pickles around the object are literals without any global, each storage that the
object names is in the table once and of exactly its size, and the table ends where the file ends. A
tensor is a range of the file's own bytes. Data is not read here.

The grammar was measured on what torch 2.13 writes; torch's own reader (`_legacy_load` in
https://github.com/pytorch/pytorch/blob/main/torch/serialization.py) is more lenient: it ignores system
information, bytes behind the table and storages that the table lacks. In one point it is stricter: it
cannot read the untyped storages (uint16, float8) that its writer writes. They have one reading only.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from safeload.errors import FormatError, LimitExceeded
from safeload.formats.pickle_errors import FrameViolation, StreamTruncated
from safeload.formats.pickle_machine import run_pickle
from safeload.formats.pickle_trace import StreamStatus
from safeload.formats.tensors import ITEM_BITS
from safeload.formats.torch_tensors import place_tensors
from safeload.record import record, replace

if TYPE_CHECKING:
    from collections.abc import Mapping

    from safeload.core import View
    from safeload.formats.pickle_state import Persistent
    from safeload.formats.pickle_trace import StorageRef, Trace
    from safeload.formats.tensors import TensorEntry
    from safeload.limits import Limits

_MAGIC = 0x1950A86A20F9469CFC6C
_PROTOCOL = 1001
_PARTS = ("magic number", "protocol version", "system information", "object", "storage keys")
_OBJECT = 3
_FIRST_READ = 16 << 20
"""The pickles hold no tensor data, so they nearly always end early in the file."""
_CUT = (StreamTruncated, FrameViolation)
"""How a stream breaks where only a part of it was read."""
_SYSTEM = frozenset({"protocol_version", "little_endian", "type_sizes"})
_COUNT_BYTES = 8
_SPARSE = frozenset({"torch._utils._rebuild_sparse_tensor"})
"""What looks at elements while the pickle is judged."""


class PicklesTooLarge(LimitExceeded):
    """Pickles that go on past the budget."""


class NotLiteral(FormatError):
    """A pickle around the object that imports something."""


class MagicDiffers(FormatError):
    """Another magic number, or another protocol version, than torch has ever written."""


class SystemInvalid(FormatError):
    """System information other than torch writes."""


class BigEndian(FormatError):
    """Tensors of big-endian byte order, which nothing here loads."""


class KeysInvalid(FormatError):
    """Storage keys that are no list of different strings."""


class StorageMissing(FormatError):
    """A storage that the object names and the table does not hold."""


class UnreferencedStorage(FormatError):
    """A storage in the table that the object does not name."""


class StorageSizeDiffers(FormatError):
    """A storage whose number of elements differs between object and table."""


class TableTruncated(FormatError):
    """A table that reaches past the end of the file."""


class BytesBehindTable(FormatError):
    """Bytes behind the last storage."""


@record
class LegacyPickles:
    """What the machine made of the pickles, as far as it came."""

    data: bytes
    """The first bytes of the file, at least up to the end of the last trace."""
    starts: tuple[int, ...]
    traces: tuple[Trace, ...]
    """Five, or fewer with an error in the last one: what stands behind a break cannot be found."""

    @property
    def inert(self) -> bool:
        """True where all five are complete, and under the contracts."""
        return len(self.traces) == len(_PARTS) and all(
            trace.status is StreamStatus.INERT for trace in self.traces
        )

    @property
    def error(self) -> FormatError | None:
        """What broke the last pickle."""
        return self.traces[-1].error


@record
class TorchLegacy:
    """A checkpoint in the legacy format whose pickles are inert."""

    trace: Trace
    """Of the object."""
    tensors: Mapping[str, TensorEntry]
    """The tensors under the top-level names of the checkpoint. Bounds were checked."""
    extra: tuple[str, ...]
    """Top-level names that hold something else: counters, nested dicts."""
    storages: Mapping[str, int]
    """Storage key to the first byte of its elements, in file order."""


def parse_torch_legacy(
    view: View, limits: Limits, packs: frozenset[str] = frozenset()
) -> TorchLegacy | LegacyPickles:
    """The record of a checkpoint, or its pickles where they are not all inert.

    Raises:
        FormatError: one subclass per way to be wrong.
    """
    pickles = run_pickles(view, limits, packs)
    return bind_table(view, pickles) if pickles.inert else pickles


def run_pickles(view: View, limits: Limits, packs: frozenset[str] = frozenset()) -> LegacyPickles:
    """Run the machine over the pickles, one behind the other, each with a memo of its own as torch does.

    Raises:
        FormatError: `PicklesTooLarge`, or the view cannot be read.
    """
    reach = min(view.size, limits.pickle_bytes)
    data = view.read(0, min(reach, _FIRST_READ))
    starts: list[int] = []
    traces: list[Trace] = []
    start = 0
    while len(traces) < len(_PARTS):
        persistent: Persistent = "torch-legacy" if len(traces) == _OBJECT else "none"
        trace = run_pickle(data, limits, packs=packs, persistent=persistent, start=start)
        if isinstance(trace.error, _CUT):
            if len(data) < reach:
                data = view.read(0, min(reach, 4 * len(data)))
                continue
            if reach < view.size and trace.status is StreamStatus.MALFORMED:
                raise PicklesTooLarge(f"the pickles go on past {limits.pickle_bytes} bytes")
        starts.append(start)
        # What stands behind STOP is the next part of the format, and read as such.
        traces.append(replace(trace, trailing=0))
        if trace.error is not None:
            break
        start = trace.end
    pickles = LegacyPickles(data=data, starts=tuple(starts), traces=tuple(traces))
    return _with_indices(view, pickles, limits, packs)


def _with_indices(view: View, pickles: LegacyPickles, limits: Limits, packs: frozenset[str]) -> LegacyPickles:
    """Judge an object with sparse tensors again, once it is known where the table has their indices."""
    if len(pickles.traces) < len(_PARTS) or not any(
        use.callable in _SPARSE for use in pickles.traces[_OBJECT].rejected_calls
    ):
        return pickles
    *_, state, keys = pickles.traces
    if keys.status is not StreamStatus.INERT:
        return pickles
    try:
        table = _read_table(view, state.storages, keys.value, keys.end)
    except FormatError:
        return pickles
    left = limits.index_bytes

    def read(storage: StorageRef) -> bytes | None:
        nonlocal left
        size = storage.numel * ITEM_BITS[storage.dtype] // 8
        left -= size
        return view.read(table[storage.key], size) if left >= 0 and storage.key in table else None

    again = run_pickle(
        pickles.data,
        limits,
        packs=packs,
        persistent="torch-legacy",
        start=pickles.starts[_OBJECT],
        read=read,
    )
    traces = (*pickles.traces[:_OBJECT], replace(again, trailing=0), keys)
    return replace(pickles, traces=traces)


def bind_table(view: View, pickles: LegacyPickles) -> TorchLegacy:
    """Tie the storages of five inert pickles to the ranges of the file that hold them.

    Raises:
        FormatError: one subclass per way to be wrong.
    """
    for part, trace, start in zip(_PARTS, pickles.traces, pickles.starts, strict=True):
        if trace.globals and part != _PARTS[_OBJECT]:
            raise NotLiteral(f"the {part} is no literal", offset=start)
    magic, version, system, state, keys = pickles.traces
    if type(magic.value) is not int or magic.value != _MAGIC:
        raise MagicDiffers("the magic number is another one", offset=pickles.starts[0])
    if type(version.value) is not int or version.value != _PROTOCOL:
        raise MagicDiffers(f"the protocol version is not {_PROTOCOL}", offset=pickles.starts[1])
    _check_system(system.value, pickles.starts[2])
    starts = _read_table(view, state.storages, keys.value, keys.end)
    tensors, extra = place_tensors(state, starts)
    return TorchLegacy(trace=state, tensors=tensors, extra=extra, storages=MappingProxyType(starts))


def _check_system(value: object, at: int) -> None:
    """Hold the third pickle to what torch writes: versions, byte order, sizes of C types."""
    if type(value) is not dict or not isinstance(value, dict) or set(value) != _SYSTEM:
        raise SystemInvalid("the system information is no dict of torch's three keys", offset=at)
    little, sizes, version = (value[key] for key in ("little_endian", "type_sizes", "protocol_version"))
    if (
        type(little) is not bool
        or type(version) is not int
        or version != _PROTOCOL
        or type(sizes) is not dict
        or not all(type(key) is str and type(size) is int for key, size in sizes.items())
    ):
        raise SystemInvalid("the system information holds something else than torch writes", offset=at)
    if not little:
        raise BigEndian("tensors of big-endian byte order", offset=at)


def _read_table(view: View, storages: Mapping[str, StorageRef], keys: object, at: int) -> dict[str, int]:
    """The first byte of each storage's elements."""
    if type(keys) is not list or not isinstance(keys, list) or not all(type(key) is str for key in keys):
        raise KeysInvalid("the storage keys are no list of strings")
    starts: dict[str, int] = {}
    for key in keys:
        storage = storages.get(key)
        if storage is None:
            raise UnreferencedStorage("the object does not name a storage of the table", offset=at)
        if key in starts:
            raise KeysInvalid(f"the table holds storage {key} twice", offset=at)
        size = storage.numel * ITEM_BITS[storage.dtype] // 8
        if at + _COUNT_BYTES > view.size:
            raise TableTruncated(f"the file ends in front of storage {key}", offset=at)
        count = int.from_bytes(view.read(at, _COUNT_BYTES), "little", signed=True)
        if count != storage.numel:
            raise StorageSizeDiffers(
                f"storage {key} has {count} elements in the table and {storage.numel} in the object",
                offset=at,
            )
        at += _COUNT_BYTES
        if at + size > view.size:
            raise TableTruncated(f"the file ends inside storage {key}", offset=at)
        starts[key] = at
        at += size
    if len(starts) != len(storages):
        key = next(key for key in storages if key not in starts)
        raise StorageMissing(f"the table does not hold storage {key}", offset=at)
    if at != view.size:
        raise BytesBehindTable(f"{view.size - at} bytes stand behind the last storage", offset=at)
    return starts
