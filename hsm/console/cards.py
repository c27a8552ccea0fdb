"""FC, NP, VC, RC, CO, RESET: cards of officers and custodians.

A new appliance has no cards: the line in the machine itself issues the cards of its first two officers freely.  From
then on two officers issue, copy, reset and erase; a custodian's card takes one officer.  Fewer than two officers are
never left; should so many of their cards be locked that no two are there to reset one, TAMPER alone begins anew.
"""

from __future__ import annotations

from hsm.console.declaration import OFFLINE, SECURE, console
from hsm.console.desk import Desk
from hsm.console.dialogue import Abandoned, Ask, Dialogue, Say, asked, chosen, confirmed
from hsm.console.dualcontrol import LOCAL_LINE, OFFICERS_MIN, officers
from hsm.console.keycards import share_words
from hsm.console.lmkcomponents import component_words
from hsm.console.people import card_number, new_pin, present, two_officers
from hsm.storage.cards import HOLDER, SERIAL_DIGITS, Card, Role


def _holder() -> Dialogue[str]:
    def read(answer: str) -> str:
        name = " ".join(answer.upper().split())
        if not HOLDER.fullmatch(name):
            raise ValueError
        return name

    expected = "1 to 20 letters, blanks, dots, dashes and apostrophes"
    return (yield from asked(Ask("Enter holder's name: "), read, expected))


@console.command("FC", SECURE, ceremony=True)
def format_card(desk: Desk, words: tuple[str, ...]) -> Dialogue[None]:
    """Issue a blank card to an officer or a custodian, or erase a card with all that is on it.

    The first two officers' cards are issued freely at the local console; after that an officer's card and erasing take
    two officers, and a custodian's card one.  The holder types the new card's PIN, 5 to 8 digits, twice.
    """
    if (yield from chosen("Issue or erase a card", ("I", "E"), "I")) == "E":
        yield from _erase(desk)
        return
    kind = yield from chosen("Officer or custodian", ("O", "C"))
    role = Role.OFFICER if kind == "O" else Role.CUSTODIAN
    known = officers(desk)
    if len(known) >= OFFICERS_MIN:
        if role is Role.OFFICER:
            yield from two_officers(desk)
        else:
            yield from present(desk, "Officer", Role.OFFICER)
    elif role is Role.CUSTODIAN:
        raise Abandoned("The cards of two officers come first.")
    elif desk.line != LOCAL_LINE:
        raise Abandoned("The cards of the first two officers are issued at the local console.")
    name = yield from _holder()
    if len(known) < OFFICERS_MIN and name in known:
        raise Abandoned(f"{name} is an officer already: the second officer is another person.")
    card = desk.rack.issue(name, role, (yield from new_pin()))
    yield Say(f"Card {card.serial} is {name}'s, {role.value}.")


def _erase(desk: Desk) -> Dialogue[None]:
    card = desk.rack.card((yield from card_number("Insert card (its number): ")))
    if card.role is Role.OFFICER and len(officers(desk, beside=card.serial)) < OFFICERS_MIN:
        raise Abandoned("Fewer than two officers would be left.")
    yield from two_officers(desk)
    if not (yield from confirmed(f"Erase card {card.serial} of {card.holder}?")):
        raise Abandoned("Not erased.")
    desk.rack.erase(card.serial)
    yield Say("Erased.")


@console.command("NP", ceremony=True)
def change_card_pin(desk: Desk, words: tuple[str, ...]) -> Dialogue[None]:
    """Change the PIN of a card."""
    holder = yield from present(desk, "Card holder")
    holder.change_pin(desk, (yield from new_pin()))
    yield Say("PIN changed.")


@console.command("VC")
def verify_card(desk: Desk, words: tuple[str, ...]) -> Dialogue[None]:
    """Check that a card can be read with its PIN, and show what it holds, by check values alone."""
    holder = yield from present(desk, "Card holder")
    yield Say(share_words(holder.content) or component_words(holder.content))


def _label(card: Card) -> str:
    tries = f"{card.tries_left} PIN tries left" if card.tries_left else "locked"
    return f"Card {card.serial}: {card.role.value} {card.holder}, {tries}"


@console.command("RC")
def read_card_label(desk: Desk, words: tuple[str, ...]) -> Dialogue[None]:
    """Show whose a card is and whether it is locked; without a number, of all cards."""

    def read(answer: str) -> str:
        if answer and not (len(answer) == SERIAL_DIGITS and answer.isascii() and answer.isdecimal()):
            raise ValueError
        return answer

    asking = Ask("Insert card (its number), return for all: ")
    serial = yield from asked(asking, read, f"the {SERIAL_DIGITS} digits on the card")
    cards = (desk.rack.card(serial),) if serial else desk.rack.cards()
    yield Say("\n".join(map(_label, cards)) or "There are no cards.")


@console.command("CO", OFFLINE, ceremony=True)
def copy_officer_card(desk: Desk, words: tuple[str, ...]) -> Dialogue[None]:
    """Issue the first of two officers another card like the one put in, under a PIN of its own.

    Both cards are one person's: dual control counts the holder once.
    """
    first, _ = yield from two_officers(desk)
    card = desk.rack.issue(first.name, Role.OFFICER, (yield from new_pin()))
    yield Say(f"Card {card.serial} is {first.name}'s, officer.")


@console.command("RESET", OFFLINE, ceremony=True)
def reset_card(desk: Desk, words: tuple[str, ...]) -> Dialogue[None]:
    """Let the holder of a locked card try its PIN again; takes two officers."""
    card = desk.rack.card((yield from card_number("Insert card (its number): ")))
    if card.tries_left:
        raise Abandoned(f"Card {card.serial} is not locked.")
    yield from two_officers(desk)
    desk.rack.give_tries_back(card.serial)
    yield Say(f"Card {card.serial} of {card.holder} has its tries back.")
