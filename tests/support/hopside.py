"""One hop between an acquirer and an issuer whose ends tests hold in their hands."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from types import MappingProxyType

from twisted.internet.task import Clock

from switch.asking import Holder
from switch.codec.framing import Framer
from switch.codec.message import Message, Value
from switch.flow.hop import Hop
from switch.flow.partner import Partner
from switch.flow.ports import Authoriser, Use, WorkingKey
from switch.flow.world import World
from switch.link.answers import reply_mti
from switch.link.config import LinkConfig
from switch.link.profile import Profile, SignOn
from switch.routing import binfile
from switch.routing.route import Routing
from switch.server.days import Days
from switch.server.drive import DrivenLink
from switch.server.exchange import Exchange, OpenLinks
from switch.server.simulated import Memory, SimulatedHsm, SimulatedLinks, SimulatedWriter
from switch.services.responses import packaged as responses
from switch.services.servicefile import packaged as services
from switch.store.numbers import Numbers
from switch.store.rows import Owed, Transaction

ACQUIRER, ISSUER = "bank-a", "bank-i"
BEGAN = 1_795_348_800
"""2026-11-22 12:00 GMT."""
PAN = "9704110000000007"
BINS = """prefix,name,kind,link,dialect,institution
970411,bank i,member,bank-i,banknet,970411
970436,ours,on-us,issuer,banknet,970436
"""


class AllKeys:
    """A key for everything."""

    def __init__(self) -> None:
        self.none = False
        self.proved_: list[WorkingKey] = []
        self.failed_: list[str] = []

    def incoming(self, link: str, use: Use, terminal: str = "") -> Sequence[WorkingKey]:
        return () if self.none else (WorkingKey(link, use, Holder.ZONE, 1, "U" + "1" * 32, terminal),)

    def outgoing(self, link: str, use: Use) -> WorkingKey | None:
        return None if self.none else WorkingKey(link, use, Holder.ZONE, 1, "U" + "2" * 32)

    def proved(self, key: WorkingKey) -> None:
        self.proved_.append(key)

    def failed(self, link: str, use: Use, terminal: str = "") -> None:
        self.failed_.append(link)


class Far:
    """The far end of a link: what was said to it, and *says*, by which it answers at once (None: it doesn't)."""

    def __init__(self, link: DrivenLink, says: Callable[[Message], Message | None] | None = None) -> None:
        self.link, self.says = link, says
        self.full = False
        self.heard: list[Message] = []
        self._framer = Framer(link.framing)
        self._codec = link.codec

    def write(self, frame: bytes) -> None:
        self._framer.feed(frame)
        for whole in iter(self._framer.next, None):
            message = self._codec.decode(whole)
            self.heard.append(message)
            answer = self.says(message) if self.says else None
            if answer is not None:
                self.say(answer)

    def say(self, message: Message) -> None:
        self.link.frame(self._codec.encode(message))

    def hang_up(self) -> None:
        self.link.disconnected()

    def take(self) -> list[Message]:
        heard, self.heard = self.heard, []
        return heard


def profile() -> Profile:
    return Profile(sign_on=SignOn.NONE, controls=MappingProxyType({}))


class HopBench:
    """The hop, its clock and its far ends."""

    def __init__(self, authoriser: Authoriser | None = None, partners: Collection[Partner] = ()) -> None:
        self.clock, self.memory, self.hsm, self.keys = Clock(), Memory(), SimulatedHsm(), AllKeys()
        self.writer = SimulatedWriter(self.clock, self.memory)
        self.told: list[tuple[str, str]] = []
        configs = {name: LinkConfig(name, "banknet", "127.0.0.1", 5001, profile()) for name in (ACQUIRER, ISSUER)}
        known = {each.link: each for each in (Partner(ACQUIRER, "970405"), Partner(ISSUER, "970411"), *partners)}
        routing = Routing(binfile.read("bins.csv", BINS, {ISSUER, "issuer"}), frozenset({ISSUER, "issuer"}))
        self.days = Days(lambda: BEGAN * 1_000_000 + int(self.clock.seconds() * 1_000_000))
        numbers = Numbers(1)
        hop = Hop("970400", known, configs, routing, services(), responses(), "run-1")
        self.world = World(hop, self.keys, authoriser, self.days.moment, numbers.next)
        self.exchange = Exchange(
            self.clock, self.world, self.writer, self.hsm, lambda link, text: self.told.append((link, text))
        )
        self.exchange.world = replace(self.world, open_links=OpenLinks(self.exchange))
        self.links = SimulatedLinks(self.clock, self.exchange)
        self.far = {}
        for name, config in configs.items():
            link = self.links.add(config, lambda: self.days.moment().transmitted)
            self.far[name] = Far(link)
        self.exchange.join(self.links)
        self.links.start()
        for name, far in self.far.items():
            self.links[name].connected(far)
        self.acquirer, self.issuer = self.far[ACQUIRER], self.far[ISSUER]

    def pass_(self, seconds: float = 0.01) -> None:
        self.clock.advance(seconds)
        self.clock.pump([0.001] * 5)

    def rows(self) -> list[Transaction]:
        return self.memory.every(Transaction)

    def owed(self) -> list[Owed]:
        return self.memory.every(Owed)


def withdrawal(stan: int = 1, amount: int = 500_000, pan: str = PAN, **more: Value) -> Message:
    """At an ATM of bank a; *more* elements as DE3=…"""
    fields: dict[int, Value] = {
        2: pan, 3: "010000", 4: amount, 7: "1122120000", 11: f"{stan:06d}", 12: "190000", 13: "1122", 18: "6011",
        22: "021", 25: "00", 32: "970405", 35: f"{pan}=29121010000000000", 37: f"{stan:012d}", 41: "ATM00001",
        42: "BANK A ATM 0001", 49: "704", 52: bytes.fromhex("0123456789ABCDEF"),
    }  # fmt: skip
    return Message("0200", fields | {int(number[2:]): value for number, value in more.items()})


def reversal(stan: int = 1, amount: int = 500_000, pan: str = PAN, mti: str = "0420") -> Message:
    kept = (2, 3, 4, 11, 12, 13, 32, 37, 41, 42, 49)
    asked = withdrawal(stan, amount, pan).fields
    return Message(mti, {7: "1122120030"} | {number: asked[number] for number in kept})


def approval(asked: Message, response: str = "00") -> Message:
    kept = (2, 3, 4, 7, 11, 12, 13, 15, 32, 37, 41, 49)
    fields = {number: asked.fields[number] for number in kept if number in asked.fields}
    return Message(reply_mti(asked.mti), fields | {39: response} | ({38: "123456"} if response == "00" else {}))
