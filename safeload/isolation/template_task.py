"""The child's task `template`: parse chat templates with Jinja's parser, and judge their trees.

The request is a JSON list of [place, text] pairs, written by the parent. Nothing is rendered. The answer
says of each text what was found in it, or why it was not judged.
"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

from safeload.isolation import template_parser

if TYPE_CHECKING:
    from safeload.core import Json

REHEARSAL = (
    "{%- for a, b in x.items() if a is not none %}{% generation %}{{ a[1:] ~ '\\u00e9' | trim }}"
    "{% endgeneration %}{% break %}{% else %}{# c #}{% raw %}{{ }}{% endraw %}{% endfor %}\n"
    "{%- macro m(a, b=1.5e3) %}{{ -a + 1 if a else 2 ** 3 }}{% endmacro %}{% set n = namespace(i=0x10) %}"
    "{%- set n.i = n.i * 2 // 3 %}{% call m(n) %}{% endcall %}{{ '%s' % m('a') }}{{ '{}'.format(1) }}"
)
BROKEN = "{% set é = %}"
DEPTH = 4_000
"""Frames for the judge, which recurses as deep as trees may be; the parser keeps Python's own bound."""


def rehearse() -> None:
    """Judge texts of our own, so that everything is imported and compiled before the room closes."""
    read(json.dumps([["a", REHEARSAL], ["b", BROKEN]]).encode())


def read(data: bytes) -> dict[str, Json]:
    """The judgement of each template of the request."""
    return {"templates": [_judged(text) for _, text in json.loads(data)]}


def _judged(text: str) -> dict[str, Json]:
    """`error` says why there is no judgement, `exceeded` whether a budget is the reason."""
    from jinja2.exceptions import TemplateSyntaxError

    from safeload.isolation.template_judge import TooDeep, judge

    usual = sys.getrecursionlimit()
    try:
        tree = template_parser.parse(text)
        sys.setrecursionlimit(DEPTH)
        found = judge(tree)
    except template_parser.TooManyTokens:
        return _failed(f"it has more than {template_parser.MOST_TOKENS} tokens", exceeded=True)
    except (TooDeep, RecursionError):
        return _failed("it nests too deeply", exceeded=True)
    except TemplateSyntaxError as error:
        return _failed(f"line {error.lineno}: {str(error.message)[:200]}")
    except (ValueError, OverflowError, SyntaxError) as error:
        # a number of more digits than Python converts, a float that is none, a lone surrogate
        return _failed(f"Jinja's parser fails on it with {type(error).__name__}")
    finally:
        sys.setrecursionlimit(usual)
    return {"error": "", "exceeded": False, "found": [list(item) for item in found]}


def _failed(why: str, *, exceeded: bool = False) -> dict[str, Json]:
    return {"error": why, "exceeded": exceeded, "found": []}
