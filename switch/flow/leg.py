"""A request on its way to the issuer."""

from __future__ import annotations

from dataclasses import dataclass

from switch.codec.message import Message
from switch.flow.answers import partly
from switch.flow.entering import Incoming
from switch.flow.world import World
from switch.routing.bins import BinRow
from switch.store.rows import Transaction


@dataclass(frozen=True, slots=True)
class Leg:
    """*came*, which goes to the issuer of *row* as *sent*; *reversal* takes it back, None where nothing could be."""

    came: Incoming
    row: BinRow
    sent: Message
    reversal: Message | None

    @property
    def link(self) -> str:
        """The issuer's link."""
        return self.row.link

    @property
    def place(self) -> tuple[type[Transaction], str]:
        """Where its row is."""
        return Transaction, self.came.asked.id


def owed_reversal(world: World, leg: Leg) -> bytes:
    """The reversal as it is owed now; empty where there is nothing to reverse."""
    if leg.reversal is None:
        return b""
    codec = world.hop.codecs[leg.link]
    return codec.encode(partly(leg.reversal, 0, world.moment().transmitted, codec.spec.elements))
