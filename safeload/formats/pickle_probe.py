r"""A cheap look: would an unpickler that starts at byte 0 get as far as running something?

For streams without the PROTO opcode, which look like text or like nothing at all. The walk decodes
opcodes with their arguments and keeps the kind of what lies on the stack, no more; as soon as an unpickler
would have stopped with an error, the answer is no. Where the walk gets too long to tell, the answer is yes.

The pickle machine judges; this only decides whether it is asked. So the walk may be laxer than an
unpickler and never stricter, but for the names of a GLOBAL in text, which must be single words: prose
would be taken for pickles. A textual persistent id ends the walk, as it ends the unpicklers of the
standard library and of torch: every zip archive begins with one (`PK`).

There are two unpicklers, in C and in Python, and what one of them takes is taken here. joblib uses the
second.

A stream that imports a module and breaks before it calls or changes anything is no pickle here
(`cthis\nd\n`): two lines behind a letter are what half of all word lists begin with. What such a stream can
import is what is installed already, and a module of the repository's own is a Python file, which has rules
of its own.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from safeload.formats.view import Truncated

if TYPE_CHECKING:
    from collections.abc import Mapping

    from safeload.core import View

_STEPS = 100_000
_LINE = 1 << 24
_WINDOW = 1 << 14
_PROTOCOLS = 6
_INDEX_DIGITS = 18
_SIGNED = 0x7F
_DECODED = 1 << 12
"""Bytes of a string up to which it is looked at whether it decodes."""

_ANY, _TEXT, _TUPLE, _LIST, _DICT, _SET, _PLAIN = "?stldek"
"""Kinds of values: what an import or a call gave, or may have given; and constants, which nothing calls."""

_PUSH: Mapping[str, tuple[int, str]] = MappingProxyType(
    {
        "N": (0, _PLAIN), ")": (0, _TUPLE), "]": (0, _LIST), "}": (0, _DICT), "G": (8, _PLAIN), "J": (4,
        _PLAIN),
        "K": (1, _PLAIN), "M": (2, _PLAIN), "\x88": (0, _PLAIN), "\x89": (0, _PLAIN), "\x8f": (0, _SET),
        "\x97": (0, _PLAIN), "\x82": (1, _ANY), "\x83": (2, _ANY), "\x84": (4, _ANY),
    }
)  # fmt: skip
"""Opcode -> bytes of its argument, and the kind that it pushes."""
_COUNTED: Mapping[str, tuple[int, str]] = MappingProxyType(
    {
        "T": (4, _TEXT), "U": (1, _TEXT), "B": (4, _PLAIN), "C": (1, _PLAIN), "X": (4, _TEXT),
        "\x8a": (1, _PLAIN), "\x8b": (4, _PLAIN), "\x8c": (1, _TEXT), "\x8d": (8, _TEXT), "\x8e": (8, _PLAIN),
        "\x96": (8, _LIST),
    }
)  # fmt: skip
"""Opcode -> bytes of the length in front of its argument, and the kind that it pushes."""
_UTF8 = frozenset("X\x8c\x8d")
_TUPLES = MappingProxyType({"\x85": 1, "\x86": 2, "\x87": 3})
_TO_MARK: Mapping[str, str] = MappingProxyType(
    {"1": "", "d": _DICT, "l": _LIST, "t": _TUPLE, "e": "", "u": "", "\x90": "", "\x91": _PLAIN, "o": _ANY}
)
"""Opcode -> kind that is pushed after everything above the mark was taken, if any."""
_FILLS: Mapping[str, str] = MappingProxyType(
    {"a": _LIST, "e": _LIST, "s": _LIST + _DICT, "u": _LIST + _DICT, "\x90": _SET}
)
"""Opcode -> kinds that it can put something into; into what was imported, it always may."""
_CALLS = MappingProxyType({"R": 1, "\x81": 1, "\x92": 2, "b": 1})
"""Opcode -> how far below the top what it calls lies."""
_GETS = MappingProxyType({"h": 1, "j": 4})
_PUTS = MappingProxyType({"q": 1, "r": 4})


def looks_like_pickle(view: View, *, text: bool) -> bool:
    """True where an unpickler might run something, or would read the file from end to end.

    Args:
        view: the file.
        text: whether the file is known to be plain text, so that names must be identifiers.
    """
    try:
        return _Walk(view, text=text).runs()
    except (_Stops, Truncated):
        return False


_LAX = frozenset("RTUbi\x81\x8a\x8b\x92\x98")
"""Opcodes that the pickle machine refuses for reasons that the unpicklers do not share."""


def may_go_on(data: bytes, at: int) -> bool:
    """Whether an unpickler may take the opcode at byte `at`, at which the pickle machine stopped.

    The machine is stricter than any unpickler, so its error alone does not say that the others stop.
    """
    opcode = chr(data[at]) if at < len(data) else ""
    if opcode == "\x95":
        return at + 8 < len(data) and data[at + 8] <= _SIGNED
    if opcode and opcode in "ILFSVgp":
        line, newline, _ = data[at + 1 : at + 1 + _LINE].partition(b"\n")
        return bool(newline) and _decodes(opcode, line)
    return opcode in _LAX


class _Stops(Exception):
    """An unpickler would stop here with an error."""


class _Walk:
    def __init__(self, view: View, *, text: bool) -> None:
        self._view = view
        self._text = text
        self._position = 0
        self._window = b""
        self._window_start = 0
        self._stack: list[str] = []
        self._marks: list[int] = []
        self._memo: dict[int, str] = {}
        self._loose = False
        self._named = False

    def runs(self) -> bool:
        """Walk until the answer is known."""
        for _ in range(_STEPS):
            opcode = chr(self._take(1)[0])
            if opcode == ".":
                at_end = self._position == self._view.size
                return bool(self._stack) and (self._named or at_end)
            if opcode == "(":
                self._marks.append(len(self._stack))
            elif opcode in _PUSH:
                width, kind = _PUSH[opcode]
                self._take(width)
                self._stack.append(kind)
            elif opcode in _COUNTED:
                self._counted(opcode)
            elif opcode in _TO_MARK:
                if self._to_mark(opcode):
                    return True
            elif opcode in _CALLS:
                if self._call(opcode):
                    return True
            elif opcode in "ILFSVcigp":
                if self._line_opcode(opcode):
                    return True
            elif self._other(opcode):
                return True
        return True

    def _above(self) -> int:
        """Values above the innermost mark: what an unpickler lets an opcode take."""
        return len(self._stack) - (self._marks[-1] if self._marks else 0)

    def _need(self, count: int) -> None:
        if self._above() < count:
            raise _Stops

    def _counted(self, opcode: str) -> None:
        """A string or a long number behind its length."""
        width, kind = _COUNTED[opcode]
        length = int.from_bytes(self._take(width), "little")
        if opcode in _UTF8 and length <= _DECODED:
            try:
                self._take(length).decode("utf-8", "surrogatepass")
            except UnicodeDecodeError:
                raise _Stops from None
        else:
            self._skip(length)
        self._stack.append(kind)

    def _to_mark(self, opcode: str) -> bool:
        """Opcodes that take everything above the mark. True where one calls something."""
        if not self._marks:
            raise _Stops
        mark = self._marks.pop()
        taken = self._stack[mark:]
        del self._stack[mark:]
        if opcode in "du" and len(taken) % 2:
            raise _Stops
        if opcode in _FILLS:
            self._need(1)
            if taken and self._fill(opcode):
                return True
        if opcode == "o" and (not taken or taken[0] != _ANY):
            raise _Stops
        if _TO_MARK[opcode]:
            self._stack.append(_TO_MARK[opcode])
        return opcode == "o"

    def _call(self, opcode: str) -> bool:
        """Whether something is called; raise unless it may be something to call."""
        depth = _CALLS[opcode]
        self._need(depth + 1)
        if self._stack[-1 - depth] != _ANY:
            if opcode != "b":
                raise _Stops
            self._stack.pop()  # BUILD does nothing where the state is None or, in Python, empty
            return False
        return True  # whatever the arguments are: the unpickler that is written in Python unpacks any list

    def _fill(self, opcode: str) -> bool:
        """Whether the top of the stack is an import that gets items; raise where it takes none."""
        target = self._stack[-1]
        if target != _ANY and target not in _FILLS[opcode]:
            raise _Stops
        return target == _ANY and self._named

    def _other(self, opcode: str) -> bool:
        """Opcodes with a rule of their own. True where one changes what was imported."""
        stack = self._stack
        if opcode == "0":
            if not self._above() and self._marks:
                self._marks.pop()  # with nothing above a mark, POP takes the mark
                return False
            self._need(1)
            stack.pop()
        elif opcode == "2":
            self._need(1)
            stack.append(stack[-1])
        elif opcode in _TUPLES:
            self._need(_TUPLES[opcode])
            del stack[-_TUPLES[opcode] :]
            stack.append(_TUPLE)
        elif opcode in _GETS:
            self._get(int.from_bytes(self._take(_GETS[opcode]), "little"))
        elif opcode in _PUTS:
            self._put(int.from_bytes(self._take(_PUTS[opcode]), "little"))
        elif opcode == "\x94":
            self._put(len(self._memo))
        elif opcode in "as":
            self._need(2 if opcode == "a" else 3)
            del stack[-1 if opcode == "a" else -2 :]
            return self._fill(opcode)
        elif opcode == "\x93":
            self._need(2)
            if not {stack.pop(), stack.pop()} <= {_TEXT, _ANY}:
                raise _Stops
            stack.append(_ANY)
            self._named = True
        elif opcode == "Q":
            self._need(1)
            stack[-1] = _ANY
        elif opcode == "\x98":
            self._need(1)
        elif opcode == "\x80":
            if self._take(1)[0] >= _PROTOCOLS:
                raise _Stops
        elif opcode == "\x95":
            # the unpickler that is written in Python, as joblib's is, takes a frame longer than the file
            if self._take(8)[7] > _SIGNED:
                raise _Stops
        else:
            raise _Stops
        return False

    def _get(self, index: int) -> None:
        if index not in self._memo and not self._loose:
            raise _Stops
        self._stack.append(_ANY if self._loose else self._memo[index])

    def _put(self, index: int) -> None:
        self._need(1)
        self._memo[index] = self._stack[-1]

    def _line_opcode(self, opcode: str) -> bool:
        """Opcodes with arguments that end at a line end. True for INST, which runs at once."""
        line = self._line()
        if line is None:
            return True
        if opcode in "ci":
            name = self._line(cut=opcode == "i" and bool(self._marks))
            if name is None:
                return True
            if self._text and not (_one_word(line) and _one_word(name)):
                raise _Stops
            if not (_is_name(opcode, line) and _is_name(opcode, name)):
                raise _Stops
            if opcode == "i":
                if not self._marks:
                    raise _Stops
                return True
            self._stack.append(_ANY)
            self._named = True
        elif not _decodes(opcode, line):
            raise _Stops
        elif opcode in "pg":
            digits = line.strip()
            if not digits.isdigit() or len(digits) > _INDEX_DIGITS:
                self._loose = True  # an index that only C reads: from here on, anything may be anywhere
            if opcode == "p":
                self._need(1)
                if not self._loose:
                    self._put(int(digits))
            else:
                self._get(0 if self._loose else int(digits))
        else:
            self._stack.append(_TEXT if opcode in "SV" else _PLAIN)
        return False

    def _take(self, count: int) -> bytes:
        at = self._position - self._window_start
        if not 0 <= at <= len(self._window) - count:
            length = min(max(_WINDOW, count), self._view.size - self._position)
            self._window = self._view.read(self._position, length)
            self._window_start, at = self._position, 0
        piece = self._window[at : at + count]
        if len(piece) != count:
            raise _Stops
        self._position += count
        return piece

    def _skip(self, count: int) -> None:
        if count > self._view.size - self._position:
            raise _Stops
        self._position += count

    def _line(self, *, cut: bool = False) -> bytes | None:
        """The rest of the line, or None where it is too long to tell.

        Args:
            cut: whether a line without its end counts as well: the unpickler that is written in Python drops
                the last byte, whatever it is, and runs INST before it finds that the file has ended.
        """
        start = self._position
        most = min(_LINE, self._view.size - start)
        length = min(_WINDOW, most)
        piece = self._view.read(start, length)
        while b"\n" not in piece and length < most:
            length = min(8 * length, most)
            piece = self._view.read(start, length)
        if b"\n" not in piece:
            if start + length < self._view.size:
                return None
            if not cut or not piece:
                raise _Stops
            piece = piece[:-1] + b"\n"
        line = piece[: piece.index(b"\n")]
        self._position += len(line) + 1
        return line


def _one_word(line: bytes) -> bool:
    return len(line.split()) == 1


def _is_name(opcode: str, line: bytes) -> bool:
    """Whether the unpickler can decode a line of GLOBAL or INST."""
    try:
        line.decode("utf-8" if opcode == "c" else "ascii")
    except UnicodeDecodeError:
        return False
    return True


def _decodes(opcode: str, line: bytes) -> bool:
    """True where CPython may accept the argument. It reads numbers as C does, up to a NUL."""
    text, nul, _ = line.partition(b"\0")
    return _VALID[opcode](line) or (bool(nul) and (not text or _VALID[opcode](text)))


def _integer(line: bytes) -> bool:
    digits = line.strip().rstrip(b"L")
    try:
        int(digits, 0)
    except ValueError:
        return digits.lstrip(b"+-").isdigit()
    return True


def _float(line: bytes) -> bool:
    try:
        float(line)
    except ValueError:
        return False
    return True


def _quoted(line: bytes) -> bool:
    stripped = line.strip()
    return len(stripped) >= 2 and stripped[:1] == stripped[-1:] and stripped[:1] in {b"'", b'"'}


def _any(_line: bytes) -> bool:
    return True


_VALID = {
    "I": _integer,
    "L": _integer,
    "F": _float,
    "S": _quoted,
    "V": _any,
    "g": _integer,
    "p": _integer,
}
