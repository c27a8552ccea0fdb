"""A POS terminal's batch: the sales since the last settlement, and what they come to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from switch.simulators.terminal import REFUND, Offer

SALES_MAX = 999
NUMBERS = 1_000_000
"""Batches and invoices are numbered with six digits; after the last comes the first."""


@dataclass(frozen=True)
class Sale:
    """One approved transaction: six digits of *invoice*, *stan* and *time*, four of *date*; *amount* in minor units.

    *undone*: it was voided or reversed; *refunded* of it were given back.
    """

    invoice: str
    stan: str
    time: str
    date: str
    amount: int
    approval: str
    offer: Offer
    undone: bool = False
    refunded: int = 0


@dataclass(frozen=True)
class Batch:
    """The batch *number*, with its *sales* in the order in which they were made; *invoice* is the last one given."""

    number: int = 1
    invoice: int = 0
    sales: tuple[Sale, ...] = ()

    @property
    def full(self) -> bool:
        """Must it be settled before anything else is sold?"""
        return len(self.sales) >= SALES_MAX

    def next_invoice(self) -> Batch:
        """With another invoice number given out."""
        return replace(self, invoice=self.invoice % (NUMBERS - 1) + 1)

    @property
    def invoice_digits(self) -> str:
        """The last invoice number, as DE 62 has it."""
        return f"{self.invoice:06d}"

    def sale(self, invoice: str) -> Sale | None:
        """The sale with this invoice number, if it is in this batch."""
        return next((sale for sale in reversed(self.sales) if sale.invoice == invoice), None)

    def with_sale(self, sale: Sale) -> Batch:
        """With *sale* as the last, or in the place of the one with its invoice number."""
        kept = tuple(sale if each.invoice == sale.invoice else each for each in self.sales)
        return replace(self, sales=kept if self.sale(sale.invoice) else (*self.sales, sale))

    def totals(self) -> Mapping[int, str | int]:
        """DE 74 to 77, 86 to 89 and 97 of a reconciliation (ISO 8583:1987): what was sold debits, what was given back
        credits, and what was undone counts as reversed."""
        amounts = {True: [0, 0, 0, 0], False: [0, 0, 0, 0]}
        for sale in self.sales:
            row = amounts[sale.offer is REFUND]
            row[0], row[1] = row[0] + 1, row[1] + sale.amount
            if sale.undone:
                row[2], row[3] = row[2] + 1, row[3] + sale.amount
        credits, debits = amounts[True], amounts[False]
        net = debits[1] - debits[3] - credits[1] + credits[3]
        counts = {74: credits[0], 75: credits[2], 76: debits[0], 77: debits[2]}
        sums = {86: credits[1], 87: credits[3], 88: debits[1], 89: debits[3]}
        told: dict[int, str | int] = {number: f"{count:010d}" for number, count in counts.items()}
        return told | sums | {97: f"{'C' if net >= 0 else 'D'}{abs(net):016d}"}

    def settled(self) -> Batch:
        """The next batch."""
        return Batch(self.number % (NUMBERS - 1) + 1, self.invoice)
