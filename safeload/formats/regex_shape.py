r"""Whether a regular expression may take more than about quadratic time: told from its shape alone.

The reader of these expressions backtracks (Oniguruma). What takes it long is always a repetition that can
split one text in many ways. So an expression passes where

    1. no unbounded repetition stands inside a repeated group, unless possessive or atomic
    2. no repeated group offers a choice, or may match nothing
    3. no branch holds more than three unbounded repetitions, and look-behind and look-ahead hold no group
       of their own that repeats
    4. there are no back references, calls, conditions or absent operators: what they match is decided by
       the text
    5. counted repetitions multiply to no more than a thousand, and all choices to no more than WAYS

It is one pass over the text, with a stack of open groups. It refuses more than need be refused, and it
makes no claim about what an expression matches. https://github.com/kkos/oniguruma/blob/master/doc/RE
"""

from __future__ import annotations

import re

from safeload.errors import FormatError, LimitExceeded
from safeload.record import record

LONGEST = 4_000
"""Characters. The longest in use have about 600."""
_DEPTH = 32
_UNBOUNDED_MOST = 3
_COUNTED_MOST = 1_000
WAYS = 100_000
"""Ways through one branch, its unbounded repetitions apart: `a?` thirty times has a billion."""

_COUNT = re.compile(r"\{(\d{0,9})(,?)(\d{0,9})\}")
_GROUP = re.compile(
    r"\?(?:(?P<options>[imsxauD-]{0,16})(?P<end>[:)])|(?P<look><?[=!])|(?P<atomic>>)|(?P<note>\#))"
)
_NAME = re.compile(r"\?P?<[A-Za-z_]\w{0,60}>")
_PROPERTY = re.compile(r"[pP]\{\^?[\w .=-]{1,60}\}")


class PatternTooLong(LimitExceeded):
    """An expression of more characters than any in use."""


class PatternMayBacktrack(LimitExceeded):
    """An expression on which a backtracking reader may take very long."""


class PatternUnreadable(FormatError):
    """An expression whose brackets or repetitions do not fit together."""


@record
class _Piece:
    """What is known about the part that a repetition would repeat."""

    unbounded: int = 0
    """Unbounded repetitions in it that can give back what they took."""
    ways: int = 1
    """Ways through it, its unbounded repetitions apart."""
    empty: bool = False
    """It may match nothing."""
    count: int = 1
    group: bool = False


