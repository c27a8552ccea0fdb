"""``switch perso users``: who may call the internal server's FTP port."""

from __future__ import annotations

from pathlib import Path

import click

from switch.perso.dual import Officers
from switch.server.perso.running import told_in_a_line


@click.command("users", short_help="Users of the internal server's FTP port.")
@click.argument("path", metavar="FILE", type=click.Path(dir_okay=False))
@click.argument("name")
@click.option("--passphrase-file", type=click.Path(exists=True, dir_okay=False), help="else it is asked for")
def command(path: str, name: str, passphrase_file: str | None) -> None:
    """Add the user NAME to FILE, which keeps a hash of the passphrase."""
    with told_in_a_line():
        if passphrase_file:
            phrase = Path(passphrase_file).read_text(encoding="utf-8").strip("\n")
        else:
            phrase = str(click.prompt(f"Passphrase of {name}", hide_input=True, confirmation_prompt=True))
        Officers(Path(path)).add(name, phrase)
