"""TensorFlow graphs: SavedModel, MetaGraphDef (`.meta`), frozen GraphDef, and Keras' metadata beside them.

A graph is a program of operators. Guarantees for a record: every node was read, those of functions too; its
operators are parted into the known ones, those that reach outside (`EFFECTS`, and a few that do so by an
attribute), the functions that the graph itself defines, and the rest, which a library of native code has
to bring along. The bytes of constants are not read.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from safeload.errors import FormatError
from safeload.formats.protobuf import text, texts, walk
from safeload.formats.tf_operators import EFFECTS, is_known
from safeload.formats.tf_paths import Paths, Step, kept_inputs
from safeload.formats.tf_schema import SCHEMA
from safeload.record import record

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from safeload.core import View
    from safeload.formats.protobuf import Values
    from safeload.limits import Limits

_MOST_EFFECTS = 200
"""Nodes that are named one by one; a graph with more is no better for it."""
_CONST, _VALUE = "Const", "value"
_PRINT = "PrintV2"
_PRINT_TO = "output_stream"
_FILE = b"file://"
_LONGEST_ADDRESS = 4_096


class EmptyGraph(FormatError):
    """A file of this kind that holds no node and no object."""


class UnlistedField(FormatError):
    """A field that the schema here lacks."""


@record
class Effect:
    """A node that reaches outside the graph."""

    operator: str
    node: str
    what: str


@record
class TfGraph:
    """What a graph is made of."""

    version: str
    """Of the TensorFlow that wrote it, where it says so."""
    operators: frozenset[str]
    functions: frozenset[str]
    """Those that the graph itself defines."""
    effects: tuple[Effect, ...]
    assets: tuple[str, ...]
    """Files that the graph opens, as written: relative to the folder `assets`."""
    metadata: tuple[tuple[str, str], ...]
    """Keras' description of each object: where, and JSON."""

    @property
    def needs(self) -> tuple[str, ...]:
        """The files, relative to the folder of the graph."""
        return tuple(f"assets/{name}" for name in self.assets)

    @property
    def foreign(self) -> tuple[str, ...]:
        """Operators that neither TensorFlow nor the graph itself brings along."""
        rest = self.operators - self.functions - EFFECTS.keys()
        return tuple(sorted(name for name in rest if not is_known(name)))


def parse_tf_graph(view: View, root: str, limits: Limits) -> TfGraph:
    """Read a graph.

    Args:
        view: the file.
        root: the message that it is: `SavedModel`, `MetaGraphDef`, `GraphDef`, `SavedMetadata`.
        limits: budgets.

    Raises:
        FormatError: one subclass per way to be wrong; `UnlistedField` where the file is valid, but newer.
        LimitExceeded: a budget does not hold.
    """
    graph = _Graph(view)
    walked = walk(view, SCHEMA, root, limits, graph.finish)
    if walked.unknown is not None:
        raise UnlistedField(f"{walked.unknown} is none that this version reads")
    if not (graph.operators or graph.metadata or graph.functions):
        raise EmptyGraph("the graph holds nothing")
    named = [
        Effect(operator=name, node=f"function attribute {name}", what=EFFECTS[name])
        for name in sorted(graph.called & EFFECTS.keys() - graph.functions)
    ]
    chosen = [
        Effect(operator=use.operator, node=use.node, what=use.what)
        for use in itertools.islice(graph.paths.uses(), _MOST_EFFECTS)
    ]
    return TfGraph(
        version=graph.version,
        operators=frozenset(graph.operators),
        functions=frozenset(graph.functions),
        effects=(*graph.effects, *named, *chosen),
        assets=tuple(graph.assets),
        metadata=tuple(graph.metadata),
    )


class _Graph:
    """What comes together during the walk."""

    def __init__(self, view: View) -> None:
        self._view = view
        self.version = ""
        self.operators: set[str] = set()
        self.functions: set[str] = set()
        self.called: set[str] = set()
        self.paths = Paths()
        self._calls: list[str] = []
        self.effects: list[Effect] = []
        self.assets: list[str] = []
        self.metadata: list[tuple[str, str]] = []
        self.finish: Mapping[str, Callable[[Values, int], object]] = {
            "NodeDef": self._node,
            "AttrEntry": self._attribute,
            "NameAttrList": self._call,
            "MetaInfoDef": self._info,
            "AssetFileDef": self._asset,
            "FunctionDef": self._function,
            "ArgDef": lambda values, _: text(values, "name"),
            "GraphDef": lambda _values, start: self.paths.close("", start, []),
            "SavedUserObject": self._object,
            "MetadataObject": self._object,
        }

    def _node(self, values: Values, start: int) -> None:
        if not values:
            return
        operator = text(values, "op")
        self.operators.add(operator)
        what = EFFECTS.get(operator)
        attributes = _attributes(values)
        address = attributes.get(_PRINT_TO, b"")
        if what is None and operator == _PRINT and address.lower().startswith(_FILE):
            what = f"writes to {address.decode('utf-8', 'replace')}"
        if what is not None and len(self.effects) < _MOST_EFFECTS:
            self.effects.append(Effect(operator=operator, node=text(values, "name"), what=what))
        calls, self._calls = tuple(self._calls), []
        inputs = kept_inputs(texts(values, "input"))
        literal = attributes.get(_VALUE) if operator == _CONST else None
        self.paths.add(Step(start, text(values, "name"), operator, inputs, literal, calls))

    def _attribute(self, values: Values, _start: int) -> tuple[str, bytes] | None:
        """The two attributes that decide where a node writes: an address, and the text of a constant."""
        value, key = values.get("value"), text(values, "key")
        if not isinstance(value, dict) or key not in {_PRINT_TO, _VALUE}:
            return None
        tensor = value.get("tensor")
        place = tensor.get("string_val") if isinstance(tensor, dict) else value.get("s")
        if not isinstance(place, tuple):
            return None
        return key, self._view.read(place[0], min(place[1], _LONGEST_ADDRESS))

    def _call(self, values: Values, _start: int) -> None:
        name = text(values, "name")
        self.called.add(name)
        self._calls.append(name)

    def _asset(self, values: Values, _start: int) -> None:
        self.assets.append(text(values, "filename"))
        tensor = values.get("tensor_info")
        if isinstance(tensor, dict):
            self.paths.assets.add(text(tensor, "name").partition(":")[0])

    def _function(self, values: Values, start: int) -> None:
        signature = values.get("signature")
        name = text(signature, "name") if isinstance(signature, dict) else ""
        self.functions.add(name)
        self._calls = []  # attributes of the function itself
        arguments = texts(signature, "input_arg") if isinstance(signature, dict) else []
        self.paths.close(name or "?", start, arguments)

    def _info(self, values: Values, _start: int) -> None:
        self.version = text(values, "tensorflow_version")

    def _object(self, values: Values, _start: int) -> None:
        if metadata := text(values, "metadata"):
            where = text(values, "node_path") or text(values, "identifier")
            self.metadata.append((where, metadata))


def _attributes(values: Values) -> dict[str, bytes]:
    """What `_attribute` kept of a node."""
    found = values.get("attr")
    return dict(found) if isinstance(found, list) else {}
