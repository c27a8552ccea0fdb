"""GK and DC as transcripts, and the cards they leave."""

from __future__ import annotations

from pathlib import Path

import pytest
from Crypto.Cipher import AES
from Crypto.Hash import CMAC
from support.ceremony import CHOICE, NAMES, on_cards
from support.playbook import PIN, Operator, quick_cards

from hsm.console import cards as _cards  # noqa: F401  (declares VC)
from hsm.console import lmk as _lmk  # noqa: F401  (declares LK)
from hsm.keys.components import join_set
from hsm.keys.masters import LmkForm, form_of, published_lmk
from hsm.policy.position import Position
from hsm.storage.cards import Card, CardRack, MemoryShelf
from hsm.storage.database import StorageError


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    quick_cards(monkeypatch)


@pytest.fixture
def operator() -> Operator:
    return Operator()


def is_blank(operator: Operator, *cards: Card) -> bool:
    return all(operator.rack.read(card.serial, PIN) == b"" for card in cards)


@pytest.mark.parametrize("count", [2, 3, 9])
@pytest.mark.parametrize("form", LmkForm)
def test_components_of_every_scheme(operator: Operator, form: LmkForm, count: int) -> None:
    cards = operator.holders(*NAMES[:count])
    shown = operator.types("GK", CHOICE[form], str(count), "") + operator.puts_in(*cards)
    components = on_cards(operator, cards)
    lmk = join_set(components, "00")
    assert form_of(lmk) is form
    assert not lmk.is_test
    for place, (card, component) in enumerate(zip(cards, components, strict=True), 1):
        assert component.number == place
        assert (
            f"Component {place} of {count} is on card {card.serial} of {card.holder}, "
            f"check value: {component.component.check_value}\n"
        ) in shown
    assert f"LMK check value: {lmk.check_value[:6]}\nSecure-AUTH> " in shown
    assert len({component.label.set_id for component in components}) == 1


def test_the_whole_dialogue(operator: Operator) -> None:
    ann, ben = operator.holders("ANN", "BEN")
    assert operator.types("gk") == (
        "  1  variant, 3DES(2key)\n  2  variant, 3DES(3key)\n  3  key block, 3DES(3key)\n  4  key block, AES-256\n"
        "LMK scheme [1/2/3/4]: "
    )
    assert operator.types("4", "2", "G") == (
        "Number of components (2-9): Components generated or typed [G/T] [G]: Custodian 1, insert card (its number): "
    )
    assert operator.types(ann.serial) == "Enter PIN: "
    assert operator.screen.secret
    assert operator.types(PIN, ben.serial) == "Custodian 2, insert card (its number): Enter PIN: "
    assert operator.types(PIN).count("check value: ") == 3


def test_two_runs_make_two_lmks(operator: Operator) -> None:
    sets = []
    for names in (("ANN", "BEN"), ("CAT", "DAN")):
        cards = operator.holders(*names)
        operator.types("GK", "4", "2", "G")
        operator.puts_in(*cards)
        sets.append(on_cards(operator, cards))
    first, second = sets
    assert first[0].label.set_id != second[0].label.set_id
    assert join_set(first, "00").check_value != join_set(second, "00").check_value


def test_the_same_person_twice_is_refused(operator: Operator) -> None:
    ann, again = operator.holders("ANN", "ANN")
    operator.types("GK", "4", "2", "G")
    operator.puts_in(ann)
    assert "ANN has been here already" in operator.types(again.serial)
    assert is_blank(operator, ann, again)


def test_no_component_is_written_before_the_last_card_is_in(operator: Operator) -> None:
    ann, ben, cat = cards = operator.holders("ANN", "BEN", "CAT")
    operator.types("GK", "1", "3", "G")
    operator.puts_in(ann, ben)
    assert "is locked now" in operator.types(cat.serial, "99999", "99999", "99999")
    assert is_blank(operator, ann, ben)
    operator.rack.give_tries_back(cat.serial)
    operator.types("GK", "1", "3", "G")
    operator.puts_in(ann, ben)
    assert "Given up." in operator.shell.interrupt().text
    assert is_blank(operator, *cards)
    operator.types("GK", "1", "3", "G")
    operator.puts_in(ann, ben)
    operator.shell.hang_up("dropped")
    assert is_blank(operator, *cards)


