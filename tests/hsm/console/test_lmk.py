"""LK, LO, LN, V, VT, DM, DO as transcripts, and a model of cards and LMKs."""

from __future__ import annotations

import os
from functools import reduce
from pathlib import Path

import pytest
from Crypto.Cipher import DES3
from Crypto.Util.strxor import strxor
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from support.appliances import make_speaker
from support.playbook import PIN, Operator, quick_cards

from hsm.console import lmk as _commands  # noqa: F401  (declares the commands)
from hsm.keys.components import CardComponent, card_set, split
from hsm.keys.masters import LmkForm, form_of, lmk_of_material, material_of, published_lmk
from hsm.operations.lmks import LMKS_LOADED_MAX, Store, load
from hsm.policy.authority import Authority, parse_activities
from hsm.policy.position import Position
from hsm.state import State
from hsm.storage.cards import Card
from hsm.storage.database import StorageError

NAMES = ("ANN", "BEN", "CAT", "DAN", "EVE", "FAY", "GUS", "HAL", "IVY")
CHOICE = {form: str(place) for place, form in enumerate(LmkForm, 1)}


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    quick_cards(monkeypatch)


def vacant() -> Operator:
    """At an appliance without LMKs."""
    return Operator(make_speaker(lmks=()))


def authorised(operator: Operator, *lmk_ids: str) -> None:
    authority = Authority()
    for lmk_id in lmk_ids:
        authority = authority.granting(parse_activities("admin"), lmk_id, 0.0, limited=False)
    operator.appliance.authorise(authority)


def with_live(*placed: tuple[str, LmkForm]) -> Operator:
    """At an appliance with live LMKs of its own, for each of which ``admin`` is authorised."""
    operator = vacant()
    for lmk_id, form in placed:
        material = material_of(form, os.urandom)
        load(operator.appliance, Store.CURRENT, lmk_of_material(form.kind, lmk_id, material, f"own {lmk_id}"))
    authorised(operator, *(lmk_id for lmk_id, _ in placed))
    return operator


def cards_of(operator: Operator, form: LmkForm, material: bytes, count: int = 2) -> list[Card]:
    """*material* on the cards of *count* custodians."""
    cards = operator.holders(*NAMES[:count])
    for card, component in zip(cards, card_set(split(form, material, count, os.urandom), os.urandom), strict=True):
        operator.rack.write(card.serial, PIN, component.content())
    return cards


def puts_all_in(operator: Operator, cards: list[Card]) -> str:
    shown = ""
    for card in cards[:-1]:
        shown += operator.puts_in(card) + operator.types("Y")
    return shown + operator.puts_in(cards[-1])


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
    assert "test-variant is the name of a published test LMK." in operator.types("LK", "01", "test-variant")
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


BLOCKS_TO_VARIANT = "Keys do not go from a key block LMK to a variant LMK."


@pytest.mark.parametrize(
    ("name", "current", "stored", "why"),
    [
        ("LO", LmkForm.VARIANT_2KEY, LmkForm.VARIANT_3KEY, ""),
        ("LO", LmkForm.BLOCK_AES, LmkForm.VARIANT_2KEY, ""),
        ("LO", LmkForm.VARIANT_2KEY, LmkForm.BLOCK_AES, BLOCKS_TO_VARIANT),
        ("LO", LmkForm.VARIANT_3KEY, LmkForm.BLOCK_3DES, BLOCKS_TO_VARIANT),
        ("LN", LmkForm.VARIANT_2KEY, LmkForm.BLOCK_AES, ""),
        ("LN", LmkForm.BLOCK_3DES, LmkForm.BLOCK_AES, ""),
        ("LN", LmkForm.BLOCK_AES, LmkForm.VARIANT_2KEY, BLOCKS_TO_VARIANT),
    ],
)
def test_key_change_storage(name: str, current: LmkForm, stored: LmkForm, why: str) -> None:
    operator = with_live(("03", current))
    cards = cards_of(operator, stored, material_of(stored, os.urandom))
    operator.types(name, "03", "other", "C")
    puts_all_in(operator, cards)
    said = operator.types("Y")
    lies = operator.appliance.state.old_lmks if name == "LO" else operator.appliance.state.new_lmks
    if why:
        assert why in said
        assert not lies
        return
    word = "old" if name == "LO" else "new"
    assert said == f"LMK 03 is in key change storage as {word} LMK.\nSecure-AUTH> "
    assert form_of(lies["03"]) is stored
    for again in ("LO", "LN"):
        assert f"Key change storage 03 has its {word} LMK already" in operator.types(again, "03")
    table = operator.types("VT")
    assert f"03  {word.capitalize()}  " in table
    assert lies["03"].check_value[:6] in table
    assert f"No LMK 03 is in key change storage as {'new' if name == 'LO' else 'old'} LMK." in operator.types(
        "DO", "03", "N" if name == "LO" else "O"
    )
    assert operator.types("DO", "03", word[0], "") == (
        f"Enter LMK id [00]: Old or new [O/N] [O]: {word.capitalize()} LMK 03, check value: "
        f"{lies['03'].check_value[:6]}\nDelete it? [Y/N] [N]: Not deleted.\nSecure-AUTH> "
    )
    assert "Deleted." in operator.types("DO", "03", word[0], "Y")
    assert "Key change storage is empty." in operator.types("VT")


def test_key_change_storage_is_of_an_lmk_that_is_loaded() -> None:
    operator = with_live(("03", LmkForm.BLOCK_AES))
    authorised(operator, "04")
    assert "No LMK 04 is loaded." in operator.types("LO", "04")
    assert "No LMK 04 is loaded." in operator.types("DM", "04")


