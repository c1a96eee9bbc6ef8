"""What the shared types say by themselves."""

from __future__ import annotations

import pytest

from safeload.core import Scope, shown
from safeload.policy.engine import decide
from tests.forge.findings import artifact, finding
from tests.forge.policies import EMPTY, parse

HOSTILE = (
    "::error title=x::y",
    " ::error::y",
    "a##[error]b",
    "a\n::error::b",
    "\x1b[31m",
    "\u202egpj.bin",
    "\r::x::",
)


@pytest.mark.parametrize("text", HOSTILE)
def test_shown_text_is_one_harmless_line(text):
    """No name can write to the terminal, start a line, or instruct a build service."""
    line = shown(text)
    assert line.isprintable()
    assert "##[" not in line
    assert not line.lstrip().startswith("::")


@pytest.mark.parametrize("text", HOSTILE)
def test_the_message_of_a_refusal_is_safe_in_a_build_log(text):
    """The message of PolicyDenied ends in tracebacks, where names of the checkpoint start lines."""
    decision = decide(
        parse(EMPTY),
        subject="file:/model",
        scope=Scope(name="model", roles=frozenset()),
        findings=[finding(at=text, message=text)],
        artifacts=[artifact(text)],
        evidence=(),
        handed_out=frozenset({text}),
    )
    lines = decision.explain().split("\n")
    assert decision.denials
    assert all(line.isprintable() and "##[" not in line for line in lines)
    assert not any(line.lstrip().startswith("::") for line in lines)
