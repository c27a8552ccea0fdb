"""A storm: what is asked, what happens to everybody, and what is held against the rules."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, cast

from twisted.logger import ILogObserver, LogLevel, globalLogPublisher

from switch.codec.message import Message
from switch.issuer.loading import load_works
from switch.server import stormnetwork as network
from switch.server.stormacquirer import StormAcquirer
from switch.server.stormclock import StormClock
from switch.server.stormnode import BEGINS_US, Setup, StormNode
from switch.server.stormstore import Fate
from switch.server.stormwire import StormWire
from switch.store.group import Failed, apply
from switch.storm.asked import DRAWN, GIVING_BACK, MONEYLESS, PURCHASE, SALES, Asked, Sales, given_back
from switch.storm.chance import Chance
from switch.storm.deal import Deal
from switch.storm.plan import FrameFault, Plan
from switch.storm.rules import Rule, Violation
from switch.storm.watch import Watch

CHECKED_AFTER_SECONDS, LOOKED_AGAIN_SECONDS, SETTLES_SECONDS_MAX = 150.0, 30.0, 4 * 3600.0
"""A transaction is compared so long after its acquirer is done with it and something was last said of it, when what was
delayed has come; when something is still under way, again later; and for so long at most."""
PROGRESS_EVERY = 10_000
OPENS_SECONDS, STALL_SECONDS_MAX, OVERTAKEN_SECONDS_MAX = 10.0, 10.0, 0.5
FRAME_FAULTS = (
    *[FrameFault.LOST] * 8, *[FrameFault.DELAYED, FrameFault.OVERTAKEN, FrameFault.DOUBLED] * 7,
    FrameFault.CUT_BEFORE, FrameFault.CUT_AFTER, FrameFault.STALLED,
)  # fmt: skip
"""Those that stop a whole line are rarer."""
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
        self._observer = cast(ILogObserver, self._logged)
        self.calm = False
        self.fates: dict[str, Fate] = {}
        """By node: what happens to its next commit."""
        self.frame_fates: deque[FrameFault | None] = deque()
        """What happens to the next frames, whatever is drawn; None: nothing."""
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
        self.sales = Sales()
        self.watch = Watch(network.SWITCH, stores, self.deals, lambda: self.nodes[network.SWITCH].troubles)
        self.acquirers = [
            StormAcquirer(name, self.clock, self.chance, plan.faults, self._transmitted, self._ended)
            for name in network.acquirers(plan)
        ]
        self.wires = self._wires()

    def _node(self, setup: Setup) -> StormNode:
        return StormNode(setup, self.clock, self, lambda: self._fate(setup.name), self.chance.unit)

    def node(self, number: int) -> StormNode:
        """The switch, or one of the issuers, which are numbered from 1."""
        return self.nodes[[network.SWITCH, *self.names][number]]

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
        self.open()
        try:
            self.clock.callLater(OPENS_SECONDS, self._begin)
            self.pass_(self.plan.transactions * 2 / self.plan.a_second + OPENS_SECONDS)
            self.finish()
        finally:
            self.close()

    def open(self) -> None:
        """Start everybody; ``close`` must follow."""
        globalLogPublisher.addObserver(self._observer)
        for node in self.nodes.values():
            node.start()
        self.clock.callLater(CHECKED_AFTER_SECONDS, self._look)

    def close(self) -> None:
        """Let go."""
        globalLogPublisher.removeObserver(self._observer)

    def pass_(self, seconds: float) -> None:
        """Let so much time go by, or less when everything asked is over.  Raises Violation."""
        self.clock.run_until(self._violated, seconds)

    def finish(self) -> None:
        """Nothing more happens; wait until everything is over, and compare all books.  Raises Violation."""
        self.calm = True
        self.fates.clear()
        self.frame_fates.clear()
        for node in self.nodes.values():
            node.skew(0.0)
        if not self.clock.run_until(self._all_checked, 2 * SETTLES_SECONDS_MAX):
            raise Violation(Rule.ENDS, f"{self.begun - self.checked} transactions are not over")
        self.watch.end(self.names)

    def _violated(self) -> bool:
        """Is the time over?  Raises Violation."""
        if self._violation is not None:
            raise self._violation
        return self.begun >= self.plan.transactions

    def _all_checked(self) -> bool:
        self._violated()
        return self.checked == self.begun

    def _logged(self, event: dict[str, Any]) -> None:
        if event.get("log_level") in (LogLevel.error, LogLevel.critical):
            failure = event.get("log_failure")
            text = str(event.get("log_format")) + (f": {failure.getTraceback()}" if failure else "")
            self._violation = self._violation or Violation(Rule.SOUND, text)

    def _begin(self) -> None:
        if self.chance.happens(self.plan.faults / self.plan.rarer):
            self._disaster()
        self.ask()
        if self.begun < self.plan.transactions:
            self.clock.callLater(self.chance.between(0.0, 2.0) / self.plan.a_second, self._begin)

    def ask(self) -> None:
        """One more transaction, of whatever kind."""
        self.begun += 1
        chance, number = self.chance, self.begun
        acquirer, issuer = chance.one(self.acquirers), chance.below(len(self.names))
        asked = chance.one(DRAWN)
        if asked.name in GIVING_BACK:
            sale = self.sales.one(chance)
            if sale is not None:
                self._give_back(Deal(number, sale.acquirer, sale.issuer, asked.name, 0), asked, sale)
                return
            asked = PURCHASE
        card = chance.below(self.plan.cards)
        amount = 0 if asked.name in MONEYLESS else 1000 * (1 + chance.below(500))
        deal = Deal(number, acquirer.name, self.names[issuer], asked.name, amount)
        self.deals[deal.reference] = deal
        deal.fields = self._fields(deal, asked, self.pans[issuer][card])
        if asked.name == "transfer":
            deal.fields |= {102: deal.fields[2], 103: self.pans[issuer][(card + 1) % self.plan.cards]}
        elif asked.name == "PIN change":
            deal.fields |= {48: PIN_BLOCK.hex().upper()}
        elif asked.name in SALES:
            deal.fields |= {62: f"{number % 1_000_000:06d}"}
        acquirer.ask(deal)

    def _give_back(self, deal: Deal, asked: Asked, sale: Deal) -> None:
        """Ask that of *sale* something, or all, be given back."""
        deal.sale, deal.amount = sale, given_back(sale, asked.name, self.chance)
        sale.returns += 1
        self.deals[deal.reference] = deal
        deal.fields = self._fields(deal, asked, str(sale.fields[2]))
        deal.fields |= {41: sale.fields[41], 38: sale.approval}
        if asked.name == "void":
            deal.fields |= {60: "000001", 62: sale.fields[62]}
        next(each for each in self.acquirers if each.name == sale.acquirer).ask(deal)

    def _fields(self, deal: Deal, asked: Asked, pan: str) -> dict[int, object]:
        """A request's elements, but for DE 7."""
        local = self._transmitted()
        fields: dict[int, object] = {
            2: pan, 3: asked.code, 4: deal.amount, 11: f"{deal.number % 1_000_000:06d}", 12: local[4:], 13: local[:4],
            18: asked.category, 22: "021", 25: "00", 32: "970501", 35: network.track(pan), 37: deal.reference,
            41: f"T{deal.acquirer[-1]}{deal.number % 100:06d}", 42: "BRANCH 00000001", 49: network.CURRENCY,
        }  # fmt: skip
        return fields if deal.service == "purchase" else fields | {52: PIN_BLOCK}

    def _transmitted(self) -> str:
        return f"{datetime.fromtimestamp(BEGINS_US // 1_000_000 + int(self.clock.seconds()), UTC):%m%d%H%M%S}"

    # -- what is seen

    def said(self, node: StormNode, link: str, message: Message) -> None:
        """See :class:`switch.server.stormnode.Watching`."""
        self._held(self.watch.said, node, link, message)

    def heard(self, node: StormNode, link: str, message: Message) -> None:
        """See :class:`switch.server.stormnode.Watching`."""
        self._held(self.watch.heard, node, link, message)

    def unsaid(self, node: StormNode, link: str, message: Message) -> None:
        """See :class:`switch.server.stormnode.Watching`."""
        self._held(self.watch.unsaid, node, link, message)

    def _held(self, look: Look, node: StormNode, link: str, message: Message) -> None:
        try:
            look(node.setup.name, link, message, self.clock.seconds())
        except Violation as violation:
            # What it is raised through would take it for a fault of its own.
            self._violation = self._violation or violation

    def _ended(self, deal: Deal) -> None:
        self.sales.ended(deal)
        self._over.append((self.clock.seconds() + CHECKED_AFTER_SECONDS, deal))

    def _look(self) -> None:
        now = self.clock.seconds()
        while self._over and self._over[0][0] <= now:
            _, deal = self._over.popleft()
            if self.watch.settled(deal) and now - deal.said_at >= CHECKED_AFTER_SECONDS:
                self._check(deal)
            elif now - deal.ended_at > SETTLES_SECONDS_MAX:
                raise Violation(Rule.ENDS, f"transaction {deal.number} has not come to its end")
            else:
                self._over.append((now + LOOKED_AGAIN_SECONDS, deal))
        self.clock.callLater(LOOKED_AGAIN_SECONDS, self._look)

    def _check(self, deal: Deal) -> None:
        self.watch.over(deal)
        self.sales.checked(deal)
        del self.deals[deal.reference]
        for node in self.nodes.values():
            node.memory.forget(deal.reference)
        for acquirer in self.acquirers:
            acquirer.deals.pop(deal.reference, None)
        self.checked += 1
        if self.checked % PROGRESS_EVERY == 0:
            self._progress(self)

    # -- what happens to it

    def _fate_of_frame(self, wire: StormWire, side: int) -> tuple[float, ...]:
        if self.frame_fates:
            return self._suffers(wire, side, self.frame_fates.popleft())
        if self.calm or not self.chance.happens(self.plan.faults):
            return (0.0,)
        return self._suffers(wire, side, self.chance.one(FRAME_FAULTS))

    def _suffers(self, wire: StormWire, side: int, fault: FrameFault | None) -> tuple[float, ...]:
        """When a frame arrives that has a *fault*."""
        if fault is None:
            return (0.0,)
        self.happened[f"message: {fault.value}"] += 1
        match fault:
            case FrameFault.LOST:
                return ()
            case FrameFault.DELAYED:
                return (self.chance.between(0.0, self.plan.delay_seconds_max),)
            case FrameFault.OVERTAKEN:
                return (self.chance.between(0.0, OVERTAKEN_SECONDS_MAX),)
            case FrameFault.DOUBLED:
                return (0.0, self.chance.between(0.0, self.plan.delay_seconds_max))
            case FrameFault.CUT_BEFORE:
                wire.cut()
                return ()
            case FrameFault.CUT_AFTER:
                wire.cut_after()
            case FrameFault.STALLED:
                wire.stall(side, self.chance.between(0.0, STALL_SECONDS_MAX))
        return (0.0,)

    def _fate(self, node: str) -> Fate:
        fate = self.fates.pop(node, Fate.DONE)
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
                self.fates[node.setup.name] = chance.one([fate for fate in Fate if fate is not Fate.DONE])
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
