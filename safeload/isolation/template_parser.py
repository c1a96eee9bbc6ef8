"""Jinja's own lexer and parser over a chat template, with what transformers adds to the grammar.

Only these two of Jinja's parts run: nothing is compiled, folded or rendered, so no constant expression
is ever computed. The grammar is that of transformers 5.23 (utils/chat_template_utils.py there): blocks
trimmed, `break` and `continue`, and the tag `generation`, which encloses what the model has said. Jinja
recurses, which is why this runs in the child only.
"""

from __future__ import annotations

import sys
from importlib.machinery import PathFinder
from importlib.util import module_from_spec
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jinja2.lexer import Token, TokenStream
    from jinja2.nodes import Node
    from jinja2.nodes import Template as Tree
    from jinja2.parser import Parser

MOST_TOKENS = 60_000
"""The longest chat templates have about 20 kB, which is about 4,000 tokens."""


class TooManyTokens(Exception):
    """A template of more tokens than allowed."""


def prepare() -> None:
    """Make Jinja's parser importable without the rest of Jinja, which costs three times as long.

    For a process that uses Jinja for nothing else: the package's own `__init__` is not run.
    """
    if "jinja2" not in sys.modules:
        spec = PathFinder.find_spec("jinja2", sys.path)
        if spec is None:
            raise ImportError("jinja2")
        sys.modules["jinja2"] = module_from_spec(spec)


def parse(source: str) -> Tree:
    """The syntax tree of a template.

    Raises:
        TooManyTokens: it has more than `MOST_TOKENS`.
        jinja2.exceptions.TemplateSyntaxError: it is no template.
        Exception: Jinja documents no others, but a number may be too long for it, and it recurses.
    """
    from jinja2.parser import Parser

    grammar: Any = Grammar()
    return Parser(grammar, source).parse()


class Grammar:
    """The part of a Jinja environment that its lexer and parser ask for."""

    block_start_string, block_end_string = "{%", "%}"
    variable_start_string, variable_end_string = "{{", "}}"
    comment_start_string, comment_end_string = "{#", "#}"
    line_statement_prefix = line_comment_prefix = None
    trim_blocks = lstrip_blocks = True
    newline_sequence = "\n"
    keep_trailing_newline = False

    def iter_extensions(self) -> Iterator[Tags]:
        """The tags beyond Jinja's own."""
        yield Tags()

    def _tokenize(
        self, source: str, name: str | None, filename: str | None = None, state: str | None = None
    ) -> TokenStream:
        from jinja2.lexer import TokenStream, get_lexer

        grammar: Any = self
        tokens = get_lexer(grammar).tokeniter(source, name, filename, state)
        return TokenStream(self._counted(get_lexer(grammar).wrap(tokens, name, filename)), name, filename)

    def _counted(self, tokens: Iterator[Token]) -> Iterator[Token]:
        for count, token in enumerate(tokens):
            if count >= MOST_TOKENS:
                raise TooManyTokens
            yield token


class Tags:
    """The parse half of Jinja's `loopcontrols` and of transformers' `generation`."""

    tags = ("break", "continue", "generation")

    def parse(self, parser: Parser) -> Node:
        """One statement of ours."""
        from jinja2 import nodes

        token = next(parser.stream)
        if token.value == "break":
            return nodes.Break(lineno=token.lineno)
        if token.value == "continue":
            return nodes.Continue(lineno=token.lineno)
        body = parser.parse_statements(("name:endgeneration",), drop_needle=True)
        return nodes.Scope(body, lineno=token.lineno)
