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
from switch.server.demo.country import Country
from switch.server.demo.processes import DemoStopped
from switch.server.demo.showing import Showing
from switch.store.database import StoreError

FAILED = 1


@click.command("demo", short_help="Three HSMs, six switches, terminals: a country's payments on this machine.")
@click.option(
    "--dir", "folder", metavar="DIR", type=click.Path(path_type=Path), help="a new folder for all files, kept"
)
@click.option("--once", is_flag=True, help="end when everything was shown; exit status 0 if all was as expected")
@click.option(
    "--hsm-port", metavar="N", type=click.IntRange(0, 65535), help="first show a conversation with an HSM, here"
)
def command(folder: Path | None, once: bool, hsm_port: int | None) -> None:
    """Start an interbank switch, two banks, a card host, a concentrator, ATMs and POS terminals; use them; show it all.

    Every node, HSM and group of terminals is a process of its own; they speak TCP on loopback, on free ports.  Their
    configuration files are in DIR.  What is shown is masked.  All goes on running until Ctrl-C.
    """
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
            country = stack.enter_context(Country(place, lambda text: click.echo(f"    {text}")))
            # Who is impatient would leave the others running.
            stack.callback(_undisturbed)
            showing = Showing(country, click.echo)
            showing.all()
            if not once:
                stay(place)
        except (DemoStopped, NotReady, TourStopped, ConnectionLost, StoreError, OSError) as fault:
            click.echo(f"switch demo: {fault or type(fault).__name__}", err=True)
            sys.exit(FAILED)
        sys.exit(FAILED if showing.wrong else 0)


def _undisturbed() -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)


def _interrupted(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def stay(place: Path) -> None:
    """Where to look, until Ctrl-C, which may come as soon as it is read of."""
    with contextlib.suppress(KeyboardInterrupt):
        click.echo(f"\nAll of it goes on running; its files are in {place}.  Try")
        for words in ("links", "keys", "transactions 5", "help"):
            click.echo(f"    switch console --config {place}/switch.toml --ready-file {place}/switch.ready {words}")
        click.echo("Ctrl-C ends it.")
        threading.Event().wait()
