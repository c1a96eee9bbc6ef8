"""Options that several commands share."""

from __future__ import annotations

import click

policy_option = click.option(
    "--policy",
    metavar="P",
    help="A policy file or a built-in, such as strict. Else SAFELOAD_POLICY, [tool.safeload], default.",
)
