"""What the names of a chat template stand for, without running it: assigned values, numbers, made text.

Names are taken together over the whole template, whatever the scope: `set x` in a loop and a macro's
parameter `x` are one. What is found of a name holds of each of its uses, so this errs towards refusing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from jinja2 import nodes

from safeload.isolation.template_names import (
    LOOP_NUMBERS,
    NUMBER_METHODS,
    NUMBERS,
    PASSING,
    TAKING,
    is_private,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

UNBOUNDED = 10**18
"""What a number that is larger counts as."""
MOST_DIGITS = 4
"""Of a number that is written as a text."""
MOST_PASSES = 40
"""Honest templates settle in fewer than ten."""


def walk(root: nodes.Node) -> Iterator[nodes.Node]:
    """Every node, without recursion."""
    path = [root]
    while path:
        node = path.pop()
        yield node
        path.extend(node.iter_child_nodes())


def name_of(node: nodes.Node) -> str | None:
    """`x` for a name, `ns.x` for an attribute of a name: what assignments and uses have in common."""
    if isinstance(node, nodes.Name):
        return node.name
    if isinstance(node, nodes.NSRef):
        return f"{node.name}.{node.attr}"
    if isinstance(node, nodes.Getattr) and isinstance(node.node, nodes.Name):
        return f"{node.node.name}.{node.attr}"
    if isinstance(node, nodes.Getitem) and isinstance(node.node, nodes.Name):
        key = node.arg
        if isinstance(key, nodes.Const) and isinstance(key.value, str):
            return f"{node.node.name}.{key.value}"
    return None


class Flow:
    """Name -> every expression that it is assigned; a block of output stands as its statement."""

    def __init__(self, tree: nodes.Template) -> None:
        self.values: dict[str, list[nodes.Node]] = {}
        self.macros: dict[str, list[nodes.Macro]] = {}
        self.stored: set[str] = set()
        calls: list[nodes.Call] = []
        for node in walk(tree):
            match node:
                case nodes.Assign():
                    self._assign(node.target, node.node)
                case nodes.AssignBlock():
                    self._assign(node.target, node)
                case nodes.For():
                    self._assign(node.target, node.iter, element=True)
                case nodes.With():
                    for target, value in zip(node.targets, node.values, strict=False):
                        self._assign(target, value)
                case nodes.Macro():
                    self.macros.setdefault(node.name, []).append(node)
                case nodes.Call():
                    calls.append(node)
            if isinstance(node, (nodes.Macro, nodes.CallBlock)):
                self.stored.update(parameter.name for parameter in node.args)
                shift = len(node.args) - len(node.defaults)
                for parameter, value in zip(node.args[shift:], node.defaults, strict=False):
                    self._note(parameter.name, value)
        for call in calls:
            self._pass(call)
        self._numbers = self._settle(self.is_number, start=True)
        self._made = self._settle(self.makes_name, start=False)
        self._bounds: dict[str, int | None] = {}

    def _settle(self, holds: Callable[[nodes.Node], bool], *, start: bool) -> set[str]:
        """The names of which `holds` is true, found by repetition until nothing changes.

        A name is a number if all its values are, and made if one of them is. What does not settle
        soon counts as no number, and as made.
        """
        found = set(self.values) if start else set()
        if start:
            self._numbers = found
        else:
            self._made = found
        for _ in range(MOST_PASSES):
            changed = [
                name
                for name, values in self.values.items()
                if (name in found) is start
                and (all if start else any)(holds(value) for value in values) is not start
            ]
            if not changed:
                return found
            (found.difference_update if start else found.update)(changed)
        return set() if start else set(self.values)

    def _note(self, name: str, value: nodes.Node) -> None:
        self.values.setdefault(name, []).append(value)

    def _assign(self, target: nodes.Node, value: nodes.Node, *, element: bool = False) -> None:
        if isinstance(target, nodes.Tuple):
            parts: Iterable[nodes.Node] = [value] * len(target.items)
            if isinstance(value, nodes.Tuple) and len(value.items) == len(target.items) and not element:
                parts = value.items
            for item, part in zip(target.items, parts, strict=False):
                self._assign(item, part, element=element)
            return
        name = name_of(target)
        if name is None:
            return
        self.stored.add(name)
        self._note(name, value)
        if isinstance(value, nodes.Call):
            for keyword in value.kwargs:
                if isinstance(keyword, nodes.Keyword):
                    self._note(f"{name}.{keyword.key}", keyword.value)
        elif isinstance(value, nodes.Dict):
            for pair in value.items:
                if isinstance(pair.key, nodes.Const) and isinstance(pair.key.value, str):
                    self._note(f"{name}.{pair.key.value}", pair.value)

    def _pass(self, call: nodes.Call) -> None:
        """The arguments of a call become values of the macro's parameters, or of what takes them in."""
        if isinstance(call.node, nodes.Getattr) and call.node.attr in TAKING:
            name = name_of(call.node.node)
            for argument in call.args if name is not None else ():
                self._note(name or "", argument)
        if not isinstance(call.node, nodes.Name):
            return
        for macro in self.macros.get(call.node.name, ()):
            for parameter, argument in zip(macro.args, call.args, strict=False):
                self._note(parameter.name, argument)
            for keyword in call.kwargs:
                if isinstance(keyword, nodes.Keyword):
                    self._note(keyword.key, keyword.value)

    def is_number(self, node: nodes.Node | None) -> bool:
        """Whether an expression can only be a number."""
        match node:
            case nodes.Const():
                return isinstance(node.value, (int, float))
            case nodes.Neg() | nodes.Pos() | nodes.Sub() | nodes.Div() | nodes.FloorDiv() | nodes.Pow():
                return True
            case nodes.Add():
                return self.is_number(node.left) or self.is_number(node.right)
            case nodes.Mul():
                return self.is_number(node.left) and self.is_number(node.right)
            case nodes.Mod():
                return self.is_number(node.left)
            case nodes.Filter():
                return node.name in NUMBERS
            case nodes.CondExpr():
                return self.is_number(node.expr1) and self.is_number(node.expr2)
            case nodes.Call(node=nodes.Getattr(attr=attr)):
                return attr in NUMBER_METHODS
            case nodes.Getattr(node=nodes.Name(name="loop"), attr=attr) if attr in LOOP_NUMBERS:
                return True
            case nodes.Call(node=nodes.Name(name="range")):
                return True  # as the values of a loop
        name = None if node is None else name_of(node)
        return name is not None and name in self._numbers

    def makes_name(self, node: nodes.Node | None) -> bool:
        """Whether an expression may be text that the template puts together or hides in a constant."""
        if node is None or self.is_number(node):
            return False
        match node:
            case nodes.Const():
                return isinstance(node.value, str) and is_private(node.value)
            case nodes.Add() if isinstance(node.left, nodes.List) or isinstance(node.right, nodes.List):
                # lists, one behind the other
                return self.makes_name(node.left) or self.makes_name(node.right)
            case nodes.Concat() | nodes.Add() | nodes.Mul() | nodes.Mod() | nodes.AssignBlock():
                return True
            case nodes.Compare() | nodes.Test() | nodes.Not():
                return False
            case nodes.Getitem() if isinstance(node.arg, nodes.Slice):
                return not isinstance(node.node, nodes.Name) or self.makes_name(node.node)
            case nodes.Filter():
                if node.name not in PASSING:
                    return True
                return any(self.makes_name(part) for part in (node.node, *node.args))
            case nodes.Call():
                target = node.node
                if isinstance(target, nodes.Getattr):
                    return target.attr not in PASSING or any(
                        self.makes_name(part) for part in (target.node, *node.args)
                    )
                if isinstance(target, nodes.Name) and target.name in {"namespace", "dict", "range"}:
                    return any(self.makes_name(keyword.value) for keyword in node.kwargs)
                return True
            case nodes.Pair():
                return self.makes_name(node.key) or self.makes_name(node.value)
            case nodes.CondExpr():
                return self.makes_name(node.expr1) or self.makes_name(node.expr2)
            case nodes.And() | nodes.Or():
                return self.makes_name(node.left) or self.makes_name(node.right)
            case nodes.List() | nodes.Tuple() | nodes.Dict():
                return any(self.makes_name(item) for item in node.items)
        name = name_of(node)
        if name is not None and name in self.values:
            return name in self._made
        if isinstance(node, (nodes.Getattr, nodes.Getitem)):
            return self.makes_name(node.node)
        return False

    def bound(self, node: nodes.Node | None) -> int | None:
        """The largest value of a number that the template itself fixes, or None where data decides."""
        match node:
            case nodes.Const():
                value = node.value
                return min(abs(value), UNBOUNDED) if type(value) is int else None
            case nodes.Neg() | nodes.Pos():
                return self.bound(node.node)
            case nodes.BinExpr():
                return _combined(node, self.bound(node.left), self.bound(node.right))
            case nodes.Filter(name="int" | "float" | "abs" | "round"):
                if isinstance(node.node, nodes.Const) and isinstance(node.node.value, str):
                    return UNBOUNDED if len(node.node.value) > MOST_DIGITS else None
                if node.name in {"int", "float"} and not self.is_number(node.node):
                    return UNBOUNDED if self.makes_name(node.node) else None
                return self.bound(node.node)
            case nodes.CondExpr():
                known = [self.bound(part) for part in (node.expr1, node.expr2)]
                return max((value for value in known if value is not None), default=None)
        name = None if node is None else name_of(node)
        if name is None or name not in self.values:
            return None
        if name not in self._bounds:
            self._bounds[name] = None  # what a name adds to itself is not known
            known = [self.bound(value) for value in self.values[name]]
            self._bounds[name] = max((value for value in known if value is not None), default=None)
        return self._bounds[name]


def _combined(node: nodes.BinExpr, left: int | None, right: int | None) -> int | None:
    """The largest value of a calculation; what data decides counts as one beside what the template fixes."""
    if isinstance(node, (nodes.And, nodes.Or)):
        return max((value for value in (left, right) if value is not None), default=None)
    if left is None and right is None:
        return None
    one, other = (1 if value is None else value for value in (left, right))
    match node:
        case nodes.Pow():
            return UNBOUNDED if one > 1 and other >= 60 else min(one**other, UNBOUNDED)
        case nodes.Mul():
            return min(one * other, UNBOUNDED)
        case nodes.Div() | nodes.FloorDiv():
            return one // max(other, 1)
        case nodes.Mod():
            return other
    return min(one + other, UNBOUNDED)
