"""The two kinds of simulated terminal: what a command means to an ATM, and to a POS terminal."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

from switch.server.drive import DrivenLink
from switch.server.terminal import DrivenTerminal, Surroundings
from switch.simulators import atm, pos
from switch.simulators import commands as said
from switch.simulators.card import Card, CardUnreadable, swiped
from switch.simulators.cassette import first_notes
from switch.simulators.commands import Command, CommandRefused, Told
from switch.simulators.config import Placed
from switch.simulators.epp import PinRefused
from switch.simulators.talk import Dispense, Effect
from switch.simulators.terminal import PIN_CHANGE, Offer
from switch.simulators.wording import Chosen

Terminal = DrivenTerminal[atm.Atm] | DrivenTerminal[pos.Pos]


class DrivenAtm(DrivenTerminal[atm.Atm]):
    """An ATM with its dispenser, which stops after *notes_left* notes when that is a number."""

    def __init__(self, placed: Placed, link: DrivenLink, dial_up: bool, around: Surroundings) -> None:
        super().__init__(placed, link, dial_up, around, atm.Atm(placed.cassettes))
        self._full = placed.cassettes
        self.notes_left: int | None = None

    def take(self, event: object) -> tuple[atm.Atm, tuple[Effect, ...]]:
        return atm.step(self.state, cast(atm.AtmEvent, event), self.terminal, self.moment)

    def begin(self, command: Command, offer: Offer | None) -> None:
        if offer is None:
            self._service(command)
            return
        card = card_of(self, command)
        block = self._block(command.text("pin"), card)
        new_block = self._block(command.text("new-pin"), card) if offer is PIN_CHANGE else b""
        chosen = chosen_of(command, offer, new_block)
        asks = self.reader.read(command, offer, chosen.amount)
        self.step(atm.CardIn(shown_stripe(card, command), card.chip or asks.content, asks.track_2))
        if self.state.stage is atm.Stage.PIN:
            self.step(atm.PinTyped(block))
            self.step(chosen)

    def _block(self, pin: str, card: Card) -> bytes:
        try:
            return self.epp.block(pin, card.pan)
        except PinRefused as refused:
            raise CommandRefused(str(refused)) from None

    def dispense(self, effect: Dispense) -> None:
        counts = effect.counts if self.notes_left is None else first_notes(effect.counts, self.notes_left)
        self.step(atm.Presented(counts))

    def _service(self, command: Command) -> None:
        state = self.state
        if command.do == said.SERVICE:
            self.notes_left = None
            self.step(atm.Serviced(self._full))
        elif command.text("fault") == "dispenser":
            self.notes_left = command.notes
        elif command.text("fault") in ("jam", "paper"):
            jam = command.text("fault") == "jam"
            self.step(
                atm.Serviced(state.cassettes, state.paper and jam, state.jammed or jam, state.dispenser)
            )  # fmt: skip
        else:
            raise CommandRefused(f'"fault" is one of {", ".join(said.FAULTS)}')
        self.done({"terminal": self.terminal.id, "do": command.do, "outcome": "done", **self.status()})

    def status(self) -> Told:
        state = self.state
        return {
            "stage": state.stage.value,
            "cassettes": [{"note": each.note, "count": each.count} for each in state.cassettes],
            "dispenser": state.dispenser and self.notes_left is None,
            "paper": state.paper,
            "jammed": state.jammed,
            "retained": state.retained,
            "pin key": self.epp.has_pin_key,
        }


class DrivenPos(DrivenTerminal[pos.Pos]):
    """A POS terminal with its card reader."""

    def __init__(self, placed: Placed, link: DrivenLink, dial_up: bool, around: Surroundings) -> None:
        super().__init__(placed, link, dial_up, around, pos.Pos())

    def take(self, event: object) -> tuple[pos.Pos, tuple[Effect, ...]]:
        return pos.step(self.state, cast(pos.PosEvent, event), self.terminal, self.moment)

    def begin(self, command: Command, offer: Offer | None) -> None:
        if offer is None:
            self.step(pos.Settle() if command.do == said.SETTLEMENT else pos.TakeBack())
            return
        known = card_of(self, command)
        try:
            asks = self.reader.read(command, offer, command.amount if offer.amount else 0)
            read = known if command.keyed else swiped(shown_stripe(known, command))
            if not command.keyed:
                read = replace(read, chip=known.chip or asks.content, chip_track=asks.track_2)
            pin, new_pin = command.text("pin"), command.text("new-pin")
            block = self.epp.block(pin, read.pan) if pin or offer.pin else b""
            new_block = self.epp.block(new_pin, read.pan) if offer is PIN_CHANGE else b""
        except (CardUnreadable, PinRefused) as refused:
            raise CommandRefused(str(refused)) from None
        chosen = replace(chosen_of(command, offer, new_block), keyed=command.keyed)
        if offer.of_sale:
            sale = self.state.batch.sale(command.text("invoice").zfill(6))
            # A void is of the whole sale, so its amount need not be entered.
            amount = command.amount or (sale.amount if sale else 1)
            chosen = replace(chosen, sale=sale, amount=amount)
        self.step(pos.Bought(chosen, read, block))

    def dispense(self, effect: Dispense) -> None:
        raise AssertionError("a POS terminal has no dispenser")

    def status(self) -> Told:
        batch = self.state.batch
        return {"batch": batch.number, "sales": len(batch.sales), "pin key": self.epp.has_pin_key}


def card_of(terminal: Terminal, command: Command) -> Card:
    """The card that *command* names.  Raises CommandRefused."""
    card = terminal.around.cards.get(command.text("card"))
    if card is None:
        raise CommandRefused('"card" is the name of one of the cards')
    return card


def shown_stripe(card: Card, command: Command) -> str:
    """What the reader gets to see; of a damaged stripe one character is lost."""
    return card.stripe[:5] + card.stripe[6:] if command.damaged else card.stripe


def chosen_of(command: Command, offer: Offer, new_block: bytes) -> Chosen:
    """What *command* wants, as the cardholder would choose it."""
    return Chosen(
        offer,
        command.amount if offer.amount else 0,
        command.text("from-type", "00"),
        command.text("to-type", "00"),
        command.text("from"),
        command.text("to"),
        new_block,
    )
