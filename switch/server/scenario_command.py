"""``switch scenario``: failures between terminals, hosts and the switch, played out and judged."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path

import click

from switch.link.lines import ConfigError
from switch.scenarios import scenariofile
from switch.scenarios.drawing import chart, mermaid
from switch.scenarios.judged import differences
from switch.scenarios.scenario import Scenario
from switch.server.simulatednetwork import simulated
from switch.server.stage import NotPlayed

DIFFERS, MISTAKEN = 1, 2
ALL = "all"


@click.group("scenario", short_help="Play failures out: between terminals, acquirer, switch and issuer.")
def command() -> None:
    """Each scenario is one way in which a transaction can go wrong, and says what everybody must hold when it is over.

    NAME is one of those that ``switch scenario list`` shows, or its beginning, or a file.
    """


@command.command("list")
def list_() -> None:
    """List the scenarios that come with the product."""
    for name in scenariofile.names():
        scenario = scenariofile.load(name)
        click.echo(f"{name:36} {scenario.row:6} {scenario.title}")


@command.command("run")
@click.argument("names", nargs=-1, required=True, metavar="NAME...|all")
@click.option("--seed", default=0, metavar="N", type=click.IntRange(0), help="of how long each message takes; 0: 1 ms")
@click.option("--sockets", is_flag=True, help="with processes and sockets instead of a simulation")
@click.option("--at-once", default=4, show_default=True, type=click.IntRange(1, 64), help="so many, with --sockets")
@click.option(
    "--scale", default=1.0, show_default=True, help="how many seconds one of a scenario lasts, with --sockets"
)
@click.option(
    "--hsm-port",
    metavar="PORT",
    type=click.IntRange(1, 65535),
    help="of an HSM on this machine that has the published test LMK, with --sockets; left out: one is started",
)
def run(names: Sequence[str], seed: int, sockets: bool, at_once: int, scale: float, hsm_port: int | None) -> None:
    """Play scenarios; exit status 1 when one does not end as it must."""
    chosen = _chosen(names)
    if sockets:
        from switch.server.staged import played_apart

        sys.exit(played_apart(chosen, at_once, scale, hsm_port))
    failed = 0
    for scenario in chosen:
        began = time.monotonic()
        try:
            found = differences(scenario, simulated(scenario, seed), in_order=not seed)
        except NotPlayed as fault:
            found = [str(fault)]
        failed += bool(found)
        click.echo(f"{'FAILED' if found else 'ok':7} {scenario.name:36} {time.monotonic() - began:6.2f} s")
        for line in found:
            click.echo(f"        {line}")
    click.echo(f"{len(chosen) - failed} of {len(chosen)} end as they must")
    sys.exit(DIFFERS if failed else 0)


@command.command("draw")
@click.argument("name", metavar="NAME")
@click.option("--mermaid", "in_mermaid", is_flag=True, help="for a page, instead of for a terminal")
def draw(name: str, in_mermaid: bool) -> None:
    """Play a scenario in simulation and draw what happened."""
    (scenario,) = _chosen([name])
    try:
        seen = simulated(scenario).seen
    except NotPlayed as fault:
        click.echo(f"switch scenario: {fault}", err=True)
        sys.exit(DIFFERS)
    click.echo(mermaid(seen) if in_mermaid else f"{scenario.title}\n\n{scenario.story}\n\n{chart(seen)}", nl=False)


def _chosen(names: Sequence[str]) -> list[Scenario]:
    try:
        return [_read(each) for name in names for each in (scenariofile.names() if name == ALL else (name,))]
    except (ConfigError, OSError, UnicodeDecodeError) as fault:
        click.echo(f"switch scenario: {fault}", err=True)
        sys.exit(MISTAKEN)


def _read(name: str) -> Scenario:
    path = Path(name)
    if path.suffix == scenariofile.SUFFIX:
        return scenariofile.read(path.stem, name, path.read_text(encoding="utf-8"))
    known = [each for each in scenariofile.names() if each.lower().startswith(name.lower())]
    if len(known) == 1 or name in known:
        return scenariofile.load(name if name in known else known[0])
    raise ConfigError("switch scenario", "NAME", f"one of {', '.join(known or scenariofile.names())}")
