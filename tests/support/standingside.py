"""A hop whose switch stands in for its issuer and delivers what it owes."""

from __future__ import annotations

from dataclasses import replace

from support.hopside import ACQUIRER, BINS, ISSUER, HopBench
from twisted.internet.defer import maybeDeferred

from switch.link.events import Order
from switch.routing import binfile
from switch.routing.route import Routing
from switch.saf.events import End
from switch.saf.rules import Rules
from switch.saf.watch import Alarm
from switch.server.forwarding import Forwarding
from switch.server.owing import around, stand_in
from switch.server.simulated import MemoryReading
from switch.standin.policy import CardLine, Listing, Policy, Trigger
from switch.store.rows import Owed

CARD = "c" * 32
POLICY = Policy(
    "basic", frozenset({"withdrawal", "purchase"}), frozenset(Trigger), "704", 2_000_000, 3, 5_000_000,
    pvk="U" + "A" * 32, cards={CARD: CardLine(Listing.POSITIVE, pvki="1", pvv="4921")},
)  # fmt: skip


class StandingBench(HopBench):
    """*policy* None: nobody stands in."""

    def __init__(self, policy: Policy | None = POLICY, rules: Rules | None = None) -> None:
        super().__init__()
        self.ends: list[tuple[str, End]] = []
        known = frozenset({ISSUER, "issuer"})
        bins = BINS.replace("institution\n", "institution,stand_in\n").replace("970411\n", "970411,basic\n")
        routing = Routing(binfile.read("bins.csv", bins.replace("970436\n", "970436,\n"), known), known)
        world = self.exchange.world
        hop = world.hop.with_tables(routing, world.hop.services, world.hop.responses)
        standing = stand_in(self.exchange, {"basic": policy}, lambda pan: CARD) if policy is not None else None
        self.exchange.world = replace(world, hop=hop, stands_in=standing, connected=self.exchange.is_connected)
        surroundings = around(self.exchange, self.hsm, self.clock, maybeDeferred, self)
        self.forwarding = Forwarding(self.writer, MemoryReading(self.memory), {ISSUER: rules or Rules()}, surroundings)
        self.exchange.join(self.links, self.forwarding)
        self.forwarding.start()
        for link in self.links:
            self.forwarding.changed(link)
        self.pass_()

    def lose(self, link: str = ISSUER) -> None:
        """The connection ends, and is not made again."""
        self.links[link].disconnected()
        self.pass_()

    def regain(self, link: str = ISSUER) -> None:
        """It is there again."""
        self.links[link].order(Order.OPEN)
        self.links[link].connected(self.far[link])
        self.pass_()

    def mtis(self, link: str = ISSUER) -> list[str]:
        """What was said to *link* since the last time, without network management."""
        return [message.mti for message in self.far[link].take() if message.mti[1] != "8"]

    def responses(self) -> list[str]:
        """DE 39 of what was answered to the acquirer since the last time."""
        return [str(m.fields[39]) for m in self.far[ACQUIRER].take() if m.mti[1] != "8"]

    # -- what store-and-forward tells

    def ended(self, row: Owed, end: End) -> None:
        self.ends.append((row.mti, end))

    def drained(self, link: str) -> None:
        """Nothing more to do: links are asked."""

    def alarmed(self, link: str, alarm: Alarm, raised: bool) -> None:
        """No test of this bench passes a threshold."""
