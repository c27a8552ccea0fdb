"""What everybody holds when a run is over, and what of it is not as the scenario says."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from switch.issuer.accounts import TYPES
from switch.ledger.ledger import ledger_balance, trial_balance
from switch.scenarios.scenario import A, HostEnds, I, Scenario
from switch.scenarios.seen import Seen, on_link
from switch.store.rows import Account, Irregular, Owed, Transaction

CURRENCY = "704"
MORE = " ..."
"""At the end of a line: once or more often, as repeats come."""
MAYBE = " ?"
"""At the end of a line: never, once or more often."""


@dataclass(frozen=True)
class Held:
    """What a host holds; the *trial_balance* of its accounts, posted and pending, is 0 twice when its books are right."""

    ends: HostEnds
    trial_balance: tuple[int, int] = (0, 0)


@dataclass(frozen=True)
class Outcome:
    """A run that is over: what cardholders saw and have, what hosts hold, what links carried."""

    saw: tuple[str, ...]
    has: int
    hosts: Mapping[str, Held]
    seen: Sequence[Seen]


def held(
    transactions: Iterable[Transaction], owed: Iterable[Owed], irregular: Iterable[Irregular],
    accounts: Sequence[Account], opened_with: int,
) -> Held:  # fmt: skip
    """What a host holds whose customers had *opened_with* in all, minor units."""
    by_arrival = sorted(transactions, key=lambda row: row.position)
    customers = sum(ledger_balance(each) for each in accounts if each.kind in TYPES)
    ends = HostEnds(
        tuple(_transaction(row) for row in by_arrival),
        tuple(_owed(row) for row in sorted(owed, key=lambda row: row.position)),
        tuple(sorted(row.kind for row in irregular)),
        opened_with - customers,
    )
    return Held(ends, trial_balance(accounts).get(CURRENCY, (0, 0)))


def _transaction(row: Transaction) -> str:
    text = f"{row.service}: {row.stage}"
    text += f", {row.response_code}" if row.response_code else ""
    part = row.amount_reversed
    return f"{text}, {part} taken back" if 0 < part < row.amount else text


def _owed(row: Owed) -> str:
    response = f", {row.response_code}" if row.response_code else ""
    return f"{row.mti} to {row.link}: {row.state}{response}"


def differences(scenario: Scenario, outcome: Outcome, in_order: bool = True) -> list[str]:
    """What is not as *scenario* says, each as a line; nothing, when all is.

    Not *in_order*: messages that crossed on a link are compared apart by direction.
    """
    return list(_differences(scenario, outcome, in_order))


def _differences(scenario: Scenario, outcome: Outcome, in_order: bool) -> Iterator[str]:
    ends = scenario.ends
    if outcome.saw != ends.saw:
        yield f"the cardholder saw {_listed(outcome.saw)}, not {_listed(ends.saw)}"
    if outcome.has != ends.has:
        yield f"the cardholder has {outcome.has}, not {ends.has}"
    for name, there in outcome.hosts.items():
        yield from _at_host(name, there, ends.hosts.get(name, HostEnds()))
    taken = sum(outcome.hosts[name].ends.taken for name in (A, I))
    if not ends.differs and taken != outcome.has:
        yield f"{taken} was taken from accounts, and the cardholder has {outcome.has}"
    for link, wanted in ends.links.items():
        carried = on_link(outcome.seen, link)
        same = alike(carried, wanted) if in_order else _alike_each_way(carried, wanted)
        if not same:
            yield f"{link} carried {_listed(carried)}, not {_listed(wanted)}"


def _at_host(name: str, there: Held, wanted: HostEnds) -> Iterator[str]:
    for what in ("transactions", "owed", "irregular", "taken"):
        found, expected = getattr(there.ends, what), getattr(wanted, what)
        if found != expected:
            yield f"{name}: {what}: {_shown(found)}, not {_shown(expected)}"
    if any(there.trial_balance):
        yield f"{name}: credits and debits differ by {there.trial_balance}, posted and pending"


def alike(carried: Sequence[str], wanted: Sequence[str]) -> bool:
    """Did a link carry what was *wanted*?  Lines that end in MORE or MAYBE stand for more such messages, or none.

    >>> alike(["A>B 0420", "A>B 0421", "A>B 0421"], ["A>B 0420", "B>A 0430 96 ?", "A>B 0421 ..."])
    True
    """
    left = list(carried)
    for line in wanted:
        text = line.removesuffix(MORE).removesuffix(MAYBE)
        if not line.endswith(MAYBE) and (not left or left.pop(0) != text):
            return False
        while line.endswith((MORE, MAYBE)) and left and left[0] == text:
            left.pop(0)
    return not left


def _alike_each_way(carried: Sequence[str], wanted: Sequence[str]) -> bool:
    senders = {line[0] for line in (*carried, *wanted)}
    return all(alike([c for c in carried if c[0] == s], [w for w in wanted if w[0] == s]) for s in senders)


def _shown(value: object) -> str:
    return _listed(value) if isinstance(value, tuple) else str(value)


def _listed(lines: Sequence[str]) -> str:
    return "[" + "; ".join(lines) + "]" if lines else "nothing"
