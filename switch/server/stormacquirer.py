"""An acquirer of a storm: it asks, and tells what happened otherwise, or did happen, until that is acknowledged."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from twisted.internet.base import DelayedCall

from switch.codec.codec import codec
from switch.codec.message import Message, Value
from switch.link.answers import reply_mti
from switch.server.drive import Stream
from switch.server.stormclock import StormClock
from switch.server.stormwire import StormWire
from switch.storm.asked import MONEYLESS
from switch.storm.chance import Chance
from switch.storm.deal import Deal, Standing
from switch.storm.rules import Rule, Violation

DIALECT = "banknet"
T1_SECONDS, AGAIN_SECONDS = 30.0, 15.0
ACKNOWLEDGED = frozenset({"00", "21", "25"})
TOLD_AGAIN = (2, 3, 4, 11, 12, 13, 18, 25, 32, 37, 41, 42, 49, 102, 103)
COMPLETED = frozenset({"withdrawal", "purchase"})


class StormAcquirer:
    """One member with terminals, at the end of *wire*; *ended* is told each transaction that needs nothing more."""

    def __init__(
        self, name: str, clock: StormClock, chance: Chance, spoil: float, transmitted: Callable[[], str],
        ended: Callable[[Deal], None],
    ) -> None:  # fmt: skip
        """At *spoil* (0 to 1) a terminal does not hand out what was approved, or only a part; or tells that it did; or asks
        again."""
        self.name = name
        self.deals: dict[str, Deal] = {}
        self.never_sent = self.taken_back = self.completed = self.repeated = 0
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
        self._timers[deal.reference] = self._clock.callLater(T1_SECONDS, self._overdue, deal)
        if self._chance.happens(self._spoil):
            self._clock.callLater(self._chance.between(0.0, T1_SECONDS), self._repeat, deal)

    def _repeat(self, deal: Deal) -> None:
        if deal.standing is Standing.WAITING and self._stream is not None:
            self.repeated += 1
            self._say("0201", deal.fields)

    def _hand_out(self, deal: Deal) -> None:
        deal.standing, deal.kept = Standing.GIVEN, deal.amount
        if deal.service in MONEYLESS or not self._chance.happens(2 * self._spoil):
            self._over(deal)
            return
        completes = deal.service in COMPLETED and self._chance.happens(0.5)
        if completes:
            self.completed += 1
            self._tell(deal, "0220", self._fields(deal) | {38: deal.approval})
        if not completes or self._chance.happens(0.2):
            # Not everything, or nothing, could be handed out; once in a while both are told.
            partly = not completes and deal.service == "withdrawal" and self._chance.happens(0.5)
            self._take_back(deal, deal.amount // 2 if partly else 0)

    def _overdue(self, deal: Deal) -> None:
        del self._timers[deal.reference]
        self._take_back(deal, 0)

    def _take_back(self, deal: Deal, left: int) -> None:
        deal.kept = left
        self.taken_back += 1
        fields = self._fields(deal)
        if left:
            fields[95] = f"{left:012d}{0:012d}C{0:08d}C{0:08d}"
        self._tell(deal, "0420", fields)

    def _fields(self, deal: Deal) -> dict[int, object]:
        fields = {number: deal.fields[number] for number in TOLD_AGAIN if number in deal.fields}
        return fields | {7: self._transmitted()}

    def _tell(self, deal: Deal, mti: str, fields: dict[int, object]) -> None:
        """Say it until it is acknowledged."""
        deal.standing = Standing.TELLING
        if mti[1] == "4":
            deal.reversal = ""
        else:
            deal.completion = ""
        self._again(deal, mti, fields)

    def _again(self, deal: Deal, mti: str, fields: dict[int, object]) -> None:
        said = deal.reversal if mti[1] == "4" else deal.completion
        if not said:
            self._say(mti, fields)
            self._clock.callLater(AGAIN_SECONDS, self._again, deal, f"{mti[:3]}1", fields)

    # -- what it hears

    def _answered(self, deal: Deal, message: Message) -> None:
        response = str(message.fields[39])
        if deal.standing is Standing.WAITING:
            self._forget_timer(deal)
            deal.answer, deal.approval = response, str(message.fields.get(38, ""))
            if response == "00":
                self._hand_out(deal)
            else:
                deal.standing = Standing.DECLINED
                self._over(deal)
        elif deal.standing is Standing.DECLINED and response == "00":
            raise Violation(Rule.ONE_ANSWER, f"{deal.reference} was declined with {deal.answer}, then approved")

    def _acknowledged(self, deal: Deal, message: Message) -> None:
        response = str(message.fields[39])
        if deal.standing is not Standing.TELLING or response not in ACKNOWLEDGED:
            return
        if message.mti[1] == "4":
            deal.reversal = response
        else:
            deal.completion = response
        if "" in (deal.reversal, deal.completion):
            return
        if deal.completion == "00" and deal.reversal == "21":
            deal.kept = deal.amount
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
        elif message.mti in ("0430", "0230"):
            self._acknowledged(deal, message)

    def _say(self, mti: str, fields: dict[int, object]) -> None:
        if self._stream is not None:
            message = Message(mti, dict(sorted(cast("dict[int, Value]", fields).items())))
            self._stream.write(self._frame(self._codec.encode(message)))

    # -- its clocks

    def _forget_timer(self, deal: Deal) -> None:
        timer = self._timers.pop(deal.reference, None)
        if timer is not None and timer.active():
            timer.cancel()
