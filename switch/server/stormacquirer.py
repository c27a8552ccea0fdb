"""An acquirer of a storm: it asks for its terminals, and takes back what it can't count on until that is acknowledged."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from twisted.internet.base import DelayedCall

from switch.codec.codec import codec
from switch.codec.message import Message, Value
from switch.link.answers import reply_mti
from switch.server.drive import Stream
from switch.server.stormclock import StormClock
from switch.server.stormwire import StormWire
from switch.storm.chance import Chance
from switch.storm.deal import Deal, Standing
from switch.storm.rules import Rule, Violation

DIALECT = "banknet"
T1_SECONDS, AGAIN_SECONDS = 30.0, 15.0
ACKNOWLEDGED = frozenset({"00", "21", "25"})
KEPT_IN_REVERSAL = (2, 3, 4, 11, 12, 13, 18, 25, 32, 37, 41, 42, 49, 102, 103)
MONEYLESS = frozenset({"balance", "PIN change"})


class StormAcquirer:
    """One member with terminals, at the end of *wire*; *ended* is told each transaction that needs nothing more."""

    def __init__(
        self, name: str, clock: StormClock, chance: Chance, spoil: float, transmitted: Callable[[], str],
        ended: Callable[[Deal], None],
    ) -> None:  # fmt: skip
        """At *spoil* (0 to 1) a terminal does not hand out what was approved, or only a part, or asks again."""
        self.name, self.counted_on = name, 0
        self.deals: dict[str, Deal] = {}
        self.never_sent = self.taken_back = self.partly = self.repeated = 0
        self._clock, self._chance, self._spoil = clock, chance, spoil
        self._transmitted, self._ended = transmitted, ended
        self._codec = codec(DIALECT)
        self._frame = self._codec.spec.framing.frame
        self._prefix = self._codec.spec.framing.prefix_bytes
        self._stream: Stream | None = None
        self._timers: dict[str, DelayedCall] = {}

    # -- its terminals

    def ask(self, deal: Deal) -> None:
        """Begin *deal*; one that can't be sent is declined here, and nobody hears of it."""
        deal.fields[7] = self._transmitted()
        self.deals[deal.reference] = deal
        if self._stream is None:
            self.never_sent += 1
            deal.standing = Standing.DECLINED
            self._over(deal)
            return
        self._say("0200", deal.fields)
        self._wait(deal, T1_SECONDS, self._unanswered)
        if self._chance.happens(self._spoil):
            self._clock.callLater(self._chance.between(0.0, T1_SECONDS), self._repeat, deal)

    def _repeat(self, deal: Deal) -> None:
        if deal.standing is Standing.WAITING and self._stream is not None:
            self.repeated += 1
            self._say("0201", deal.fields)

    def _unanswered(self, deal: Deal) -> None:
        self._take_back(deal, 0)

    def _hand_out(self, deal: Deal) -> None:
        deal.standing = Standing.GIVEN
        deal.kept = deal.amount
        if deal.service not in MONEYLESS and self._chance.happens(self._spoil):
            self._stuck(deal)
            return
        self._over(deal)

    def _stuck(self, deal: Deal) -> None:
        """Not everything, or nothing, could be handed out."""
        if deal.service == "withdrawal" and self._chance.happens(0.5):
            self.partly += 1
            self._take_back(deal, deal.amount // 2)
        else:
            self._take_back(deal, 0)

    def _take_back(self, deal: Deal, left: int) -> None:
        deal.standing, deal.wanted_back = Standing.GIVING_BACK, left
        deal.kept = left
        self.taken_back += 1
        fields = {number: deal.fields[number] for number in KEPT_IN_REVERSAL if number in deal.fields}
        fields[7] = self._transmitted()
        if left:
            fields[95] = f"{left:012d}{0:012d}C{0:08d}C{0:08d}"
        self._reverse(deal, "0420", fields)

    def _reverse(self, deal: Deal, mti: str, fields: dict[int, object]) -> None:
        if self._stream is not None:
            self._say(mti, fields)
        self._wait(deal, AGAIN_SECONDS, lambda deal: self._reverse(deal, "0421", fields))

    # -- what it hears

    def _answered(self, deal: Deal, message: Message) -> None:
        response = str(message.fields[39])
        if deal.standing is Standing.WAITING:
            self._forget_timer(deal)
            deal.answer = response
            if response == "00":
                self._hand_out(deal)
            else:
                deal.standing = Standing.DECLINED
                self._over(deal)
        elif deal.standing is Standing.DECLINED and response == "00":
            raise Violation(Rule.ONE_ANSWER, f"{deal.reference} was declined with {deal.answer}, then approved")

    def _acknowledged(self, deal: Deal, message: Message) -> None:
        response = str(message.fields[39])
        if deal.standing is not Standing.GIVING_BACK or response not in ACKNOWLEDGED:
            return
        self._forget_timer(deal)
        deal.standing = Standing.OVER
        self._over(deal)

    def _over(self, deal: Deal) -> None:
        deal.ended_at = self._clock.seconds()
        self._ended(deal)

    # -- the wire; see switch.server.stormwire.Side

    wants = True

    def plug(self, wire: StormWire) -> None:
        """*wire* is its."""
        wire.sides.append(self)

    def connected(self, stream: Stream) -> None:
        """There is a connection."""
        self._stream = stream

    def parting(self) -> Callable[[], None]:
        """What to call when it has ended."""
        return self._parted

    def _parted(self) -> None:
        self._stream = None

    def writable(self) -> None:
        """It does not wait for that: what can't be written is lost, and said again."""

    def bring(self, frame: bytes) -> None:
        """A frame came."""
        if len(frame) <= self._prefix:
            return
        message = self._codec.decode(frame[self._prefix :])
        if message.mti == "0800":
            kept = {number: message.fields[number] for number in (7, 11, 70) if number in message.fields}
            self._say(reply_mti(message.mti), {**kept, 39: "00"})
            return
        deal = self.deals.get(str(message.fields.get(37, "")))
        if deal is None:
            return
        if message.mti == "0210":
            self._answered(deal, message)
        elif message.mti == "0430":
            self._acknowledged(deal, message)

    def _say(self, mti: str, fields: dict[int, object]) -> None:
        if self._stream is not None:
            message = Message(mti, dict(sorted(cast("dict[int, Value]", fields).items())))
            self._stream.write(self._frame(self._codec.encode(message)))

    # -- its clocks

    def _wait(self, deal: Deal, seconds: float, then: Callable[[Deal], Any]) -> None:
        self._timers[deal.reference] = self._clock.callLater(seconds, then, deal)

    def _forget_timer(self, deal: Deal) -> None:
        timer = self._timers.pop(deal.reference, None)
        if timer is not None and timer.active():
            timer.cancel()
