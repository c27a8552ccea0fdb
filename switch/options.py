"""What the subcommands share."""

from __future__ import annotations

import click

from switch.codec.specfile import names

spec_option = click.option(
    "--spec", "name", required=True, metavar="NAME", type=click.Choice(names()), help="the dialect; see switch specs"
)
