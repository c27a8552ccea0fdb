"""Kills a switch, its HSM and its PostgreSQL at random moments under load, and cuts its links, over and over.

``switch_kills.py --kills N --targets switch,hsm,postgresql,link``: N of each in turn.  After each the books of the issuer,
the rows of the switch and what the acquirer was told are compared; in the end all sums are.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from support.databases import serving
from support.stormed import Acquirer, Disagreement, Network, compare

TARGETS = ("switch", "hsm", "postgresql", "link")
SETTLES_SECONDS_MAX = 120.0
COMPARED_EVERY = 10


async def cut(acquirer: Acquirer) -> None:
    """The acquirer's connection ends without a word."""
    if acquirer.writer is not None:
        acquirer.writer.transport.abort()
    await asyncio.sleep(0)


async def settle(network: Network, acquirer: Acquirer) -> None:
    """Ask nothing more, and wait until everything is over.  Raises Disagreement."""
    acquirer.asking = False
    ends = time.monotonic() + SETTLES_SECONDS_MAX
    while True:
        await asyncio.sleep(0.5)
        try:
            if not acquirer.open:
                await asyncio.to_thread(compare, network, acquirer, all_over=True)
                return
        except Disagreement as fault:
            if "under way" not in str(fault) or time.monotonic() > ends:
                raise
        if time.monotonic() > ends:
            raise Disagreement(f"{len(acquirer.open)} withdrawals never end for their acquirer")


async def storm(
    network: Network, targets: list[str], kills: int, a_second: float, seconds_max: float, draw: random.Random
) -> Counter[str]:  # fmt: skip
    """So many *kills* of each of *targets*, for so long at most.  Raises Disagreement."""
    ends = time.monotonic() + seconds_max
    acquirer = Acquirer(network.acquirer_port, a_second)
    counts: Counter[str] = Counter()
    works = [asyncio.create_task(acquirer.live()), asyncio.create_task(acquirer.ask())]
    doings = {"switch": network.kill_switch, "hsm": network.kill_hsm, "postgresql": network.kill_postgres}
    try:
        until = time.monotonic() + SETTLES_SECONDS_MAX
        while not acquirer.counts["answered 00"]:
            await asyncio.sleep(0.05)
            if time.monotonic() > until:
                raise Disagreement(f"nothing is approved: {dict(acquirer.counts)}")
        for number in range(kills * len(targets)):
            if time.monotonic() > ends:
                break
            before = acquirer.counts["answered 00"]
            await asyncio.sleep(draw.uniform(0.0, 0.5))
            target = targets[number % len(targets)]
            if target == "link":
                await cut(acquirer)
            else:
                await asyncio.to_thread(doings[target])
            counts[f"{target}: killed" if target != "link" else "link: cut"] += 1
            _raise(works)
            # Under load means: something is approved between any two of them.
            until = time.monotonic() + SETTLES_SECONDS_MAX
            while acquirer.counts["answered 00"] == before and time.monotonic() < until:
                await asyncio.sleep(0.02)
            if acquirer.counts["answered 00"] == before:
                raise Disagreement(
                    f"after a kill of {target} nothing is approved any more: {dict(acquirer.counts)}\n{network.told()}"
                )
            if number % COMPARED_EVERY == COMPARED_EVERY - 1:
                counts["compared"] = await asyncio.to_thread(compare, network, acquirer, all_over=False)
                print(f"{number + 1} kills, {counts['compared']} withdrawals compared", flush=True)
        await settle(network, acquirer)
        _raise(works)
    finally:
        for work in works:
            work.cancel()
    return counts + acquirer.counts


def _raise(works: list[asyncio.Task[None]]) -> None:
    for work in works:
        if work.done() and (fault := work.exception()) is not None:
            raise Disagreement(f"{type(fault).__name__}: {fault}") from fault


def run(
    targets: list[str], kills: int, seed: int, a_second: float = 40.0, seconds_max: float = 86_400.0
) -> Counter[str]:  # fmt: skip
    """In a network of its own; the store of the switch is PostgreSQL when that is a target, or SQLite."""
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(serving()) if "postgresql" in targets else None
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="zonekey-kills-"))
        network = Network(Path(folder), server)
        stack.callback(network.close)
        return asyncio.run(storm(network, targets, kills, a_second, seconds_max, random.Random(seed)))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--targets", default="switch,hsm,link")
    parser.add_argument("--rate", type=float, default=40.0, help="withdrawals a second")
    parser.add_argument("--seconds", type=float, default=86_400.0, help="begin no kill after so long")
    parser.add_argument("--seed", type=int, default=int.from_bytes(os.urandom(4), "big"))
    chosen = parser.parse_args()
    targets = chosen.targets.split(",")
    if not set(targets) <= set(TARGETS):
        parser.error(f"targets are {', '.join(TARGETS)}")
    print(f"seed {chosen.seed}", flush=True)
    began = time.monotonic()
    try:
        counts = run(targets, chosen.kills, chosen.seed, chosen.rate, chosen.seconds)
    except Disagreement as fault:
        print(f"{fault}\nseed {chosen.seed}")
        return 1
    for name, count in [*sorted(counts.items()), ("seconds", round(time.monotonic() - began))]:
        print(f"{name:28} {count:>8}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
