"""Random pickle streams, opcode by opcode, each step chosen so that most of them stay valid.

The builder keeps the kinds of what an unpickler would hold: its stack with marks, and its memo. One step
in a few dozen is taken without looking, so that errors come late, in the middle of something.
"""

from __future__ import annotations

import random
import struct
from typing import TYPE_CHECKING, Final

from tests.forge.pickle_assembler import Operand, assemble

if TYPE_CHECKING:
    from collections.abc import Callable

MARK: Final = "("
_BLIND = 0.02
_GLOBALS = [("pkg", "f"), ("pkg.sub", "C"), ("pkg", "g"), ("__builtin__", "xrange"), ("copy_reg", "x"),
            ("collections", "OrderedDict"), ("itertools", "izip")]  # fmt: skip
_TEXTS = ["", "a", "pkg", "f", "C", "é", "\ud800", "x" * 300, "a\nb", "\U0001f600"]
_ASCII = ["", "a", "pkg", "f", "'", '"', "\\", "tab\t", "x" * 300]
_INTS = [0, 1, -1, 127, 128, 255, 256, 65_535, 65_536, 2**31 - 1, -(2**31), 2**31, 2**63, -(2**63), 2**200]
_FLOATS = [0.0, -0.0, 1.5, -2.25, 1e300, 5e-324, float("inf"), float("-inf")]
_KEYS = frozenset({"int", "str", "bytes", "none", "float", "bool"})
_HASHABLE = _KEYS | {"frozenset", "global"}