def test_a_card_in_use_is_not_overwritten(operator: Operator) -> None:
    cards = operator.holders("ANN", "BEN")
    operator.types("GK", "4", "2", "G")
    operator.puts_in(*cards)
    before = on_cards(operator, cards)
    operator.types("GK", "4", "2", "G")
    assert f"Card {cards[0].serial} is not blank." in operator.puts_in(cards[0])
    assert [each.content() for each in on_cards(operator, cards)] == [each.content() for each in before]


@pytest.mark.parametrize("typed", [("0", "5", "x"), ("4", "1", "10", "two"), ("4", "3", "A", "X", "?")])
def test_choices_that_there_are_not(operator: Operator, typed: tuple[str, ...]) -> None:
    assert operator.types("GK", *typed).endswith("No usable answer: given up.\nSecure-AUTH> ")


class FailingShelf(MemoryShelf):
    """Takes *writes* more changes."""

    writes = 1_000

    def put(self, card: Card) -> None:
        if not self.writes:
            raise StorageError(Path("hsm.db"), "no space left on device")
        self.writes -= 1
        super().put(card)


def failing(operator: Operator) -> FailingShelf:
    shelf = FailingShelf()
    operator.rack = operator.desk.rack = CardRack(shelf, bytes(32))
    return shelf


def test_writing_that_is_cut_short_leaves_a_set_that_nothing_is_formed_of(operator: Operator) -> None:
    shelf = failing(operator)
    ann, ben, cat = operator.holders("ANN", "BEN", "CAT")
    operator.types("GK", "3", "3", "G")
    operator.puts_in(ann, ben)
    operator.types(cat.serial)
    # A PIN that is looked at takes two changes, what is written a third.
    shelf.writes = 2 + 3 + 2
    shown = operator.types(PIN)
    assert "no space left on device" in shown
    assert f"Erase card {ann.serial}: the set is not whole" in shown
    shelf.writes = 1_000
    assert is_blank(operator, ben, cat)
    operator.types("LK", "05", "", "C")
    assert "Load more components? [Y/N] [N]: " in operator.puts_in(ann)
    assert "2 of 3 components are missing: no LMK is formed." in operator.types("N")
    assert "05" not in operator.appliance.lmks


def typed_lines(form: LmkForm, share: bytes) -> list[str]:
    return [share[at : at + form.key_bytes].hex() for at in range(0, len(share), form.key_bytes)]


