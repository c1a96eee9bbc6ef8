"""A file of `joblib.dump` as `joblib.load` reads it: a pickle with the bytes of arrays between its opcodes.

    opcodes ... BUILD of a NumpyArrayWrapper
    padding                 since joblib 1.2: one byte with a length, and that many bytes of 0xff
    array                   as many bytes as the record's dtype and shape ask for;
                            for Python objects a whole pickle of its own
    opcodes ... STOP

To `pickle.load` the bytes of an array are opcodes. So such a file has two readings, and whoever judges it
takes both: this one, and that of `pickle_machine.run_pickle` over the same bytes.

Transcribed from https://github.com/joblib/joblib/blob/main/joblib/numpy_pickle.py. Stricter than joblib:
the frame in which the record stands ends with it, padding is what the writer fills it with, and no array
reaches past the end of the file. Large arrays are not read here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from safeload.errors import FormatError
from safeload.formats.joblib_wrapper import OBJECT, ArrayWrapper
from safeload.formats.pickle_errors import FrameViolation, StreamTooLarge
from safeload.formats.pickle_machine import interpret, traced
from safeload.formats.pickle_state import Machine
from safeload.formats.pickle_trace import UNKNOWN, ArrayValue, StreamStatus, Trace
from safeload.formats.pickle_value import check_value
from safeload.record import record, replace

if TYPE_CHECKING:
    from safeload.core import View
    from safeload.limits import Limits

_CHUNK: Final = 16 << 20
"""Bytes of a large file that are read at a time: between its arrays there are a few hundred."""
_FILL: Final = b"\xff"
_SMALL_ARRAY: Final = 8 << 20
"""Bytes of an array that is kept for contracts to look at: generators have 2,496, trees 64 for each node."""
_NESTED: Final = 100_000
"""Arrays of Python objects of one file: each is a pickle of its own."""


class WrapperInvalid(FormatError):
    """A record of an array whose fields are not what joblib writes: where it ends nobody can tell."""


class PaddingInvalid(FormatError):
    """Padding in front of an array that is longer than its alignment, or holds something."""


class ArrayTruncated(FormatError):
    """An array that reaches past the end of the file."""


class NestedBroken(FormatError):
    """The pickle of an array of Python objects that does not come to its end."""


class NestedNotArray(FormatError):
    """The pickle of an array of Python objects that ends in something else: joblib would raise."""


class TooManyNested(StreamTooLarge):
    """More arrays of Python objects than any honest file has."""


@record(kw_only=False)
class InlineArray:
    """An array between the opcodes."""

    offset: int
    """Its first byte, behind the padding."""
    size: int
    dtype: str
    shape: tuple[int, ...]
    order: str


@record
class JoblibFile:
    """What one pass over the file established."""

    trace: Trace
    """Of the outer pickle. Offsets count from the first byte of the file."""
    arrays: tuple[InlineArray, ...]
    nested: tuple[Trace, ...]
    """Of the pickles of arrays of Python objects."""
    starts: tuple[int, ...]
    """Where each of them begins."""
    opcode_bytes: bytes
    """The outer pickle without what stands between its opcodes: another reader can follow it."""

    @property
    def inert(self) -> bool:
        """True where every pickle is, and nothing stands behind the last one."""
        traces = (self.trace, *self.nested)
        return not self.trace.trailing and all(trace.status is StreamStatus.INERT for trace in traces)


def parse_joblib(view: View, limits: Limits, packs: frozenset[str] = frozenset()) -> JoblibFile:
    """Interpret the file as joblib does. What was wrong is the trace's `error`.

    Raises:
        FormatError: the view cannot be read.
    """
    size = view.size
    if size <= limits.pickle_bytes:
        return _Reading(view, limits, packs, size).run()
    reading = _Reading(view, limits, packs, min(_CHUNK, limits.pickle_bytes))
    found = reading.run()
    if not reading.cut:
        return found
    reading = _Reading(view, limits, packs, limits.pickle_bytes)
    found = reading.run()
    if not reading.cut or found.trace.status is not StreamStatus.MALFORMED:
        return found
    error = StreamTooLarge(f"a piece of the stream has more than {limits.pickle_bytes} bytes")
    return replace(found, trace=replace(found.trace, status=StreamStatus.LIMIT_EXCEEDED, error=error))


class _Further(Exception):
    """The stream goes on beyond the bytes that were read."""


class _Reading:
    """One pass."""

    def __init__(self, view: View, limits: Limits, packs: frozenset[str], chunk: int) -> None:
        self._view = view
        self._limits = limits
        self._packs = packs
        self._chunk = chunk
        self._arrays: list[InlineArray] = []
        self._nested: list[Trace] = []
        self._starts: list[int] = []
        self._pieces: list[bytes] = []
        self._opcodes = 0
        """Of the nested pickles."""
        self._piece = 0
        """Where in the chunk the opcodes began that are no piece yet."""
        self._next = 0
        """Where the file goes on, when the machine pauses."""
        data = view.read(0, min(chunk, view.size))
        self._machine = Machine(data, limits, packs, persistent="none", start=0, log=False, objects=True)
        self._machine.inline = self._read
        self._small_left = limits.index_bytes
        self.cut = False
        """Whether the stream broke in a chunk with more of the file behind it."""

    def run(self) -> JoblibFile:
        """Interpret up to STOP or an error."""
        machine, view = self._machine, self._view
        error: FormatError | None = None
        value: object = None
        trailing = 0
        try:
            while True:
                try:
                    value = interpret(machine, use_fast=False)
                except _Further:
                    machine.base = self._next
                    machine.data = view.read(self._next, min(self._chunk, view.size - self._next))
                    machine.pos = machine.at = self._piece = 0
                    machine.end = len(machine.data)
                    continue
                break
            trailing = view.size - machine.base - machine.pos
            if not machine.unlisted and not machine.rejected:
                _check(machine, value, self._limits)
        except FormatError as caught:
            error = caught
            self.cut = machine.base + len(machine.data) < view.size
            if error.offset is not None:
                error.offset += machine.base
        self._pieces.append(machine.data[self._piece : machine.pos])
        return JoblibFile(
            trace=traced(machine, value, error, trailing),
            arrays=tuple(self._arrays),
            nested=tuple(self._nested),
            starts=tuple(self._starts),
            opcode_bytes=b"".join(self._pieces),
        )

    def _read(self, machine: Machine, wrapper: ArrayWrapper) -> object:
        """What joblib does behind BUILD: the array takes the record's place on the stack."""
        if wrapper.size is None or wrapper.placed:
            raise WrapperInvalid("the record of an array has fields that joblib does not write")
        if machine.framed and machine.pos != machine.end:
            raise FrameViolation("an array stands inside a frame")
        wrapper.placed = True
        machine.framed = False
        machine.end = len(machine.data)
        self._pieces.append(machine.data[self._piece : machine.pos])
        self._piece = machine.pos
        at = machine.base + machine.pos
        if wrapper.dtype == OBJECT:
            return self._objects(machine, at)
        at += self._padding(at, wrapper.alignment)
        if wrapper.size > self._view.size - at:
            raise ArrayTruncated(f"an array of {wrapper.size} bytes reaches past the end of the file")
        self._arrays.append(InlineArray(at, wrapper.size, wrapper.dtype, wrapper.shape, wrapper.order))
        value = self._small(wrapper, at)
        self._go_on(machine, at + wrapper.size, wrapper)
        return value

    def _small(self, wrapper: ArrayWrapper, at: int) -> object:
        """A small array as pickle itself would bring it along: contracts look at states of generators."""
        if not wrapper.size or wrapper.size > _SMALL_ARRAY or wrapper.order != "C":
            return wrapper
        self._small_left -= wrapper.size
        if self._small_left < 0:
            return wrapper
        value = ArrayValue("array", wrapper.dtype)
        value.fields, value.shape = wrapper.fields, wrapper.shape
        value.data = self._view.read(at, wrapper.size)
        return value

    def _padding(self, at: int, alignment: int | None) -> int:
        """Bytes in front of an array."""
        if alignment is None:
            return 0
        most = min(1 + alignment, self._view.size - at)
        found = self._view.read(at, most)
        length = found[0] if found else 0
        padding = found[1 : 1 + length]
        if not 0 < length <= alignment or padding != _FILL * length:
            raise PaddingInvalid("the padding in front of an array is not what joblib writes")
        return 1 + length

    def _objects(self, machine: Machine, at: int) -> object:
        """An array of Python objects: a pickle with a stack and memo of its own, of which we take the end."""
        if len(self._nested) == _NESTED:
            raise TooManyNested(f"more than {_NESTED} arrays of Python objects")
        trace = self._nested_trace(machine)
        self._nested.append(trace)
        self._starts.append(at)
        if trace.error is not None:
            raise NestedBroken(f"the pickle of an array breaks: {trace.error.detail}")
        value = trace.value
        if trace.inert and (type(value) is not ArrayValue or value.kind != "array"):
            raise NestedNotArray("the pickle of an array ends in another value")
        value = value if trace.inert else UNKNOWN
        self._go_on(machine, trace.end, value)
        return value

    def _nested_trace(self, outer: Machine) -> Trace:
        """The pickle at the machine's position, within budgets that all pickles of the file share."""
        inner = Machine(
            outer.data,
            self._limits,
            self._packs,
            persistent="none",
            start=outer.pos,
            log=False,
            base=outer.base,
            objects=True,
        )
        inner.scene.budget = outer.scene.budget
        inner.opcodes = before = self._opcodes
        error: FormatError | None = None
        value: object = None
        try:
            value = interpret(inner, use_fast=False)
            if not inner.unlisted and not inner.rejected:
                _check(inner, value, self._limits)
        except FormatError as caught:
            error = caught
        outer.scene.budget = inner.scene.budget
        self._opcodes = inner.opcodes
        trace = traced(inner, value, error, 0)
        return replace(trace, opcodes=trace.opcodes - before)

    def _go_on(self, machine: Machine, at: int, value: object) -> None:
        """Put the machine at byte `at` of the file.

        Raises:
            _Further: it lies beyond the chunk.
        """
        position = at - machine.base
        if position <= len(machine.data) and (position < len(machine.data) or at == self._view.size):
            machine.pos = self._piece = position
            return
        machine.stack[-1] = value
        self._next = at
        raise _Further


def _check(machine: Machine, value: object, limits: Limits) -> None:
    """Bound the value, and refuse one that holds a function, as the pickle machine does."""
    function = check_value(value, limits)
    if function is not None:
        machine.refuse(function, "the value holds it: a function, where only classes and data belong")
