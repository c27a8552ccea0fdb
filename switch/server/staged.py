"""Scenarios upon processes: three ``switch serve`` and an HSM for each, terminals, and faulty lines between them."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import cast

import click
from twisted.internet.defer import Deferred, DeferredList, DeferredSemaphore
from twisted.internet.interfaces import IReactorCore, IReactorTime
from twisted.internet.task import deferLater

from hsm.client.monotonic import without_time_of_day
from hsm.client.process import NotReady
from switch.codec.codec import codec
from switch.scenarios import network
from switch.scenarios.faults import Fate
from switch.scenarios.judged import Outcome, differences
from switch.scenarios.scenario import HOSTS, LINKS, A, B, Does, I, Scenario
from switch.server.aside import in_thread
from switch.server.faultyline import FaultyLine
from switch.server.processhost import ProcessHost, appliance
from switch.server.reserved import ReservedPort
from switch.server.stage import (
    LOOK_SECONDS,
    SPEC,
    NotPlayed,
    Stage,
    Traffic,
    terminals_config,
    terminals_of,
    write_files,
)
from switch.server.terminals import Terminals

READY_SECONDS_MAX = 150.0
NOON, DAY = 43_200, 86_400
CALLS = {"ATM-A": "ATM", "POS-A": "POS", "A-B": A, "B-I": I}
"""Who calls whom."""


class ProcessNetwork:
    """The network of *scenario*; *hsm_port* is that of the HSM which all share whose own is not lost."""

    def __init__(self, reactor: IReactorTime, scenario: Scenario, folder: Path, hsm_port: int, scale: float) -> None:
        self._reactor, self._scenario, self._folder, self._scale = reactor, scenario, folder, scale
        self._hsm_port = hsm_port
        now = time.time()
        self._began = now - (now - NOON) % DAY + DAY
        """When a scenario begins in which somebody sets a clock: at the noon (UTC) that comes next."""
        self._ahead: dict[str, float] = {}
        self._hosts: dict[str, ProcessHost] = {}
        self._reserved: list[ReservedPort] = []
        self._terminals: dict[str, Terminals] = {}
        self.traffic = Traffic(scenario, lambda: self.stage.now(), lambda host: self.stage.kill(host))
        self.lines = {link: self._line(link) for link in LINKS}
        self.stage: Stage

    def _line(self, link: str) -> FaultyLine:
        caller = CALLS[link]
        called = next(end for end in link.split("-") if end != caller)

        def judge(side: int, frame: bytes) -> Fate:
            return self.traffic.fate(*((caller, called) if side == 0 else (called, caller)), frame)

        return FaultyLine(self._reactor, codec(SPEC).spec.framing, judge, self._scale)

    async def played(self) -> Outcome:
        """Play it.  Raises NotPlayed, NotReady, OSError."""
        try:
            await self._prepare()
            return await self.stage.play()
        finally:
            for terminals in self._terminals.values():
                terminals.stop()
            for line in self.lines.values():
                line.close()
            for host in self._hosts.values():
                host.close()
            for port in self._reserved:
                port.close()

    async def _prepare(self) -> None:
        losing = {step.who for step in self._scenario.steps if step.does is Does.LOSES_HSM}
        self._reserved = [ReservedPort() for _ in losing]
        # It is started again at the same port.
        own = {host: appliance(port.number) for host, port in zip(sorted(losing), self._reserved, strict=True)}
        for hsm in own.values():
            await in_thread(self._reactor, hsm.__enter__)
        hsms = {host: own[host].ports["thales"] if host in own else self._hsm_port for host in HOSTS}
        ports = {(A, B): self.lines["A-B"].port, (I, B): self.lines["B-I"].port}
        write_files(self._folder, self._scenario, network.Places(ports, hsms, self._scale))
        for name in HOSTS:
            leading = [line for link, line in self.lines.items() if name in link.split("-") and CALLS[link] != name]
            self._hosts[name] = ProcessHost(
                self._reactor, name, self._folder / name, own.get(name), leading, lambda: self._began + self.stage.now()
            )
            self._hosts[name].start()
        self.stage = Stage(
            self._scenario, self._reactor, self._scale, self._reactor.seconds(), self._hosts, self.lines, self.traffic,
            self._terminals, ahead=self._ahead, prepare=self._until_ready, at_rest=self._at_rest,
        )  # fmt: skip
        await self._until_ready()
        for who in terminals_of(self._scenario):
            config = terminals_config(self._folder, who, self.lines[f"{who}-{A}"].port, self._scale)
            self._terminals[who] = Terminals(self._reactor, config, lambda told: None, now=partial(self._now, who))
            self._terminals[who].start()

    def _now(self, who: str) -> time.struct_time:
        """What the clock of the terminal *who* shows."""
        return time.gmtime(self._began + self.stage.now() + self._ahead.get(who, 0.0))

    async def _at_rest(self) -> bool:
        """Is no message on its way, and nobody at work?"""
        if any(line.on_the_way for line in self.lines.values()):
            return False
        if not all(terminals.resting for terminals in self._terminals.values()):
            return False
        for host in self._hosts.values():
            try:
                if not await in_thread(self._reactor, host.is_at_rest):
                    return False
            except OSError:
                return False
        return True

    async def _until_ready(self) -> None:
        """Until all hosts that are up listen; lines know where, and terminals have asked for their keys."""
        until = self._reactor.seconds() + READY_SECONDS_MAX
        while not all(host.is_ready for name, host in self._hosts.items() if name not in self.stage.down):
            for name, host in self._hosts.items():
                if name not in self.stage.down and host.said:
                    raise NotPlayed(f"{name} has ended: {host.said}")
            if self._reactor.seconds() > until:
                raise NotPlayed("the hosts don't listen")
            await cast("Deferred[None]", deferLater(self._reactor, LOOK_SECONDS, lambda: None))
        for link, line in self.lines.items():
            caller = CALLS[link]
            called = next(end for end in link.split("-") if end != caller)
            target = self._hosts[called].ports.get(network.PARTNERS[called, caller])
            if line.target != target:
                line.target = target
        for who, terminals in self._terminals.items():
            if not all(each.epp.has_pin_key or each.busy for each in terminals.by_id.values()):
                order = f'{{"terminal": "{network.TERMINAL_IDS[who]}", "do": "sign-on"}}'
                terminals.command(order.encode(), lambda told: None)


def played_apart(scenarios: Sequence[Scenario], at_once: int, scale: float, hsm_port: int | None) -> int:
    """Play them with processes, *at_once* at a time, and tell how they end; the exit status.

    *hsm_port* is that of an HSM with the published test LMK; None: one is started.
    """
    from twisted.internet import reactor

    clock = cast(IReactorTime, reactor)
    without_time_of_day(clock)
    failed: list[str] = []
    told: list[int] = []

    async def play(scenario: Scenario, hsm_port: int) -> None:
        began = time.monotonic()
        with TemporaryDirectory(prefix="scenario-") as folder:
            try:
                outcome = await ProcessNetwork(clock, scenario, Path(folder), hsm_port, scale).played()
                found = differences(scenario, outcome, in_order=False)
            except (NotPlayed, NotReady, OSError) as fault:
                found = [str(fault)]
        failed.extend([scenario.name] if found else [])
        told.append(1)
        click.echo(f"{'FAILED' if found else 'ok':7} {scenario.name:36} {time.monotonic() - began:6.2f} s")
        for line in found:
            click.echo(f"        {line}")

    async def all_of_them(hsm_port: int) -> None:
        room = DeferredSemaphore(at_once)
        playing = [room.run(play, each, hsm_port) for each in scenarios]
        results = await DeferredList(playing, consumeErrors=True)
        for good, result in results:
            if not good:
                failed.append("")
                click.echo(f"FAILED  {result}")

    core = cast(IReactorCore, reactor)
    with ExitStack() as stack:
        port = hsm_port or stack.enter_context(appliance()).ports["thales"]
        core.callWhenRunning(lambda: Deferred.fromCoroutine(all_of_them(port)).addBoth(lambda _: core.stop()))
        core.run()
    click.echo(f"{len(told) - len(failed)} of {len(told)} end as they must")
    return 1 if failed else 0
