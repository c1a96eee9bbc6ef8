"""Any bytes give a Trace, and no exception at all.

The invariant holds within the limits and under the seal.
Every name that CPython's unpickler asks for is in the trace of a stream that is not broken; an inert
stream without names it reads as the same value.
"""

from __future__ import annotations

import pickle
import pickletools
from collections import OrderedDict
from typing import Self

from safeload.formats.pickle_machine import run_pickle
from safeload.formats.pickle_trace import StreamStatus, Trace
from safeload.isolation.second_reader import canonical
from safeload.limits import DEFAULT_LIMITS
from safeload.record import replace

COMPLETE = {StreamStatus.INERT, StreamStatus.UNLISTED}
"""With no error: the trace of a stream that broke ends where it broke."""
MOST_TUPLES = 12
SHORT_NAME = 100
FEW = 3
"""A trace cuts longer names for display."""

LIMITS = replace(
    DEFAULT_LIMITS,
    pickle_bytes=1 << 16,
    pickle_opcodes=10_000,
    pickle_memo=1_000,
    pickle_stack=1_000,
    pickle_expanded=10_000,
    pickle_findings=20,
)


class Anything:
    """Whatever a stream does with an object, this one lets it."""

    def __new__(cls, *_args: object, **_kwargs: object) -> Self:
        """Take any arguments."""
        return super().__new__(cls)

    def __init__(self, *_args: object, **_kwargs: object) -> None:
        pass

    def __call__(self, *_args: object, **_kwargs: object) -> Anything:
        """Be called."""
        return self

    def __setitem__(self, _key: object, _value: object) -> None:
        """Take any item."""

    def __setstate__(self, _state: object) -> None:
        """Take any state."""

    def append(self, _item: object) -> None:
        """Take any member."""

    extend = add = update = append


class Recorder(pickle.Unpickler):
    """CPython's unpickler, which finds `Anything` under every name and keeps the names."""

    def __init__(self, file: _Bytes) -> None:
        super().__init__(file)
        self.found: set[tuple[str, str]] = set()

    def find_class(self, module: str, name: str) -> object:
        """Import nothing."""
        self.found.add(canonical(module, name))
        return Anything

    def persistent_load(self, _pid: object) -> object:
        """Load nothing."""
        return Anything()


def seeds() -> list[bytes]:
    """Every protocol over values of every kind, a torch-like stream, and hostile ones."""
    value = [{"a": (1, 2.5, None, True), b"b": "\u00e9" * 3}, [1 << 70, -1, ()], 5j]
    value.append(value[0])
    plain = [pickle.dumps(value[:2] + value[3:], protocol) for protocol in range(6)]
    rich = [pickle.dumps([OrderedDict(a=1), {1, 2}, bytearray(b"x"), 5j], protocol) for protocol in range(6)]
    torch_like = (
        b"\x80\x02}q\x00X\x01\x00\x00\x00wq\x01ctorch._utils\n_rebuild_tensor_v2\nq\x02((X\x07\x00\x00\x00storage"
        b"q\x03ctorch\nFloatStorage\nq\x04X\x01\x00\x00\x000q\x05X\x03\x00\x00\x00cpuq\x06K\x04tq\x07QK\x00K\x02K\x02"
        b"\x86q\x08K\x02K\x01\x86q\x09\x89ccollections\nOrderedDict\nq\x0a)Rq\x0btq\x0cRq\x0ds."
    )
    hostile = [
        b"cposix\nsystem\n(S'id'\ntR.",
        b"\x80\x04\x8c\x05posix\x8c\x06system\x93\x8c\x02id\x85R.",
        b"(S'id'\nios\nsystem\n.",
        b"\x80\x02)" + b"2\x86" * 40 + b".",
        b"\x80\x02]q\x00h\x00a.",
        b"\x80\x04\x95\x05\x00\x00\x00\x00\x00\x00\x00N.",
        b"\x80\x05\x96\xff\xff\xff\xff\xff\xff\xff\x7fN.",
        b"\x80\x02\x82\x01.",
        b"\x80\x02(lp0\nI01\naL1L\naF1.5\naVx\na.",
    ]
    return [*plain, *rich, torch_like, *hostile]


def read(data: bytes) -> object:
    """The trace; no exception is allowed."""
    return run_pickle(data, LIMITS, persistent="torch")


def check(data: bytes, result: object) -> None:
    """What has to hold of a trace."""
    assert isinstance(result, Trace)
    assert 0 <= result.end <= len(data)
    assert result.opcodes <= LIMITS.pickle_opcodes + 1
    complete = result.status in COMPLETE and result.error is None and not result.truncated_findings
    if not complete or _exhausts_cpython(data):
        return
    recorder = Recorder(_Bytes(data))
    try:
        value = recorder.load()
    except Exception:  # noqa: BLE001  it may be what we are asked to find: a stream that CPython refuses
        # Objects that are not there may be what it stopped at; without imports there are none.
        assert result.status is not StreamStatus.INERT or result.globals or result.storages
    else:
        if result.status is StreamStatus.INERT and not result.globals and not result.storages:
            assert repr(value) == repr(result.value)
    found = {pair for pair in recorder.found if max(map(len, pair)) <= SHORT_NAME}
    assert found <= {canonical(use.module, use.name) for use in result.globals}


def deep(result: object) -> bool:
    """Whether a few opcodes ran: a stream has no header but its protocol."""
    assert isinstance(result, Trace)
    return result.opcodes > FEW


def _exhausts_cpython(data: bytes) -> bool:
    """Streams that take the oracle gigabytes (its memo is an array) or hours (it hashes nested tuples)."""
    tuples = 0
    try:
        for opcode, argument, _ in pickletools.genops(data):
            tuples += opcode.name.startswith("TUPLE")
            if tuples > MOST_TUPLES or ("PUT" in opcode.name and int(argument or 0) > LIMITS.pickle_memo):
                return True
    except Exception:  # noqa: BLE001  a stream that this reader cannot list is not given to the other
        return True
    return False


class _Bytes:
    """A file of bytes: the unpickler needs `read`, `readline` and `readinto`."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def read(self, length: int) -> bytes:
        """Up to `length` bytes."""
        part = self._data[self._at : self._at + length]
        self._at += len(part)
        return part

    def readinto(self, buffer: memoryview) -> int:
        """Fill `buffer`."""
        part = self.read(len(buffer))
        buffer[: len(part)] = part
        return len(part)

    def readline(self) -> bytes:
        """Up to and with the next line feed."""
        end = self._data.find(b"\n", self._at)
        return self.read((len(self._data) if end < 0 else end + 1) - self._at)
