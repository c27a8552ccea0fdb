"""What is asked in a storm: which services, how often, and what of earlier sales is given back."""

from __future__ import annotations

from dataclasses import dataclass

from switch.storm.chance import Chance
from switch.storm.deal import Deal, Standing

MONEYLESS, WITHIN = frozenset({"balance", "PIN change"}), frozenset({"transfer"})
"""Services that move no money, and that move it within the issuer's own books."""
SALES, GIVING_BACK = frozenset({"purchase", "cash advance"}), frozenset({"void", "refund"})
"""What a card acceptor sells, and how it gives it back: all of it by its invoice number, or any part by its approval."""
SALES_KEPT_MAX = 64


@dataclass(frozen=True)
class Asked:
    """A service: *code* is its DE 3, *category* its DE 18, *of_hundred* how many of a hundred requests are of it."""

    name: str
    code: str
    category: str
    of_hundred: int


SERVICES = (
    Asked("withdrawal", "010000", "6011", 39),
    Asked("purchase", "000000", "5411", 30),
    Asked("balance", "300000", "6011", 7),
    Asked("cash advance", "010000", "6010", 6),
    Asked("transfer", "400000", "6011", 6),
    Asked("void", "020000", "5411", 4),
    Asked("refund", "200000", "5411", 4),
    Asked("PIN change", "940000", "6011", 4),
)
DRAWN = tuple(row for row in SERVICES for _ in range(row.of_hundred))
PURCHASE = SERVICES[1]


class Sales:
    """The latest sales that went well, any of which may be given back."""

    def __init__(self) -> None:
        self._kept: list[Deal] = []

    def ended(self, deal: Deal) -> None:
        """Its acquirer is done with *deal*."""
        if deal.service in SALES and deal.standing is Standing.GIVEN:
            self._kept = [*self._kept, deal][-SALES_KEPT_MAX:]

    def checked(self, deal: Deal) -> None:
        """*deal* is over and forgotten."""
        if deal in self._kept:
            self._kept.remove(deal)

    def one(self, chance: Chance) -> Deal | None:
        """One of them, if there is any."""
        return chance.one(self._kept) if self._kept else None


def given_back(sale: Deal, service: str, chance: Chance) -> int:
    """How much a void or refund of *sale* asks for: more than is left is refused."""
    return sale.amount if service == "void" or chance.happens(0.3) else sale.amount // 2
