"""Templates that write far more than they hold: doubled texts, nested loops of fixed length, macros.

Measured is in parts: what data brings in counts as one, however long it is. Work that depends on the
data alone (a loop over the messages) is the data's affair; who renders a template needs budgets too.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from jinja2 import nodes

from safeload.isolation.template_flow import name_of, walk
from safeload.isolation.template_steps import check_replacements, check_steps

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from safeload.isolation.template_flow import Flow

    Note = Callable[[nodes.Node, str], None]

MOST_PARTS = 1_000_000
MOST_STEPS = 100_000
"""Steps of nested loops whose length the template fixes; the sandbox's own `range` stops there too."""
MOST_LOOPS = 10
"""Loops inside each other; honest templates nest four."""
TEXT = ""
"""What stands for a constant among names."""


def check_growth(tree: nodes.Template, flow: Flow, note: Note) -> None:
    """Note what grows without need."""
    _loops(tree, flow, note)
    _sizes(tree, flow, note)
    _recursion(flow, note)
    check_replacements(tree, flow, note)


def _loops(tree: nodes.Template, flow: Flow, note: Note) -> None:
    costs = _macro_steps(flow)
    path: list[tuple[nodes.Node, int, int]] = [(tree, 1, 0)]
    while path:
        node, steps, depth = path.pop()
        if isinstance(node, nodes.For):
            steps *= _length(node.iter, flow)
            depth += 1
            if steps > MOST_STEPS:
                note(node, f"loops of more than {MOST_STEPS} steps whatever the data is")
                return
            if depth > MOST_LOOPS:
                note(node, f"more than {MOST_LOOPS} loops inside each other")
                return
        elif (
            isinstance(node, nodes.Call)
            and isinstance(node.node, nodes.Name)
            and steps * costs.get(node.node.name, 1) > MOST_STEPS
        ):
            note(node, f"loops of more than {MOST_STEPS} steps whatever the data is, over macros")
            return
        path.extend((child, steps, depth) for child in node.iter_child_nodes())


def _macro_steps(flow: Flow) -> dict[str, int]:
    """Steps of the loops in each macro with those of the macros that it calls; recursion counts once."""
    calls: dict[str, list[tuple[int, str]]] = {}
    for name, macros in flow.macros.items():
        found = calls.setdefault(name, [])
        path: list[tuple[nodes.Node, int]] = [(macro, 1) for macro in macros]
        while path:
            node, steps = path.pop()
            if isinstance(node, nodes.For):
                steps = min(steps * _length(node.iter, flow), 2 * MOST_STEPS)
                found.append((steps, ""))
            elif isinstance(node, nodes.Call) and isinstance(node.node, nodes.Name):
                found.append((steps, node.node.name))
            path.extend((child, steps) for child in node.iter_child_nodes())
    costs: dict[str, int] = {}
    order = [(name, False) for name in calls]
    while order:
        name, done = order.pop()
        if done:
            own = [steps * max(costs.get(called, 1), 1) for steps, called in calls[name]]
            costs[name] = min(max([1, *own]), 2 * MOST_STEPS)
        elif name not in costs:
            costs[name] = 0
            order.append((name, True))
            order.extend((called, False) for _, called in calls[name] if called in calls)
    return costs


def _length(iterated: nodes.Node, flow: Flow) -> int:
    """Steps of a loop, as far as the template fixes them."""
    match iterated:
        case nodes.Call(node=nodes.Name(name="range")):
            return max([1, *(flow.bound(part) or 1 for part in iterated.args)])
        case nodes.List() | nodes.Tuple():
            return max(1, len(iterated.items))
        case nodes.Const() if isinstance(iterated.value, str):
            return max(1, len(iterated.value))
        case nodes.Mul():
            bounds = [flow.bound(part) or 1 for part in (iterated.left, iterated.right)]
            lengths = [_length(part, flow) for part in (iterated.left, iterated.right)]
            return max(bounds) * max(lengths)
    name = name_of(iterated)
    values = flow.values.get(name, ()) if name is not None else ()
    return max((_length(value, flow) for value in values if name_of(value) is None), default=1)


def _sizes(tree: nodes.Template, flow: Flow, note: Note) -> None:
    """How many parts each name would be made of, written out; macros and outputs count as names."""
    made: dict[str, list[tuple[nodes.Node, Counter[str]]]] = {
        name: [(value, parts(value, flow)) for value in values] for name, values in flow.values.items()
    }
    for name, macros in flow.macros.items():
        made.setdefault(name, []).extend((macro, _output(macro.body, flow)) for macro in macros)
    for node in tree.find_all(nodes.Output):
        made.setdefault("the output", []).append((node, _output([node], flow)))
    for block in tree.find_all(nodes.CallBlock):
        made.setdefault("caller", []).append((block, _output(block.body, flow)))
    for name, values in made.items():
        for value, used in values:
            if used[name] > 1 and not isinstance(value, nodes.Macro):
                note(value, f"{name[:60]} is made of itself more than once")
                return
    uses = {name: dict(_total(used for _, used in values)) for name, values in made.items()}
    check_steps(tree, flow, uses, note)
    sizes: dict[str, int] = {}
    path = [(name, False) for name in made]
    while path:
        name, done = path.pop()
        if done:
            sizes[name] = max(
                (sum(count * max(sizes.get(used, 1), 1) for used, count in parts.items()) or 1)
                for _, parts in made[name]
            )
            if sizes[name] > MOST_PARTS:
                note(made[name][0][0], f"{name[:60]} would have more than {MOST_PARTS} parts")
                return
        elif name not in sizes:
            sizes[name] = 0  # what leads back to itself counts once
            path.append((name, True))
            path.extend(
                (used, False)
                for _, parts in made[name]
                for used in parts
                if used in made and used not in sizes
            )


