"""The tree that is judged is Jinja's own, and judging never computes what a template asks for."""

from __future__ import annotations

import json
import sys

import jinja2
import pytest
from jinja2.ext import loopcontrols
from jinja2.sandbox import ImmutableSandboxedEnvironment

from safeload.isolation import template_parser, template_task
from safeload.isolation.runner import ask
from safeload.limits import DEFAULT_LIMITS
from tests.forge.templates import HONEST


def found(text):
    judged = template_task._judged(text)
    assert judged["error"] == ""
    return [what for _, what in judged["found"]]


@pytest.mark.parametrize("text", [text for text in HONEST.values() if "generation %}" not in text])
def test_the_tree_is_that_of_a_whole_environment(text):
    """Our small grammar gives the tree that transformers' environment would compile."""
    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[loopcontrols]
    )
    assert repr(template_parser.parse(text)) == repr(environment.parse(text))


def test_the_child_reads_several_templates_at_once():
    """One child judges all templates of a file, in their order."""
    request = json.dumps([["a", "{{ x }}"], ["b", "{{ x.__class__ }}"], ["c", "{{"]]).encode()
    answer = ask("template", request, {}, limits=DEFAULT_LIMITS)
    assert isinstance(answer, tuple)
    judged = answer[0]["result"]["templates"]
    assert [item["found"] for item in judged] == [[], [[1, "the attribute __class__"]], []]
    assert [bool(item["error"]) for item in judged] == [False, False, True]


def test_the_child_does_not_import_the_rest_of_jinja():
    """The parser alone is imported: half the start of a child is what it imports."""
    import subprocess

    code = (
        "import sys; from safeload.isolation import child; child.TASKS['template']();"
        "print(sorted(n for n in sys.modules if n.startswith('jinja2')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "jinja2.environment" not in done.stdout
    assert "jinja2.parser" in done.stdout


def test_lines_are_those_of_the_file():
    """A finding names the line in which the construct stands."""
    assert template_task._judged("a\n\n{{ x.__class__ }}")["found"] == [[3, "the attribute __class__"]]


@pytest.mark.parametrize(
    ("text", "quiet"),
    [
        ("{{ messages[loop.index0 + 1] }}", True),
        ("{{ messages['a' + 1] }}", True),  # a number on one side: Python adds no text to it
        ("{{ messages['a' + b] }}", False),
        ("{{ table[message.role | lower] }}", True),
        ("{{ table[message.role | replace('a', 'b')] }}", False),
        ("{{ message['_private'] }}", False),
        ("{% set _ = items.append(1) %}", True),
        ("{% set _kept = 1 %}{{ _kept }}", True),
        ("{{ __builtins__ }}", False),
        ("{{ schema.format }}", True),
        ("{{ ''.format }}", False),
        ("{{ '%5d' % 3 }}", True),
        ("{{ '{:>8}'.format(3) }}", True),
        ("{{ '{!r:>8}'.format(3) }}", True),
        ("{{ '{:{}}'.format(3, 9) }}", False),
        ("{{ 3 * 2000 }}", True),
        ("{{ '=' * 80 }}", True),
        ("{% for i in range(messages | length) %}{% endfor %}", True),
        ("{% set n = 0 %}{% set n = n + 1 %}{{ n }}", True),
        ("{% set a = a ~ 'x' %}{% set a = 'y' ~ a %}", True),
        ("{% set a = a if b else a ~ 'x' %}", True),
        ("{% for a in loop_items recursive %}{{ loop(a.children) }}{% endfor %}", True),
        ("{% call(x) box() %}{{ x }}{% endcall %}{% macro box() %}{{ caller() }}{% endmacro %}", True),
        ("{% autoescape false %}{{ x }}{% endautoescape %}", True),
        ("{% filter upper %}x{% endfilter %}{% with a = 1 %}{{ a }}{% endwith %}", True),
        ("{% filter shell %}x{% endfilter %}", False),
        ("{{ messages | selectattr('tool.name', 'defined') | list }}", True),
        ("{{ messages | selectattr('role', kind) | list }}", False),
        ("{{ messages | map('tojson', indent=2) | list }}", True),
        ("{{ self }}", False),
        ("{% set self = 1 %}{{ self }}", True),
    ],
)  # fmt: skip
def test_what_is_judged_and_what_is_not(text, quiet):
    """Near misses on both sides of each line that is drawn."""
    assert (found(text) == []) is quiet, found(text)


def test_nothing_is_rendered_or_folded(monkeypatch):
    """Neither Jinja's compiler nor its optimiser is reached: a constant as large as memory stays text."""

    def refuse(*_args, **_kwargs):
        raise AssertionError

    monkeypatch.setattr(jinja2.Environment, "compile", refuse)
    monkeypatch.setattr(jinja2.nodes.BinExpr, "as_const", refuse)
    assert found("{{ 'a' * 10**15 }}") == ["a repetition of more than 10000 times"] * 1 + [
        "the output would have more than 1000000 parts"
    ]