class _Branch:
    """One open group: the branch that is being read, and what its group has so far."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.last: _Piece | None = None
        self.most_unbounded = 0
        self.all_ways = 0
        self.any_empty = False
        self.count = 1
        self._pieces: list[_Piece] = []

    def add(self, piece: _Piece) -> None:
        self._pieces.append(piece)
        self.last = piece

    def replace_last(self, piece: _Piece) -> None:
        self._pieces[-1] = self.last = piece

    def close_branch(self) -> None:
        """Add up the branch and start the next one."""
        unbounded, ways = 0, 1
        for piece in self._pieces:
            unbounded += piece.unbounded
            ways = min(ways * piece.ways, WAYS + 1)
            self.count = max(self.count, piece.count)
        if unbounded > _UNBOUNDED_MOST:
            raise PatternMayBacktrack(f"more than {_UNBOUNDED_MOST} unbounded repetitions in a row")
        self.most_unbounded = max(self.most_unbounded, unbounded)
        self.all_ways += ways
        if self.all_ways > WAYS:
            raise PatternMayBacktrack(f"choices in a row, more than {WAYS} ways")
        self.any_empty |= all(piece.empty for piece in self._pieces)
        self._pieces, self.last = [], None


def check_shape(pattern: str) -> None:
    """Raise unless the expression is of a shape that is matched in a time that is about quadratic.

    Raises:
        LimitExceeded: it may take longer, or it is longer than any in use.
        FormatError: it is no expression.
    """
    if len(pattern) > LONGEST:
        raise PatternTooLong(f"a regular expression of {len(pattern)} characters, more than {LONGEST}")
    at = 0
    stack = [_Branch("whole")]
    while at < len(pattern):
        char, here = pattern[at], stack[-1]
        if char == "(":
            at = _open(pattern, at, stack)
        elif char == ")":
            if len(stack) == 1:
                raise PatternUnreadable(f"a closing bracket at character {at} that closes nothing")
            stack.pop()
            stack[-1].add(_closed(here))
            at += 1
        elif char == "|":
            here.close_branch()
            at += 1
        elif char in "*+?" or _COUNT.match(pattern, at):
            at = _repeat(pattern, at, here)
        else:
            at = _single(pattern, at, here)
    if len(stack) != 1:
        raise PatternUnreadable("a group that is not closed")
    stack[0].close_branch()


def _open(pattern: str, at: int, stack: list[_Branch]) -> int:
    """Step into a group; options that hold for the rest are no group."""
    if len(stack) > _DEPTH:
        raise PatternMayBacktrack(f"groups nest more than {_DEPTH} deep")
    if pattern[at + 1 : at + 2] == "*":
        raise PatternMayBacktrack("a callout")
    if pattern[at + 1 : at + 2] != "?":
        stack.append(_Branch("group"))
        return at + 1
    match = _GROUP.match(pattern, at + 1)
    if match is None:
        named = _NAME.match(pattern, at + 1)
        if named is None:
            raise PatternMayBacktrack("a call, a condition or an absent operator")
        stack.append(_Branch("group"))
        return named.end()
    if match["note"]:
        end = pattern.find(")", match.end())
        if end < 0:
            raise PatternUnreadable("a comment that is not closed")
        return end + 1
    if match["end"] == ")":
        if "x" in match["options"]:
            raise PatternMayBacktrack("an expression with free spacing")
        # options for the rest of the group: whatever follows is read as before
        return match.end()
    if match["options"] and "x" in match["options"]:
        raise PatternMayBacktrack("an expression with free spacing")
    stack.append(_Branch("look" if match["look"] else "atomic" if match["atomic"] else "group"))
    return match.end()


def _closed(group: _Branch) -> _Piece:
    group.close_branch()
    if group.kind == "look":
        if group.most_unbounded > 1:
            raise PatternMayBacktrack("several unbounded repetitions in a look-around")
        # it takes no text, so a repetition of it is one of nothing
        return _Piece(unbounded=group.most_unbounded, empty=True, group=True)
    atomic = group.kind == "atomic"
    return _Piece(
        unbounded=0 if atomic else group.most_unbounded,
        ways=1 if atomic else group.all_ways,
        empty=group.any_empty,
        count=group.count,
        group=True,
    )


def _repeat(pattern: str, at: int, here: _Branch) -> int:
    """A repetition of the last piece, and whether that piece may be repeated."""
    counted = _COUNT.match(pattern, at)
    if counted and not counted[1] and not counted[3]:
        return _single(pattern, at, here)
    piece = here.last
    if piece is None:
        raise PatternUnreadable(f"a repetition at character {at} of nothing")
    if counted:
        low = int(counted[1] or 0)
        high = None if counted[2] and not counted[3] else int(counted[3] or counted[1])
        end = counted.end()
    else:
        low = 1 if pattern[at] == "+" else 0
        high = 1 if pattern[at] == "?" else None
        end = at + 1
    # `+` behind `{n,m}` is one more repetition in Oniguruma's Ruby syntax, not a possessive one
    possessive = not counted and pattern[end : end + 1] == "+"
    if possessive or pattern[end : end + 1] == "?":
        end += 1
    times = low if high is None else high
    if low > times or max(times, 1) * piece.count > _COUNTED_MOST:
        raise PatternMayBacktrack(f"counted repetitions of more than {_COUNTED_MOST}")
    if high is None or high > 1:
        if piece.unbounded:
            raise PatternMayBacktrack("an unbounded repetition inside a repeated group")
        if piece.group and piece.empty:
            raise PatternMayBacktrack("a repeated group that may match nothing")
        if piece.ways > 1:
            raise PatternMayBacktrack("a choice inside a repeated group")
    ways = piece.ways if high is None else piece.ways + times - low
    here.replace_last(
        _Piece(
            unbounded=0 if possessive else piece.unbounded + (high is None),
            ways=1 if possessive else ways,
            empty=low == 0 or piece.empty,
            count=max(times, 1) * piece.count,
            group=True,
        )
    )
    return end


def _single(pattern: str, at: int, here: _Branch) -> int:
    """One character, class or escape."""
    char = pattern[at]
    end = at + 1
    anchor = char in "^$"
    if char == "[":
        end = _class(pattern, at)
    elif char == "\\":
        escaped = pattern[at + 1 : at + 2]
        if not escaped:
            raise PatternUnreadable("ends with a backslash")
        if escaped in "123456789kgKXRyYO":
            raise PatternMayBacktrack("a back reference, a call or a text boundary")
        end = at + 2
        if escaped in "pP":
            match = _PROPERTY.match(pattern, at + 1)
            if match is None:
                raise PatternUnreadable(f"a property at character {at} without a name")
            end = match.end()
        elif escaped in "xu" and pattern[end : end + 1] == "{":
            close = pattern.find("}", end)
            end = close + 1 if close >= 0 else end
        anchor = escaped in "bBAzZG"
    here.add(_Piece(empty=anchor))
    return end


def _class(pattern: str, at: int) -> int:
    """The end of a class. A bracket that closes right at the start is a character.

    A class inside a class is one for some readers, and a character for others: then they see two different
    expressions, of which the other one is not looked at here.
    """
    at += 1
    at += pattern[at : at + 1] == "^"
    at += pattern[at : at + 1] == "]"
    while at < len(pattern):
        char = pattern[at]
        if char == "]":
            return at + 1
        if char == "[":
            end = pattern.find(":]", at) if pattern.startswith("[:", at) else -1
            if end < 0 or not pattern[at + 2 : end].strip("^").isalpha():
                raise PatternMayBacktrack("a class inside a class, which readers understand differently")
            at = end
        at += 2 if char in "\\[" else 1
    raise PatternUnreadable("a class that is not closed")
