"""How far a command is, on the terminal."""

from __future__ import annotations

from collections.abc import Callable

import click

BAR_CHARS = 30


def bar(name: str) -> Callable[[int, int], None]:
    """Told how many cards are done and of how many, it draws a bar."""

    def told(done: int, of: int) -> None:
        filled = BAR_CHARS * done // of
        click.echo(
            f"\r{name}: [{'#' * filled}{'.' * (BAR_CHARS - filled)}] {done} of {of} cards", nl=done == of, err=True
        )

    return told
