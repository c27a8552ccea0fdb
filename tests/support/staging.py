"""The parts people play in a ceremony, at whatever terminal they sit: each says what the console asks for next."""

from __future__ import annotations

from dataclasses import dataclass, field

from support.reckoned import CUSTODIANS_COUNT, Kind, check_of
from support.terminals import Terminal

OFFICERS, CUSTODIANS = ("ALICE", "BOB"), ("CAROL", "DAVE", "ERIN")
PINS = {"ALICE": "90817263", "BOB": "81726354", "CAROL": "57203146", "DAVE": "46091357", "ERIN": "35980246"}


def said(shown: str, label: str) -> list[str]:
    """What *shown* says behind each ``label:``, up to a comma."""
    lines = [line for line in shown.splitlines() if f"{label}: " in line]
    return [line.rpartition(f"{label}: ")[2].partition(",")[0] for line in lines]


@dataclass
class Cast:
    """Two officers and three custodians; *cards* are the numbers of the cards they were given, by name."""

    cards: dict[str, str] = field(default_factory=dict)

    def shows(self, *names: str) -> list[str]:
        """Each of *names* puts a card in and types its PIN."""
        return [word for name in names for word in (self.cards[name], PINS[name])]

    def get_cards(self, line: Terminal) -> None:
        """At the local line of a new appliance, secure: everybody gets a card."""
        for name in (*OFFICERS, *CUSTODIANS):
            leave = [] if name in OFFICERS else self.shows("ALICE")
            role = "O" if name in OFFICERS else "C"
            shown = line.types("FC", "I", role, *leave, name, PINS[name], PINS[name])
            (told,) = (row for row in shown.splitlines() if row.startswith("Card "))
            self.cards[name] = told.split()[1]

    def authorise(self, line: Terminal) -> str:
        """Both officers authorise everything under LMK 00."""
        return line.types("A", *self.shows(*OFFICERS), "00")

    def make_components(self, line: Terminal, kind: Kind) -> list[str]:
        """Three custodians type their components onto their cards; the check values shown, the LMK's last."""
        found = []
        line.types("GK", kind.choice, str(CUSTODIANS_COUNT), "T", "L")
        for custodian, name in enumerate(CUSTODIANS):
            pieces = [each.hex().upper() for each in kind.component(custodian)]
            shown = line.types(*self.shows(name), *pieces)
            found += said(shown, "Check value")
            shown = line.types("Y")
        return [*found, *said(shown, "LMK check value")]

    def load(self, line: Terminal) -> list[str]:
        """Three custodians load the LMK from their cards; the check values shown, the LMK's last."""
        line.types("LK", "00", "", "C")
        found = []
        for name in CUSTODIANS:
            shown = line.types(*self.shows(name))
            found += said(shown, "check value")
            if name != CUSTODIANS[-1]:
                line.types("Y")
        assert line.types("Y").startswith("Y\r\nLMK 00 is loaded.")
        return found

    def form_zmk(self, line: Terminal, kind: Kind) -> tuple[str, list[str]]:
        """A ZMK of three typed components: under the LMK, and the check values shown, the key's last."""
        line.types("FK", "00", *kind.sort, "X", str(CUSTODIANS_COUNT))
        found = []
        for custodian in range(CUSTODIANS_COUNT):
            found += said(line.types(kind.zmk_component(custodian).hex().upper()), "Check value")
            shown = line.types("Y")
        found += said(shown, "Key check value")
        return said(line.types("Y"), "Encrypted key")[0], found


def zmk_checks(kind: Kind) -> list[str]:
    """What must be shown while the ZMK is formed."""
    parts = [kind.zmk_component(custodian) for custodian in range(CUSTODIANS_COUNT)]
    return [check_of(each, aes=kind.is_aes) for each in (*parts, kind.zmk())]


def lmk_checks(kind: Kind) -> list[str]:
    """What must be shown while the LMK's components are made or read."""
    return [kind.lmk_check(each) for each in (*map(kind.component, range(CUSTODIANS_COUNT)), kind.lmk())]
