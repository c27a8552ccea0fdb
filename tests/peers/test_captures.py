"""What other people's clients and devices said to each other, said to an appliance with worker processes.

The exchanges are those of the conformance suite, which has them in process; here they pass through sockets, processes
and the links between them.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from support.excused import EXCUSED
from support.served import Serve
from support.staff import one_each

from hsm.dialects.thales.codes import thales
from hsm.dialects.thales.families import load
from hsm.spec.witnessed import Exchange, exchanges

VECTORS = Path(__file__).parents[2] / "protocol-spec" / "thales" / "vectors"
COLLECTIONS = ("payshield-9000-captures", "payshield-10k-captures", "hsm-emulator", "thalessim")
WORKERS_COUNT = 2
SPENDS_ITS_STATE = ("BS", "RA")
"""Commands that leave less for the next exchange; tests of their own have them (test_workers)."""
Setup = tuple[str, ...]


@cache
def by_setup() -> dict[Setup, list[Exchange]]:
    """The captures by the options of ``hsm serve`` that they need."""
    load()
    found: dict[Setup, list[Exchange]] = {}
    for each in exchanges(VECTORS):
        if each.collection in COLLECTIONS and each.id not in EXCUSED and each.command in thales.commands:
            found.setdefault(tuple(options_for(each)), []).append(each)
    return found


def options_for(exchange: Exchange) -> Iterator[str]:
    for option, pairs in (("--lmk", exchange.lmks), ("--old-lmk", exchange.old_lmks), ("--set", exchange.settings)):
        for name, value in pairs:
            yield from (option, f"{name}={value}")
    if exchange.authorise:
        yield from ("--authorise", exchange.authorise)


@pytest.mark.parametrize("setup", by_setup(), ids=" ".join)
def test_captures_hold_with_every_worker(serve: Serve, setup: Setup) -> None:
    served = serve("--workers", str(WORKERS_COUNT), *setup)
    lines = one_each(served, WORKERS_COUNT).values()
    wrong = []
    for exchange in by_setup()[setup]:
        for line in lines if exchange.command not in SPENDS_ITS_STATE else ():
            reply = line.command(exchange.request.decode("latin-1")).encode("latin-1")
            if not exchange.answered_by(reply):
                wrong.append((exchange.id, exchange.command, reply))
    assert wrong == []


def test_captures_of_each_source_are_there() -> None:
    seen = {each.collection for found in by_setup().values() for each in found}
    assert seen == set(COLLECTIONS)
