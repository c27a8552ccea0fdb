"""A hop that is told anything on either link: nobody else is disturbed, and nothing of ours breaks."""

from __future__ import annotations

from random import Random
from typing import Any

from support.hopside import PAN, HopBench, approval, reversal, withdrawal
from twisted.logger import ILogObserver, LogLevel, globalLogPublisher
from zope.interface import implementer

from switch.codec.codec import codec
from switch.codec.message import Message
from switch.link.events import Order

EXECUTIONS_A_HOP = 200
SEPARATOR = b"\xfe\xfe"
"""Between the frames of one input; the first byte of each says on which link it comes, and whether time passes."""
STAN_FREE = 900_000
WIRES = [
    codec("banknet").encode(message)
    for message in (
        withdrawal(),
        withdrawal().changed(mti="0201"),
        withdrawal(pan="9704360000000001"),
        withdrawal().changed(mti="0220", without=(35, 52), fields={38: "STAND1"}),
        reversal(),
        reversal(mti="0421"),
        approval(withdrawal()),
        approval(withdrawal(), "51"),
        approval(reversal()),
        Message("0800", {7: "1122120000", 11: "000001", 70: "001"}),
        Message("0800", {7: "1122120000", 11: "000001", 70: "101", 41: "POS00001"}),
        Message("0810", {7: "1122120000", 11: "000001", 39: "00", 70: "301"}),
        Message("0620", {7: "1122120000", 11: "000001", 39: "30"}),
    )
]


class Fault(Exception):
    """Something of ours broke."""


@implementer(ILogObserver)
class Hopping:
    """A hop that lives for some inputs, and the faults that it logged."""

    def __init__(self) -> None:
        self.bench = HopBench()
        self.executions = 0
        self.stan = STAN_FREE
        self.faults: list[str] = []
        globalLogPublisher.addObserver(self)

    def __call__(self, event: dict[str, Any]) -> None:
        if event.get("log_level") in (LogLevel.error, LogLevel.critical):
            self.faults.append(str(event.get("log_format")))

    def close(self) -> None:
        globalLogPublisher.removeObserver(self)

    def take(self, data: bytes) -> bool:
        """Tell the hop *data*; did anything come of it?  Raises Fault."""
        self.executions += 1
        before = len(self.bench.memory.rows)
        for piece in data.split(SEPARATOR):
            which = piece[0] if piece else 0
            far = (self.bench.acquirer, self.bench.issuer)[which % 2]
            far.link.frame(piece[1:])
            if which & 2:
                self.bench.pass_(25.0 if which & 4 else 0.01)
        self.bench.acquirer.take()
        self.bench.issuer.take()
        self._others_go_on()
        if self.faults:
            raise Fault(self.faults[0])
        return len(self.bench.memory.rows) > before

    def _others_go_on(self) -> None:
        bench = self.bench
        for far in (bench.acquirer, bench.issuer):
            if far.link.stream is None:
                far.link.order(Order.OPEN)
                far.link.connected(far)
        bench.pass_()
        self.stan += 1
        bench.issuer.says = lambda asked: approval(asked) if asked.mti == "0200" else None
        bench.acquirer.say(withdrawal(self.stan % 1_000_000))
        bench.pass_()
        bench.issuer.says = None
        answers = [
            m.fields.get(39) for m in bench.acquirer.take() if m.fields.get(11) == f"{self.stan % 1_000_000:06d}"
        ]
        if answers != ["00"]:
            raise Fault(f"a withdrawal beside it was answered {answers}")


def frames(draw: Random) -> bytes:
    """Some messages that partners say, damaged here and there, on either link."""
    pieces = []
    for _ in range(draw.randint(1, 6)):
        wire = bytearray(draw.choice(WIRES))
        for _ in range(draw.choice((0, 0, 1, 2, 3))):
            at = draw.randrange(len(wire) + 1)
            piece = draw.choice((b"", b"0", b"9", b"\x00", b"\xff", PAN.encode(), draw.choice(WIRES)[at : at + 9]))
            wire[at : at + draw.choice((0, 1, len(piece)))] = piece
        pieces.append(bytes((draw.randrange(8),)) + bytes(wire))
    return SEPARATOR.join(pieces)
