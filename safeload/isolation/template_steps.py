"""Templates that grow step by step: through a second name, a replacement, a list that they loop over.

Only an attribute of a `namespace` (or a list that is added to) keeps its value from one step of a loop to the
next, so only those grow without an assignment for each step.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from jinja2 import nodes

from safeload.isolation.template_flow import name_of, walk
from safeload.isolation.template_names import TAKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from safeload.isolation.template_flow import Flow

    Note = Callable[[nodes.Node, str], None]

MOST_GROWTH = 1_000_000
ESCAPING = {"e": 5, "escape": 5, "forceescape": 5, "tojson": 6, "urlencode": 3}
"""Filter -> how much longer it makes what it has escaped before."""


def check_steps(tree: nodes.Template, flow: Flow, uses: Mapping[str, Mapping[str, int]], note: Note) -> None:
    """Note what doubles, or multiplies, with each step.

    Args:
        tree: the template.
        flow: what its names stand for.
        uses: name -> names that it is put together from, and how often.
        note: takes what is found.
    """
    reach = {name: _reached(name, uses) for name in uses}
    for name, used in uses.items():
        for other, count in used.items():
            if count > 1 and name in reach.get(other, ()) and other != name:
                note(flow.values.get(name, [tree])[0], f"{name[:60]} is made of itself more than once")
                return
    _growing(tree, flow, reach, note)
    for node in walk(tree):
        if isinstance(node, nodes.For):
            _fed(node, flow, note)
        elif isinstance(node, nodes.Call) and _adds_itself(node, reach):
            note(node, "a list that is made of itself more than once")
            return


def _reached(name: str, uses: Mapping[str, Mapping[str, int]]) -> set[str]:
    """Names that a value may be put together from, over any number of assignments."""
    found: set[str] = set()
    path = list(uses.get(name, ()))
    while path:
        used = path.pop()
        if used not in found:
            found.add(used)
            path.extend(uses.get(used, ()))
    return found


def _growing(tree: nodes.Template, flow: Flow, reach: Mapping[str, set[str]], note: Note) -> None:
    """Replacements and escapes of what they have made themselves, again and again."""
    repeated = {
        id(getattr(statement, "node", statement))
        for body in tree.find_all((nodes.For, nodes.Macro))
        for statement in body.find_all((nodes.Assign, nodes.AssignBlock))
    }
    for name, values in flow.values.items():
        total = 1
        for value in values:
            growth = 1
            for node, operand, factor in _operations(value, flow):
                growth *= (
                    factor if isinstance(node, nodes.Call) or getattr(node, "name", "") == "replace" else 1
                )
                again = "." in name and id(value) in repeated and _again(name, node, operand, flow, reach)
                if again and factor > 1:
                    note(node, f"{name[:60]} grows with each step")
                    return
            total *= growth
            if total > MOST_GROWTH:
                note(value, f"{name[:60]} is made longer more than {MOST_GROWTH} times")
                return


def _again(
    name: str, node: nodes.Node, operand: nodes.Node, flow: Flow, reach: Mapping[str, set[str]]
) -> bool:
    """Whether an operation works on what `name` was before.

    What is escaped or joined is followed through plain assignments only: templates write data as JSON into
    what they gather, and names of different macros are one here.
    """
    names = set(_names(operand))
    if _is_replacement(node):
        return any(name == used or name in reach.get(used, ()) for used in names)
    return any(name in _aliases_of(used, flow) for used in names)


def _is_replacement(node: nodes.Node) -> bool:
    return isinstance(node, nodes.Call) or (isinstance(node, nodes.Filter) and node.name == "replace")


def check_replacements(tree: nodes.Template, flow: Flow, note: Note) -> None:
    """Note an expression whose replacements multiply: each works on what the one inside it has made."""
    for node, operand, factor in _operations(tree, flow):
        growth, inner = factor, operand
        while (found := _operation(inner, flow)) is not None:
            inner = found[0]
            growth *= found[1]
        if growth > MOST_GROWTH:
            note(node, f"a text that is made longer more than {MOST_GROWTH} times")
            return


def _operations(root: nodes.Node, flow: Flow) -> Iterator[tuple[nodes.Node, nodes.Node, int]]:
    """What makes a text longer, what it works on, and by how much."""
    for node in walk(root):
        found = _operation(node, flow)
        if found is not None:
            yield node, *found


def _operation(node: nodes.Node, flow: Flow) -> tuple[nodes.Node, int] | None:
    if isinstance(node, nodes.Filter) and node.node is not None:
        target, name = node.node, node.name
    elif isinstance(node, nodes.Call) and isinstance(node.node, nodes.Getattr):
        target, name = node.node.node, node.node.attr
    else:
        return None
    args: list[nodes.Expr] = node.args
    match name:
        case "replace":
            return target, _factor(args, flow)
        case "join" if isinstance(node, nodes.Filter) and args:
            return target, 1 + _length(args[0], flow)
    return (
        (target, ESCAPING.get(name, 1) if _is_name(target) else 1) if isinstance(node, nodes.Filter) else None
    )


def _is_name(node: nodes.Node) -> bool:
    return name_of(node) is not None


def _factor(args: list[nodes.Expr], flow: Flow) -> int:
    if len(args) < 2:
        return 1
    old, new = (_length(part, flow) for part in args[:2])
    return max(1, new // max(1, old))


def _length(node: nodes.Node, flow: Flow) -> int:
    """Characters of a text that the template fixes; what data brings in counts as one."""
    if isinstance(node, nodes.Const):
        return len(str(node.value))
    name = name_of(node)
    if name is not None:
        known = [
            len(str(value.value)) for value in flow.values.get(name, ()) if isinstance(value, nodes.Const)
        ]
        return max(known, default=2 if flow.makes_name(node) else 1)
    return 2 if flow.makes_name(node) else 1


def _names(root: nodes.Node) -> Iterator[str]:
    for node in walk(root):
        name = name_of(node)
        if name is not None:
            yield name


def _fed(loop: nodes.For, flow: Flow, note: Note) -> None:
    """A loop over a list that its own body makes longer ends nowhere."""
    looped = _aliases(loop.iter, flow)
    for statement in loop.body:
        for call in statement.find_all(nodes.Call) if looped else ():
            target = call.node
            if (
                isinstance(target, nodes.Getattr)
                and target.attr in TAKING
                and looped & _aliases(target.node, flow)
            ):
                note(call, "a list that grows while it is looped over")
                return


def _aliases(node: nodes.Node, flow: Flow) -> set[str]:
    """Names that may stand for the same object."""
    name = name_of(node)
    return set() if name is None else _aliases_of(name, flow)


def _aliases_of(name: str, flow: Flow) -> set[str]:
    found: set[str] = set()
    path = [name]
    while path:
        name = path.pop()
        if name not in found:
            found.add(name)
            path.extend(other for value in flow.values.get(name, ()) if (other := name_of(value)) is not None)
    return found


def _adds_itself(call: nodes.Call, reach: Mapping[str, set[str]]) -> bool:
    target = call.node
    if not (isinstance(target, nodes.Getattr) and target.attr in TAKING):
        return False
    name = name_of(target.node)
    if name is None:
        return False
    return any(
        isinstance(argument, nodes.Expr)
        and any(used == name or name in reach.get(used, ()) for used in _names(argument))
        for argument in call.args
    )
