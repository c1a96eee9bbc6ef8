"""The ways in which a pickle stream can be wrong: one class each, named for the fact."""

from __future__ import annotations

from safeload.errors import FormatError, LimitExceeded


class StreamTruncated(FormatError):
    """The bytes end inside an opcode, or before STOP."""


class InvalidOpcode(FormatError):
    """A byte that is no opcode."""


class UnsupportedProtocol(FormatError):
    """A protocol above 5."""


class FrameViolation(FormatError):
    """A frame that is nested, too long, crossed by an opcode, or left open by STOP."""


class StackUnderflow(FormatError):
    """An opcode takes more from the stack than there is above the last mark."""


class MarkMissing(FormatError):
    """An opcode needs a mark, and none is open."""


class MemoMissing(FormatError):
    """The memo holds nothing under that index."""


class BadArgument(FormatError):
    """An argument that does not decode."""


class WrongOperand(FormatError):
    """An opcode on a value for which CPython raises."""


class OddItems(FormatError):
    """A key without a value."""


class UnhashableKey(FormatError):
    """A mutable value as dict key or set member."""


class OutOfBandBuffer(FormatError):
    """NEXT_BUFFER: the data is not in the stream."""


class StreamTooLarge(LimitExceeded):
    """More bytes than `pickle_bytes`."""


class TooManyOpcodes(LimitExceeded):
    """More opcodes than `pickle_opcodes`, or than a stream of this length has."""


class StackTooLarge(LimitExceeded):
    """More values on the stack than `pickle_stack`, or more marks than any pickler opens."""


class MemoTooLarge(LimitExceeded):
    """A memo index above `pickle_memo`, or than a stream of this length has.

    CPython would allocate twice that many pointers.
    """


class NumberTooLarge(LimitExceeded):
    """An integer of more than `pickle_integer_bytes`."""


class TooManyKeys(LimitExceeded):
    """Too many keys of a kind whose collisions an attacker can choose."""


class TooManySets(LimitExceeded):
    """Sets that take far more memory than the stream has bytes."""


class ValueTooDeep(LimitExceeded):
    """The final value nests deeper than `pickle_depth`, or holds itself."""


class ValueTooLarge(LimitExceeded):
    """The final value has more nodes than `pickle_expanded` once its shared parts are written out."""
