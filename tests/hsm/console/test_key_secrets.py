"""Nothing that is typed in secret, and no key that is made, comes out of the key commands; GC's component does, once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from support import opened
from support.appliances import make_speaker
from support.canary import Canary, all_of
from support.partner import des_key, part_by_part
from support.playbook import Operator, quick_cards

from hsm.console import calculators, keycards, keycomponents, keytransport
from hsm.console.declaration import console
from hsm.keys.secret import ClearKey
from hsm.operations import generate

KINDS = ("00=test-variant", "01=test-3des-block", "02=test-aes-block")
C1, C2 = des_key("first").hex().upper(), des_key("second").hex().upper()
EVEN = bytes(byte ^ 1 for byte in des_key("even")).hex().upper()
CARD_PIN, PIN = "59381726", "7391"
ZMK = part_by_part(des_key("zmk"), opened.pair_of("000"), "U")
MOVING = part_by_part(des_key("moving"), des_key("zmk"), "U")
PVK = part_by_part(des_key("pvk"), opened.pair_of("002"), "U")
CVK = part_by_part(des_key("cvk"), opened.pair_of("402"), "U")
AES = ("AES", "1", "S", "72", "B", "00", "N")

TRANSCRIPTS: dict[str, tuple[str, ...]] = {
    "GC": ("GC", "00", "2", "001", "U", ""),
    "EC": ("EC", "00", "001", "U", C1, "Y"),
    "EC with even parity": ("EC", "00", "001", "U", EVEN, "Y"),
    "EC mistyped": ("EC", "00", "001", "U", C1[:-1], C1 + "0", C1, "N", C2, "Y"),
    "EC of zeros": ("EC", "00", "001", "U", "01" * 16),
    "FK X": ("FK", "00", "2", "001", "U", "X", "2", C1, "Y", C2, "Y", "Y"),
    "FK X for AES": ("FK", "02", *AES, "X", "2", C1, "Y", C2, "Y", "Y"),
    "FK X refused": ("FK", "00", "2", "001", "U", "X", "2", C1, "Y", C1, "Y"),
    "FK X not confirmed": ("FK", "00", "2", "001", "U", "X", "2", C1, "Y", C2, "Y", "N"),
    "FK H": ("FK", "00", "2", "001", "U", "H", C1[:16], "Y", C2[:16], "Y", "Y"),
    "FK E": ("FK", "00", "2", "000", "U", "E", "1", ZMK, "Y", "Y"),
    "GS": ("GS", "00", "2", "2", "001", "U", "{anna}", CARD_PIN, "{boris}", CARD_PIN),
    "GS for AES": ("GS", "02", "2", *AES, "{anna}", CARD_PIN, "{boris}", CARD_PIN),
    "GS with a wrong PIN": ("GS", "00", "2", "2", "001", "U", "{anna}", CARD_PIN[1:], CARD_PIN[:-1] + "5"),
    "KG": ("KG", "00", "2", "001", "U", "U", ZMK, "", ""),
    "IK": ("IK", "00", "001", "U", ZMK, "", MOVING),
    "KE": ("KE", "00", "000", "U", ZMK, "", ZMK),
    "CK": ("CK", "00", "000", "D", ZMK),
    "CV": ("CV", "00", CVK, "4123456789012345", "8701", "101"),
    "PV": ("PV", "00", PVK, "50000025321", "1", PIN),
    "N": ("N", C1[:16], "0123456789ABCDEF"),
    "$": ("$", C1, "D", "0123456789ABCDEF" * 2),
    "T": ("T", C1 + C2[:16], "", "0123456789ABCDEF"),
    "ED": ("ED", "00", "0123456789012345"),
}


SECRET = {C1, C2, EVEN, C1[:-1], C1 + "0", "01" * 16, C1[:16], C2[:16], C1 + C2[:16], PIN}
SECRET |= {CARD_PIN, CARD_PIN[1:], CARD_PIN[:-1] + "5"}


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    quick_cards(monkeypatch)


def screens(at: Operator, answers: tuple[str, ...]) -> Iterator[str]:
    """Each screen, and what a debugger would be shown between the questions."""
    serials = {name: at.card(name.upper(), pin=CARD_PIN).serial for name in ("anna", "boris")}
    for answer in answers:
        assert at.screen.secret is (answer in SECRET), "what is secret is not echoed, and the rest is"
        yield at.types(answer.format(**serials))
        yield repr((at.screen, at.desk, at.shell, at.shell._dialogue, at.desk.present))


def dressed(text: str) -> str:
    return text + text.replace(" ", "")


def test_every_key_command_is_here() -> None:
    families = {module.__name__.rpartition(".")[2] for module in (calculators, keycards, keycomponents, keytransport)}
    assert {c.name for c in console.by_name.values() if c.family in families} == {t[0] for t in TRANSCRIPTS.values()}


@pytest.mark.parametrize("name", sorted(TRANSCRIPTS))
def test_no_secret_comes_out(name: str) -> None:
    at, canary = Operator(make_speaker(lmks=KINDS)), Canary()
    with canary.marking():
        shown = list(screens(at, TRANSCRIPTS[name]))
    at.shell.hang_up("dropped")
    for typed in (C1, C2, EVEN, C1 + C2):
        canary.key(bytes.fromhex(typed), "typed")
    pins = {CARD_PIN, CARD_PIN[1:], CARD_PIN[:-1] + "5", PIN}
    assert canary.count > 20
    leaked = [text for text in shown if canary.found_in(dressed(text)) or any(pin in text for pin in pins)]
    if name == "GC":
        assert ["Clear component" in text for text in leaked] == [True], "on one screen"
        leaked = []
    assert leaked == []
    rest = dressed(all_of(map(repr, at.speaker.entries)))
    assert at.speaker.entries
    assert canary.found_in(rest) == set()
    assert not any(pin in rest for pin in pins)
    for card in at.rack.cards():
        assert canary.found_in(card.sealed) == set()
        assert canary.found_in(repr(card)) == set()


@pytest.mark.parametrize("name", ["EC", "FK X", "GS", "KG", "IK", "GC"])
def test_no_secret_comes_out_of_what_breaks(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault whose text has the key in it."""

    def broken(hsm: object, key: ClearKey, *rest: object) -> str:
        raise KeyError(key.reveal().hex(), key, rest)

    monkeypatch.setattr(generate, "under_lmk", broken)
    monkeypatch.setattr("hsm.operations.keyimport.under_lmk", broken)
    at, canary = Operator(make_speaker(lmks=KINDS)), Canary()
    with canary.marking():
        shown = list(screens(at, TRANSCRIPTS[name]))
    assert any("Internal fault" in text for text in shown)
    assert at.outcome() == "41"
    rest = all_of(map(repr, at.speaker.entries)) + (shown[-2] if name == "GC" else all_of(shown))
    assert canary.found_in(dressed(rest)) == set()
