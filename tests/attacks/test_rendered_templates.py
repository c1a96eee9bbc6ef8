"""The same hostile chat templates, rendered all the same: what stands behind the judgement holds by itself.

A caller may pass a template that nobody judged. Published under https://nvd.nist.gov/vuln/detail/<CVE>:
CVE-2016-10745, CVE-2019-8341, CVE-2019-10906, CVE-2024-22195, CVE-2024-34359, CVE-2024-56201, CVE-2024-56326,
CVE-2025-27516, CVE-2025-61620, CVE-2026-5760.
"""

from __future__ import annotations

import re

import pytest

from safeload.isolation.renderer import TemplateFailed, TemplateOverBudget, render
from safeload.limits import DEFAULT_LIMITS
from safeload.record import replace
from tests.attacks.test_chat_templates import BOMBS, ESCAPES
from tests.attacks.test_template_growth import GROWING
from tests.forge.templates import HONEST

LIMITS = replace(DEFAULT_LIMITS, render_seconds=1, render_memory_bytes=256 << 20, render_characters=1_000_000)
PYTHON = re.compile(r"<(class|function|module|built-in|bound|generator|frame)|object at 0x|marker|root:")
"""What a template shows that has reached Python's own objects."""
MESSAGES = [{"role": "__class__", "content": "__globals__"}, {"role": "user", "content": "__class__"}] * 30


def rendered(template: str) -> str:
    [made] = render(
        template, [MESSAGES], tools=None, documents=None, prompt=True, variables={"sep": "_", "f": "attr"},
        limits=LIMITS,
    )  # fmt: skip
    return made.text


@pytest.mark.parametrize("name", ESCAPES)
def test_an_escape_reaches_nothing(name: str) -> None:
    """It is refused, or shows nothing but texts of its own."""
    try:
        text = rendered(ESCAPES[name])
    except (TemplateFailed, TemplateOverBudget):
        return
    assert PYTHON.search(text) is None, text[:200]


@pytest.mark.parametrize("name", [*BOMBS, *GROWING])
def test_a_bomb_goes_off_in_its_room(name: str) -> None:
    """It ends within its budget, by an error or by a text of bounded length."""
    try:
        text = rendered({**BOMBS, **GROWING}[name])
    except (TemplateFailed, TemplateOverBudget):
        return
    assert len(text) <= LIMITS.render_characters


def test_the_next_one_is_honest() -> None:
    """Nothing of the above is left."""
    assert rendered(HONEST["ChatML"]).count("<|im_start|>") == len(MESSAGES) + 2
