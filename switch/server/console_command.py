"""``switch console``: an operator's words to a running switch, and its answers."""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import click

from switch.config.switchfile import Address, read_place
from switch.link.lines import ConfigError

SECONDS_MAX = 60.0
"""That an answer may take."""
FAILED = 1
PROMPT = "> "


@click.command("console", short_help="Ask a running switch, or tell it something.")
@click.option("--config", required=True, metavar="FILE", type=click.Path(path_type=Path), help="the switch's own file")
@click.option("--ready-file", metavar="FILE", type=click.Path(path_type=Path), help="tells the port, where that is 0")
@click.argument("words", nargs=-1)
def command(config: Path, ready_file: Path | None, words: tuple[str, ...]) -> None:
    """Give the switch of FILE the command WORDS, or without any those that are typed or piped in, a line each.

    `help` lists them.  Exit status 1 when one was refused.
    """
    try:
        place = read_place(config, ready_file)
    except ConfigError as fault:
        raise click.UsageError(str(fault)) from None
    try:
        with _connected(place) as opened, opened.makefile("rw", encoding="utf-8", newline="\n") as spoken:
            lines = iter([" ".join(words)]) if words else _typed()
            refused = [line for line in lines if not _asked(spoken, line)]
    except OSError as fault:
        click.echo(f"switch console: {fault.strerror or fault}", err=True)
        sys.exit(FAILED)
    sys.exit(FAILED if refused else 0)


def _connected(place: Address | Path) -> socket.socket:
    if isinstance(place, Address):
        return socket.create_connection((place.host, place.port), timeout=SECONDS_MAX)
    opened = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    opened.settimeout(SECONDS_MAX)
    try:
        opened.connect(str(place))
    except OSError:
        opened.close()
        raise
    return opened


def _typed() -> Iterator[str]:
    """What is typed, after a prompt, or piped in."""
    while True:
        try:
            line = input(PROMPT if sys.stdin.isatty() else "")
        except EOFError:
            return
        if line.strip() in ("quit", "exit"):
            return
        yield line


def _asked(spoken: IO[str], line: str) -> bool:
    """Show the answer to *line*; False when it was refused.  Raises OSError when the switch is gone."""
    spoken.write(line + "\n")
    spoken.flush()
    for said in spoken:
        if said.startswith(" "):
            click.echo(said[1:].rstrip("\n"))
        elif said.startswith("ERROR "):
            click.echo(said.removeprefix("ERROR ").rstrip("\n"), err=True)
            return False
        else:
            return True
    raise ConnectionResetError("the switch is gone")
