"""PINs under a PTK: put there by EE0602, printed from there by EE0E05, and of no other use to a host."""

from __future__ import annotations

import pytest
from psec import des, pinblock
from support.eracom import EracomSpeaker, make_eracom, spec

PPK, PTK = "1111111111111111ABABABABABABABAB", "2525252525252525ABABABABABABABAB"
PAN = "4761739001010010"
ANB = PAN[-13:-1]
STORED = {"01:1": PPK, "36:1": PTK, "02:1": "22" * 16, "07:1": "0123456789ABCDEFFEDCBA98765432100123456789012345"}
FIRST, TRANSPORT = "020001", spec("0836" + "020001")


@pytest.fixture
def ask() -> EracomSpeaker:
    return make_eracom({"pin-mailing": "yes"}, STORED)


def block(pin: str = "82461") -> str:
    return des.encrypt_tdes_ecb(bytes.fromhex(PPK), pinblock.encode_pinblock_iso_0(pin, PAN)).hex()


@pytest.mark.parametrize("pin", ["8246", "82461", "824613579024"])
def test_a_pin_goes_under_a_ptk_as_the_card_will_hold_it(ask: EracomSpeaker, pin: str) -> None:
    """ISO 9564-1 format 2, by psec."""
    reply = ask(f"EE0602 00 {block(pin)} {FIRST} 01 {ANB} 12 {TRANSPORT}")
    assert reply[:8] == "EE060200"
    clear = des.decrypt_tdes_ecb(bytes.fromhex(PTK), bytes.fromhex(reply[8:]))
    assert pinblock.decode_pinblock_iso_2(clear) == pin


def test_it_is_printed_from_there(ask: EracomSpeaker) -> None:
    carried = ask(f"EE0602 00 {block()} {FIRST} 01 {ANB} 12 {TRANSPORT}")[8:]
    assert ask(f"EE0E05 00 {carried} {TRANSPORT} 12 {ANB} {'0010':F<16} 00") == "EE0E0500"
    (page,) = ask.appliance.printer.pages()
    assert "PIN 82461" in ask.appliance.printer.release(page.number)


def test_with_restricted_usage_the_cards_block_is_for_cards_alone() -> None:
    """PCI PIN v3.1 requirement 3-3: format 2 only to a chip card."""
    ask = make_eracom({"pin-mailing": "yes", "restrict-pin-block-usage": "yes", "format-34-to-zpk": "no"}, STORED)
    carried = ask(f"EE0602 00 {block()} {FIRST} 01 {ANB} 12 {TRANSPORT}")[8:]
    assert ask(f"EE0E05 00 {carried} {TRANSPORT} 12 {ANB} {'0010':F<16} 00") == "EE0E0500"
    assert ask(f"EE0602 00 {block()} {FIRST} 01 {ANB} 12 {FIRST}")[6:] == "78"
    assert ask(f"EE0602 00 {block()} {FIRST} 01 {ANB} 03 {TRANSPORT}")[6:] == "78"
    assert ask(f"EE0E05 00 {carried} {FIRST} 12 {ANB} {'0010':F<16} 00")[6:] == "78"


def test_nothing_else_opens_it(ask: EracomSpeaker) -> None:
    """Neither back to a PPK, nor verified, nor made into a value: a host could search for the PIN with those."""
    carried = ask(f"EE0602 00 {block()} {FIRST} 01 {ANB} 12 {TRANSPORT}")[8:]
    for request in (
        f"EE0602 00 {carried} {TRANSPORT} 12 {ANB} 01 {FIRST}",
        f"EE0603 00 {carried} {TRANSPORT} 12 {ANB} {FIRST} {ANB}FFFF 000000000000 04",
        f"EE0604 00 {carried} {TRANSPORT} 12 {ANB} {FIRST} {ANB}FFFF",
        f"EE0643 00 {carried} {TRANSPORT} 12 {ANB}",
        f"EE0801 00 {TRANSPORT} 00 {'00' * 8} 08{carried}",
    ):
        assert ask(request)[6:] == "19", request


def test_no_pin_is_drawn_under_a_ptk(ask: EracomSpeaker) -> None:
    assert ask(f"EE0E04 00 04 12 {ANB} {TRANSPORT}")[6:] == "19"
