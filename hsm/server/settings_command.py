"""``hsm settings``: what can be set, with what each profile makes of it."""

from __future__ import annotations

import click

from hsm.policy.choices import Profile
from hsm.policy.settings import Settings


@click.command("settings")
@click.option("--profile", type=click.Choice([each.value for each in Profile]), default="legacy", show_default=True)
@click.option("--long", "explained", is_flag=True, help="Say what each one means.")
def command(profile: str, explained: bool) -> None:
    """List the settings that ``hsm serve --set NAME=VALUE`` and the configuration file take, with their values."""
    for found, value in Settings.of(Profile(profile)).listing():
        shown = value if len(value) <= 60 else value[:57] + "..."
        click.echo(f"{found.name:36} {shown:20} {found.number}".rstrip())
        if explained:
            click.echo(f"    {found.wording}: {found.doc}  Takes {found.kind.expected}.\n")
