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


def seeds() -> list[bytes]:
    """Honest templates, and some that are not."""
    hostile = (
        "{{ ''.__class__ }}", "{{ x['a' ~ b] }}", "{% for i in range(99999) %}{% endfor %}",
        "{% set a = a ~ a %}", "{% import 'x' as y %}", "{{ x | map('attr', y) }}", "{{ '%9999d' % x }}",
        "{% macro m(a) %}{{ m(a - 1) }}{{ m(a) }}{% endmacro %}", "{{ ((((1)))) ** 99 }}", "{{",
    )  # fmt: skip
    return [text.encode() for text in (*HONEST.values(), *hostile)]


def read(data: bytes) -> object:
    """What is concluded about the text."""
    text = data.decode("utf-8", "replace")
    (errand,) = template_result([("t", text)], PLACE, DEFAULT_LIMITS).errands
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
