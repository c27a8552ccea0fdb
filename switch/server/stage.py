"""Plays a scenario: upon simulated hosts and wires, or upon processes and sockets, which look alike from here."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol as Shape
from typing import cast

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater

from switch.codec.codec import codec
from switch.codec.message import MessageError
from switch.link.events import Order
from switch.scenarios import network
from switch.scenarios.faults import Fate, Faults
from switch.scenarios.judged import Held, Outcome, differences
from switch.scenarios.scenario import ATM, HOSTS, LINKS, TERMINALS, Does, Scenario, Step
from switch.scenarios.seen import Seen, link_of, seen
from switch.server.terminals import Terminals
from switch.simulators.commands import Told
from switch.simulators.config import SimulateConfig, read_config

SPEC = "napas"
GARBLED_MTI = "????"
LOOK_SECONDS = 0.1
OPEN_SECONDS_MAX = 200.0
"""Of the scenario's seconds: how long hosts may take until their links are open."""
MORE_SECONDS_MAX = 60.0
"""Of the scenario's seconds: for how long beyond its end it is waited until all are at rest, where that can be seen."""
STILL_LOOKS = 5
"""All are at rest, and hold what they must, when it was seen so often one after the other."""


class NotPlayed(Exception):
    """The scenario could not be played; the text says why."""


class Host(Shape):
    """A host that a scenario can do something to."""

    def is_open(self, link: str) -> bool: ...
    def kill(self) -> None: ...
    def start(self) -> None: ...
    def loses_hsm(self, away: bool) -> None: ...
    def loses_store(self, away: bool) -> None: ...
    def signs(self, order: Order) -> None: ...
    def sets_clock(self, seconds: float) -> None: ...
    def changes_keys(self) -> None: ...
    def held(self) -> Held: ...


class Line(Shape):
    """A link between two parties that can be cut; while it is *barred* it can't be made again."""

    barred: bool

    def cut(self) -> None: ...
    def join(self) -> None: ...


class Traffic:
    """What goes by on all links: noted, and done harm to as the scenario says."""

    def __init__(self, scenario: Scenario, now: Callable[[], float], kill: Callable[[str], None]) -> None:
        """*now*: seconds of the scenario; *kill* ends a host at once."""
        self.seen: list[Seen] = []
        self._faults = Faults(scenario.faults)
        self._now, self._kill = now, kill
        self._codec = codec(SPEC)

    def fate(self, sender: str, receiver: str, frame: bytes) -> Fate:
        """What becomes of *frame*, with its length, from *sender* to *receiver*."""
        content = frame[self._codec.spec.framing.prefix_bytes :]
        if not content:
            return Fate()
        try:
            message = self._codec.decode(content)
        except MessageError:
            self.seen.append(Seen(self._now(), sender, receiver, GARBLED_MTI))
            return Fate()
        fate = self._faults.fate(sender, receiver, message.mti)
        self.seen.append(seen(self._now(), sender, receiver, message, fate.word))
        if fate.kills:
            self.happens(sender, Does.KILLED)
            self._kill(sender)
        return fate

    def happens(self, who: str, what: str) -> None:
        """Something besides messages."""
        self.seen.append(Seen(self._now(), who, who, "", event=what))


@dataclass
class Cardholder:
    """What who stands at the terminals sees, and leaves with (minor units)."""

    saw: list[str] = field(default_factory=list)
    has: int = 0
    _bought: int = 0

    def told(self, told: Told) -> None:
        """What came of a command."""
        if "error" in told:
            self.saw.append(f"refused: {told['error']}")
            return
        do, outcome, response = (str(told.get(name, "")) for name in ("do", "outcome", "response"))
        if do == "fault":
            return
        self.saw.append(" ".join(word for word in (do, outcome, response) if word))
        if do == "reversal":
            self.has -= self._bought
        elif do == "withdrawal":
            self.has += cast(int, told.get("dispensed", 0))
        elif do == "purchase" and outcome == "approved":
            self._bought = cast(int, told["amount"])
            self.has += self._bought


