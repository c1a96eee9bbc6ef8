"""A cheap look: would an unpickler that starts at byte 0 get as far as running something?

For streams without the PROTO opcode, which look like text or like nothing at all. The walk decodes
opcodes with their arguments and counts what lies on the stack, no more; as soon as an unpickler would
have stopped with an error, the answer is no. Where the walk gets too long to tell, the answer is yes.

The pickle machine judges; this only decides whether it is asked. So the walk may be laxer than an
unpickler and never stricter, but for the names of a GLOBAL in text, which must be single words: prose
would be taken for pickles. A textual persistent id ends the walk, as it ends the unpicklers of the
standard library and of torch: every zip archive begins with one (`PK`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.formats.view import Truncated

if TYPE_CHECKING:
    from safeload.core import View

_STEPS = 100_000
_LINE = 1 << 24
_WINDOW = 1 << 14

_FIXED = {
    "0": 0, "1": 0, "2": 0, "N": 0, ")": 0, "]": 0, "}": 0, "a": 0, "s": 0, "d": 0, "l": 0, "t": 0, "e": 0,
    "u": 0, "G": 8, "J": 4, "K": 1, "M": 2, "h": 1, "q": 1, "j": 4, "r": 4, "Q": 0, "\x80": 1, "\x85": 0,
    "\x86": 0, "\x87": 0, "\x88": 0, "\x89": 0, "\x8f": 0, "\x90": 0, "\x91": 0, "\x94": 0, "\x95": 8,
    "\x97": 0, "\x98": 0, "\x82": 1, "\x83": 2, "\x84": 4, "\x93": 0, "R": 0, "\x81": 0, "\x92": 0, "b": 0,
    "o": 0,
}  # fmt: skip
"""Opcode -> bytes of its argument."""
_COUNTED = {
    "T": 4,
    "U": 1,
    "B": 4,
    "C": 1,
    "X": 4,
    "\x8a": 1,
    "\x8b": 4,
    "\x8c": 1,
    "\x8d": 8,
    "\x8e": 8,
    "\x96": 8,
}
"""Opcode -> bytes of the length in front of its argument."""
_EFFECT = {
    "0": (1, 0), "2": (1, 2), "N": (0, 1), ")": (0, 1), "]": (0, 1), "}": (0, 1), "a": (2, 1), "s": (3, 1),
    "G": (0, 1), "J": (0, 1), "K": (0, 1), "M": (0, 1), "h": (0, 1), "j": (0, 1), "Q": (1, 1), "\x85": (1, 1),
    "\x86": (2, 1), "\x87": (3, 1), "\x88": (0, 1), "\x89": (0, 1), "\x8f": (0, 1), "\x97": (0, 1),
    "\x82": (0, 1), "\x83": (0, 1), "\x84": (0, 1), "\x93": (2, 1), "R": (2, 1), "\x81": (2, 1),
    "\x92": (3, 1), "b": (2, 1), "q": (1, 1), "r": (1, 1), "\x94": (1, 1), "\x98": (1, 1),
}  # fmt: skip
"""Opcode -> items that it needs on the stack, items that it leaves of these. Counted ones push one."""
_TO_MARK = {"1": 0, "d": 1, "l": 1, "t": 1, "e": 0, "u": 0, "\x90": 0, "\x91": 1, "o": 1}
"""Opcode -> items pushed after everything above the mark was taken."""
_RUNS = frozenset("Ro\x81\x92b")
_NAMES = frozenset("c\x93\x82\x83\x84Q")


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


class _Stops(Exception):
    """An unpickler would stop here with an error."""


class _Walk:
    def __init__(self, view: View, *, text: bool) -> None:
        self._view = view
        self._text = text
        self._position = 0
        self._window = b""
        self._window_start = 0
        self._depth = 0
        self._marks: list[int] = []
        self._named = False
        self._memo = False

    def runs(self) -> bool:
        """Walk until the answer is known."""
        for _ in range(_STEPS):
            opcode = chr(self._take(1)[0])
            if opcode == ".":
                at_end = self._position == self._view.size
                return self._depth > 0 and (self._named or at_end)
            if opcode == "(":
                self._marks.append(self._depth)
            elif opcode in _FIXED:
                self._take(_FIXED[opcode])
                if opcode in _RUNS and not self._named:
                    raise _Stops
                self._apply(opcode)
                if opcode in _RUNS:
                    return True
            elif opcode in _COUNTED:
                self._skip(int.from_bytes(self._take(_COUNTED[opcode]), "little"))
                self._depth += 1
            elif self._line_opcode(opcode):
                return True
            self._named = self._named or opcode in _NAMES
            self._memo = self._memo or opcode in "pqr\x94"
        return True

    def _apply(self, opcode: str) -> None:
        if opcode in "hj" and not self._memo:
            raise _Stops
        if opcode in _TO_MARK:
            if not self._marks:
                raise _Stops
            self._depth = self._marks.pop() + _TO_MARK[opcode]
        elif opcode == "0" and self._marks and self._marks[-1] == self._depth:
            self._marks.pop()  # with nothing above a mark, POP takes the mark
        elif opcode in _EFFECT:
            needs, leaves = _EFFECT[opcode]
            if self._depth < needs:
                raise _Stops
            self._depth += leaves - needs

    def _line_opcode(self, opcode: str) -> bool:
        """Opcodes with arguments that end at a line end. True for INST, which runs at once."""
        if opcode not in "ILFSVcigp":
            raise _Stops
        line = self._line()
        if line is None:
            return True
        if opcode in "ci":
            name = self._line()
            if name is None:
                return True
            if self._text and not (_one_word(line) and _one_word(name)):
                raise _Stops
            if opcode == "i":
                if not self._marks:
                    raise _Stops
                return True
        elif not _decodes(opcode, line):
            raise _Stops
        if opcode == "p":
            if self._depth < 1:
                raise _Stops
        elif opcode == "g" and not self._memo:
            raise _Stops
        else:
            self._depth += 1
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

    def _line(self) -> bytes | None:
        """The rest of the line, or None where it is too long to tell."""
        length = min(_WINDOW, self._view.size - self._position)
        start = self._position
        piece = self._view.read(start, length)
        if b"\n" not in piece:
            length = min(_LINE, self._view.size - start)
            piece = self._view.read(start, length)
            if b"\n" not in piece:
                if start + length < self._view.size:
                    return None
                raise _Stops
        line = piece[: piece.index(b"\n")]
        self._position += len(line) + 1
        return line


def _one_word(line: bytes) -> bool:
    return len(line.split()) == 1


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
