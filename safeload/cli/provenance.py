"""`safeload provenance export`: what a verification needs, in one file, for a machine without network."""

from __future__ import annotations

import click

from safeload.cli._options import files


@click.group()
def command() -> None:
    """Take along what proves where a checkpoint comes from."""


@command.command(short_help="Write commit and trees of a clone as a git bundle.")
@click.argument("folder", metavar="CLONE", shell_complete=files)
@click.option("--revision", metavar="COMMIT", help="All 40 digits; else what is checked out.")
@click.option(
    "--output", "-o", required=True, metavar="FILE", shell_complete=files, help="Where to write the bundle."
)
def export(folder: str, revision: str | None, output: str) -> None:
    """Write the commit of a clone and its trees as a git bundle, for `safeload audit --bundle`.

    Nothing is verified here: whoever reads the bundle does that, with a trust store of their own. git is
    not run.
    """
    from safeload.cli._bundle import bundle_of, save
    from safeload.cli._output import write

    data, commit = bundle_of(folder, revision)
    save(data, output)
    write(f"wrote {commit} with its trees to {output}\n", None)
