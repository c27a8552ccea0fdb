"""``switch perso host``: the Internal Data Hosting Server, which pulls from the external one and serves the PMP."""

from __future__ import annotations

import click
from twisted.internet.defer import ensureDeferred
from twisted.internet.task import LoopingCall

from switch.perso.chain import Chain
from switch.perso.partconfig import PartConfig, Source, read_part
from switch.perso.shelf import Shelf
from switch.server.perso.running import EXPECTED, done, opened, reactor, told_in_a_line, utc_now
from switch.server.perso.shelving import ShelfFactory
from switch.server.perso.transfer import pull
from switch.server.tls import called


async def pulled(source: Source, shelf: Shelf, chain: Chain) -> list[str]:
    """Everything that the *source* has; it is in the *chain* when it is kept here."""

    def kept(name: str, digest: str) -> None:
        chain.write("pull", "pulled", {"file": name, "digest": digest})

    return await pull(reactor(), source.host, source.port, source.tls, shelf, kept)


async def _pull_and_go_on(source: Source, shelf: Shelf, chain: Chain) -> None:
    """As ``pulled``; what fails is in the chain, and is tried again the next time."""
    try:
        await pulled(source, shelf, chain)
    except EXPECTED as e:
        chain.write("pull", "failed", {"why": str(e)[:200]})


def _serve(config: PartConfig, shelf: Shelf, chain: Chain, source: Source, ready_file: str | None) -> None:
    factory = ShelfFactory(reactor(), config, shelf, chain, utc_now)
    port = reactor().listenSSL(config.port, factory, called(config.tls), interface=config.host)
    factory.sweep_on()
    opened(port, ready_file)
    again = LoopingCall(lambda: ensureDeferred(_pull_and_go_on(source, shelf, chain)))
    again.clock = reactor()
    again.start(source.every_seconds)


@click.command("host", short_help="The Internal Data Hosting Server.")
@click.option("--config", "path", required=True, type=click.Path(exists=True, dir_okay=False))
@click.option("--once", is_flag=True, help="pull what is there, and end")
@click.option("--ready-file", type=click.Path(), help="written when the port is open")
def command(path: str, once: bool, ready_file: str | None) -> None:
    """Pull orders from the external server now and again, and keep them until the PMP has pulled them."""
    with told_in_a_line():
        with open(path, encoding="utf-8") as file:
            config = read_part(path, file.read())
        source = config.source
        if source is None or config.issuers:
            raise click.UsageError(f"{path}: this server has a source, and no issuers")
        shelf = Shelf(config.folder, config.files_max, config.bytes_max)
        chain = Chain(config.audit, utc_now)
        if once:
            for name in done(lambda: pulled(source, shelf, chain)):
                click.echo(f"pulled {name}")
            return
        _serve(config, shelf, chain, source, ready_file)
    reactor().run()
