"""The ``switch`` command.  Its subcommands come with the switch itself; until then it says what it will be."""

from __future__ import annotations

import click


@click.group(invoke_without_command=True, help="The payment switch that drives the HSM over TCP. Not built yet.")
@click.version_option(package_name="zonekey")
@click.pass_context
def main(context: click.Context) -> None:
    """Tell what there is."""
    click.echo(context.get_help())
