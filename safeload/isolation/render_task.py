"""A chat template rendered: what the forked child does once its room is closed.

The environment is that of transformers 5.23 (utils/chat_template_utils.py there): Jinja's immutable sandbox,
blocks trimmed, `break` and `continue`, the tag `generation`, a `tojson` that escapes no markup,
`raise_exception`, `strftime_now`, and `dict` and `namespace` without a way out. Nothing here counts what a
template does: the child has so much memory and so much CPU time, and what it wrote is bounded before it is
sent. Runs in child processes only, as does all of Jinja.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any, NoReturn

import jinja2
from jinja2 import nodes
from jinja2.exceptions import SecurityError, TemplateError, TemplateSyntaxError
from jinja2.ext import Extension, loopcontrols
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import Namespace

from safeload.isolation.render_data import decode

if TYPE_CHECKING:
    from collections.abc import Callable

    from jinja2.parser import Parser

    from safeload.core import Json

MOST_MESSAGE = 2_000
REHEARSAL = (
    "{% macro m(a, b=1) %}{{ a | tojson(indent=2) }}{{ caller() if caller else b }}{% endmacro %}"
    "{% set n = namespace(i=0) %}{% for x in messages | list %}{% set n.i = n.i + loop.index %}"
    "{% if n.i > 9 %}{% break %}{% endif %}{% generation %}{{ x.content ~ '\\u00e9' }}{% endgeneration %}"
    "{% else %}{{ dict(a=1) }}{% endfor %}{% call m([1.5]) %}x{% endcall %}"
    "{{ strftime_now('%d %b %Y %Z') }}{{ 'a b' | wordwrap(1) | urlencode | title | indent }}"
    "{{ [3, 1] | sort | map('string') | join(',') }}{{ {'a': 1} | dictsort | pprint }}"
    "{{ lipsum(1, False, 2, 3) | length }}{{ '%s' | format(1) | striptags }}{{ [1, 2] | random }}"
    "{{ '<' | escape }}{{ range(3) | batch(2) | list }}{{ 'x' | upper | trim | replace('X', 'y') }}"
    "{{ 'http://a.b' | urlize }}{{ 5 | filesizeformat }}{{ {'a': 'b'} | xmlattr }}{{ cycler('a').next() }}"
    "{{ [{'a': 1}] | groupby('a') }}{{ 1.5 | round }}{{ 'a' is defined and 'a' in 'ab' }}"
)
"""Uses what Jinja imports at first use: a closed room opens no file."""


class Tracker(Extension):
    """The tag `generation`: what the model has said, and where it stands in the text."""

    tags = {"generation"}  # noqa: RUF012 - as Jinja declares it

    def __init__(self, environment: jinja2.Environment) -> None:
        super().__init__(environment)
        environment.extend(tracker=self)
        self.blocks: list[str] | None = None
        self.spans: list[list[int]] = []

    def parse(self, parser: Parser) -> nodes.Node:
        """A call around the block, so that names that are set inside stay inside."""
        line = next(parser.stream).lineno
        body = parser.parse_statements(("name:endgeneration",), drop_needle=True)
        return nodes.CallBlock(self.call_method("_inside"), [], [], body).set_lineno(line)

    def _inside(self, caller: Callable[[], str]) -> str:
        text = caller()
        if self.blocks is not None:
            whole = "".join(self.blocks)
            self.blocks[:] = [whole]
            self.spans.append([len(whole), len(whole) + len(text)])
        return text


class _Dict:
    """`dict` without the methods of a type."""

    def __call__(self, *args: Any, **kwargs: Any) -> dict[Any, Any]:  # noqa: ANN401 - a template's values
        return dict(*args, **kwargs)

    def fromkeys(self, *args: Any) -> dict[Any, Any]:  # noqa: ANN401 - same
        return dict.fromkeys(*args)


class _Namespace(Namespace):
    """`namespace` without names that begin with an underscore."""

    def __init__(*args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - `self` may be a name of a template
        self, rest = args[0], args[1:]
        values = dict(*rest, **kwargs)
        for name in values:
            _check_name(name)
        Namespace.__init__(self, values)

    def __setitem__(self, name: str, value: Any) -> None:  # noqa: ANN401 - same
        _check_name(name)
        super().__setitem__(name, value)


def _check_name(name: object) -> None:
    if isinstance(name, str) and name.startswith("_"):
        raise SecurityError(f"a namespace takes no name that begins with an underscore: {name!r}")


def _raise_exception(message: str) -> NoReturn:
    raise TemplateError(message)


def _tojson(
    value: Any,  # noqa: ANN401 - a template's value
    ensure_ascii: bool = False,  # noqa: FBT001, FBT002 - the filter that templates know
    indent: int | str | None = None,
    separators: tuple[str, str] | None = None,
    sort_keys: bool = False,  # noqa: FBT001, FBT002 - same
) -> str:
    return json.dumps(
        value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys
    )


def environment(now: datetime) -> ImmutableSandboxedEnvironment:
    """The environment of one rendering; `strftime_now` says `now`."""
    made = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[Tracker, loopcontrols]
    )
    made.filters["tojson"] = _tojson
    made.globals["raise_exception"] = _raise_exception
    made.globals["strftime_now"] = now.strftime
    made.globals["dict"] = _Dict()
    made.globals["namespace"] = _Namespace
    return made


def render(data: bytes) -> tuple[dict[str, Json], bytes]:
    """Render the conversations of one request.

    Args:
        data: `render_data.encode` of an object with `template`, `chats`, `tools`, `documents`, `prompt`,
            `variables`, `now`, `track` and `most`.

    Returns:
        `sizes` in bytes of the texts that follow, `spans` in characters of what the model has said; or
        `error` and whether a budget is the reason.
    """
    request = decode(data)
    try:
        return _texts(request)
    except RecursionError:
        return _failed("it recurses too deeply", exceeded=True), b""
    except TemplateSyntaxError as error:
        return _failed(f"line {error.lineno}: {error.message}"), b""
    except OverflowError as error:
        return _failed(str(error), exceeded=True), b""
    except TemplateError as error:
        return _failed(str(error.message)), b""
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001 - a template may raise what any expression raises
        return _failed(f"{type(error).__name__}: {error}"), b""


def _texts(request: dict[str, Any]) -> tuple[dict[str, Json], bytes]:
    made = environment(datetime.fromisoformat(request["now"]))
    tracker: Tracker = made.tracker  # type: ignore[attr-defined]  # the extension has put it there
    template = made.from_string(request["template"])
    texts: list[bytes] = []
    spans: list[Json] = []
    left = request["most"]
    for chat in request["chats"]:
        tracker.blocks, tracker.spans = ([], []) if request["track"] else (None, [])
        stream = template.generate(
            messages=chat,
            tools=request["tools"],
            documents=request["documents"],
            add_generation_prompt=request["prompt"],
            **request["variables"],
        )
        parts: list[str] = [] if tracker.blocks is None else tracker.blocks
        for part in stream:
            left -= len(part)
            if left < 0:
                return _failed(f"it writes more than {request['most']} characters", exceeded=True), b""
            parts.append(part)
        texts.append("".join(parts).encode("utf-8", "surrogatepass"))
        spans.append(list(tracker.spans))
    return {"sizes": [len(text) for text in texts], "spans": spans}, b"".join(texts)


def _failed(why: str, *, exceeded: bool = False) -> dict[str, Json]:
    return {"error": why[:MOST_MESSAGE], "exceeded": exceeded}


def literals(data: bytes) -> tuple[dict[str, Json], bytes]:
    """The texts that a template holds itself, between NUL characters.

    Raises:
        jinja2.exceptions.TemplateSyntaxError: it is no template.
    """
    tree = environment(datetime.fromisoformat("2000-01-01")).parse(decode(data)["template"])
    texts = {node.data for node in tree.find_all(nodes.TemplateData)}
    texts.update(node.value for node in tree.find_all(nodes.Const) if isinstance(node.value, str))
    return {}, "\0".join(sorted(texts)).encode("utf-8", "surrogatepass")


def rehearse() -> None:
    """Render texts of our own, so that everything is imported before a room closes."""
    from safeload.isolation.render_data import encode

    for template in (REHEARSAL, "{{ messages.a.b }}", "{% set é = %}", "{{ raise_exception('x') }}"):
        request = {
            "template": template, "chats": [[{"role": "user", "content": "x"}]], "tools": None,
            "documents": None, "prompt": True, "variables": {"bos_token": "<s>"},
            "now": "2024-07-26T10:00:00", "track": True, "most": 10_000,
        }  # fmt: skip
        render(encode(request))
    literals(encode({"template": REHEARSAL}))
