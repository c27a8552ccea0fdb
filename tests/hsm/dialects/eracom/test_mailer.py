"""PINs printed: what is on the pages, what hosts are told, and that nothing but the page holds the PIN."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.eracom import EracomSpeaker
from support.eracompins import ANB, FIRST, OTHER_PAN, PAN, anb, block, offset, pin_speaker

from hsm.state import TamperCause
from hsm.storage import printer
from hsm.storage.database import StorageError
from hsm.storage.printer import MemoryTray, Printer, SealedPage


@pytest.fixture
def ask() -> EracomSpeaker:
    return pin_speaker(pin_mailing="yes")


def text(line: int, column: int, words: str) -> str:
    return f"{line:02X}{column:02X}{len(words):02X}{words.encode().hex()}"


def page(ask: EracomSpeaker) -> list[str]:
    """The lines of the one page in the tray, which is released."""
    (only,) = ask.appliance.printer.pages()
    assert only.kind == "PIN mailer"
    return ask.appliance.printer.release(only.number).split("\n")


def printing(digits: str = "592638174055", texts: str = "00") -> str:
    return f"EE0E05 00 {block(digits)} {FIRST} 01 {ANB} {PAN} {texts}"


def test_a_pin_in_a_block_is_printed_below_the_texts(ask: EracomSpeaker) -> None:
    texts = f"02 {text(1, 3, 'DEAR')} {text(1, 8, 'HOLDER')}"
    assert ask(printing("73195", texts)) == "EE0E0500"
    assert page(ask) == ["", "   DEAR HOLDER", "", f"PAN {PAN}", "PIN 73195"]
    assert ask(printing("73195")) == "EE0E0500"
    assert page(ask) == [f"PAN {PAN}", "PIN 73195"]


def test_texts_of_a_public_client_are_printed(ask: EracomSpeaker) -> None:
    """Its texts begin with their count once more, which can't be printed."""
    texts = "02 0001 11 10 35323030363630303030303030303733 0101 05 04 30363037"
    assert ask(printing("1234", texts)) == "EE0E0500"
    assert page(ask)[:2] == [" 5200660000000073", " 0607"]


@pytest.mark.parametrize("modifier", ["00", "01"])
def test_a_new_pin_is_printed_where_the_host_says(ask: EracomSpeaker, modifier: str) -> None:
    reply = ask(f"EE0E06 {modifier} {FIRST} {PAN} 06 01 02 0A 00 00 01 {text(0, 0, 'PIN')}")
    assert reply[:8] == "EE0E0600"
    lines = page(ask)
    assert lines[:2] == ["PIN", ""]
    assert lines[2][:10] == " " * 10
    assert reply[8:] == offset(lines[2][10:]).ljust(12, "0")
    assert len(lines[2]) == 16


def test_the_pan_too_if_it_has_a_place(ask: EracomSpeaker) -> None:
    assert ask(f"EE0E06 00 {FIRST} {PAN[:14]}FF 04 01 01 00 00 04 00")[:8] == "EE0E0600"
    assert page(ask)[0] == f"    {PAN[:14]}"


def test_a_new_pin_by_a_stored_key(ask: EracomSpeaker) -> None:
    for texts in ("", text(3, 0, "HELLO")):
        reply = ask(f"E2 01 {PAN} 04 01 {texts}")
        assert reply[:4] == "E200"
        lines = page(ask)
        assert lines[-2:] == [f"PAN {PAN}", f"PIN {lines[-1][4:]}"]
        assert reply[4:] == offset(lines[-1][4:]).ljust(12, "0")


@pytest.mark.parametrize(
    ("request_text", "answer"),
    [
        (printing("1234").replace(ANB, anb(OTHER_PAN)), "EE0E0507"),
        (printing().replace(" 01 ", " 07 ", 1), "EE0E0506"),
        (printing(texts="01"), "EE0E0503"),
        (printing(texts="00 00"), "EE0E0503"),
        (printing(texts="41"), "EE0E0504"),
        (f"EE0E06 02 {FIRST} {PAN} 04 01 00 00 00 00 00", "EE0E0624"),
        (f"EE0E06 00 {FIRST} {PAN} 04 02 00 00 00 00 00", "EE0E0604"),
        (f"EE0E06 00 {FIRST} {PAN} 00 01 00 00 00 00 00", "EE0E06F0"),
        (f"EE0E06 00 {FIRST} {PAN} 02 01 00 00 00 00 00", "EE0E0607"),
        (f"EE0E06 00 020009 {PAN} 04 01 00 00 00 00 00", "EE0E060A"),
        (f"E2 02 {PAN} 04 01", "E20A"),
        (f"E2 00 {PAN} 04 01", "E205"),
        (f"E2 01 {PAN} 04 00", "E204"),
        (f"E2 01 {PAN} 04 01 00", "E203"),
    ],
)
def test_refusals_print_nothing(ask: EracomSpeaker, request_text: str, answer: str) -> None:
    assert ask(request_text) == answer
    assert ask.appliance.printer.pages() == ()


def test_mailing_must_be_enabled() -> None:
    off = pin_speaker()
    requests = (printing(), f"EE0E06 00 {FIRST} {PAN} 04 01 00 00 00 00 00", f"E2 01 {PAN} 04 01")
    assert [off(each)[-2:] for each in requests] == ["02"] * 3


def test_a_full_tray_is_90(ask: EracomSpeaker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(printer, "PAGES_MAX", 2)
    assert [ask(printing()) for _ in range(3)] == ["EE0E0500", "EE0E0500", "EE0E0590"]
    ask.appliance.printer.release(1)
    assert ask(printing()) == "EE0E0500"


class BrokenTray(MemoryTray):
    """A tray whose disk is full."""

    def put(self, page: SealedPage) -> None:
        raise StorageError(Path("hsm.db"), "No space left on device")


def test_a_printer_that_cannot_keep_its_pages_is_90(ask: EracomSpeaker) -> None:
    ask.appliance.printer = Printer(BrokenTray(), lambda: bytes(32))
    assert ask(printing()) == "EE0E0590"


def test_the_pin_is_on_the_page_alone(ask: EracomSpeaker) -> None:
    pin = "592638174055"
    tray = MemoryTray()
    ask.appliance.printer = Printer(tray, lambda: bytes(32))
    ask(printing(pin))
    (sealed,) = (tray.page(number) for number in tray.numbers())
    assert sealed is not None
    for told in (repr(sealed), repr(ask.appliance.printer), repr(ask.speaker.entries), str(sealed.sealed)):
        assert pin not in told
    assert pin.encode() not in sealed.sealed


def test_a_worker_leaves_printing_to_the_owner(ask: EracomSpeaker) -> None:
    request = bytes.fromhex(printing())
    session = ask.session(worker=True)
    session.feed(b"\x01\x01\x00\x07" + len(request).to_bytes(2, "big") + request)
    assert session.work(8) == b""
    assert session.owed == request
    assert ask.appliance.printer.pages() == ()
    session.settle(ask.session().execute(request))
    assert session.work(8).hex().upper() == "0101000700" + "04EE0E0500"
    assert len(ask.appliance.printer.pages()) == 1


def test_tampering_destroys_all_pages(ask: EracomSpeaker) -> None:
    ask(printing())
    ask.appliance.tamper(TamperCause.CONSOLE)
    assert ask.appliance.printer.pages() == ()
