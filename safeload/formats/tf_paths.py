"""Where the known file operators of a TensorFlow graph get their paths from.

Every SavedModel holds operators that save and restore variables and that read vocabularies, so they are no
finding by themselves. What they work on is: a path that is fed when the graph runs, or handed to the
function that they stand in, is the caller's; an asset is the folder's own; a plain relative name is what old
writers leave as a default. Any other literal, and a path that the graph computes, is the graph's own
choice of a file. A literal that is handed to a function which passes it on to such an operator counts too.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from safeload.errors import LimitExceeded
from safeload.formats.relative_path import relative_problem
from safeload.record import record

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_WRITES, _READS = "writes", "reads"
PATH_INPUTS: Mapping[str, tuple[int, str]] = MappingProxyType(
    {
        "Save": (0, _WRITES), "SaveSlices": (0, _WRITES), "SaveV2": (0, _WRITES),
        "MergeV2Checkpoints": (1, _WRITES), "Restore": (0, _READS), "RestoreSlice": (0, _READS),
        "RestoreV2": (0, _READS), "InitializeTableFromTextFile": (1, _READS),
        "InitializeTableFromTextFileV2": (1, _READS),
    }
)  # fmt: skip
"""Operator -> which input is the path, and what happens there."""
_PASSES = frozenset({"Identity", "PlaceholderWithDefault", "StringJoin", "ShardedFilename"})
"""Operators whose first input decides where the path begins."""
_FED = frozenset({"Placeholder", "PlaceholderV2", "_Arg", "_DeviceArg"})
_BRANCHES = frozenset({"If", "StatelessIf", "Case", "StatelessCase"})
"""Operators whose first input chooses the function."""
_STEPS = 64
_INPUTS = 2_000
_MOST = 100_000
_ROUNDS = 32
_SHOWN = 200


class TooManySteps(LimitExceeded):
    """More nodes on the way of paths than the budget."""


@record(kw_only=False)
class Step:
    """A node that a path may come from or go through."""

    start: int
    """Byte of the node: tells which function it stands in."""
    name: str
    operator: str
    inputs: tuple[str, ...]
    literal: bytes | None
    """The text of a constant."""
    calls: tuple[str, ...]
    """Functions that the node calls."""


@record(kw_only=False)
class PathUse:
    """A path of the graph's own choice."""

    operator: str
    node: str
    what: str


@record(kw_only=False)
class _Source:
    """Where a path comes from: a constant, the caller, or neither."""

    literal: str | None = None
    given: str | None = None
    """The argument of the function that it is; empty where it is fed."""
    node: str = ""


class Paths:
    """The nodes on the way of paths, by the function that they stand in."""

    def __init__(self) -> None:
        self._open: list[Step] = []
        self._scopes: list[tuple[str, dict[str, Step]]] = []
        self._arguments: dict[str, list[str]] = {"": []}
        self._count = 0
        self.assets: set[str] = set()
        """Constants that a loader replaces by the path of an asset."""

    def add(self, step: Step) -> None:
        """Take a node, if it matters.

        Raises:
            TooManySteps: the budget does not hold.
        """
        matters = step.operator in PATH_INPUTS or step.operator in _PASSES or step.operator in _FED
        if matters or step.calls or (step.operator == "Const" and step.literal is not None):
            self._count += 1
            if self._count > _MOST:
                raise TooManySteps(f"more than {_MOST} nodes that paths may go through", offset=step.start)
            self._open.append(step)

    def close(self, name: str, start: int, arguments: list[str]) -> None:
        """End a function, or the graph (`""`), that began at `start`: its nodes are those behind that."""
        self._arguments[name] = arguments
        scope: dict[str, Step] = {}
        while self._open and self._open[-1].start >= start:
            step = self._open.pop()
            scope[step.name] = step
        self._scopes.append((name, scope))

    def uses(self) -> Iterator[PathUse]:
        """Every path of the graph's own choice.

        Raises:
            TooManySteps: a budget does not hold.
        """
        takers = self._takers()
        for function, scope in self._scopes:
            for step in scope.values():
                for reference, verb in _places(step, takers):
                    problem = self._problem(_source(scope, reference, function), verb)
                    if problem is not None:
                        yield PathUse(step.operator, step.name, f"{verb} {problem}")

    def _problem(self, source: _Source, verb: str) -> str | None:
        """What is wrong with a path, or None."""
        if source.given is not None or source.node in self.assets:
            return None
        if source.literal is None:
            # what is read may come from a variable, in which newer writers keep the path of an asset
            return "a file whose path the graph computes" if verb == _WRITES else None
        if not source.literal or relative_problem(source.literal) is None:
            return None
        return f"the file {source.literal[:_SHOWN]}"

    def _takers(self) -> dict[str, dict[int, str]]:
        """Functions that use a path which their caller hands to them: the argument's place, and for what.

        Raises:
            TooManySteps: paths are handed on further than the budget.
        """
        takers: dict[str, dict[int, str]] = {}
        for turn in range(_ROUNDS):
            changed = False
            # callers stand before or behind what they call: both orders, in turn
            for function, scope in self._scopes[:: -1 if turn % 2 else 1]:
                arguments = {name: at for at, name in enumerate(self._arguments[function])}
                known = takers.setdefault(function, {})
                for step in scope.values():
                    for reference, verb in list(_places(step, takers)):
                        at = arguments.get(_source(scope, reference, function).given or "")
                        if at is not None and known.get(at) not in {verb, _WRITES}:
                            known[at] = verb
                            changed = True
            if not changed:
                return takers
        raise TooManySteps(f"functions hand paths on in more than {_ROUNDS} turns")


def _places(step: Step, takers: Mapping[str, Mapping[int, str]]) -> Iterator[tuple[str, str]]:
    """Inputs of a node that are paths, or become some in a function that it calls, and what happens there."""
    if step.operator in PATH_INPUTS:
        index, verb = PATH_INPUTS[step.operator]
        yield (step.inputs[index] if index < len(step.inputs) else ""), verb
    first = 1 if step.operator in _BRANCHES else 0
    for call in (*step.calls, step.operator):
        for place, verb in sorted(takers.get(call, {}).items()):
            if first + place < len(step.inputs):
                yield step.inputs[first + place], verb


def _source(scope: Mapping[str, Step], reference: str, function: str) -> _Source:
    """Follow a path to where it begins."""
    for _ in range(_STEPS):
        name = reference.partition(":")[0]
        step = scope.get(name)
        if step is None:
            # in a function, what is named without an output is one of its arguments
            inside = bool(function) and bool(reference) and ":" not in reference
            return _Source(given=name if inside else None)
        if step.literal is not None:
            return _Source(literal=step.literal.decode("utf-8", "replace"), node=name)
        if step.operator in _FED:
            return _Source(given="")
        if step.operator not in _PASSES or not step.inputs:
            return _Source()
        reference = step.inputs[0]
    return _Source()


def kept_inputs(inputs: list[str]) -> tuple[str, ...]:
    """The inputs of a node that carry values."""
    return tuple(reference for reference in inputs[:_INPUTS] if not reference.startswith("^"))
