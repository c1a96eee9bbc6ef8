"""What a chat template does that an honest one has no use for, told from its syntax tree.

A template is a program of the repository, and some programs run it without a sandbox. Judged is by
lists of what may be there (template_names.py), not of what may not: each statement, filter, test, called
name and method that is not listed is named, as is each way out of the data that templates are given, and
each construct whose work does not depend on the data but on numbers in the template. Instructions that a
template hides in a prompt are text like any other; nothing here can find them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from jinja2 import nodes

from safeload.isolation.template_flow import Flow, name_of, walk
from safeload.isolation.template_growth import check_growth
from safeload.isolation.template_names import (
    BY_ATTRIBUTE,
    BY_TEST,
    ESCAPES,
    FILTERS,
    FUNCTIONS,
    METHODS,
    NEVER_FREE,
    SIZED,
    TESTS,
    is_private,
)

if TYPE_CHECKING:
    from collections.abc import Callable

MOST_DEPTH = 250
"""Nesting of the tree; a sum of 60 texts nests 60 deep, and honest templates stay below 80."""
MOST_FOUND = 40
MOST_REPEATED = 10_000
"""Repetitions, widths and steps that a number in the template may ask for."""
MOST_POWER = 16
MOST_SHOWN = 60

STATEMENTS = (
    nodes.Template, nodes.Output, nodes.TemplateData, nodes.Name, nodes.NSRef, nodes.Const, nodes.List,
    nodes.Tuple, nodes.Dict, nodes.Pair, nodes.Keyword, nodes.Getattr, nodes.Getitem, nodes.Slice,
    nodes.Filter, nodes.Test, nodes.Call, nodes.For, nodes.If, nodes.Assign, nodes.AssignBlock,
    nodes.Macro, nodes.CallBlock, nodes.FilterBlock, nodes.With, nodes.Scope, nodes.Block,
    nodes.ScopedEvalContextModifier, nodes.Compare, nodes.Operand, nodes.Concat, nodes.CondExpr,
    nodes.Add, nodes.Sub, nodes.Mul, nodes.Div, nodes.FloorDiv, nodes.Mod, nodes.Pow, nodes.And,
    nodes.Or, nodes.Not, nodes.Neg, nodes.Pos, nodes.Break, nodes.Continue,
)  # fmt: skip
"""What the grammar of chat templates consists of; `import`, `include` and `extends` are no part of it."""

_WIDE = re.compile(r"%[-+ #0]*(?:\d*\.)?(?:\d{4,}|\*)|:[^{}]{0,8}\d{4,}[^{}]{0,4}\}")
_WIDE_DATE = re.compile(r"%[-_0^#+ ]*\d{3,}")
_FIELD = re.compile(r"\{\{|\}\}|\{(\w*)(?:![rs])?(?::[^{}]*)?\}|([{}])")


class TooDeep(Exception):
    """A template that nests deeper than allowed."""


def judge(tree: nodes.Template) -> list[tuple[int, str]]:
    """Line and fact of each construct that is not on the lists.

    Raises:
        TooDeep: the tree nests too deeply to be judged.
    """
    _check_depth(tree)
    judge = _Judge(tree)
    for node in walk(tree):
        judge.check(node)
        if len(judge.found) >= MOST_FOUND:
            return judge.found
    check_growth(tree, judge.flow, judge.note)
    return judge.found


def _check_depth(tree: nodes.Template) -> None:
    depth = 0
    found: list[nodes.Node] = [tree]
    while found:
        depth += 1
        if depth > MOST_DEPTH:
            raise TooDeep
        found = [child for node in found for child in node.iter_child_nodes()]


class _Judge:
    def __init__(self, tree: nodes.Template) -> None:
        self.flow = Flow(tree)
        self.found: list[tuple[int, str]] = []
        self.called: set[int] = set()
        """Attributes that are the callee of a call, by identity."""
        self.wide = False
        callees = [node.node for node in walk(tree) if isinstance(node, nodes.Call)]
        self.called = {id(callee) for callee in callees}
        texts = (node.value for node in walk(tree) if isinstance(node, nodes.Const))
        self.wide = any(isinstance(text, str) and _WIDE.search(text) for text in texts)

    def note(self, node: nodes.Node, what: str) -> None:
        self.found.append((node.lineno, what))

    def check(self, node: nodes.Node) -> None:
        """What stands in one node; its parts are checked on their own."""
        if type(node) not in STATEMENTS:
            self.note(node, f"the statement {type(node).__name__.lower()}")
        check = _CHECKS.get(type(node))
        if check is not None:
            check(self, node)

    def attribute(self, node: nodes.Getattr) -> None:
        if is_private(node.attr):
            self.note(node, f"the attribute {_shown(node.attr)}")
        elif node.attr == "format" and id(node) not in self.called and isinstance(node.node, nodes.Const):
            self.note(node, "the method format of a text, without a call")

    def item(self, node: nodes.Getitem) -> None:
        key = node.arg
        if isinstance(key, nodes.Const):
            if isinstance(key.value, str) and is_private(key.value):
                self.note(node, f"the item {_shown(key.value)}")
        elif not isinstance(key, nodes.Slice):
            if self.flow.makes_name(key):
                self.note(node, "an item or attribute whose name the template puts together")
            elif not self.flow.is_number(key) and self._is_engines(node.node):
                self.note(node, "an attribute, by a name from data, of what is no data")

    def _is_engines(self, node: nodes.Node) -> bool:
        """Whether this is a constant text or a function: what has attributes and no items by name."""
        if isinstance(node, nodes.Name):
            known = node.name in FUNCTIONS or node.name in self.flow.macros or node.name == "loop"
            return known and node.name not in self.flow.stored
        return isinstance(node, nodes.Const) or (
            isinstance(node, nodes.Getattr) and self._is_engines(node.node)
        )

    def reference(self, node: nodes.NSRef) -> None:
        if is_private(node.attr):
            self.note(node, f"the attribute {_shown(node.attr)}")

    def name(self, node: nodes.Name) -> None:
        if node.name.startswith("__") or node.name in ESCAPES:
            self.note(node, f"the name {_shown(node.name)}")
        elif node.name in NEVER_FREE and node.name not in self.flow.stored:
            self.note(node, f"the engine's own object {node.name}")

    def filter(self, node: nodes.Filter) -> None:
        self._filter(node, node.name, node.args)
        if node.name == "format":
            self._percent(node, node.node)
        if node.dyn_args is not None or node.dyn_kwargs is not None:
            self.note(node, f"arguments of the filter {node.name} that are not written out")
        if node.name in SIZED or node.name == "map":
            self._sized(node, (*node.args, *(pair.value for pair in node.kwargs)))
        place = BY_ATTRIBUTE.get(node.name)
        names = [pair.value for pair in node.kwargs if pair.key == "attribute"]
        if place is not None:
            names += node.args[place : place + 1]
        for value in names:
            if not isinstance(value, nodes.Const):
                self.note(value, f"an attribute in the filter {node.name} that is no constant")
            elif isinstance(value.value, str) and any(map(is_private, value.value.split("."))):
                self.note(value, f"the attribute {_shown(value.value)} in the filter {node.name}")

    def _filter(self, node: nodes.Node, name: object, args: list[nodes.Expr]) -> None:
        if name not in FILTERS:
            self.note(node, f"the filter {_shown(name)}")
        if name == "map" and args:
            inner = args[0].value if isinstance(args[0], nodes.Const) else None
            if inner not in FILTERS or inner == "map":
                shown = _shown(inner) if isinstance(inner, str) else "a filter that is no constant"
                self.note(node, f"map with {shown}")
            elif inner in {"format", *BY_ATTRIBUTE, *BY_TEST} and (inner != "join" or len(args) > 2):
                self.note(node, f"map with the filter {inner} and its arguments")
        place = BY_TEST.get(name) if isinstance(name, str) else None
        if place is not None and len(args) > place:
            test = args[place]
            if not isinstance(test, nodes.Const) or test.value not in TESTS:
                self.note(node, f"a test in the filter {name} that is not listed")

    def test(self, node: nodes.Test) -> None:
        if node.name not in TESTS:
            self.note(node, f"the test {_shown(node.name)}")

    def call(self, node: nodes.Call) -> None:
        if node.dyn_args is not None or node.dyn_kwargs is not None:
            self.note(node, "a call whose arguments are not written out")
        for keyword in node.kwargs:
            if is_private(keyword.key) and keyword.key != "_":
                self.note(node, f"the argument {_shown(keyword.key)}")
        callee = node.node
        if isinstance(callee, nodes.Name):
            self._function(node, callee.name)
        elif isinstance(callee, nodes.Getattr):
            self._method(node, callee)
        else:
            self.note(node, "a call of something that has no name")

    def _function(self, node: nodes.Call, name: str) -> None:
        if name in self.flow.stored or (
            name not in FUNCTIONS and name not in self.flow.macros and name != "loop"
        ):
            self.note(node, f"a call of {_shown(name)}")
        if name == "range" and any((self.flow.bound(part) or 0) > MOST_REPEATED for part in node.args):
            self.note(node, f"a range of more than {MOST_REPEATED} steps")
        if name == "strftime_now":
            for part in node.args:
                if not isinstance(part, nodes.Const):
                    self.note(node, "a format of a date that is no constant")
                elif _WIDE_DATE.search(str(part.value)) is not None:
                    self.note(node, f"the format {_shown(part.value)}")

    def _method(self, node: nodes.Call, callee: nodes.Getattr) -> None:
        name = callee.attr
        if name not in METHODS:
            if not is_private(name):
                self.note(node, f"a call of the method {_shown(name)}")
        elif name == "format":
            text = callee.node.value if isinstance(callee.node, nodes.Const) else None
            if not isinstance(text, str):
                self.note(node, "format of a text that is no constant")
            elif not _plain_format(text) or self.wide:
                self.note(node, f"the format {_shown(text)}")
        elif name in SIZED:
            self._sized(node, node.args)

    def _sized(self, node: nodes.Node, parts: tuple[nodes.Expr, ...] | list[nodes.Expr]) -> None:
        if any((self.flow.bound(part) or 0) > MOST_REPEATED for part in parts):
            self.note(node, f"a width of more than {MOST_REPEATED}")

    def modulo(self, node: nodes.Mod) -> None:
        if not self.flow.is_number(node.left):
            self._percent(node, node.left)

    def _percent(self, node: nodes.Node, text: nodes.Node | None) -> None:
        """`%` on a text: its widths are written in the text."""
        if isinstance(text, nodes.Const) and isinstance(text.value, str):
            if _WIDE.search(text.value) is not None:
                self.note(node, f"the format {_shown(text.value)}")
        elif self.wide or self.flow.makes_name(text):
            self.note(node, "a format that the template puts together")

    def product(self, node: nodes.Mul) -> None:
        for one, other in ((node.left, node.right), (node.right, node.left)):
            if not self.flow.is_number(one) and (self.flow.bound(other) or 0) > MOST_REPEATED:
                self.note(node, f"a repetition of more than {MOST_REPEATED} times")

    def power(self, node: nodes.Pow) -> None:
        bound = self.flow.bound(node.right)
        again = any(isinstance(part, nodes.Pow) for part in walk(node.left))
        if bound is None or bound > MOST_POWER or again:
            self.note(node, "a power without a small exponent")

    def macro(self, node: nodes.Macro) -> None:
        if is_private(node.name.removeprefix("_")):
            self.note(node, f"the macro {_shown(node.name)}")

    def with_filter(self, node: nodes.AssignBlock) -> None:
        name = name_of(node.target)
        if name is not None and is_private(name.rpartition(".")[2].removeprefix("_")):
            self.note(node, f"the name {_shown(name)}")


_CHECKS: dict[type[nodes.Node], Callable[[_Judge, nodes.Node], None]] = {
    nodes.Getattr: _Judge.attribute,  # type: ignore[dict-item]  # each is called with its own type only
    nodes.Getitem: _Judge.item,  # type: ignore[dict-item]
    nodes.NSRef: _Judge.reference,  # type: ignore[dict-item]
    nodes.Name: _Judge.name,  # type: ignore[dict-item]
    nodes.Filter: _Judge.filter,  # type: ignore[dict-item]
    nodes.Test: _Judge.test,  # type: ignore[dict-item]
    nodes.Call: _Judge.call,  # type: ignore[dict-item]
    nodes.Mod: _Judge.modulo,  # type: ignore[dict-item]
    nodes.Mul: _Judge.product,  # type: ignore[dict-item]
    nodes.Pow: _Judge.power,  # type: ignore[dict-item]
    nodes.Macro: _Judge.macro,  # type: ignore[dict-item]
    nodes.AssignBlock: _Judge.with_filter,  # type: ignore[dict-item]
}


def _plain_format(text: str) -> bool:
    """Whether each field of a format is a plain name or number, with a written and small width."""
    return _WIDE.search(text) is None and all(
        match[2] is None and not is_private(match[1] or "") for match in _FIELD.finditer(text)
    )


def _shown(name: object) -> str:
    text = str(name)
    return text if len(text) <= MOST_SHOWN else f"{text[:MOST_SHOWN]}..."
