"""``switch perso audit``: verify a part's chain and show it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from switch.perso.chain import START, Chain
from switch.server.perso.running import told_in_a_line


@click.command("audit", short_help="Verify and show a part's audit chain.")
@click.argument("path", metavar="FILE", type=click.Path(exists=True, dir_okay=False))
@click.option("--head", help="the hash that the last entry shall have")
@click.option("--quiet", is_flag=True, help="show the last hash alone")
def command(path: str, head: str | None, quiet: bool) -> None:
    """Verify every entry of the chain in FILE; exit status 1 when it is broken or ends otherwise than at --head."""
    last = START
    with told_in_a_line():
        for entry in Chain(Path(path), lambda: datetime.now(UTC)).entries():
            last = entry.hash
            if not quiet:
                told = " ".join(f"{name}={value}" for name, value in entry.told.items())
                click.echo(f"{entry.number:>6} {entry.at} {entry.who}: {entry.what} {told}".rstrip())
    click.echo(last)
    if head is not None and head.lower() != last:
        click.echo("The chain does not end there.", err=True)
        raise SystemExit(1)
