"""The network of a scenario in simulation: terminals, three hosts and the wires between them, on one clock."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial
from hashlib import sha256
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import Clock
from twisted.python.failure import Failure

from switch.config.switchfile import read_config
from switch.link.config import LinkConfig
from switch.scenarios import network
from switch.scenarios.faults import Fate
from switch.scenarios.judged import Outcome
from switch.scenarios.scenario import HOSTS, LINKS, A, Scenario
from switch.server.drive import Above
from switch.server.simulated import WIRE_SECONDS, SimulatedLinks, Wire
from switch.server.simulatedhost import BEGAN, SimulatedHost
from switch.server.stage import NotPlayed, Stage, Traffic, terminals_config, terminals_of, write_files
from switch.server.terminals import Terminals
from switch.store.database import StoreError

PIN_KEY_UNDER_TMK, PIN_KEY_CHECK = "X753C8C14C25BB177D6BBC78904F35DE7", "6A4981"
"""A TPK under the terminals' master key, and its check value: in a simulation no host brings them one."""
STEPS_MAX = 2_000_000


class SimulatedNetwork:
    """One scenario's network; *folder* gets the hosts' files.  *seed*: of how long each frame takes; 0: all the same."""

    def __init__(self, scenario: Scenario, folder: Path, seed: int = 0) -> None:
        self.clock = clock = Clock()
        self._ahead: dict[str, float] = {}
        write_files(folder, scenario, network.Places({}, {}))
        self._latency = chances(seed) if seed else lambda: WIRE_SECONDS
        self.traffic = Traffic(scenario, lambda: self.stage.now(), lambda host: self.stage.kill(host))
        self.wires = {link: self._wire(link) for link in LINKS}
        self.hosts = {host: self._host(folder, host) for host in HOSTS}
        terminals = {who: self._terminals(folder, who) for who in terminals_of(scenario)}
        self.stage = Stage(
            scenario, clock, 1.0, 0.0, self.hosts, self.wires, self.traffic, terminals, ahead=self._ahead
        )

    def _wire(self, link: str) -> Wire:
        ends = link.split("-")

        def judge(side: int, frame: bytes) -> Fate:
            return self.traffic.fate(ends[side], ends[1 - side], frame)

        return Wire(self.clock, judge, self._latency)

    def _host(self, folder: Path, host: str) -> SimulatedHost:
        wires = {}
        for (mine, other), name in network.PARTNERS.items():
            if mine == host:
                link = next(link for link in LINKS if set(link.split("-")) == {mine, other})
                wires[name] = self.wires[link], link.split("-").index(host)
        return SimulatedHost(self.clock, read_config(folder / host / "switch.toml"), wires)

    def _terminals(self, folder: Path, who: str) -> Terminals:
        config = terminals_config(folder, who, 1, 1.0)
        wire, now = self.wires[f"{who}-{A}"], partial(self._now, who)

        def links(clock: IReactorTime, configs: Sequence[LinkConfig], above: Above) -> SimulatedLinks:
            made = SimulatedLinks(clock, above)
            for each in configs:
                wire.links[0] = made.add(each, lambda: time.strftime("%m%d%H%M%S", now()))
                made.wires[each.name] = wire
            return made

        terminals = Terminals(self.clock, config, lambda told: None, links=links, now=now)
        for each in terminals.by_id.values():
            each.epp.take(PIN_KEY_UNDER_TMK, PIN_KEY_CHECK)
        terminals.start()
        return terminals

    def _now(self, who: str) -> time.struct_time:
        ahead = self._ahead.get(who, 0.0)
        return time.gmtime(BEGAN + self.clock.seconds() + ahead)


def wound(clock: Clock, playing: Deferred[Outcome]) -> Outcome:
    """What *playing* comes to, *clock* being wound from one event to the next.  Raises NotPlayed and what it raises."""
    ended: list[Outcome | Failure] = []
    playing.addBoth(ended.append)
    for _ in range(STEPS_MAX):
        if ended:
            break
        calls = clock.getDelayedCalls()
        if not calls:
            raise NotPlayed("nothing will happen any more")
        clock.advance(max(0.0, min(each.getTime() for each in calls) - clock.seconds()))
    if not ended:
        raise NotPlayed(f"it does not end within {STEPS_MAX} events")
    if isinstance(ended[0], Failure):
        ended[0].raiseException()
        raise AssertionError
    return ended[0]


def chances(seed: int) -> Callable[[], float]:
    """From 0.2 ms to 50 ms for each frame, alike for the same *seed*."""
    counted = count()

    def next_seconds() -> float:
        drawn = sha256(f"{seed} {next(counted)}".encode()).digest()
        return 0.0002 + 0.0498 * int.from_bytes(drawn[:4], "big") / 2**32

    return next_seconds


def simulated(scenario: Scenario, seed: int = 0) -> Outcome:
    """*scenario*, played in simulation.  Raises NotPlayed."""
    try:
        with TemporaryDirectory(prefix="scenario-") as folder:
            played = SimulatedNetwork(scenario, Path(folder), seed)
            return wound(played.clock, Deferred.fromCoroutine(played.stage.play()))
    except StoreError as fault:
        raise NotPlayed(f"a host can't start: {fault}") from None
