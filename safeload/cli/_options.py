"""Options that several commands share, and what a shell may complete behind them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem


def files(_context: click.Context, _parameter: click.Parameter, start: str) -> list[CompletionItem]:
    """Files and folders, which the shell itself finds: without a word it would complete none at all."""
    from click.shell_completion import CompletionItem as Item

    return [Item(start, type="file")]


policy_option = click.option(
    "--policy",
    metavar="P",
    shell_complete=files,
    help="A policy file or a built-in, such as strict. Else SAFELOAD_POLICY, [tool.safeload], default.",
)
