"""``switch demo``: a small country's payments on this machine."""

from __future__ import annotations

import contextlib
import signal
import sys
import tempfile
import threading
from pathlib import Path
from types import FrameType

import click

from hsm.client.blocking import ConnectionLost
from hsm.client.process import ApplianceProcess, NotReady
from hsm.client.tour import SERVED, TourStopped, converse
from switch.demo.nodes import BUREAU_HOLDERS
from switch.server.demo.bureau import Bureau
from switch.server.demo.country import Country
from switch.server.demo.processes import DemoStopped, run
from switch.server.demo.showing import Showing
from switch.store.database import StoreError

FAILED = 1


@click.command("demo", short_help="Three HSMs, six switches, terminals: a country's payments on this machine.")
@click.option(
    "--dir", "folder", metavar="DIR", type=click.Path(path_type=Path), help="a new folder for all files, kept"
)
@click.option("--once", is_flag=True, help="end when everything was shown; exit status 0 if all was as expected")
@click.option(
    "--cards",
    metavar="FOLDER",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="that of switch perso demo --folder: its cards draw cash here, too",
)
@click.option("--with-bureau", is_flag=True, help="have a bureau personalise such cards first")
@click.option(
    "--hsm-port", metavar="N", type=click.IntRange(0, 65535), help="first show a conversation with an HSM, here"
)
def command(folder: Path | None, once: bool, cards: Path | None, with_bureau: bool, hsm_port: int | None) -> None:
    """Start an interbank switch, two banks, a card host, a concentrator, ATMs and POS terminals; use them; show it all.

    Every node, HSM and group of terminals is a process of its own; they speak TCP on loopback, on free ports.  Their
    configuration files are in DIR.  With cards of a bureau there are a bank's two hosts and their HSMs besides.  What is
    shown is masked.  All goes on running until Ctrl-C.
    """
    if with_bureau and cards is not None:
        raise click.UsageError("--with-bureau makes cards, and --cards has some: one of both is expected")
    # A signal that ends this program must end the others, too.
    signal.signal(signal.SIGTERM, _interrupted)
    with contextlib.ExitStack() as stack:
        try:
            if hsm_port is not None:
                appliance = stack.enter_context(ApplianceProcess(SERVED, hsm_port))
                converse(appliance.host, appliance.port, appliance.state_dir)
            place = folder or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="zonekey-demo-")))
            place.mkdir(parents=True, exist_ok=True)
            if any(place.iterdir()):
                raise DemoStopped(f"{place}: an empty folder is expected")
            if with_bureau:
                cards = personalised(place)
            bureau = Bureau(cards) if cards is not None else None
            told = lambda text: click.echo(f"    {text}")  # noqa: E731  # what Country wants
            country = stack.enter_context(Country(place, told, bureau=bureau))
            # Who is impatient would leave the others running.
            stack.callback(_undisturbed)
            showing = Showing(country, click.echo)
            showing.all()
            if not once:
                stay(place, bureau is not None)
        except (DemoStopped, NotReady, TourStopped, ConnectionLost, StoreError, OSError) as fault:
            click.echo(f"switch demo: {fault or type(fault).__name__}", err=True)
            sys.exit(FAILED)
        sys.exit(FAILED if showing.wrong else 0)


def personalised(place: Path) -> Path:
    """The folder in *place* of a bureau that has personalised an order of cards.  Raises DemoStopped."""
    click.echo("\nFirst a bureau, each part of it a process, makes a bank's cards of its enciphered order:")
    folder = place / "bureau"
    run("switch.main", "perso", "demo", "--cards", str(len(BUREAU_HOLDERS)), "--folder", str(folder), show=click.echo)
    return folder


def _undisturbed() -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)


def _interrupted(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def stay(place: Path, with_bureau: bool) -> None:
    """Where to look, until Ctrl-C, which may come as soon as it is read of."""
    with contextlib.suppress(KeyboardInterrupt):
        click.echo(f"\nAll of it goes on running; its files are in {place}.  Try")
        for words in ("links", "keys", "transactions 5", "help"):
            click.echo(f"    switch console --config {place}/switch.toml --ready-file {place}/switch.ready {words}")
        if not with_bureau:
            click.echo("Chip cards that a bureau has made draw cash in switch demo --with-bureau.")
        click.echo("Ctrl-C ends it.")
        threading.Event().wait()
