"""``switch perso host``: the Internal Data Hosting Server, which pulls from the external one and serves the PMP.

With an HSM of its own it re-enciphers what came, so that nothing under TKissuer goes further in.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import click
from twisted.internet.defer import ensureDeferred
from twisted.internet.task import LoopingCall

from switch.perso.chain import Chain
from switch.perso.dual import Officers
from switch.perso.partconfig import PartConfig, Source, read_part
from switch.perso.pmpconfig import read_pmp
from switch.perso.shelf import Shelf
from switch.perso.terms import Refused
from switch.perso.xof import XofReader
from switch.server.perso.ftp import ftp_factory
from switch.server.perso.pmp import FROM_HSM, Pmp
from switch.server.perso.running import EXPECTED, done, opened, reactor, told_in_a_line, utc_now
from switch.server.perso.shelving import ShelfFactory
from switch.server.perso.transfer import noted_in, pull
from switch.server.tls import called


async def pulled(source: Source, shelf: Shelf, chain: Chain) -> list[str]:
    """Everything that the *source* has; it is in the *chain* when it is kept here."""
    return await pull(reactor(), source.host, source.port, source.tls, shelf, noted_in(chain))


async def reenciphered(pmp: Pmp, shelf: Shelf, chain: Chain, refused: Path) -> list[str]:
    """Every order on the *shelf* becomes an XOF file there; one that is refused goes to the folder *refused*.

    After a kill it goes on where it was: an order that is in the books has its XOF file, here or on its way here.
    """
    made = []
    for name in [each.name for each in shelf.files() if each.name.endswith(".order")]:
        order = shelf.path(name)
        try:
            await pmp.import_order(order, "hosting", lambda done, of: None)
        except Refused:
            refused.mkdir(mode=0o700, exist_ok=True)
            order.rename(refused / name)
            continue
        xof = pmp.xofs / order.with_suffix(".xof").name
        if xof.exists():
            note_reenciphered(chain, xof)
            xof.rename(shelf.path(xof.name))
        order.unlink()
        made.append(xof.name)
    return made


def note_reenciphered(chain: Chain, xof: Path) -> None:
    """The file *xof* that goes on is told to the *chain*, once, with the entry that it begins by in the HSM's."""
    with xof.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        file.seek(0)
        head = XofReader(file, xof.name).head.audit
    chain.once("hosting", "re-enciphered", {"file": xof.name, "digest": digest, "before": head})


async def step(config: PartConfig, source: Source, shelf: Shelf, chain: Chain, pmp: Pmp | None) -> list[str]:
    """Pull once, and re-encipher what came, if this server does that."""
    names = await pulled(source, shelf, chain)
    if pmp is not None:
        names += await reenciphered(pmp, shelf, chain, config.folder.with_name(f"{config.folder.name}-refused"))
    return names


async def _step_and_go_on(config: PartConfig, source: Source, shelf: Shelf, chain: Chain, pmp: Pmp | None) -> None:
    """As ``step``; what fails is in the chain, and is tried again the next time."""
    expected: tuple[type[Exception], ...] = (*EXPECTED, *FROM_HSM)
    try:
        await step(config, source, shelf, chain, pmp)
    except expected as e:
        chain.write("pull", "failed", {"why": str(e)[:200]})


@click.command("host", short_help="The Internal Data Hosting Server.")
@click.option("--config", "path", required=True, type=click.Path(exists=True, dir_okay=False))
@click.option("--once", is_flag=True, help="pull what is there, and end")
@click.option("--ready-file", type=click.Path(), help="written when the port is open")
def command(path: str, once: bool, ready_file: str | None) -> None:
    """Pull orders from the external server now and again, and keep them until the PMP has pulled them."""
    with told_in_a_line(*FROM_HSM):
        with open(path, encoding="utf-8") as file:
            config = read_part(path, file.read())
        source = config.source
        if source is None or config.issuers:
            raise click.UsageError(f"{path}: this server has a source, and no issuers")
        shelf = Shelf(config.folder, config.files_max, config.bytes_max)
        chain = Chain(config.audit, utc_now)
        pmp = _own_hsm(config)
        if once:
            for name in done(lambda: step(config, source, shelf, chain, pmp)):
                click.echo(name)
            return
        factory = ShelfFactory(reactor(), config, shelf, chain, utc_now)
        port = reactor().listenSSL(config.port, factory, called(config.tls), interface=config.host)
        factory.sweep_on()
        if config.ftp is not None:
            by_ftp = ftp_factory(shelf, chain, Officers(config.ftp.users))
            beside = f"{ready_file}.ftp" if ready_file else None
            opened(reactor().listenTCP(config.ftp.port, by_ftp, interface=config.ftp.host), beside)
        opened(port, ready_file)
        again = LoopingCall(lambda: ensureDeferred(_step_and_go_on(config, source, shelf, chain, pmp)))
        again.clock = reactor()
        again.start(source.every_seconds)
    reactor().run()


def _own_hsm(config: PartConfig) -> Pmp | None:
    if config.reencipher is None:
        return None
    return Pmp(read_pmp(str(config.reencipher), config.reencipher.read_text(encoding="utf-8")))
