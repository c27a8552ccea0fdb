"""``switch storm``: every fault there is upon a simulated network, and the rules held against all that comes of it."""

from __future__ import annotations

import re
import secrets
import sys
import time

import click

from switch.server.processfigures import usage
from switch.server.storm import Storm
from switch.storm.plan import Plan
from switch.storm.rules import Violation

SEED_BITS = 32
VIOLATED = 1
TRANSACTIONS_MAX = 100_000_000
STORY = re.compile(r"transaction (\d+)")


class Rate(click.ParamType[float]):
    """A share: ``1%``, or ``0.01``."""

    name = "rate"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """From 0 to 1."""
        text = str(value)
        try:
            rate = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
        except ValueError:
            rate = -1.0
        if not 0 <= rate <= 1:
            self.fail("a share from 0% to 100% expected", param, ctx)
        return rate


@click.command("storm", short_help="Try every fault on a simulated network, and see whether all books agree.")
@click.option("--transactions", type=click.IntRange(1, TRANSACTIONS_MAX), default=10_000, show_default=True)
@click.option("--faults", type=Rate(), default="1%", show_default=True, help="how many messages have a fault")
@click.option("--seed", type=click.IntRange(0), help="draws the same storm again; absent: a new one")
@click.option("--acquirers", type=click.IntRange(1, 9), default=3, show_default=True)
@click.option("--issuers", type=click.IntRange(1, 9), default=3, show_default=True)
def command(transactions: int, faults: float, seed: int | None, acquirers: int, issuers: int) -> None:
    """Run acquirers, a switch and issuers with real books in one process, on a simulated clock, in a storm.

    Messages are lost, delayed, doubled and overtaken, connections cut, nodes killed at their commits, stores, HSMs and
    links away, clocks wrong.  Rules are held against every message, and in the end all books must agree.  Exit status 1
    when a rule is broken, with the seed that shows it again.
    """
    seed = secrets.randbits(SEED_BITS) if seed is None else seed
    click.echo(f"seed {seed}")
    began = time.monotonic()

    def progress(storm: Storm) -> None:
        seconds = time.monotonic() - began
        used = usage()
        click.echo(
            f"{storm.checked} transactions, {seconds:.0f} s ({used.seconds:.0f} s of processor), "
            f"{used.resident_kib >> 10} MiB"
        )

    storm = Storm(Plan(transactions, faults, seed, acquirers, issuers), progress)
    try:
        storm.run()
    except Violation as violation:
        click.echo(f"{violation}\nseed {seed}, transactions {transactions}, faults {faults:g}", err=True)
        for line in _story(storm, str(violation)):
            click.echo(f"  {line}", err=True)
        sys.exit(VIOLATED)
    for what, count in [("transactions", storm.checked), *sorted(storm.watch.counts.items())]:
        click.echo(f"{count:>10}  {what}")
    click.echo("faults:")
    for what, count in sorted(storm.happened.items()):
        click.echo(f"{count:>10}  {what}")
    click.echo(f"no rule was broken; {time.monotonic() - began:.0f} s, seed {seed}")


def _story(storm: Storm, violation: str) -> list[str]:
    """The messages of the transaction that *violation* names."""
    named = STORY.search(violation)
    deal = storm.deals.get(f"{int(named[1]):012d}") if named else None
    return [] if deal is None else deal.story
