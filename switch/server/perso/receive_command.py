"""``switch perso receive``: the External Data Receiving Server.

It is called, by issuers in their window and by the inner server, and calls nobody: the process refuses itself every
connection outwards (an audit hook on ``socket.connect``, which can't be taken off again).
"""

from __future__ import annotations

import sys

import click

from switch.perso.chain import Chain
from switch.perso.partconfig import PartConfig, read_part
from switch.perso.shelf import Shelf
from switch.server.perso.running import opened, reactor, told_in_a_line, utc_now
from switch.server.perso.shelving import ShelfFactory
from switch.server.tls import called


def calls_nobody() -> None:
    """From here on this process opens no connection."""

    def refuse(event: str, arguments: tuple[object, ...]) -> None:
        if event == "socket.connect":
            raise PermissionError("this server opens no connection")

    sys.addaudithook(refuse)


def serve(config: PartConfig, ready_file: str | None) -> None:
    """Open the port and keep files; returns when the reactor is to run."""
    shelf = Shelf(config.folder, config.files_max, config.bytes_max)
    factory = ShelfFactory(reactor(), config, shelf, Chain(config.audit, utc_now), utc_now)
    port = reactor().listenSSL(config.port, factory, called(config.tls), interface=config.host)
    factory.sweep_on()
    factory.chain.write("server", "started", {"window": str(config.window), "port": opened(port, ready_file)})


@click.command("receive", short_help="The External Data Receiving Server.")
@click.option("--config", "path", required=True, type=click.Path(exists=True, dir_okay=False))
@click.option("--ready-file", type=click.Path(), help="written when the port is open")
def command(path: str, ready_file: str | None) -> None:
    """Take issuers' files in their window and keep them, as they came, until the inner server has pulled them."""
    with told_in_a_line():
        with open(path, encoding="utf-8") as file:
            config = read_part(path, file.read())
        if config.source is not None:
            raise click.UsageError(f"{path}: source: this server calls nobody")
        calls_nobody()
        serve(config, ready_file)
    reactor().run()
