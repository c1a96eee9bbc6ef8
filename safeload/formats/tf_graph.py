"""TensorFlow graphs: SavedModel, MetaGraphDef (`.meta`), frozen GraphDef, and Keras' metadata beside them.

A graph is a program of operators. Guarantees for a record: every node was read, those of functions too; its
operators are parted into the known ones, those that reach outside (`EFFECTS`, and a few that do so by an
attribute), the functions that the graph itself defines, and the rest, which a library of native code has
to bring along. The bytes of constants are not read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from safeload.errors import FormatError
from safeload.formats.protobuf import text, texts, walk
from safeload.formats.tf_operators import EFFECTS, is_known
from safeload.formats.tf_schema import SCHEMA
from safeload.record import record

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from safeload.core import View
    from safeload.formats.protobuf import Values
    from safeload.limits import Limits

_MOST_EFFECTS = 200
"""Nodes that are named one by one; a graph with more is no better for it."""
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
    return TfGraph(
        version=graph.version,
        operators=frozenset(graph.operators),
        functions=frozenset(graph.functions),
        effects=(*graph.effects, *named),
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
        self.effects: list[Effect] = []
        self.assets: list[str] = []
        self.metadata: list[tuple[str, str]] = []
        self.finish: Mapping[str, Callable[[Values, int], object]] = {
            "NodeDef": self._node,
            "AttrEntry": self._attribute,
            "NameAttrList": self._call,
            "OpDef": lambda values, _: self.functions.add(text(values, "name")),
            "MetaInfoDef": self._info,
            "AssetFileDef": lambda values, _: self.assets.append(text(values, "filename")),
            "SavedUserObject": self._object,
            "MetadataObject": self._object,
        }

    def _node(self, values: Values, _start: int) -> None:
        operator = text(values, "op")
        self.operators.add(operator)
        what = EFFECTS.get(operator)
        if what is None and operator == _PRINT:
            what = next((f"writes to {address}" for address in texts(values, "attr")), None)
        if what is not None and len(self.effects) < _MOST_EFFECTS:
            self.effects.append(Effect(operator=operator, node=text(values, "name"), what=what))

    def _attribute(self, values: Values, _start: int) -> str | None:
        """The address of an attribute that makes a node write to a file; nothing else is kept."""
        value = values.get("value")
        place = value.get("s") if isinstance(value, dict) else None
        if text(values, "key") != _PRINT_TO or not isinstance(place, tuple):
            return None
        address = self._view.read(place[0], min(place[1], _LONGEST_ADDRESS))
        return address.decode("utf-8", "replace") if address.lower().startswith(_FILE) else None

    def _call(self, values: Values, _start: int) -> None:
        self.called.add(text(values, "name"))

    def _info(self, values: Values, _start: int) -> None:
        self.version = text(values, "tensorflow_version")

    def _object(self, values: Values, _start: int) -> None:
        if metadata := text(values, "metadata"):
            where = text(values, "node_path") or text(values, "identifier")
            self.metadata.append((where, metadata))
