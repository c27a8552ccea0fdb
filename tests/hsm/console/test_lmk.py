"""LK, V, VT as transcripts."""

from __future__ import annotations

import os
from dataclasses import replace
from functools import reduce
from pathlib import Path

import pytest
from Crypto.Cipher import DES3
from Crypto.Util.strxor import strxor
from support.appliances import make_speaker
from support.ceremony import CHOICE, NAMES, cards_of, puts_all_in, vacant, with_live
from support.playbook import PIN, Operator, quick_cards
from support.resting import PASSPHRASE, opened, read_back, traces

from hsm.console import lmk as _commands  # noqa: F401  (declares the commands)
from hsm.keys.components import CardComponent, split
from hsm.keys.masters import LmkForm, form_of, material_of, published_lmk
from hsm.operations.lmks import LMKS_LOADED_MAX
from hsm.policy.authority import Authority
from hsm.policy.position import Position
from hsm.state import State
from hsm.storage.cards import Card, CardRack
from hsm.storage.database import Database, StorageError
from hsm.storage.keeper import DatabaseKeeper
from hsm.storage.shelf import DatabaseShelf
from hsm.storage.vault import Vault


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    quick_cards(monkeypatch)


@pytest.mark.parametrize("count", [2, 3, 9])
@pytest.mark.parametrize("form", LmkForm)
def test_custodians_form_an_lmk_of_each_scheme(form: LmkForm, count: int) -> None:
    operator = vacant()
    cards = operator.holders(*NAMES[:count])
    made = operator.types("GK", CHOICE[form], str(count), "G") + operator.puts_in(*cards)
    check_value = made.partition("LMK check value: ")[2][:6]
    shown = operator.types("LK", "07", "ours", "C") + puts_all_in(operator, cards[::-1])
    for card in cards:
        component = CardComponent.read(operator.rack.read(card.serial, PIN))
        assert f"LMK component {component.number} of {count}, check value: {component.component.check_value}\n" in shown
    assert shown.endswith(f"LMK check value: {check_value}\nLoad this LMK? [Y/N] [N]: ")
    assert not operator.appliance.lmks
    assert operator.types("Y") == "LMK 07 is loaded.\nSecure> "
    lmk = operator.appliance.lmks["07"]
    assert (form_of(lmk), lmk.name, lmk.check_value[:6], lmk.is_test) == (form, "ours", check_value, False)
    operator.appliance.move(Position.ONLINE)
    assert operator.speaker("NC%07") == f"ND00{check_value}00000000000001-0900"


def test_hosts_are_served_under_a_three_key_variant_lmk() -> None:
    """What a host gets opens with pycryptodome under pair 06-07, ZPKs', of what the custodians' cards make."""
    operator = vacant()
    cards = operator.holders("ANN", "BEN", "CAT")
    operator.types("GK", CHOICE[LmkForm.VARIANT_3KEY], "3", "G")
    operator.puts_in(*cards)
    operator.types("LK", "00", "", "C")
    puts_all_in(operator, cards)
    operator.types("Y")
    shares = [CardComponent.read(operator.rack.read(card.serial, PIN)).component.reveal() for card in cards]
    pair = reduce(strxor, shares)[3 * 24 : 4 * 24]
    operator.appliance.move(Position.ONLINE)
    reply = operator.speaker("A00001U")
    clear = b""
    for at, variant in enumerate((0xA6, 0x5A)):
        part = bytes.fromhex(reply[5 + 16 * at : 21 + 16 * at])
        clear += DES3.new(pair[:8] + bytes([pair[8] ^ variant]) + pair[9:], DES3.MODE_ECB).decrypt(part)
    assert DES3.new(clear, DES3.MODE_ECB).encrypt(bytes(8)).hex().upper()[:6] == reply[37:43]
    assert operator.speaker(f"BU011{reply[4:37]};001") == f"BV00{reply[37:43]}"


@pytest.mark.parametrize(
    ("name", "known"),
    [("test-variant", "268604"), ("test-3des-block", "8E0EC0"), ("test-aes-block", "DB3FB6")],
)
@pytest.mark.parametrize("count", [2, 3])
def test_published_lmks_come_back_with_their_known_check_values(name: str, known: str, count: int) -> None:
    lmk = published_lmk(name, "00")
    operator = vacant()
    cards = cards_of(operator, form_of(lmk), lmk.material(), count)
    operator.types("LK", "00", "tests", "C")
    puts_all_in(operator, cards)
    operator.types("Y")
    assert operator.types("V", "") == f"Enter LMK id [00]: Check: {known}0000000000\nSecure> "
    assert operator.appliance.lmks["00"].is_test


