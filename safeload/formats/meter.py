"""What the deflated members of one file may grow to, however deep they nest: `Meter`.

One meter serves a file and every archive inside it, so that a hundred small bombs are not each given what
one of them may have. What is only measured (arrays, pictures) is cheap by the byte; what is interpreted
(pickles, JSON, text) is dear, and has the smaller budget.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.errors import LimitExceeded

if TYPE_CHECKING:
    from safeload.core import View
    from safeload.limits import Limits

_CHEAP_TIMES, _CHEAP_LEAST = 32, 64 << 20
_DEAR_TIMES, _DEAR_LEAST = 8, 8 << 20
_NODES_LEAST = 2_000_000
"""The largest tokenizer.json of a quarter million merges comes to 1.8 million."""
_CONTAINER = 4
"""An object or array takes as much memory as four short strings."""


class InflatedTotal(LimitExceeded):
    """Deflated members that together grow past the budget of their file."""


class Meter:
    """Two budgets in bytes, from the size of the outermost file. Honest JSON deflates five- to eightfold."""

    __slots__ = ("_left", "_nodes")

    def __init__(self, size: int, limits: Limits) -> None:
        most = limits.inflated_bytes
        self._left = {
            True: min(most, max(_DEAR_LEAST, _DEAR_TIMES * size)),
            False: min(most, max(_CHEAP_LEAST, _CHEAP_TIMES * size)),
        }
        self._nodes = max(_NODES_LEAST, size // 2)

    def take(self, size: int, *, dear: bool) -> None:
        """Account for `size` bytes before they are looked at.

        Raises:
            InflatedTotal: they exceed what is left. Nothing is taken then.
        """
        if size > self._left[dear]:
            raise InflatedTotal(f"{size} inflated bytes more exceed the budget of their file")
        self._left[dear] -= size

    def count(self, view: View) -> None:
        """Account for the values of a JSON document: one takes up to a hundred times what it takes in text.

        Raises:
            InflatedTotal: they exceed what is left.
        """
        nodes = 0
        for chunk in view.stream(0, view.size):
            data = bytes(chunk)
            nodes += data.count(b",") + _CONTAINER * (data.count(b"[") + data.count(b"{"))
        if nodes > self._nodes:
            raise InflatedTotal("inflated JSON holds more values than the budget of its file")
        self._nodes -= nodes
