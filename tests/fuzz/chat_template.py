"""Any text as a chat template is judged, or is said not to be; nothing is rendered.

The text goes through Jinja's own lexer and parser and our judge, as in the child, and what the child
would answer becomes facts or a coverage that is not SCANNED. Jinja reads a float through Python's own
compiler, which the seal forbids; here it reads one through `float`, which is the same for what its
lexer takes for a float.
"""

from __future__ import annotations

import json

import jinja2.lexer

from safeload.core import Coverage, Location
from safeload.isolation import template_task
from safeload.limits import DEFAULT_LIMITS
from safeload.scanners import Answer, ScanResult
from safeload.scanners._templates import conclude_templates, template_result
from tests.forge.templates import HONEST

jinja2.lexer.literal_eval = float
PLACE = Location(artifact="chat_template.jinja")
template_task.rehearse()


HOSTILE = (
    "{{ ''.__class__ }}", "{{ x['a' ~ b] }}", "{% for i in range(99999) %}{% endfor %}",
    "{% set a = a ~ a %}", "{% import 'x' as y %}", "{{ x | map('attr', y) }}", "{{ '%9999d' % x }}",
    "{% macro m(a) %}{{ m(a - 1) }}{{ m(a) }}{% endmacro %}", "{{ ((((1)))) ** 99 }}", "{{",
)  # fmt: skip
BLOCKS = (
    ("for m in messages", "endfor"), ("for k, v in {e}.items()", "endfor"), ("for i in range({e})", "endfor"),
    ("if {e}", "endif"), ("if {e} is defined and not {e}", "endif"), ("macro f(a, b={e})", "endmacro"),
    ("set t", "endset"), ("filter trim", "endfilter"), ("call f({e})", "endcall"),
    ("generation", "endgeneration"),
)  # fmt: skip
STATEMENTS = (
    "{{ {e} }}", "{% set ns = namespace(a={e}) %}", "{% set ns.a = {e} %}", "{% set x = {e} %}", "text\n",
    "{% else %}", "{{- {e} -}}", "{# note #}", "{% break %}", "{% set a, b = {e}, {e} %}",
    "{{ f({e}, b={e}) }}",
)  # fmt: skip
EXPRESSIONS = (
    "messages[0]['role']", "m.content | trim", "x ~ {e}", "{e} + {e}", "'a' * 9", "tools | tojson(indent=4)",
    "loop.index0 % 2", "raise_exception('no')", "x.a.b[{e}]", "{e} if {e} else {e}", "[{e}, {e}]",
    "{'k': {e}}", "x | map(attribute={e}) | list", "strftime_now('%d')", "x.split({e})[-1]", "ns.a", "f({e})",
    "x[1:]", "'%s' % {e}", "x | attr({e})", "x.__init__", "range({e}, 10 ** {e})", "{e} | join({e})",
    "not {e} == {e}",
)  # fmt: skip
MOST_CHOICES = 14
MOST_TEXT = 700
"""Characters: long templates take the lexer so long that few inputs would run. The tests read those."""


def seeds() -> list[bytes]:
    """Honest templates, some that are not, and choices of parts."""
    honest = [text for text in HONEST.values() if len(text) < MOST_TEXT]
    chosen = [bytes([0x80, *range(start, 250, 19)]) for start in range(16)]
    return [text.encode() for text in (*honest, *HOSTILE)] + chosen


def written(data: bytes) -> str:
    """The text, which bytes beyond ASCII at the start choose from the tables: that parses more often."""
    if data[:1] < b"\x80":
        return data[: 2 * MOST_TEXT].decode("utf-8", "replace")
    left = list(data[1:MOST_CHOICES])
    ends: list[str] = []
    parts = []
    while left:
        byte = left.pop()
        if byte < 0x60:
            opening, ending = BLOCKS[byte % len(BLOCKS)]
            parts.append(f"{{% {_filled(opening, left)} %}}")
            ends.append(ending)
        elif byte < 0x70 and ends:
            parts.append(f"{{% {ends.pop()} %}}")
        else:
            parts.append(_filled(STATEMENTS[byte % len(STATEMENTS)], left))
    return "".join([*parts, *(f"{{% {ending} %}}" for ending in reversed(ends))])


def _filled(part: str, left: list[int]) -> str:
    """A part whose places hold expressions, chosen as long as there are bytes."""
    while "{e}" in part:
        chosen = EXPRESSIONS[left.pop() % len(EXPRESSIONS)] if left else "y"
        part = part.replace("{e}", chosen, 1)
    return part


def read(data: bytes) -> object:
    """What is concluded about the text."""
    (errand,) = template_result([("t", written(data))], PLACE, DEFAULT_LIMITS).errands
    answer = json.loads(json.dumps(template_task.read(errand.view.read(0, errand.view.size))))
    return conclude_templates(errand, Answer(result=answer), PLACE)


def check(data: bytes, result: object) -> None:
    """What has to hold of a judgement."""
    del data
    assert isinstance(result, ScanResult)
    assert (result.coverage is Coverage.SCANNED) == (not result.reason)
    assert result.coverage in {Coverage.SCANNED, Coverage.MALFORMED, Coverage.LIMIT_EXCEEDED}
    for fact in result.facts:
        assert fact.kind == "template.unsafe"
        assert fact.location == PLACE.at(key="t")


def deep(result: object) -> bool:
    """Whether Jinja could parse it."""
    return isinstance(result, ScanResult) and result.coverage is Coverage.SCANNED
