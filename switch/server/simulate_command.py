"""``switch simulate``: ATMs and POS terminals in a process of their own."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import cast

import click
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IReactorCore, IReactorTime

from hsm.client.monotonic import without_time_of_day
from hsm.client.readyfile import write_ready_file
from switch.link.lines import ConfigError
from switch.server.commandport import CommandPort
from switch.server.terminals import Terminals
from switch.simulators.commands import Told
from switch.simulators.config import SimulateConfig, read_config

CANNOT_START = 2
PARTING_SECONDS_MAX = 5.0
TURN_SECONDS = 0.05


@click.command("simulate", short_help="Run ATMs and POS terminals that talk to a host.")
@click.option(
    "--config", "path", required=True, metavar="FILE", type=click.Path(path_type=Path), help="the terminals, in TOML"
)
@click.option(
    "--ready-file", metavar="FILE", type=click.Path(path_type=Path), help="written as JSON when commands are taken"
)
def command(path: Path, ready_file: Path | None) -> None:
    """Run the terminals of FILE until the end of standard input, SIGINT or SIGTERM.

    Each line of standard input, or of a connection to the loopback address that FILE names, is a command in JSON:

        {"id": 1, "terminal": "ATM00001", "do": "withdrawal", "amount": 500000, "card": "an", "pin": "1234"}

    What came of it is told in one line of JSON; what happens without a command (a link opens, a reversal is settled, an
    answer comes too late) in lines with "event".  Exit status 2 when the configuration is wrong.
    """
    try:
        config = read_config(path)
        if ready_file is not None:
            ready_file.unlink(missing_ok=True)
        run(config, ready_file)
    except ConfigError as fault:
        click.echo(f"switch simulate: {fault}", err=True)
        sys.exit(CANNOT_START)
    except (OSError, CannotListenError) as fault:
        click.echo(f"switch simulate: {fault}", err=True)
        sys.exit(CANNOT_START)


def run(config: SimulateConfig, ready_file: Path | None) -> None:
    """Run until told to stop.  Raises CannotListenError, OSError."""
    from twisted.internet import reactor

    clock, core = cast(IReactorTime, reactor), cast(IReactorCore, reactor)
    without_time_of_day(clock)
    telling: list[Callable[[Told], None]] = []

    def tell(told: Told) -> None:
        for each in telling:
            each(told)

    terminals = Terminals(clock, config, tell, lambda line: click.echo(line, err=True))
    stop_when_resting = _stopper(clock, core, lambda: terminals.resting)
    port = CommandPort(clock, terminals.command, stop_when_resting)
    telling.append(port.tell)
    number = port.open(config.commands)
    terminals.start()

    def part() -> object:
        from twisted.internet.defer import Deferred

        port.close()
        terminals.stop()
        parted: Deferred[None] = Deferred()
        _when(clock, lambda: terminals.links.closed, PARTING_SECONDS_MAX, lambda: parted.callback(None))
        return parted

    def ready() -> None:
        if ready_file is not None:
            write_ready_file(str(ready_file), {} if number is None else {"commands": number})

    core.addSystemEventTrigger("before", "shutdown", part)
    core.callWhenRunning(ready)
    core.run()


def _stopper(clock: IReactorTime, core: IReactorCore, resting: Callable[[], bool]) -> Callable[[], None]:
    """Stops the process as soon as nothing is under way."""

    def stop() -> None:
        _when(clock, resting, None, core.stop)

    return stop


def _when(clock: IReactorTime, true: Callable[[], bool], seconds_left: float | None, then: Callable[[], None]) -> None:
    """Do *then* as soon as it is *true*, or when *seconds_left* (None: no matter how long) have passed."""
    if true() or (seconds_left is not None and seconds_left <= 0):
        then()
        return
    left = None if seconds_left is None else seconds_left - TURN_SECONDS
    clock.callLater(TURN_SECONDS, _when, clock, true, left, then)
