"""What goes wrong in ceremonies, over the clients that people have: nothing is half formed, and every line goes on."""

from __future__ import annotations

import shutil
from dataclasses import dataclass

import pytest
from support.reckoned import KINDS
from support.site import WAYS, Site
from support.staging import PINS, Cast
from support.terminals import CTRL_C, Terminal

pytestmark = pytest.mark.skipif(shutil.which("ssh") is None, reason="there is no OpenSSH client")
AES = KINDS[-1]
GOOD_NIGHT = "Nothing you type is kept." * 400
TRIES_MAX = 1_000


@dataclass
class Room:
    """An appliance in the secure state, whose officers and custodians have cards; everything is authorised."""

    site: Site
    cast: Cast

    def line(self, way: str) -> Terminal:
        return self.site.at(way)

    def goes_on(self, line: Terminal) -> None:
        """*line* still does what it is asked, and nothing was changed."""
        assert "00  Yes(11)     Variant    3DES(2key)  Test    268604" in line.types("VT")
        line.drops()


@pytest.fixture(scope="module")
def room(lasting_site: Site) -> Room:
    lasting_site.start("--lmk", "00=test-variant")
    cast, line = Cast(), lasting_site.at("local")
    line.types("SECURE")
    cast.get_cards(line)
    cast.authorise(line)
    line.leaves()
    return Room(lasting_site, cast)


def begun_elsewhere(line: Terminal, *words: str) -> str:
    """What is shown once *words* begin a ceremony, which they may not do until the dropped line is known to be gone."""
    for _ in range(TRIES_MAX):
        shown = line.types(*words)
        if "A ceremony is in progress" not in shown:
            return shown
    raise AssertionError("the ceremony of a line that is gone goes on")


@pytest.mark.parametrize(("one", "other"), [WAYS, WAYS[::-1]])
def test_a_line_dropped_while_components_are_typed(room: Room, one: str, other: str) -> None:
    line = room.line(one)
    line.types("GK", AES.choice, "3", "T", "L")
    for custodian, name in enumerate(("CAROL", "DAVE")):
        line.types(*room.cast.shows(name), AES.component(custodian)[0].hex(), "Y")
    line.types(*room.cast.shows("ERIN"))
    line.sends(AES.component(2)[0].hex()[:40])
    line.drops()
    line = room.line(other)
    assert begun_elsewhere(line, "LK", "01").endswith("Enter comments: ")
    assert "The card is blank." in line.types("nothing came of it", "C", *room.cast.shows("CAROL"))
    assert "The card is blank." in line.types("VC", *room.cast.shows("DAVE"))
    room.goes_on(line)


@pytest.mark.parametrize("way", WAYS)
def test_a_line_dropped_before_the_last_answer(room: Room, way: str) -> None:
    line = room.line(way)
    line.types("FK", "00", "2", "000", "U", "X", "2")
    for custodian in range(2):
        line.types(KINDS[0].zmk_component(custodian).hex(), "Y")
    line.drops()
    line = room.line("local")
    assert begun_elsewhere(line, "FK").endswith("Enter LMK id [00]: ")
    line.sends(CTRL_C)
    assert "Given up." in line.waits()
    room.goes_on(line)


def test_two_officers_at_once(room: Room) -> None:
    one, other = room.line("ssh"), room.line("telnet")
    one.types("A", room.cast.cards["ALICE"])
    assert "A ceremony is in progress on ssh alice" in other.types("A")
    assert "A ceremony is in progress on ssh alice" in other.types("DM")
    assert "Check: 268604" in other.types("V", "00")
    one.types(PINS["ALICE"])
    assert "AUTHORIZED" in one.types(*room.cast.shows("BOB"), "00")
    assert other.types("A").endswith("First officer, insert card (its number): ")
    assert "A ceremony is in progress on telnet 127.0.0.1" in one.types("C")
    other.sends(CTRL_C)
    other.waits()
    room.goes_on(one)
    room.goes_on(other)


@pytest.mark.parametrize("way", WAYS)
def test_the_same_person_twice(room: Room, way: str) -> None:
    line = room.line(way)
    alice = room.cast.cards["ALICE"]
    assert "ALICE has been here already: this takes another person." in line.types("A", alice, PINS["ALICE"], alice)
    assert "is no officer's card" in line.types("A", room.cast.cards["CAROL"])
    line.types("GK", AES.choice, "2", "G", *room.cast.shows("DAVE"))
    assert "DAVE has been here already: this takes another person." in line.types(room.cast.cards["DAVE"])
    assert "The card is blank." in line.types("VC", *room.cast.shows("DAVE"))
    room.goes_on(line)


def test_wrong_pins_until_the_card_is_locked(room: Room) -> None:
    line, other = room.line("ssh"), room.line("telnet")
    serial = room.cast.cards["ERIN"]
    line.types("VC", serial)
    assert "Wrong PIN: 2 tries are left." in line.types("11111111")
    assert "Wrong PIN: 1 try is left." in line.types("22222222")
    assert f"Wrong PIN: card {serial} is locked now." in line.types("33333333")
    assert f"Card {serial} is locked." in other.types("VC", serial, PINS["ERIN"])
    assert f"Card {serial}: custodian ERIN, locked" in other.types("RC", serial)
    assert "has its tries back." in other.types("RESET", serial, *room.cast.shows("BOB", "ALICE"))
    assert "The card is blank." in line.types("VC", *room.cast.shows("ERIN"))
    room.goes_on(line)
    room.goes_on(other)


@pytest.mark.parametrize("way", WAYS)
def test_nonsense_long_lines_and_control_characters(room: Room, way: str) -> None:
    line = room.line(way)
    assert "There is no such command" in line.types('§±! ~~ "DROP TABLE"')
    assert "There is no such command" in line.types("zz " * 60)
    for keys in ("\x00\x01\x02\x07\x0e\x1f", "\x1b[31m\x1bOP\x1b[99~", "\x1b]0;title\x07", "\x7f" * 20, "\x80\x9b\xff"):
        line.sends(keys)
    line.sends(" VR\r")
    line.reads("it protects nothing.")  # whatever else is drawn of those keys stands before it
    assert line.waits().endswith("Secure-AUTH> ")
    assert "Too long: at most 200 characters.  The line was not taken." in line.types(GOOD_NIGHT)
    line.types("V", "00")
    shown = line.types("FC", "I", "O", *room.cast.shows("ALICE", "BOB"), GOOD_NIGHT)
    assert shown.endswith("Enter holder's name: ")
    line.types("<script>", "Z" * 21)
    assert "Expected" in line.types("'")
    room.goes_on(line)


@pytest.mark.parametrize("way", WAYS)
def test_control_c(room: Room, way: str) -> None:
    line = room.line(way)
    line.sends(CTRL_C)
    assert line.waits().endswith("Secure-AUTH> ")
    line.types("GC", "00", "2", "000", "U")
    line.sends(CTRL_C)
    shown = line.waits()
    assert "Given up." in shown
    line.types("A")
    line.types(room.cast.cards["ALICE"])
    line.sends(PINS["ALICE"][:4] + CTRL_C)
    assert "Given up." in line.waits()
    assert line.types("A").endswith("First officer, insert card (its number): ")
    line.sends(CTRL_C)
    line.waits()
    room.goes_on(line)


def test_no_pin_and_no_component_was_shown_at_any_of_these_lines(room: Room) -> None:
    shown = "".join(each.shown for each in room.site.terminals).upper()
    for secret in (*PINS.values(), *(AES.component(each)[0].hex().upper() for each in range(3))):
        assert secret not in shown
        assert secret[:6] not in shown
