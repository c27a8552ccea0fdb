"""Cards put in, PINs typed: who is at the console.

Two cards of one person are one person: dual control compares holders, not cards.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from hsm.console.desk import Desk
from hsm.console.dialogue import Abandoned, Ask, Dialogue, Say, matching
from hsm.storage.cards import SERIAL_DIGITS, Card, CardError, CardPinWrong, Role
from hsm.storage.database import StorageError

PIN_CHARS_MAX = 8


@dataclass(frozen=True, slots=True)
class Holder:
    """Somebody whose card and PIN were accepted; the PIN stays in this object, so that the card can be written to."""

    card: Card
    content: bytes
    _pin: str

    @property
    def name(self) -> str:
        return self.card.holder

    def write(self, desk: Desk, content: bytes) -> None:
        """Put *content* on the card.  Raises CardError."""
        desk.rack.write(self.card.serial, self._pin, content)

    def change_pin(self, desk: Desk, new_pin: str) -> None:
        """Have the card lie under *new_pin*.  Raises CardError."""
        desk.rack.change_pin(self.card.serial, self._pin, new_pin)

    def __repr__(self) -> str:
        return f"<holder of card {self.card.serial}>"


def new_pin(prompt: str = "Enter new PIN: ") -> Dialogue[str]:
    """A PIN typed twice.  Raises CardError when the two differ."""
    first = yield from matching(prompt, "[0-9]{5,8}", "5 to 8 digits", secret=True)
    again = yield Ask("Enter it again: ", secret=True, chars_max=PIN_CHARS_MAX)
    if again.strip() != first:
        raise CardError("The two differ.")
    return first


def card_number(prompt: str) -> Dialogue[str]:
    """The number of a card, 8 digits."""
    return (yield from matching(prompt, f"[0-9]{{{SERIAL_DIGITS}}}", f"the {SERIAL_DIGITS} digits on the card"))


def present(desk: Desk, who: str, role: Role | None = None, *, without: Collection[str] = ()) -> Dialogue[Holder]:
    """*who* (``First officer``) puts a card in and types its PIN.

    *role* is the one the card must have, if it must; the holders *without* have been here already, and nobody counts
    twice.  Raises CardError, CardLocked.
    """
    serial = yield from card_number(f"{who}, insert card (its number): ")
    card = desk.rack.card(serial)
    if role is not None and card.role is not role:
        raise CardError(f"Card {serial} is no {role.value}'s card.")
    if card.holder in without:
        raise CardError(f"{card.holder} has been here already: this takes another person.")
    while True:
        pin = yield Ask("Enter PIN: ", secret=True, chars_max=PIN_CHARS_MAX)
        try:
            content = desk.rack.read(serial, pin.strip())
        except CardPinWrong as wrong:
            yield Say(str(wrong))
            continue
        desk.present.append(card.holder)
        return Holder(card, content, pin.strip())


def two_officers(desk: Desk) -> Dialogue[tuple[Holder, Holder]]:
    """Two different officers.  Raises CardError, CardLocked."""
    first = yield from present(desk, "First officer", Role.OFFICER)
    second = yield from present(desk, "Second officer", Role.OFFICER, without=(first.name,))
    return first, second


def custodian(desk: Desk, place: int, before: Sequence[Holder]) -> Dialogue[Holder]:
    """Custodian *place* of several, none of those *before*.  Raises CardError, CardLocked."""
    names = {holder.name for holder in before}
    return (yield from present(desk, f"Custodian {place}", Role.CUSTODIAN, without=names))


def check_blank(holder: Holder) -> None:
    """Nothing, if there is nothing on the card.  Raises CardError."""
    if holder.content:
        raise CardError(f"Card {holder.card.serial} is not blank.")


def write_all(desk: Desk, holders: Sequence[Holder], contents: Sequence[bytes]) -> None:
    """Put each of *contents*, which are a set, on the card of its holder.  Raises Abandoned, naming what was written."""
    written: list[str] = []
    for holder, content in zip(holders, contents, strict=True):
        try:
            holder.write(desk, content)
        except (CardError, StorageError) as fault:
            rest = f"\nErase {', '.join(written)}: the set is not whole and never will be." if written else ""
            raise Abandoned(f"{fault}{rest}") from None
        written.append(f"card {holder.card.serial}")
