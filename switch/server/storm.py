"""A storm: what is asked, what happens to everybody, and what is held against the rules."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from twisted.logger import LogLevel, globalLogPublisher

from switch.codec.message import Message
from switch.issuer.loading import load_works
from switch.server import stormnetwork as network
from switch.server.stormacquirer import StormAcquirer
from switch.server.stormclock import StormClock
from switch.server.stormnode import BEGINS_US, Setup, StormNode
from switch.server.stormstore import Fate
from switch.server.stormwire import StormWire
from switch.store.group import Failed, apply
from switch.storm.chance import Chance
from switch.storm.deal import Deal
from switch.storm.plan import Plan
from switch.storm.rules import Rule, Violation
from switch.storm.watch import Watch

SERVICES = (
    ("withdrawal", "010000", "6011", 45), ("purchase", "000000", "5411", 35), ("balance", "300000", "6011", 8),
    ("cash advance", "010000", "6010", 6), ("transfer", "400000", "6011", 6),
)  # fmt: skip
"""Names, DE 3, DE 18, and how many of a hundred."""
DRAWN = tuple(row for row in SERVICES for _ in range(row[3]))
CHECKED_AFTER_SECONDS, LOOKED_AGAIN_SECONDS, SETTLES_SECONDS_MAX = 150.0, 30.0, 4 * 3600.0
"""A transaction is compared so long after its acquirer is done with it, when what was delayed has come; when something is
still under way, again later; and for so long at most."""
PROGRESS_EVERY = 10_000
STALL_SECONDS_MAX = 10.0
Look = Callable[[str, str, Message, float], None]
PIN_BLOCK = bytes.fromhex("0123456789ABCDEF")


class Storm:
    """A storm as *plan* has it; *progress* is told now and then, when more transactions were checked."""

    def __init__(self, plan: Plan, progress: Callable[[Storm], None] = lambda storm: None) -> None:
        self.plan, self._progress = plan, progress
        self.clock, self.chance = StormClock(), Chance(plan.seed)
        self.happened: Counter[str] = Counter()
        self.deals: dict[str, Deal] = {}
        self.checked = 0
        self.begun = 0
        self._fates: dict[str, Fate] = {}
        self._over: deque[tuple[float, Deal]] = deque()
        self._violation: Violation | None = None
        self.names = network.issuers(plan)
        self.nodes = {network.SWITCH: self._node(network.switch(plan))}
        self.pans = [[network.pan(number, card) for card in range(plan.cards)] for number in range(plan.issuers)]
        for number in range(plan.issuers):
            setup, books = network.issuer(plan, number)
            self.nodes[setup.name] = node = self._node(setup)
            for work in load_works(books):
                (result,) = apply(node.memory.connect(), [work])
                assert not isinstance(result, Failed)
        stores = {name: node.memory for name, node in self.nodes.items()}
        self.watch = Watch(network.SWITCH, stores, self.deals)
        self.acquirers = [
            StormAcquirer(name, self.clock, self.chance, plan.faults, self._transmitted, self._ended)
            for name in network.acquirers(plan)
        ]
        self.wires = self._wires()

    def _node(self, setup: Setup) -> StormNode:
        return StormNode(setup, self.clock, self, lambda: self._fate(setup.name), self.chance.unit)

    def _wires(self) -> list[StormWire]:
        wires = []
        for acquirer in self.acquirers:
            wire = StormWire(self.clock, acquirer.name, self._fate_of_frame)
            acquirer.plug(wire)
            self.nodes[network.SWITCH].plug(acquirer.name, wire)
            wires.append(wire)
        for name in self.names:
            wire = StormWire(self.clock, name, self._fate_of_frame)
            self.nodes[name].plug(network.CENTRE, wire)
            self.nodes[network.SWITCH].plug(name, wire)
            wires.append(wire)
        return wires

    # -- its course

    def run(self) -> None:
        """All of it.  Raises Violation."""
        globalLogPublisher.addObserver(self._logged)
        try:
            for node in self.nodes.values():
                node.start()
            self.clock.callLater(10.0, self._begin)
            self.clock.callLater(CHECKED_AFTER_SECONDS, self._look)
            expected = self.plan.transactions / self.plan.a_second
            if not self.clock.run_until(self._all_checked, expected * 2 + 2 * SETTLES_SECONDS_MAX):
                raise Violation(Rule.ENDS, f"{self.plan.transactions - self.checked} transactions are not over")
            self.watch.end(self.names)
        finally:
            globalLogPublisher.removeObserver(self._logged)

    def _all_checked(self) -> bool:
        if self._violation is not None:
            raise self._violation
        return self.checked == self.plan.transactions

    def _logged(self, event: dict[str, Any]) -> None:
        if event.get("log_level") in (LogLevel.error, LogLevel.critical):
            failure = event.get("log_failure")
            text = str(event.get("log_format")) + (f": {failure.getTraceback()}" if failure else "")
            self._violation = self._violation or Violation(Rule.SOUND, text)

    def _begin(self) -> None:
        self.begun += 1
        if self.chance.happens(self.plan.faults / self.plan.rarer):
            self._disaster()
        self._acquire()
        if self.begun < self.plan.transactions:
            self.clock.callLater(self.chance.between(0.0, 2.0) / self.plan.a_second, self._begin)
        else:
            for node in self.nodes.values():
                node.skew(0.0)

    def _acquire(self) -> None:
        chance, number = self.chance, self.begun
        acquirer, issuer = chance.one(self.acquirers), chance.below(len(self.names))
        card = chance.below(self.plan.cards)
        name, code, category, _ = chance.one(DRAWN)
        pan, amount = self.pans[issuer][card], 1000 * (1 + chance.below(500))
        deal = Deal(number, acquirer.name, self.names[issuer], name, 0 if name == "balance" else amount)
        local = self._transmitted()
        deal.fields = {
            2: pan, 3: code, 4: deal.amount, 7: "", 11: f"{number % 1_000_000:06d}", 12: local[4:], 13: local[:4],
            18: category, 22: "021", 25: "00", 32: "970501", 35: network.track(pan), 37: deal.reference,
            41: f"T{acquirer.name[-1]}{number % 100:06d}", 42: "BRANCH 00000001", 49: network.CURRENCY,
        }  # fmt: skip
        if name != "purchase":
            deal.fields[52] = PIN_BLOCK
        if name == "transfer":
            deal.fields |= {102: pan, 103: self.pans[issuer][(card + 1) % self.plan.cards]}
        self.deals[deal.reference] = deal
        acquirer.ask(deal)

    def _transmitted(self) -> str:
        return f"{datetime.fromtimestamp(BEGINS_US // 1_000_000 + int(self.clock.seconds()), UTC):%m%d%H%M%S}"

    # -- what is seen

    def said(self, node: StormNode, link: str, message: Message) -> None:
        """See :class:`switch.server.stormnode.Watching`."""
        self._held(self.watch.said, node, link, message)

    def heard(self, node: StormNode, link: str, message: Message) -> None:
        """See :class:`switch.server.stormnode.Watching`."""
        self._held(self.watch.heard, node, link, message)

    def _held(self, look: Look, node: StormNode, link: str, message: Message) -> None:
        try:
            look(node.setup.name, link, message, self.clock.seconds())
        except Violation as violation:
            # What it is raised through would take it for a fault of its own.
            self._violation = self._violation or violation

    def _ended(self, deal: Deal) -> None:
        self._over.append((self.clock.seconds() + CHECKED_AFTER_SECONDS, deal))

    def _look(self) -> None:
        now = self.clock.seconds()
        while self._over and self._over[0][0] <= now:
            _, deal = self._over.popleft()
            if self.watch.settled(deal):
                self._check(deal)
            elif now - deal.ended_at > SETTLES_SECONDS_MAX:
                raise Violation(Rule.ENDS, f"transaction {deal.number} has not come to its end")
            else:
                self._over.append((now + LOOKED_AGAIN_SECONDS, deal))
        self.clock.callLater(LOOKED_AGAIN_SECONDS, self._look)

    def _check(self, deal: Deal) -> None:
        self.watch.over(deal)
        del self.deals[deal.reference]
        for node in self.nodes.values():
            node.memory.forget(deal.reference)
        for acquirer in self.acquirers:
            acquirer.deals.pop(deal.reference, None)
        self.checked += 1
        if self.checked % PROGRESS_EVERY == 0:
            self._progress(self)

    # -- what happens to it

    @property
    def _calm(self) -> bool:
        """Is everything asked?  Then nothing more happens, or it would never end."""
        return self.begun >= self.plan.transactions

    def _fate_of_frame(self, wire: StormWire, side: int) -> tuple[float, ...]:
        if self._calm or not self.chance.happens(self.plan.faults):
            return (0.0,)
        match self.chance.below(16):
            case 0 | 1 | 2 | 3:
                self.happened["message lost"] += 1
                return ()
            case 4 | 5 | 6:
                self.happened["message delayed"] += 1
                return (self.chance.between(0.0, self.plan.delay_seconds_max),)
            case 7 | 8 | 9:
                self.happened["message overtaken"] += 1
                return (self.chance.between(0.0, 0.5),)
            case 10 | 11 | 12:
                self.happened["message doubled"] += 1
                return (0.0, self.chance.between(0.0, self.plan.delay_seconds_max))
            case 13:
                self.happened["connection cut before a message"] += 1
                wire.cut()
                return ()
            case 14:
                self.happened["connection cut after a message"] += 1
                wire.cut_after()
                return (0.0,)
        self.happened["peer stopped reading"] += 1
        wire.stall(side, self.chance.between(0.0, STALL_SECONDS_MAX))
        return (0.0,)

    def _fate(self, node: str) -> Fate:
        fate = self._fates.pop(node, Fate.DONE)
        if fate is not Fate.DONE:
            self.happened[f"commit: {fate.value}"] += 1
        return fate

    def _disaster(self) -> None:
        chance, plan = self.chance, self.plan
        node = chance.one(list(self.nodes.values()))
        seconds = chance.between(0.0, plan.away_seconds_max)
        match chance.below(7):
            case 0:
                self.happened["node killed"] += 1
                node.crash(seconds)
            case 1 | 2:
                self._fates[node.setup.name] = chance.one([fate for fate in Fate if fate is not Fate.DONE])
            case 3:
                self.happened["store away"] += 1
                node.lose_store(seconds)
            case 4:
                self.happened["HSM away"] += 1
                node.lose_hsm(seconds, chance.happens(0.5))
            case 5:
                self.happened["link down"] += 1
                long = chance.happens(0.1)
                chance.one(self.wires).bar(plan.away_long_seconds if long else seconds)
            case 6:
                self.happened["clock skewed"] += 1
                node.skew(chance.between(-plan.skew_seconds_max, plan.skew_seconds_max))