@pytest.mark.parametrize("name", ["LO", "LN", "DM", "DO"])
def test_what_touches_a_loaded_lmk_needs_admin_under_it(name: str) -> None:
    operator = with_live(("03", LmkForm.BLOCK_AES), ("04", LmkForm.BLOCK_AES))
    authorised(operator, "04")
    assert "The activity needs the authorised state." in operator.types(name, "03")
    host_only = Authority().granting(parse_activities("admin.host"), "03", 0.0, limited=False)
    operator.appliance.authorise(host_only)
    assert "The activity needs the authorised state." in operator.types(name, "03")


def test_deleting_takes_storage_and_authority_along() -> None:
    operator = with_live(("03", LmkForm.BLOCK_AES), ("04", LmkForm.BLOCK_AES))
    old = lmk_of_material("aes-block", "03", material_of(LmkForm.BLOCK_AES, os.urandom))
    load(operator.appliance, Store.OLD, old)
    check_value = operator.appliance.lmks["03"].check_value[:6]
    assert operator.types("DM", "03", "N") == (
        f"Enter LMK id [00]: LMK 03, check value: {check_value}\nDelete it? [Y/N] [N]: Not deleted.\nSecure-AUTH> "
    )
    assert "Deleted." in operator.types("DM", "03", "Y")
    state = operator.appliance.state
    assert (list(state.lmks), dict(state.old_lmks), dict(state.new_lmks)) == (["04"], {}, {})
    assert {grant.lmk_id for grant in state.authority.grants} == {"04"}


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


class Ceremonies(RuleBasedStateMachine):
    """Cards are issued, components written, PINs mistyped, LMKs loaded and deleted, in any order."""

    patch: pytest.MonkeyPatch

    @initialize()
    def begin(self) -> None:
        self.patch = pytest.MonkeyPatch()
        quick_cards(self.patch)
        self.operator = vacant()
        self.sets: list[tuple[list[Card], str]] = []
        self.blank: list[Card] = []
        self.loaded: dict[str, str] = {}

    def teardown(self) -> None:
        if hasattr(self, "patch"):
            self.patch.undo()

    @rule(name=st.sampled_from(NAMES[:4]))
    def issue(self, name: str) -> None:
        if len(self.blank) < 8:
            self.blank.append(self.operator.card(name))

    @rule(form=st.sampled_from(LmkForm), wrong=st.booleans(), cut=st.booleans())
    def make(self, form: LmkForm, wrong: bool, cut: bool) -> None:
        holders = {card.holder: card for card in self.blank}
        if len(holders) < 2:
            return
        ann, ben = list(holders.values())[:2]
        self.operator.types("GK", CHOICE[form], "2", "G", ann.serial, PIN, ben.serial)
        if cut:
            self.operator.screen = self.operator.shell.interrupt()
            return
        if wrong:
            self.operator.types("00000")
        shown = self.operator.types(PIN)
        self.blank = [card for card in self.blank if card not in (ann, ben)]
        self.sets.append(([ann, ben], shown.partition("LMK check value: ")[2][:6]))

    @precondition(lambda self: self.sets)
    @rule(which=st.integers(0, 99), lmk_id=st.sampled_from(("00", "01", "02")), swap=st.booleans(), sure=st.booleans())
    def load(self, which: int, lmk_id: str, swap: bool, sure: bool) -> None:
        (first, second), check_value = self.sets[which % len(self.sets)]
        if swap:
            first, second = second, first
        shown = self.operator.types("LK", lmk_id)
        if lmk_id in self.loaded:
            assert "is in use" in shown
            return
        shown = self.operator.types("", "C", first.serial, PIN, "Y", second.serial, PIN, "Y" if sure else "N")
        if sure:
            assert f"LMK {lmk_id} is loaded." in shown
            self.loaded[lmk_id] = check_value

    @precondition(lambda self: len(self.sets) > 1)
    @rule(one=st.integers(0, 99), other=st.integers(0, 99))
    def mix(self, one: int, other: int) -> None:
        one, other = one % len(self.sets), other % len(self.sets)
        if one == other or "03" in self.loaded:
            return
        first, second = self.sets[one][0][0], self.sets[other][0][1]
        self.operator.types("LK", "03", "", "C", first.serial, PIN, "Y")
        shown = self.operator.types(second.serial)
        if first.holder != second.holder:
            shown = self.operator.types(PIN)
        assert ("another set" in shown) is not ("been here already" in shown)

    @precondition(lambda self: self.loaded)
    @rule(sure=st.booleans())
    def delete(self, sure: bool) -> None:
        lmk_id = min(self.loaded)
        assert "authorised state" in self.operator.types("DM", lmk_id)
        authorised(self.operator, lmk_id)
        self.operator.types("DM", lmk_id, "Y" if sure else "N")
        self.operator.appliance.authorise(Authority())
        if sure:
            del self.loaded[lmk_id]

    @invariant()
    def the_table_is_as_expected(self) -> None:
        if hasattr(self, "operator"):
            lmks = self.operator.appliance.lmks
            assert {lmk_id: lmk.check_value[:6] for lmk_id, lmk in lmks.items()} == self.loaded
            assert self.operator.screen.prompt in ("Secure> ", "Secure-AUTH> ")


Ceremonies.TestCase.settings = hypothesis_settings(max_examples=25, stateful_step_count=20, deadline=None)
TestCeremonies = Ceremonies.TestCase
