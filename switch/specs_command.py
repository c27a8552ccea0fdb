"""``switch specs``: the dialects there are."""

from __future__ import annotations

import click

from switch.codec.specfile import load, names


@click.command("specs", short_help="List the networks' dialects, or one dialect's elements.")
@click.argument("name", required=False, type=click.Choice(names()))
def command(name: str | None) -> None:
    """List the dialects; with NAME, that dialect's elements."""
    if name is None:
        width = max(map(len, names()))
        for each in names():
            click.echo(f"{each:{width}}  {load(each).title}")
        return
    spec = load(name)
    click.echo(f"{spec.title}\n{spec.basis}")
    for element in spec.elements.values():
        click.echo(f"{element.number:4d}  {element.notation:<12}  {element.name}")