@pytest.mark.parametrize("form", LmkForm)
def test_components_that_custodians_bring(operator: Operator, form: LmkForm) -> None:
    cards = operator.holders("ANN", "BEN", "CAT")
    shares = [bytes((place * 31 + at * 7 + at // 8) % 256 for at in range(form.material_bytes)) for place in (1, 2, 5)]
    shown = operator.types("GK", CHOICE[form], "3", "T", "L")
    for card, share in zip(cards, shares, strict=True):
        shown += operator.types(card.serial, PIN)
        assert operator.screen.secret
        shown += operator.types(*typed_lines(form, share))
        assert "correct? [Y/N] [N]: " in shown
        shown += operator.types("y")
    components = on_cards(operator, cards)
    for component in components:
        assert f"Check value: {component.component.check_value}, correct?" in shown
        assert component.component.reveal().hex() not in shown.lower()
    for share in shares:
        assert share[:8].hex() not in shown.lower()
        assert share[:8].hex() not in repr(operator.speaker.entries).lower()
    assert f"LMK check value: {join_set(components, '00').check_value[:6]}" in shown


def test_a_wrong_check_value_is_typed_again_or_given_up(operator: Operator) -> None:
    ann = operator.card("ANN")
    operator.types("GK", "4", "2", "T", "L", ann.serial, PIN)
    assert operator.types("AB" * 32, "N") == (
        f"Check value: {aes_check('AB' * 32)}, correct? [Y/N] [N]: Enter component: "
    )
    operator.types("AC" * 32, "", "AD" * 32)
    assert operator.types("N") == "No component with the check value expected: given up.\nSecure-AUTH> "
    assert is_blank(operator, ann)


def aes_check(key: str) -> str:
    return CMAC.new(bytes.fromhex(key), bytes(16), AES).hexdigest()[:6].upper()


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        (["12", "AB" * 31, "AB" * 33], "Expected 64 hex digits."),
        (["XY" * 32, "", " "], "given up"),
        (["00" * 32], "A component of zeros"),
    ],
)
def test_what_is_typed_and_is_no_component(operator: Operator, typed: list[str], why: str) -> None:
    operator.types("GK", "4", "2", "T", "L", operator.card("ANN").serial, PIN)
    assert why in operator.types(*typed)
    assert operator.screen.prompt == "Secure-AUTH> "


def bring(operator: Operator, form: LmkForm, status: str, material: bytes) -> tuple[list[Card], str]:
    """Two custodians bring components of *material*; what is shown at the end."""
    cards = operator.holders("ANN", "BEN")
    one = bytes([0x25] * 7 + [0x52]) * (form.material_bytes // 8)
    shares = [one, bytes(a ^ b for a, b in zip(material, one, strict=True))]
    shown = operator.types("GK", CHOICE[form], "2", "T", status)
    for card, share in zip(cards, shares, strict=True):
        shown = operator.types(card.serial, PIN, *typed_lines(form, share), "Y")
    return cards, shown


@pytest.mark.parametrize("name", ["test-variant", "test-3des-block", "test-aes-block"])
def test_a_published_test_lmk_cannot_be_live(operator: Operator, name: str) -> None:
    lmk = published_lmk(name, "00")
    cards, shown = bring(operator, form_of(lmk), "L", lmk.material())
    assert "Test key cannot be live" in shown
    assert is_blank(operator, *cards)
    cards, shown = bring(operator, form_of(lmk), "T", lmk.material())
    assert f"LMK check value: {lmk.check_value[:6]}" in shown
    assert join_set(on_cards(operator, cards), "00").is_test


def test_no_other_lmk_is_a_test_key(operator: Operator) -> None:
    cards, shown = bring(operator, LmkForm.BLOCK_AES, "T", bytes(range(32)))
    assert "This is no published test LMK" in shown
    assert is_blank(operator, *cards)


def test_a_component_card_is_copied_for_its_holder(operator: Operator) -> None:
    ann, ben, copy, other = operator.holders("ANN", "BEN", "ANN", "CAT")
    assert "The card is blank." in operator.types("DC", ann.serial, PIN)
    operator.types("GK", "1", "2", "G")
    operator.puts_in(ann, ben)
    component = on_cards(operator, [ann])[0]
    shown = operator.types("DC") + operator.puts_in(ann)
    assert f"LMK component 1 of 2, check value: {component.component.check_value}\n" in shown
    assert f"Card {other.serial} is not ANN's." in operator.types(other.serial, PIN)
    operator.types("DC")
    assert f"Card {ann.serial} is not blank." in operator.puts_in(ann, ann)
    operator.types("DC")
    assert operator.puts_in(ann, copy).endswith(f"Card {copy.serial} holds it too.\nSecure-AUTH> ")
    assert on_cards(operator, [copy])[0].content() == component.content()
    operator.types("LK", "05", "", "C")
    operator.puts_in(ann)
    assert "ANN has been here already" in operator.types("Y", copy.serial)


def test_a_component_is_looked_at_by_its_check_values(operator: Operator) -> None:

    ann, ben = operator.holders("ANN", "BEN")
    operator.types("GK", "2", "2", "G")
    operator.puts_in(ann, ben)
    component = on_cards(operator, [ben])[0]
    label = component.label
    assert operator.types("VC", ben.serial, PIN).endswith(
        f"LMK component 2 of 2, variant, 3DES(3key), set {label.set_id}\n"
        f"Component check value: {component.component.check_value}\nLMK check value: {label.check_value}\n"
        "Secure-AUTH> "
    )


@pytest.mark.parametrize("name", ["GK", "DC"])
def test_component_ceremonies_are_held_one_at_a_time_in_the_secure_state(name: str) -> None:
    assert f"{name} needs the secure state." in Operator(position=Position.OFFLINE).types(name)
    operator = Operator()
    with operator.ceremonies.held("ssh alice"):
        assert "A ceremony is in progress on ssh alice" in operator.types(name)