def parts(node: nodes.Node, flow: Flow) -> Counter[str]:
    """The names that the value of an expression is put together from, and how often."""
    if isinstance(node, nodes.Expr) and flow.is_number(node) and not isinstance(node, (nodes.Mul, nodes.Pow)):
        return Counter()
    match node:
        case nodes.Compare() | nodes.Test() | nodes.Not():
            return Counter()
        case nodes.Const() | nodes.TemplateData():
            return Counter({TEXT: 1})
        case nodes.Mul():
            times = max(flow.bound(part) or 1 for part in (node.left, node.right))
            both = parts(node.left, flow) + parts(node.right, flow)
            return Counter({name: min(count * times, 2 * MOST_PARTS) for name, count in both.items()})
        case nodes.CondExpr():
            options = [node.expr1, *([node.expr2] if node.expr2 is not None else [])]
            return _either(parts(option, flow) for option in options)
        case nodes.And() | nodes.Or():
            return _either((parts(node.left, flow), parts(node.right, flow)))
        case nodes.AssignBlock():
            return _output(node.body, flow, steps=2)
        case nodes.Call():
            target = node.node
            found: Counter[str] = Counter()
            times = _repeats(node)
            if isinstance(target, nodes.Name):
                found[target.name] += 1
            elif isinstance(target, nodes.Getattr):
                found += parts(target.node, flow)
            for value in (*node.args, *(pair.value for pair in node.kwargs)):
                used = parts(value, flow)
                found += Counter({name: count * times for name, count in used.items()})
            return found
        case nodes.Filter(name="format") | nodes.Mod():
            written: Counter[str] = Counter()
            for child in node.iter_child_nodes():
                written += parts(child, flow)
            return Counter({name: count * _repeats(node) for name, count in written.items()})
        case nodes.Getitem():
            name = name_of(node)
            return Counter({name: 1}) if name in flow.values else parts(node.node, flow)
    name = name_of(node)
    if name is not None:
        return Counter({name: 1})
    total: Counter[str] = Counter()
    for child in node.iter_child_nodes():
        total += parts(child, flow)
    return total


def _repeats(node: nodes.Node) -> int:
    """How often a format may write one argument: by number or name as often as it likes."""
    match node:
        case nodes.Call(node=nodes.Getattr(attr="format", node=nodes.Const(value=str() as text))):
            return max([1, *Counter(re.findall(r"\{(\w+)", text)).values()])
        case nodes.Filter(name="format", node=nodes.Const(value=str() as text)):
            return max(1, text.count("%("))
        case nodes.Mod(left=nodes.Const(value=str() as text)):
            return max(1, text.count("%("))
    return 1


def _output(body: Iterable[nodes.Node], flow: Flow, *, steps: int = 1) -> Counter[str]:
    """What statements write: branches count as the larger one, each loop as so many steps."""
    total: Counter[str] = Counter()
    for node in body:
        match node:
            case nodes.If():
                branches = [node.body, node.else_, *(branch.body for branch in node.elif_)]
                total += _either(_output(branch, flow, steps=steps) for branch in branches)
            case nodes.Output():
                for item in node.nodes:
                    total += parts(item, flow)
            case nodes.For() | nodes.Scope() | nodes.With() | nodes.FilterBlock() | nodes.CallBlock():
                inner = _output(node.body, flow, steps=steps)
                times = steps if isinstance(node, nodes.For) else 1
                total += Counter({name: min(count * times, 2 * MOST_PARTS) for name, count in inner.items()})
                if isinstance(node, nodes.CallBlock):
                    total += parts(node.call, flow)
    return total


def _total(options: Iterable[Counter[str]]) -> Counter[str]:
    """For each name the most that one assignment uses."""
    return _either(options)


def _either(options: Iterable[Counter[str]]) -> Counter[str]:
    largest: Counter[str] = Counter()
    for option in options:
        largest |= option
    return largest


def _recursion(flow: Flow, note: Note) -> None:
    """A macro that calls itself has to go into the data: else only a counter ends it."""
    for name, macros in flow.macros.items():
        for macro in macros:
            calls = [
                call
                for call in macro.find_all(nodes.Call)
                if isinstance(call.node, nodes.Name) and call.node.name == name
            ]
            steps = {parameter for loop in macro.find_all(nodes.For) for parameter in _names(loop.target)}
            counted = [call for call in calls if not _descends(call, steps)]
            looped = {id(call) for loop in macro.find_all(nodes.For) for call in loop.find_all(nodes.Call)}
            if counted and (len(calls) > 1 or any(id(call) in looped for call in counted)):
                note(counted[0], f"the macro {name[:60]} calls itself without going into the data")
                return


def _names(target: nodes.Node) -> list[str]:
    return [node.name for node in [target, *target.find_all(nodes.Name)] if isinstance(node, nodes.Name)]


def _descends(call: nodes.Call, steps: set[str]) -> bool:
    return any(
        isinstance(node, (nodes.Getattr, nodes.Getitem))
        or (isinstance(node, nodes.Name) and node.name in steps)
        for value in (*call.args, *(pair.value for pair in call.kwargs))
        for node in walk(value)
    )