def test_the_whole_dialogue() -> None:
    operator = vacant()
    ann, ben = cards_of(operator, LmkForm.BLOCK_AES, material_of(LmkForm.BLOCK_AES, os.urandom))
    assert operator.types("LK") == "Enter LMK id [00]: "
    assert operator.types("05", "ours", "") == (
        "Enter comments: Components from cards or keyboard [C/K] [C]: Custodian 1, insert card (its number): "
    )
    assert operator.types(ann.serial) == "Enter PIN: "
    assert operator.screen.secret
    assert operator.types(PIN).endswith("Load more components? [Y/N] [N]: ")
    assert operator.types("Y", ben.serial, PIN).endswith("Load this LMK? [Y/N] [N]: ")
    assert operator.types("") == "Not loaded.\nSecure> "
    assert not operator.appliance.lmks


def test_typed_components_form_the_lmk_that_pycryptodome_and_a_pencil_do() -> None:
    """Key and components of the worked example are hex digits counted up, so that the XOR can be checked by eye."""
    operator = vacant()
    ann, ben, cat = operator.holders("ANN", "BEN", "CAT")
    operator.types("LK", "", "", "K", "4", "3", "L")
    shown = operator.types(ann.serial, PIN)
    assert operator.screen.secret
    shown += operator.types(("0011223344556677" * 4), "Y", ben.serial, PIN, ("8899AABBCCDDEEFF" * 4), "Y")
    shown += operator.types(cat.serial, PIN, "00000000 00000000" * 2 + "0000000000000001" * 2, "Y")
    expected = bytes.fromhex("8888888888888888" * 2 + "8888888888888889" * 2)
    assert operator.types("Y") == "LMK 00 is loaded.\nSecure> "
    assert operator.appliance.state.lmks["00"].material() == expected
    assert "0011223344556677" not in shown
    assert "8899AABBCCDDEEFF" not in shown


@pytest.mark.parametrize("name", ["test-variant", "test-3des-block", "test-aes-block"])
@pytest.mark.parametrize(("status", "expected"), [("L", "Test key cannot be live"), ("T", "Load this LMK?")])
def test_a_published_lmk_is_loaded_as_test_key_only(name: str, status: str, expected: str) -> None:
    lmk = published_lmk(name, "00")
    form = form_of(lmk)
    operator = vacant()
    ann, ben = operator.holders("ANN", "BEN")
    operator.types("LK", "", "", "K", CHOICE[form], "2", status)
    shares = [component.reveal() for component in split(form, lmk.material(), 2, os.urandom)]
    shown = ""
    for card, share in zip((ann, ben), shares, strict=True):
        lines = [share[at : at + form.key_bytes].hex() for at in range(0, len(share), form.key_bytes)]
        shown = operator.types(card.serial, PIN, *lines, "Y")
    assert expected in shown


def test_components_that_do_not_belong_together() -> None:
    operator = vacant()
    ann, _ = cards_of(operator, LmkForm.BLOCK_AES, material_of(LmkForm.BLOCK_AES, os.urandom))
    other_ann, other_ben = cards_of(operator, LmkForm.BLOCK_AES, material_of(LmkForm.BLOCK_AES, os.urandom))
    blank, duplicate = operator.holders("CAT", "DAN")
    operator.rack.write(duplicate.serial, PIN, operator.rack.read(ann.serial, PIN))
    for second, why in (
        (other_ben, "This component is of another set."),
        (blank, "The card is blank."),
        (duplicate, "Component 1 is there already."),
    ):
        operator.types("LK", "05", "", "C", ann.serial, PIN, "Y")
        assert why in operator.puts_in(second)
    operator.types("LK", "05", "", "C", ann.serial, PIN, "Y")
    assert "ANN has been here already" in operator.types(other_ann.serial)
    operator.types("LK", "05", "", "C", ann.serial, PIN)
    assert "1 of 2 components are missing: no LMK is formed." in operator.types("N")
    assert not operator.appliance.lmks