class StreamBuilder:
    """One stream while it grows."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.ops: list[bytes] = []
        self.stack: list[str] = []
        self.memo: dict[int, str] = {}
        self.steps: list[Callable[[], None]] = [
            self.constant, self.constant, self.constant, self.constant, self.empty, self.empty, self.mark,
            self.mark, self.close, self.close, self.close, self.write, self.write, self.write,
            self.memoize, self.recall, self.short_tuple,
            self.find, self.find_on_stack, self.call, self.call, self.odd,
        ]  # fmt: skip

    def emit(self, *listing: Operand, push: str | None = None, pop: int = 0) -> None:
        """Add opcodes, and do to the stack of kinds what they do to the stack."""
        self.ops.append(assemble(*listing))
        if pop:
            del self.stack[-pop:]
        if push is not None:
            self.stack.append(push)

    def above(self) -> list[str]:
        """Kinds above the last mark."""
        kinds = self.stack
        if MARK in kinds:
            kinds = kinds[len(kinds) - kinds[::-1].index(MARK) :]
        return kinds

    def top(self, *kinds: str) -> bool:
        """Whether the stack ends in these kinds; `?` is any. Sometimes nobody looks."""
        above = self.above()
        fits = len(above) >= len(kinds) and all(
            want in ("?", have) for want, have in zip(kinds, above[len(above) - len(kinds) :], strict=True)
        )
        return fits or self.rng.random() < _BLIND

    # -- steps -------------------------------------------------------------------------------------

    def constant(self) -> None:
        """A constant, in one of the ways in which it may be written."""
        pick = self.rng.choice
        integer = pick(_INTS)
        raw = integer.to_bytes(integer.bit_length() // 8 + 1, "little", signed=True)
        text, plain = pick(_TEXTS), pick(_ASCII)
        raw_text = text.replace("\\", "\\u005c").replace("\n", "\\u000a").encode("raw_unicode_escape")
        number = pick(_FLOATS)
        quoted = repr(plain) if self.rng.random() < 0.95 else plain
        choices: list[tuple[str, tuple[Operand, ...]]] = [
            ("none", ("NONE",)),
            ("bool", (pick(["NEWTRUE", "NEWFALSE"]),)),
            ("bool", ("INT", pick(["00", "01"]))),
            ("int", ("INT", integer)),
            ("int", ("LONG", f"{integer}{pick(['L', ''])}")),
            ("int", ("BININT1", integer & 255)),
            ("int", ("BININT2", integer & 65_535)),
            ("int", ("BININT", (integer & 0xFFFFFFFF) - 2**31)),
            ("int", ("LONG1", raw)),
            ("int", ("LONG4", raw)),
            ("int", ("LONG1", b"")),
            ("float", ("BINFLOAT", number)),
            ("float", ("FLOAT", repr(number))),
            ("str", ("STRING", quoted)),
            ("str", ("BINSTRING", plain)),
            ("str", ("SHORT_BINSTRING", plain[:255])),
            ("str", ("UNICODE", raw_text)),
            ("str", ("SHORT_BINUNICODE", text[:60])),
            ("str", ("BINUNICODE", text)),
            ("str", ("BINUNICODE8", text)),
            ("bytes", ("SHORT_BINBYTES", plain[:255])),
            ("bytes", ("BINBYTES", text)),
            ("bytes", ("BINBYTES8", text)),
            ("bytearray", ("BYTEARRAY8", text)),
        ]  # fmt: skip
        kind, listing = pick(choices)
        self.emit(*listing, push=kind)

    def empty(self) -> None:
        """An empty container."""
        kind = self.rng.choice(["list", "dict", "set", "tuple"])
        self.emit(f"EMPTY_{kind.upper()}", push=kind)

    def mark(self) -> None:
        """Start a run of items."""
        self.emit("MARK", push=MARK)

    def close(self) -> None:
        """An opcode that takes everything above the last mark."""
        if MARK not in self.stack and self.rng.random() > _BLIND:
            return
        items = self.above()
        at = len(self.stack) - len(items) - 1
        below = self.stack[at - 1] if at > 0 else ""
        pairs = len(items) % 2 == 0 and all(kind in _HASHABLE for kind in items[::2])
        members = all(kind in _HASHABLE for kind in items)
        choices: list[tuple[str, tuple[Operand, ...], str | None]] = [
            ("TUPLE", ("TUPLE",), "tuple"), ("LIST", ("LIST",), "list"), ("POP_MARK", ("POP_MARK",), None),
        ]  # fmt: skip
        if pairs:
            choices.append(("DICT", ("DICT",), "dict"))
        if members:
            choices.append(("FROZENSET", ("FROZENSET",), "frozenset"))
        if below in ("list", "thing"):
            choices += [("APPENDS", ("APPENDS",), None)] * 3
        if below == "dict" and pairs:
            choices += [("SETITEMS", ("SETITEMS",), None)] * 3
        if below in ("set", "thing") and members:
            choices += [("ADDITEMS", ("ADDITEMS",), None)] * 3
        if items and items[0] == "global":
            choices += [("OBJ", ("OBJ",), "thing")] * 2
        choices.append(("INST", ("INST", self.rng.choice(_GLOBALS)), "thing"))
        if self.rng.random() < _BLIND:
            choices = [(name, (name,), None) for name in ("SETITEMS", "ADDITEMS", "APPENDS", "DICT", "OBJ")]
        _, listing, push = self.rng.choice(choices)
        self.emit(*listing, push=push, pop=len(items) + 1)

    def write(self) -> None:
        """An opcode that puts one thing into another."""
        above = self.above()
        if self.top("list", "?"):
            self.emit("APPEND", pop=1)
        elif len(above) >= 3 and above[-3] == "dict" and above[-2] in _HASHABLE:
            self.emit("SETITEM", pop=2)
        elif self.top("thing", "?"):
            self.emit(*self.rng.choice([("BUILD",), ("APPEND",)]), pop=1)
        elif len(above) >= 3 and above[-3] == "thing":
            self.emit("SETITEM", pop=2)
        elif self.rng.random() < _BLIND:
            self.emit(self.rng.choice(["APPEND", "SETITEM", "BUILD"]), pop=1)

    def memoize(self) -> None:
        """Remember the top."""
        if not self.above() and self.rng.random() > _BLIND:
            return
        kind = self.above()[-1] if self.above() else "?"
        index = self.rng.randrange(6) if self.rng.random() < 0.8 else self.rng.choice([255, 256, 300])
        choice = self.rng.choice(["MEMOIZE", "BINPUT", "LONG_BINPUT", "PUT"])
        if choice == "MEMOIZE":
            self.emit("MEMOIZE")
            self.memo[len(self.memo)] = kind
            return
        if choice == "BINPUT":
            index &= 255
        self.emit(choice, index)
        self.memo[index] = kind

    def recall(self) -> None:
        """Push what was remembered."""
        if not self.memo or self.rng.random() < _BLIND:
            index = self.rng.choice([0, 1, 7, 255, 256])
            if self.rng.random() > 4 * _BLIND:
                return
        else:
            index = self.rng.choice(list(self.memo))
        choice = self.rng.choice(["BINGET", "LONG_BINGET", "GET"] if index < 256 else ["LONG_BINGET", "GET"])
        self.emit(choice, index, push=self.memo.get(index, "?"))

    def short_tuple(self) -> None:
        """TUPLE1 to TUPLE3."""
        size = self.rng.randint(1, 3)
        if self.top(*"?" * size):
            self.emit(f"TUPLE{size}", pop=size, push="tuple")

    def find(self) -> None:
        """GLOBAL."""
        self.emit("GLOBAL", self.rng.choice(_GLOBALS), push="global")

    def find_on_stack(self) -> None:
        """STACK_GLOBAL, with its operands in front of it or from anywhere."""
        if self.top("str", "str") and self.rng.random() < 0.1:
            self.emit("STACK_GLOBAL", pop=2, push="global")
            return
        module, name = self.rng.choice(_GLOBALS)
        self.emit("SHORT_BINUNICODE", module, "SHORT_BINUNICODE", name, "STACK_GLOBAL", push="global")

    def call(self) -> None:
        """REDUCE, NEWOBJ and NEWOBJ_EX."""
        if self.top("global", "tuple", "dict"):
            self.emit("NEWOBJ_EX", pop=3, push="thing")
        elif self.top("global", "tuple"):
            self.emit(self.rng.choice(["REDUCE", "NEWOBJ"]), pop=2, push="thing")
        elif self.top("global"):
            self.emit("EMPTY_TUPLE", self.rng.choice(["REDUCE", "NEWOBJ"]), pop=1, push="thing")

    def odd(self) -> None:
        """Opcodes of which a stream has few."""
        rng = self.rng
        above = self.above()
        choice = rng.randrange(9)
        if choice == 0 and (above or MARK in self.stack):
            self.emit("POP", pop=1)
        elif choice == 1 and above:
            self.emit("DUP", push=above[-1])
        elif choice == 2:
            self.emit("PROTO", rng.choice([0, 1, 2, 3, 4, 5, 5, 5, 6]))
        elif choice == 3 and self.top("bytes"):
            self.emit("READONLY_BUFFER")
        elif choice == 4 and rng.random() < 0.2:
            self.emit("PERSID", rng.choice(["p", "", "p q"]), push="thing")
        elif choice == 5 and above and rng.random() < 0.2:
            self.emit("BINPERSID", pop=1, push="thing")
        elif choice == 6 and rng.random() < 0.1:
            self.emit(
                *rng.choice([("EXT1", 1), ("EXT2", 300), ("EXT4", 1), ("EXT4", -1), ("EXT1", 0)]), push="?"
            )
        elif choice == 7 and rng.random() < 0.1:
            self.emit("NEXT_BUFFER", push="?")
        elif choice == 8 and rng.random() < 0.1:
            self.emit(
                *rng.choice(
                    [
                        ("LONG4", b""),
                        ("STRING", "'\\x41\\n'"),
                        ("UNICODE", "\\u00e9"),
                        ("FLOAT", "1e400"),
                        ("INT", " 7"),
                        ("GET", "-1"),
                        ("INT", "0x1F"),
                    ]
                ),
                push="?",
            )

    def bytes(self) -> bytes:
        """The stream: what is open is closed, and some runs of opcodes are put into frames."""
        rng = self.rng
        if rng.random() < 0.9:
            while MARK in self.stack:
                self.emit("TUPLE", pop=len(self.above()) + 1, push="tuple")
            if not self.stack:
                self.emit("NONE", push="none")
        ops = [*self.ops, b"."]
        start = b"" if rng.random() < 0.3 else assemble("PROTO", rng.choice([2, 3, 4, 5]))
        if rng.random() < 0.6:
            return start + b"".join(ops) + (b"tail" if rng.random() < 0.05 else b"")
        out, at = start, 0
        while at < len(ops):
            count = rng.randint(1, len(ops) - at)
            run = b"".join(ops[at : at + count])
            wrong = rng.choice([-1, 1, 5]) if rng.random() < _BLIND else 0
            out += struct.pack("<BQ", 0x95, max(0, len(run) + wrong)) + run if rng.random() < 0.7 else run
            at += count
        return out


def structured_stream(seed: int) -> bytes:
    """The stream of this number."""
    rng = random.Random(seed)
    builder = StreamBuilder(rng)
    for _ in range(rng.choice([4, 12, 30, 60])):
        rng.choice(builder.steps)()
    return builder.bytes()
