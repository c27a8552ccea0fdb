"""A simulated terminal's chip reader: what it gets out of a card for a request, and what the card makes of the answer."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable

from switch.codec.message import Message
from switch.perso.card.reader import ChipAsks, Purchase
from switch.simulators import commands as said
from switch.simulators.commands import Command, CommandRefused
from switch.simulators.talk import APPROVED, text_of
from switch.simulators.terminal import Offer, Terminal
from switch.simulators.wallet import ChipUnreadable, Inserted, Wallet, falsified
from switch.simulators.wording import RESPONSE

ACCEPTED, NOT_ACCEPTED = "accepts the answer", "does not accept the answer"
NOTHING = ChipAsks(b"", "")


class ChipReader:
    """That of *terminal*, which is given cards of *wallet*; *now* is its own time."""

    def __init__(self, terminal: Terminal, wallet: Wallet | None, now: Callable[[], time.struct_time]) -> None:
        self._terminal, self._wallet, self._now = terminal, wallet, now
        self._inserted: Inserted | None = None
        self.told = ""
        """What the chip has made of an approval; empty where it was not asked."""

    def read(self, command: Command, offer: Offer, amount: int) -> ChipAsks:
        """What the chip of the card that *command* names asks for; NOTHING for a card without one, or not read by it.

        Raises CommandRefused.
        """
        self._inserted, self.told = None, ""
        name, way = command.text("card"), command.text("chip")
        if self._wallet is None or name not in self._wallet:
            if way:
                raise CommandRefused('"chip" is about cards of the box')
            return NOTHING
        # What is about an earlier sale is the merchant's doing.
        if way == said.SWIPED or command.keyed or offer.of_sale:
            return NOTHING
        if way == said.REPLAYED:
            before = self._wallet.said(name)
            if before is None:
                raise CommandRefused("the chip has said nothing yet that could be said again")
            return before
        number, today = secrets.token_bytes(4), time.strftime("%y%m%d", self._now())
        own = self._terminal
        try:
            purchase = Purchase(amount, own.currency, own.country, today, number, offer.code)
            self._inserted = self._wallet.insert(name, purchase)
        except ChipUnreadable as unreadable:
            raise CommandRefused(str(unreadable)) from None
        return falsified(self._inserted.asks) if way == said.FALSIFIED else self._inserted.asks

    def accepts(self, answer: Message) -> bool:
        """Is the chip that was read, if one was, content with *answer*?"""
        inserted, self._inserted = self._inserted, None
        if inserted is None:
            return True
        accepted = inserted.approves(answer)
        # Of a refusal a chip has nothing to say: it gives no certificate, and is not expected to.
        self.told = "" if text_of(answer, RESPONSE) != APPROVED else ACCEPTED if accepted else NOT_ACCEPTED
        return accepted