def test_a_card_that_was_changed_is_found_out() -> None:
    operator = vacant()
    ann, ben = cards_of(operator, LmkForm.BLOCK_3DES, material_of(LmkForm.BLOCK_3DES, os.urandom))
    found = CardComponent.read(operator.rack.read(ben.serial, PIN))
    forged = split(LmkForm.BLOCK_3DES, material_of(LmkForm.BLOCK_3DES, os.urandom), 2, os.urandom)[0]
    operator.rack.write(ben.serial, PIN, CardComponent(found.label, found.number, forged).content())
    operator.types("LK", "05", "", "C")
    assert "do not make the LMK that the set was made of" in puts_all_in(operator, [ann, ben])
    assert not operator.appliance.lmks


def test_identifiers_and_comments_that_will_not_do() -> None:
    operator = with_live(("00", LmkForm.BLOCK_AES))
    assert "LMK 00 is in use: delete it first (DM)." in operator.types("LK", "00")
    assert operator.types("LK", "100", "A", "7").count("Expected two digits.") == 3
    assert "Comments are at most 40" in operator.types("LK", "01", "x" * 41)
    assert "Comments are at most 40" in operator.types("LK", "01", "\u00e9")
    operator = with_live(*((f"{place:02d}", LmkForm.BLOCK_AES) for place in range(LMKS_LOADED_MAX)))
    assert "20 LMKs are loaded, which is the limit." in operator.types("LK", "99")


@pytest.mark.parametrize("is_test", [True, False])
def test_test_and_live_lmks_are_never_loaded_together(is_test: bool) -> None:
    test = published_lmk("test-aes-block", "05")
    own = material_of(LmkForm.BLOCK_AES, os.urandom)
    operator = Operator() if not is_test else with_live(("00", LmkForm.VARIANT_2KEY))
    cards = cards_of(operator, LmkForm.BLOCK_AES, test.material() if is_test else own)
    operator.types("LK", "05", "", "C")
    mine, its = ("test", "live") if is_test else ("live", "test")
    assert f"LMK 00 is a {its} LMK: no {mine} LMK is loaded beside it." in puts_all_in(operator, cards)
    assert "05" not in operator.appliance.lmks
    operator.types("LO", "00", "", "C")
    assert "LMK 00 is a" in puts_all_in(operator, cards)
    assert operator.types("DM", "00", "Y").endswith("Deleted.\nSecure> ")
    operator.types("LK", "05", "", "C")
    puts_all_in(operator, cards)
    assert "LMK 05 is loaded." in operator.types("Y")


def test_a_setting_lets_test_and_live_lmks_lie_together() -> None:
    operator = Operator(make_speaker({"test-and-live-lmks": "yes"}))
    cards = cards_of(operator, LmkForm.BLOCK_AES, material_of(LmkForm.BLOCK_AES, os.urandom))
    operator.types("LK", "05", "", "C")
    puts_all_in(operator, cards)
    assert "LMK 05 is loaded." in operator.types("Y")


def test_nothing_is_loaded_after_a_tamper_event() -> None:
    operator = vacant()
    operator.appliance.adopt(replace(operator.appliance.state, tampered="console"))
    assert "There was a tamper event" in operator.types("LK", "05")


def test_the_table() -> None:
    operator = vacant()
    assert operator.types("VT") == "No LMK is loaded.\nKey change storage is empty.\nSecure> "
    operator = Operator(make_speaker(lmks=("00=test-variant", "01=test-aes-block", "10=test-3des-block")))
    assert operator.types("VT") == (
        "LMK table:\n"
        "ID  Authorised  Scheme     Algorithm   Status  Check   Comments\n"
        "00  Yes(11)     Variant    3DES(2key)  Test    268604  test-variant\n"
        "01  Yes(11)     Key block  AES-256     Test    DB3FB6  test-aes-block\n"
        "10  Yes(11)     Key block  3DES(3key)  Test    8E0EC0  test-3des-block\n"
        "Key change storage is empty.\nSecure-AUTH> "
    )
    live = with_live(("42", LmkForm.VARIANT_3KEY))
    live.appliance.authorise(Authority())
    row = f"42  No          Variant    3DES(3key)  Live    {live.appliance.lmks['42'].check_value[:6]}  own 42\n"
    assert row in live.types("VT")


def test_the_check_value_of_an_lmk_that_is_not_there() -> None:
    assert "No LMK is loaded under that identifier." in Operator().types("V", "09")


