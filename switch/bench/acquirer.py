"""The acquirer: withdrawals at its machines, and what becomes of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from switch.bench.cards import Card
from switch.bench.places import Shapes, places
from switch.codec.codec import Codec
from switch.codec.message import Message

STANS = 800_000
"""Transactions take STANs below; network management takes those above."""
ANSWER, APPROVED = b"0210", b"00"
AMOUNT = 500_000
TERMINAL = b"ATM00001"
TERMINAL_CHARS = 8


def withdrawal(card: Card, stan: int, transmitted: str, block: bytes, institution: str = "970405") -> Message:
    """A withdrawal of *card*, whose PIN *block* is 8 bytes; *transmitted* is DE 7, MMDDhhmmss."""
    return Message(
        "0200",
        {
            2: card.pan, 3: "010000", 4: AMOUNT, 7: transmitted, 11: f"{stan:06d}", 12: transmitted[4:],
            13: transmitted[:4], 18: "6011", 22: "021", 25: "00", 32: institution, 35: card.track_2,
            37: f"{stan:012d}", 41: TERMINAL.decode(), 42: "BANK A ATM 0001", 49: "704", 52: block,
        },
    )  # fmt: skip


@dataclass
class Tally:
    """What became of transactions: *approved* ones, *seconds* that each of them took, others by what was wrong."""

    approved: int = 0
    wrong: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)


class Acquirer:
    """Makes withdrawals and takes their answers; each STAN is free again when its answer has come."""

    def __init__(self, codec: Codec, owners: Sequence[Card], transmitted: str) -> None:
        self._codec, self._owners = codec, owners
        self._shapes = Shapes(codec)
        self._since: dict[bytes, float] = {}
        self._number = 0
        self.tally = Tally()
        self._pieces = [self._cut(card) for card in owners]
        self.at(transmitted)

    def at(self, transmitted: str) -> None:
        """From now on DE 7 is *transmitted*, MMDDhhmmss, and 12 and 13 are its parts."""
        self._when = transmitted.encode()
        self._local = (transmitted[4:] + transmitted[:4]).encode()

    def _cut(self, card: Card) -> tuple[bytes, bytes, bytes, bytes]:
        """A withdrawal's frame without DE 7, 11, 12, 13, 37, 41 and 52: what stands before, between and behind them."""
        wire = self._codec.encode(withdrawal(card, 0, "0101000000", bytes(8)))
        found = places(self._codec, wire)
        when, date = found.value(7, 10), found.value(13, 4)
        reference, terminal, block = found.value(37, 12), found.value(41, TERMINAL_CHARS), found.value(52, 16)
        if reference.stop != terminal.start:
            raise ValueError("DE 37 and 41 stand beside each other")
        framed = self._codec.spec.framing.frame(wire)
        return (
            framed[: len(framed) - len(wire) + when.start],
            wire[date.stop : reference.start],
            wire[terminal.stop : block.start],
            wire[block.stop :],
        )

    @property
    def outstanding(self) -> int:
        """Withdrawals without an answer."""
        return len(self._since)

    def ask(self, since: float, blocks: Sequence[bytes], terminal: bytes = TERMINAL) -> bytes:
        """The next withdrawal's frame, at *terminal*.

        *since* is when its time begins to count, *blocks* are the cards' PIN blocks.
        """
        number = self._number = self._number % (STANS - 1) + 1
        which = number % len(self._pieces)
        stan = b"%06d" % number
        if stan in self._since:
            self.tally.wrong["lost"] += 1
        self._since[stan] = since
        before, between, behind, end = self._pieces[which]
        said = (before, self._when, stan, self._local, between, b"000000", stan, terminal, behind, blocks[which], end)
        return b"".join(said)

    def answered(self, wire: bytes, now: float) -> None:
        """Take *wire*, which must be the approval of a withdrawal that is outstanding.  Raises MessageError."""
        tally = self.tally
        if wire[:4] != ANSWER:
            tally.wrong[f"MTI {wire[:4].decode('ascii', 'replace')}"] += 1
            return
        found = self._shapes.of(wire)
        stan = wire[found.value(11, 6)]
        since = self._since.pop(stan, None)
        response = wire[found.value(39, 2)]
        if since is None:
            tally.wrong["to nothing that was asked"] += 1
        elif response != APPROVED:
            tally.wrong[f"response {response.decode('ascii', 'replace')}"] += 1
        elif wire[found.value(38, 6)] != stan:
            tally.wrong["another's approval"] += 1
        else:
            tally.approved += 1
            tally.seconds.append(now - since)

    def lost(self) -> None:
        """What is outstanding now will never be answered."""
        self.tally.wrong["lost"] += len(self._since)
        self._since.clear()