@dataclass
class Stage:
    """The network of one scenario, ready to play; a second of the scenario lasts *scale* seconds of *clock*."""

    scenario: Scenario
    clock: IReactorTime
    scale: float
    began: float
    hosts: Mapping[str, Host]
    lines: Mapping[str, Line]
    traffic: Traffic
    terminals: Mapping[str, Terminals]
    cardholder: Cardholder = field(default_factory=Cardholder)
    down: set[str] = field(default_factory=set)
    ahead: dict[str, float] = field(default_factory=dict)
    """By how many seconds a terminal's time of day is."""
    prepare: Callable[[], Awaitable[None]] | None = None
    """What must be done whenever it is looked whether all links are open."""
    at_rest: Callable[[], Awaitable[bool]] | None = None
    """Is nothing under way anywhere, so that nothing more will happen?  Without it everything is played for its time."""

    async def play(self) -> Outcome:
        """Play it to its end.  Raises NotPlayed."""
        await self._until_open()
        self.traffic.seen.clear()
        self.began = self.clock.seconds()
        waited = 0.0
        for step in self.scenario.steps:
            await self._sleep(step.at + waited - self.now())
            before = self.now()
            self._take(step)
            if step.does in (Does.STARTS, Does.HAS_HSM):
                # Processes take their time: what comes next waits for them.
                await self._until_open()
                waited += self.now() - before
        if self.at_rest is None:
            await self._sleep(self.scenario.lasts + waited - self.now())
        else:
            await self._rested(self.at_rest, self.scenario.lasts + waited + MORE_SECONDS_MAX)
        return self._outcome()

    def _outcome(self) -> Outcome:
        held = {name: host.held() for name, host in self.hosts.items()}
        return Outcome(tuple(self.cardholder.saw), self.cardholder.has, held, tuple(self.traffic.seen))

    async def _rested(self, at_rest: Callable[[], Awaitable[bool]], until: float) -> None:
        """Wait until everybody holds what he must and nothing will happen any more, or *until* then for that."""
        looks = 0
        while looks < STILL_LOOKS and self.now() < until:
            await cast("Deferred[None]", deferLater(self.clock, LOOK_SECONDS, lambda: None))
            good = not differences(self.scenario, self._outcome(), in_order=False) and await at_rest()
            looks = looks + 1 if good else 0

    def now(self) -> float:
        """Seconds of the scenario since its beginning."""
        return (self.clock.seconds() - self.began) / self.scale

    async def _sleep(self, seconds: float) -> None:
        if seconds > 0:
            await cast("Deferred[None]", deferLater(self.clock, seconds * self.scale, lambda: None))

    async def _until_open(self) -> None:
        until = self.clock.seconds() + OPEN_SECONDS_MAX * self.scale
        while not self._is_open:
            if self.prepare is not None:
                await self.prepare()
            if self.clock.seconds() > until:
                raise NotPlayed("the hosts' links don't open")
            await cast("Deferred[None]", deferLater(self.clock, LOOK_SECONDS, lambda: None))

    @property
    def _is_open(self) -> bool:
        """Do all that are up take each other's transactions, as far as their links are not cut?"""
        for (host, other), link in network.PARTNERS.items():
            if host in self.down or other in self.down or self.lines[link_of(host, other)].barred:
                continue
            if other in HOSTS and not self.hosts[host].is_open(link):
                return False
            if other in self.terminals and not ready(self.terminals[other]):
                return False
        return True

    def kill(self, host: str) -> None:
        """End *host* at once."""
        self.down.add(host)
        self.hosts[host].kill()

    def _take(self, step: Step) -> None:
        if step.who in TERMINALS:
            self._order(step)
            return
        self.traffic.happens(step.who, step.does)
        if step.who in LINKS:
            line = self.lines[step.who]
            line.barred = step.does is Does.CUT
            line.cut() if line.barred else line.join()
        elif step.does is Does.KILLED:
            self.kill(step.who)
        else:
            befall(self.hosts[step.who], step)
            self.down -= {step.who} if step.does is Does.STARTS else set()

    def _order(self, step: Step) -> None:
        if step.does is Does.CLOCK:
            # As much later as the step is than it should be, its clock is behind: trace numbers come from seconds.
            self.ahead[step.who] = step.seconds + step.at - self.now()
            return
        if step.does is Does.SWITCHED_ON:
            for each in self.terminals[step.who].by_id.values():
                each.switched_on()
            return
        told: dict[str, object] = {"id": 1, "terminal": network.TERMINAL_IDS[step.who]}
        card = {"card": step.card, "pin": network.PIN}
        match step.does:
            case Does.WITHDRAWS:
                told |= {"do": "withdrawal", "amount": step.amount, **card}
            case Does.BUYS:
                told |= {"do": "purchase", "amount": step.amount, **card}
            case Does.ASKS_BALANCE:
                told |= {"do": "balance", **card}
            case Does.TAKES_BACK:
                told |= {"do": "reversal"}
            case Does.JAMS:
                told |= {"do": "fault", "fault": "dispenser", "notes": step.notes}
        self.terminals[step.who].command(json.dumps(told).encode(), self.cardholder.told)


def ready(terminals: Terminals) -> bool:
    """Can they reach their host, and do they have a key for PINs?"""
    links = all(link.state.may_send(link.config.profile) for link in terminals.links)
    return links and all(each.epp.has_pin_key and not each.busy for each in terminals.by_id.values())


def befall(host: Host, step: Step) -> None:
    """Have happen to *host* what *step* says."""
    match step.does:
        case Does.STARTS:
            host.start()
        case Does.LOSES_HSM | Does.HAS_HSM:
            host.loses_hsm(step.does is Does.LOSES_HSM)
        case Does.LOSES_STORE | Does.HAS_STORE:
            host.loses_store(step.does is Does.LOSES_STORE)
        case Does.SIGNS_OFF | Does.SIGNS_ON:
            host.signs(Order.SIGN_OFF if step.does is Does.SIGNS_OFF else Order.SIGN_ON)
        case Does.CLOCK:
            host.sets_clock(step.seconds)
        case Does.CHANGES_KEYS:
            host.changes_keys()


def terminals_of(scenario: Scenario) -> Sequence[str]:
    """The terminals that it needs."""
    return [who for who in TERMINALS if any(step.who == who for step in scenario.steps)] or [ATM]


def write_files(folder: Path, scenario: Scenario, places: network.Places) -> None:
    """The configurations of all hosts, each in a folder of its own, and what they name."""
    for host in HOSTS:
        there = folder / host
        there.mkdir()
        (there / "switch.toml").write_text(network.host_text(host, places, scenario.settings))
        for name, text in network.host_files(host).items():
            (there / name).write_text(text)
    (folder / "terminals").mkdir()
    for name, text in network.terminals_files().items():
        path = folder / "terminals" / name
        path.touch(mode=0o600)
        path.write_text(text)


def terminals_config(folder: Path, who: str, port: int, scale: float) -> SimulateConfig:
    """The terminal *who*, whose host is at *port*."""
    path = folder / "terminals" / f"{who}.toml"
    path.write_text(network.terminals_text(who, port, scale))
    return read_config(path)