@pytest.mark.parametrize("position", Position)
def test_lmks_are_shown_anywhere_and_changed_in_the_secure_state(position: Position) -> None:
    operator = Operator(position=position)
    assert "268604" in operator.types("V", "00")
    assert "268604" in operator.types("VT")
    if position is not Position.SECURE:
        for name in ("LK", "LO", "LN", "DM", "DO"):
            assert f"{name} needs the secure state." in operator.types(name)


class FullDisk:
    """Keeps nothing."""

    def keep(self, before: State, after: State) -> None:
        raise StorageError(Path("hsm.db"), "no space left on device")


def test_what_cannot_be_kept_is_not_loaded() -> None:
    operator = vacant()
    cards = cards_of(operator, LmkForm.BLOCK_AES, material_of(LmkForm.BLOCK_AES, os.urandom))
    operator.appliance._keeper = FullDisk()
    operator.types("LK", "05", "", "C")
    puts_all_in(operator, cards)
    assert operator.types("Y") == "hsm.db: no space left on device\nSecure> "
    assert not operator.appliance.lmks


def test_an_lmk_is_at_rest_before_it_is_in_force(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cards and LMK of a real state directory: without a vault nothing is loaded; with one a restart finds the LMK."""
    monkeypatch.setattr("hsm.storage.vault._SCRYPT_LOG_N", 14)
    database = Database(tmp_path / "state")
    operator = vacant()
    DatabaseKeeper(database, None).begin(operator.appliance.state, "legacy")
    operator.rack = operator.desk.rack = CardRack(DatabaseShelf(database), bytes(32))
    cards = operator.holders("ANN", "BEN")
    operator.types("GK", CHOICE[LmkForm.VARIANT_3KEY], "2", "G")
    operator.puts_in(*cards)
    for vault in (None, Vault(database, PASSPHRASE, make=True)):
        operator.appliance._keeper = DatabaseKeeper(database, vault)
        operator.types("LK", "05", "ours, 3 keys", "C")
        puts_all_in(operator, cards)
        said = operator.types("Y")
        assert ("the vault is closed" in said) is (vault is None)
        assert ("05" in operator.appliance.lmks) is (vault is not None)
    state = operator.appliance.state
    database.close()
    assert read_back(tmp_path / "state") == opened(state)
    shares = [component.component.reveal() for component in on_cards_of(tmp_path / "state", cards)]
    halves = [secret[:8] for secret in (state.lmks["05"].material(), *shares)]
    assert not traces(tmp_path, halves)


def on_cards_of(directory: Path, cards: list[Card]) -> list[CardComponent]:
    database = Database(directory)
    try:
        rack = CardRack(DatabaseShelf(database), bytes(32))
        return [CardComponent.read(rack.read(card.serial, PIN)) for card in cards]
    finally:
        database.close()


@pytest.mark.parametrize("ending", ["drop", "interrupt"])
def test_a_ceremony_that_is_broken_off_leaves_nothing(ending: str) -> None:
    operator = vacant()
    ann, ben = cards_of(operator, LmkForm.BLOCK_AES, material_of(LmkForm.BLOCK_AES, os.urandom))
    lines = ["LK", "05", "", "C", ann.serial, PIN, "Y", ben.serial, PIN]
    for typed in range(1, len(lines) + 1):
        operator.types(*lines[:typed])
        if ending == "drop":
            operator.shell.hang_up("dropped")
        else:
            operator.shell.interrupt()
        assert operator.types("VT").startswith("No LMK is loaded.")
        with operator.ceremonies.held("another"):
            pass


def test_nothing_secret_is_shown_or_entered() -> None:
    operator = vacant()
    form, material = LmkForm.VARIANT_2KEY, material_of(LmkForm.VARIANT_2KEY, os.urandom)
    cards = cards_of(operator, form, material)
    shares = [CardComponent.read(operator.rack.read(card.serial, PIN)).component.reveal() for card in cards]
    shown = operator.types("LK", "05", "", "C") + puts_all_in(operator, cards) + operator.types("Y", "VT", "V", "05")
    seen = shown + repr(operator.speaker.entries) + repr(operator.appliance.state) + repr(operator.desk)
    for secret in (material, *shares):
        for at in range(0, len(secret), 8):
            assert secret[at : at + 8].hex().upper() not in seen.upper()
    assert PIN not in shown
