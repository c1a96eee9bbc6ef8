"""The child's task `yaml`: PyYAML's parser says what a document consists of, and constructs nothing.

Only parse events are asked for (https://pyyaml.org/wiki/PyYAMLDocumentation): scalars stay text, tags stay
names, aliases stay aliases. They are put into plain objects and arrays that the parent searches like any
JSON. Short documents are read by the parser in Python that loaders use, long ones by the one in C, which
takes a hundredth of the time. Everything runs in the child only; no other module imports yaml.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import yaml
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from yaml.events import Event

    from safeload.core import Json

SHORT = 256 << 10
"""Bytes up to which the parser in Python reads: about two seconds."""
MOST_NODES = 400_000
MOST_DEPTH = 60
MOST_TAGS = 1_000
MOST_NAME = 300
MOST_EXPANDED = 10_000_000
"""Nodes with every alias written out, past which the count ends."""
REHEARSAL = b"%YAML 1.1\n---\na: &x [1, !t 'b', \"\\u00e9\"]\nb: *x\n? {c: d}\n: >-\n  e\nf: |\n  g\n...\n"
_CORE = frozenset(
    f"tag:yaml.org,2002:{name}"
    for name in (
        "binary", "bool", "float", "int", "map", "merge", "null", "omap", "pairs", "seq", "set", "str",
        "timestamp", "value",
    )
)  # fmt: skip
"""Tags that a safe loader takes. A single `!` says "not a number", which is none either."""
_WORDS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False, "null": None,
          "~": None, "": None}  # fmt: skip


def rehearse() -> None:
    """Read a document of our own with both parsers, so that everything is imported."""
    read(REHEARSAL)
    _Reading().take(_events(REHEARSAL, short=False))


def read(data: bytes) -> dict[str, Json]:
    """What the documents in `data` consist of, as far as they can be read.

    Returns:
        `problem` (empty where all was read), `documents` (objects, arrays and text), `tags` (each with its
        key path), `expanded` (nodes, aliases written out), `aliases` (how many).
    """
    reading = _Reading()
    try:
        reading.take(_events(data, short=len(data) <= SHORT))
    except yaml.YAMLError as error:
        reading.trouble(f"is not YAML: {_cause(error)}")
    except (ValueError, RecursionError) as error:  # a character that YAML does not allow, a deep flow
        reading.trouble(f"is not YAML: {type(error).__name__}")
    reading.finish()
    return {
        "problem": reading.problem,
        "documents": reading.documents,
        "tags": [list(pair) for pair in reading.tags.items()],
        "expanded": reading.expanded,
        "aliases": reading.aliases,
    }


def _cause(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    place = f" in line {mark.line + 1}" if mark is not None else ""
    return f"{getattr(error, 'problem', None) or type(error).__name__}{place}"[:MOST_NAME]


def _events(data: bytes, *, short: bool) -> Iterator[Event]:
    fast = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    events: Iterator[Event] = yaml.parse(data, Loader=yaml.SafeLoader if short else fast)
    return events


class _Open:
    """A mapping or sequence whose end has not come."""

    def __init__(self, value: dict[str, Json] | list[Json], anchor: str | None, path: str) -> None:
        self.value = value
        self.anchor = anchor
        self.path = path
        self.key: str | None = None
        self.size = 1

    def next_path(self) -> str:
        """The key path of the node that comes next."""
        if isinstance(self.value, list):
            step = str(len(self.value))
        else:
            step = self.key if self.key is not None else "?"
        return f"{self.path}.{step}"[-MOST_NAME:].lstrip(".")

    def put(self, node: Json, *, name: str | None) -> None:
        """Take the next node. In a mapping it is a key, then a value.

        Args:
            node: the node.
            name: its text, where it is a scalar.
        """
        if isinstance(self.value, list):
            self.value.append(node)
        elif self.key is None:
            self.key = name if name is not None else "?"
            if not isinstance(node, str):
                # a mapping as a key: what is in it counts like a value
                self.value[self._unused("?")] = node
        else:
            key, self.key = self.key, None
            if key in self.value:
                # the same key again: readers differ in which one holds, so both are kept
                self.value[self._unused(key)] = {key: node}
            else:
                self.value[key] = node

    def _unused(self, key: str) -> str:
        """A key that nothing in the document has, so that nothing is written over."""
        number = len(self.value)
        while (name := f"{key} ({number})") in self.value:
            number += 1
        return name


class _Reading:
    """What was seen so far. Only the first problem is kept."""

    def __init__(self) -> None:
        self.problem = ""
        self.documents: list[Json] = []
        self.tags: dict[str, str] = {}
        """Each tag, with the first place that it stands at."""
        self.expanded = 0
        self.aliases = 0
        self._nodes = 0
        self._stack: list[_Open] = []
        self._anchors: dict[str, int] = {}

    def trouble(self, what: str) -> None:
        self.problem = self.problem or what

    def finish(self) -> None:
        """Close what an early end has left open."""
        while self._stack:
            self._close()

    def take(self, events: Iterator[Event]) -> None:
        """Take events until they end, or a budget does."""
        for event in events:
            if self.problem:
                return
            if isinstance(event, DocumentStartEvent):
                self._anchors = {}
            elif isinstance(event, AliasEvent):
                self.aliases += 1
                size = self._anchors.get(event.anchor, 1)
                self._node(f"*{event.anchor}"[:MOST_NAME], size, name=None)
            elif isinstance(event, ScalarEvent):
                self._tag(event.tag)
                value = self._scalar(event)
                if event.anchor:
                    self._anchors[event.anchor] = 1
                self._node(value, 1, name=event.value)
            elif isinstance(event, MappingStartEvent | SequenceStartEvent):
                self._tag(event.tag)
                if len(self._stack) >= MOST_DEPTH:
                    self.trouble(f"nests deeper than {MOST_DEPTH}")
                    continue
                path = self._stack[-1].next_path() if self._stack else ""
                node: dict[str, Json] | list[Json] = {} if isinstance(event, MappingStartEvent) else []
                self._stack.append(_Open(node, event.anchor, path))
            elif isinstance(event, MappingEndEvent | SequenceEndEvent):
                self._close()

    def _scalar(self, event: ScalarEvent) -> Json:
        plain = event.style is None and event.value.lower() in _WORDS
        return _WORDS[event.value.lower()] if plain else str(event.value)

    def _tag(self, tag: str | None) -> None:
        if tag is None or tag == "!" or tag in _CORE:
            return
        place = self._stack[-1].next_path() if self._stack else ""
        if len(self.tags) < MOST_TAGS:
            self.tags.setdefault(tag[:MOST_NAME], place)
        elif tag[:MOST_NAME] not in self.tags:
            self.trouble(f"more than {MOST_TAGS} tags")

    def _close(self) -> None:
        done = self._stack.pop()
        if done.anchor:
            self._anchors[done.anchor] = done.size
        self._node(done.value, done.size, name=None)

    def _node(self, value: Json, size: int, *, name: str | None) -> None:
        """Hand a finished node to what it stands in."""
        self._nodes += 1
        if self._stack:
            parent = self._stack[-1]
            parent.size = min(parent.size + size, MOST_EXPANDED + 1)
            parent.put(value, name=name)
        else:
            self.documents.append(value)
            self.expanded = min(self.expanded + size, MOST_EXPANDED + 1)
        if self._nodes > MOST_NODES:
            self.trouble(f"more than {MOST_NODES} nodes")
