"""`safeload completion SHELL`: a script that completes commands, options and formats."""

from __future__ import annotations

import click

SHELLS = ("bash", "zsh", "fish")


@click.command()
@click.argument("shell", metavar="|".join(SHELLS), type=click.Choice(SHELLS))
def command(shell: str) -> None:
    """Print a completion script.

    bash: source <(safeload completion bash) in ~/.bashrc. zsh: the same in ~/.zshrc, behind compinit.
    fish: safeload completion fish > ~/.config/fish/completions/safeload.fish
    """
    from click.shell_completion import get_completion_class

    from safeload.cli import COMPLETE, safeload
    from safeload.cli._output import write

    kind = get_completion_class(shell)
    assert kind is not None  # noqa: S101  the argument is one of SHELLS, which click knows
    made = kind(safeload, {}, "safeload", COMPLETE)
    # not made.source(): for bash it starts a bash to look at its version
    write(kind.source_template % made.source_vars() + "\n", None)
