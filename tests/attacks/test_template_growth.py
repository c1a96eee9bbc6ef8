"""Chat templates that grow over several names, steps and macros; honest ones that look alike pass.

Cf. https://nvd.nist.gov/vuln/detail/CVE-2026-5760 for where such templates run without a sandbox. Judged
by the real child's code, never rendered.
"""

# ruff: noqa: E501  a template stands in one line

from __future__ import annotations

import pytest

from safeload.isolation.template_task import _judged

STEPS = "{% set ns = namespace(s='a', t='') %}{% for i in range(60) %}"
END = "{% endfor %}"
GROWING = {
    "two names": STEPS + "{% set t = ns.s ~ ns.s %}{% set ns.s = t %}" + END,
    "two attributes": STEPS + "{% set ns.t = ns.s ~ ns.s %}{% set ns.s = ns.t %}" + END,
    "a block": STEPS + "{% set x %}{{ ns.s }}{{ ns.s }}{% endset %}{% set ns.s = x %}" + END,
    "a loop in a block": STEPS + "{% set ns.s %}{% for j in '123' %}{{ ns.s }}{% endfor %}{% endset %}" + END,
    "a caller": "{% macro d() %}{{ caller() }}{{ caller() }}{% endmacro %}"
    + STEPS
    + "{% set t %}{% call d() %}{{ ns.s }}{% endcall %}{% endset %}{% set ns.s = t %}"
    + END,
    "a macro": "{% macro d(x) %}{{ x }}{{ x }}{% endmacro %}" + STEPS + "{% set ns.s = d(ns.s) %}" + END,
    "a list": STEPS + "{% set l = [ns.s, ns.s] %}{% set ns.s = l | join %}" + END,
    "a replacement": STEPS + "{% set ns.s = ns.s.replace('a', 'aaaaaaaaaa') %}" + END,
    "a replacement by name": "{% set b = 'aaaaaaaaaa' %}"
    + STEPS
    + "{% set ns.s = ns.s | replace('a', b) %}"
    + END,
    "JSON of JSON": STEPS + "{% set ns.s = ns.s | tojson %}" + END,
    "escapes of escapes": STEPS + "{% set ns.s = ns.s | e | urlencode | string %}" + END,
    "a separator": STEPS + "{% set ns.s = ns.s | join('bbbbbbb') %}" + END,
    "a format": STEPS + "{% set ns.s = '{0}{0}'.format(ns.s) %}" + END,
    "a format by name": STEPS + "{% set ns.s = '%(a)s%(a)s' | format(a=ns.s) %}" + END,
    "replacements of replacements": "{{ 'a'" + " | replace('a', 'aaaaaaaaaa')" * 10 + " }}",
    "a replacement, again and again": "{% set x = 'a' %}"
    + "{% set x = x | replace('a', 'aaaaaaaaaa') %}" * 10
    + "{{ x }}",
    "loops in macros": "{% macro a() %}{% for i in range(1000) %}x{% endfor %}{% endmacro %}{% macro b() %}{% for i in range(1000) %}{{ a() }}{% endfor %}{% endmacro %}{{ b() }}",
    "a loop around a macro": "{% macro a() %}{% for i in range(1000) %}x{% endfor %}{% endmacro %}{% for i in range(1000) %}{{ a() }}{% endfor %}",
    "a macro in its own loop": "{% macro m(n) %}{% if n < 60 %}{% for j in '12' %}{{ m(n + 1) }}{% endfor %}{% endif %}{% endmacro %}{{ m(0) }}",
    "a list that feeds its loop": "{% set a = [1] %}{% for i in a %}{% set _ = a.append(i) %}{% endfor %}",
    "by another name": "{% set a = [1] %}{% set b = a %}{% for i in a %}{% set _ = b.append(1) %}{% endfor %}",
    "a list of itself": "{% set l = ['a'] %}{% for i in range(60) %}{% set _ = l.append(l | join) %}{% endfor %}",
}
HONEST = {
    "JSON of data": "{% set ns = namespace(r='') %}{% for item in content %}{% set ns.r = ns.r + item | tojson %}{% endfor %}{{ ns.r }}",
    "gathered lists": "{% set ns = namespace(l=[]) %}{% for t in tools %}{% set n = t.name.split('.')[0] %}{% set ns.l = ns.l + [n] %}{% endfor %}{% for n in ns.l %}{{ docs[n] if n in docs else '' }}{% endfor %}",
    "escapes": "{% for m in messages %}{{ m.content | replace('\\\\', '\\\\\\\\') | replace('\"', '\\\\\"') | replace('\\n', '\\\\n') }}{% endfor %}",
    "a format": "{% set ns = namespace(s='') %}{% for m in messages %}{% set ns.s = '{} {}'.format(ns.s, m.content) %}{% endfor %}",
    "schemas": "{% macro render(spec) %}{% for k, v in spec.items() %}{{ k }}{% if v is mapping %}{{ render(v) }}{% endif %}{% endfor %}{% endmacro %}{{ render(tools[0]) }}",
    "lists joined": "{% set ns = namespace(p=[]) %}{% for m in messages %}{% set ns.p = ns.p + [m.content] %}{% endfor %}{{ ns.p | join(', ') }}",
    "appended": "{% set l = [] %}{% for m in messages %}{% set _ = l.append(m.content) %}{% endfor %}{{ l | join }}",
}


@pytest.mark.parametrize("name", GROWING)
def test_growth_is_found(name: str) -> None:
    """Each would write without bound, or run without end, whatever the conversation is."""
    assert _judged(GROWING[name])["found"]


@pytest.mark.parametrize("name", HONEST)
def test_gathering_is_not_growth(name: str) -> None:
    """What templates do with the data that they are given."""
    judged = _judged(HONEST[name])
    assert (judged["error"], judged["found"]) == ("", [])
