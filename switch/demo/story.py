"""What cardholders do, and what must come of it.

A step is an order to a terminal (see ``switch simulate``); of the terminal's answer *expected* are the values that must be
there.  A PIN is named, not written: ``pin`` is whose PIN is typed, ``new-pin`` whose the new one will be.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

Order = Mapping[str, str | int | bool]
APPROVED: Order = {"outcome": "approved", "response": "00"}
DECLINED = "declined"
NEW, BINHS_NEW, KIMS_NEW = "an's new", "binh's new", "kim's new"
"""PINs that An, Binh and Kim choose later."""


@dataclass(frozen=True)
class Step:
    """At *terminal*, of *at* (``atms`` or ``pos``), *order* is done.  *named* is under which its invoice is remembered."""

    title: str
    at: str
    order: Order
    expected: Order = field(default_factory=lambda: APPROVED)
    named: str = ""
    of: str = ""
    """The step whose invoice this one is about."""


def _word(name: str) -> str:
    return name.rstrip("_").replace("_", "-")


def _atm(
    title: str, do: str, card: str, terminal: str = "ATM00001", expected: Order = APPROVED, **more: str | int
) -> Step:
    order = {"terminal": terminal, "do": do, "card": card, "pin": card} | {_word(n): v for n, v in more.items()}
    return Step(title, "atms", order, expected)


def _refused(title: str, card: str, response: str, terminal: str = "ATM00001", **more: str | int) -> Step:
    return _atm(title, "withdrawal", card, terminal, {"outcome": DECLINED, "response": response}, **more)


def _pos(
    title: str, do: str, card: str = "", terminal: str = "POS00001", expected: Order = APPROVED, named: str = "",
    of: str = "", **more: str | int,
) -> Step:  # fmt: skip
    order: dict[str, str | int | bool] = {"terminal": terminal, "do": do, **({"card": card} if card else {})}
    return Step(title, "pos", order | {_word(n): v for n, v in more.items()}, expected, named, of)


STORY = (
    _pos("The shops open: each POS terminal signs on, and gets a new PIN key", "sign-on", expected={"outcome": "approved"}),
    _pos("The second shop, too", "sign-on", terminal="POS00002", expected={"outcome": "approved"}),
    _atm("An draws cash at her own bank: its ATM Host decides alone", "withdrawal", "an", amount=1_000_000),
    _atm("Chi, of bank B, draws cash at bank A's ATM", "withdrawal", "chi", amount=2_000_000),
    _atm("Binh, of bank A, draws cash at bank B's ATM", "withdrawal", "binh", "ATM00003", amount=500_000),
    _atm("Em draws cash on a credit card: the ATM Host passes it to Cardpro", "withdrawal", "em", amount=3_000_000),
    _atm("Frank, from abroad, draws cash: Cardpro asks the international scheme", "withdrawal", "frank", amount=1_500_000),
    _atm("An asks for her balance", "balance", "an"),
    _atm("Chi asks for hers, at bank A's ATM", "balance", "chi", "ATM00002"),
    _atm("An saves: from her current to her savings account", "transfer", "an", amount=700_000, from_type="20",
         to_type="10", from_="0021000017", to="0025000011"),
    _atm("Her savings have grown", "balance", "an", from_type="10"),
    _atm("And sends money to Binh's account", "transfer", "an", amount=100_000, from_="0021000017", to="0021000025"),
    _atm("Dung types a wrong PIN", "withdrawal", "dung", amount=500_000, pin=NEW,
         expected={"outcome": DECLINED, "response": "55"}),
    _atm("Dung wants more than he has", "withdrawal", "dung", amount=5_000_000,
         expected={"outcome": DECLINED, "response": "51"}),
    _pos("Chi pays at a shop of bank A's with her PIN", "purchase", "chi", amount=250_000, pin="chi", named="chi's"),
    _pos("The cashier was wrong: Chi's purchase is voided", "void", "chi", of="chi's"),
    _pos("Em pays with her credit card: the NAC sends it to Cardpro", "purchase", "em", "POS00002", amount=900_000,
         named="em's"),
    _pos("Em brings a part of it back, and is refunded", "refund", "em", "POS00002", amount=300_000, of="em's"),
    _pos("An draws cash at the shop's counter", "cash-advance", "an", amount=200_000, pin="an"),
    _pos("Binh asks for his balance at a shop", "balance", "binh", pin="binh"),
    _pos("He changes his PIN there, too", "pin-change", "binh", pin="binh", new_pin=BINHS_NEW),
    _atm("At bank B's ATM his old PIN fails", "withdrawal", "binh", "ATM00003", amount=500_000,
         expected={"outcome": DECLINED, "response": "55"}),
    _atm("The new one does not", "withdrawal", "binh", "ATM00003", amount=500_000, pin=BINHS_NEW),
    _pos("Dung pays, his bank approves ...", "purchase", "dung", amount=400_000, pin="dung"),
    _pos("... and the cashier reverses it", "reversal", expected={}),
    _pos("Dung has all his money still", "balance", "dung", pin="dung"),
    Step("The dispenser of an ATM will stop after one note", "atms",
         {"terminal": "ATM00002", "do": "fault", "fault": "dispenser", "notes": 1}, {"outcome": "done"}),
    _atm("Chi gets one note of two: the ATM reverses what it could not give", "withdrawal", "chi", "ATM00002",
         amount=1_000_000, expected={"outcome": "unable", "dispensed": 500_000}),
    _atm("An changes her PIN: both are verified and kept by the bank's HSM", "pin-change", "an", new_pin=NEW),
    _atm("Her old PIN is of no use now", "balance", "an", expected={"outcome": DECLINED, "response": "55"}),
    _atm("The new one is", "balance", "an", pin=NEW),
)  # fmt: skip
BELIEVED: Order = {**APPROVED, "chip": "accepts the answer"}
BUREAU_STORY = (
    _atm("Gia's card is from the bureau: her bank's HSM verifies PIN, CVV and the chip's cryptogram", "withdrawal", "gia",
         "ATM00004", amount=1_000_000, expected=BELIEVED),
    _atm("It is good at other banks' ATMs, and has counted on", "withdrawal", "gia", amount=500_000, expected=BELIEVED),
    _refused("Someone has listened, and says the same once more: a cryptogram is good once", "gia", "63", amount=500_000,
             chip="replayed"),
    _refused("Someone between chip and host turns a bit of the cryptogram", "gia", "63", amount=500_000, chip="falsified"),
    _refused("Gia types a wrong PIN", "gia", "55", amount=500_000, pin=NEW),
    _atm("The stripe of her card will do at this bank, where the chip can't be read", "withdrawal", "gia", amount=500_000,
         chip="swiped"),
    _refused("Someone has copied it, and does not know the CVV", "forger", "63", amount=500_000, pin="gia"),
    _pos("Hoa pays at a shop by chip and PIN: her chip's data pass the NAC, too", "purchase", "hoa", amount=150_000,
         pin="hoa", expected=BELIEVED),
    _pos("She asks for her balance", "balance", "hoa", "POS00002", pin="hoa", expected=BELIEVED),
    _atm("Inh's card is of the same order; an Eracom HSM verifies it", "withdrawal", "inh", amount=2_000_000,
         expected=BELIEVED),
    _refused("What his chip has said is good once, here too", "inh", "63", amount=2_000_000, chip="replayed"),
    _refused("And so it is with what someone has changed", "inh", "63", amount=500_000, chip="falsified"),
    _refused("Inh types a wrong PIN", "inh", "55", amount=500_000, pin=NEW),
    _refused("This host gives no money for the stripe of a card with a chip", "inh", "57", amount=500_000, chip="swiped"),
    _atm("Kim draws cash, and changes her PIN ...", "withdrawal", "kim", amount=300_000, expected=BELIEVED),
    _atm("... at bank B's ATM; the Eracom HSM makes the new PVV", "pin-change", "kim", "ATM00003", new_pin=KIMS_NEW,
         expected=BELIEVED),
    _refused("The PIN that the bureau has printed is of no use now", "kim", "55", amount=100_000),
    _atm("The new one is", "withdrawal", "kim", amount=100_000, pin=KIMS_NEW, expected=BELIEVED),
)  # fmt: skip
"""Of cards that a bureau has personalised, see ``switch perso demo``."""
