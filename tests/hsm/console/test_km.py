"""GKM, LKM, VKM and DKM as transcripts."""

from __future__ import annotations

import pytest
from psec import des
from support.appliances import make_speaker
from support.ceremony import NAMES
from support.playbook import PIN, Operator, quick_cards, told

from hsm.console import km as _km  # noqa: F401  (declares LKM)
from hsm.console import lmk as _lmk  # noqa: F401  (declares LK)
from hsm.keys import keyparts
from hsm.keys.published import PUBLISHED_KMS
from hsm.policy.position import Position
from hsm.storage.cards import Role

FIRST, SECOND = "0123456789ABCDEFFEDCBA9876543210", "1113151713151719191B1D1F1B1D1F21"
# Two of the components that a client's published samples were made of, and the published KM that they make.
PUBLISHED_PAIR = ("11" * 8 + "22" * 8, "33" * 8 + "44" * 8)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    quick_cards(monkeypatch)


@pytest.fixture
def operator() -> Operator:
    return Operator(make_speaker(lmks=()))


def kvc(digits: str) -> str:
    return des.encrypt_tdes_ecb(bytes.fromhex(digits), bytes(8))[:3].hex().upper()


def typed(operator: Operator, *components: str, length: str = "2", comment: str = "our KM") -> str:
    shown = operator.types("LKM", comment, length, str(len(components)), "K")
    for card, component in zip(operator.holders(*NAMES[: len(components)]), components, strict=True):
        shown += operator.puts_in(card) + operator.types(component, "Y")
    return shown


def loaded(operator: Operator) -> bool:
    return operator.appliance.state.domain is not None


def officers(operator: Operator) -> str:
    return operator.puts_in(*operator.holders("OLGA", "OTTO", role=Role.OFFICER))


def summed(*parts: str) -> str:
    total = 0
    for part in parts:
        total ^= int(part, 16)
    return f"{total:0{len(parts[0])}X}"


def test_the_whole_dialogue_of_typed_components(operator: Operator) -> None:
    ann, ben = operator.holders("ANN", "BEN")
    assert operator.types("lkm", "our KM") == "Enter comments: Enter key length [2/3]: "
    assert operator.types("2") == "Enter number of components (2-9): "
    assert operator.types("2") == "Components from cards or keyboard [C/K] [C]: "
    assert operator.types("K", ann.serial) == "Custodian 1, insert card (its number): Enter PIN: "
    assert operator.types(PIN) == "Enter component 1: "
    assert operator.screen.secret
    assert operator.types(FIRST) == "Check value: 08D7B4\nIs that correct? [Y/N] [N]: "
    assert (
        operator.types("Y", ben.serial, PIN) == "Custodian 2, insert card (its number): Enter PIN: Enter component 2: "
    )
    shown = operator.types(SECOND, "Y")
    assert shown.endswith(f"KM check value: {kvc(summed(FIRST, SECOND))}, live\nLoad this KM? [Y/N] [N]: ")
    assert not loaded(operator)
    assert operator.types("Y") == "The KM is loaded.\nSecure> "
    assert operator.types("VKM") == (
        f"KM: double length, live, check value: {kvc(summed(FIRST, SECOND))}, our KM\nStored keys: 0\nSecure> "
    )
    assert FIRST not in repr(operator.appliance.state)


def test_a_published_km_is_recognised_though_components_have_odd_parity(operator: Operator) -> None:
    shown = typed(operator, *PUBLISHED_PAIR)
    assert "Its parity was wrong and has been made odd." in shown
    assert f"KM check value: {kvc(PUBLISHED_KMS['test-2266'].hex())}, test" in shown
    operator.types("Y")
    assert operator.appliance.state.domain is not None
    assert operator.appliance.state.domain.km.is_test


def test_a_published_km_with_equal_parts_is_loaded_and_no_other(operator: Operator) -> None:
    third = summed(FIRST, "33" * 16)
    assert ", test\n" in typed(operator, FIRST, third)
    operator.shell.interrupt()
    other = summed(FIRST, "5D" * 16)
    assert "weak DES key" in typed(operator, FIRST, other)
    assert operator.outcome() == "NO"
    assert not loaded(operator)


@pytest.mark.parametrize(("length", "count"), [("2", 2), ("3", 3), ("3", 9)])
def test_components_made_on_cards_form_the_km(operator: Operator, length: str, count: int) -> None:
    cards = operator.holders(*NAMES[:count])
    shown = operator.types("GKM", "", length, str(count)) + operator.puts_in(*cards)
    made = told(shown, "Key check value")
    shares = [keyparts.from_card(operator.rack.read(card.serial, PIN)) for card in cards]
    clear = summed(*(share.component.reveal().hex() for share in shares))
    odd = bytes(byte if byte.bit_count() % 2 else byte ^ 1 for byte in bytes.fromhex(clear))
    assert made == kvc(odd.hex())
    assert not loaded(operator)
    shown = operator.types("LKM", "", length, str(count), "")
    for card in reversed(cards):
        shown += operator.puts_in(card) + operator.types("Y")
    assert f"KM check value: {made}, live" in shown
    operator.types("Y")
    assert f"check value: {made}\n" in operator.types("VKM")


def test_cards_of_something_else_form_no_km(operator: Operator) -> None:
    cards = operator.holders("ANN", "BEN")
    operator.types("GKM", "03", "2", "2")
    operator.puts_in(*cards)
    operator.types("LKM", "", "2", "2", "C")
    assert "holds a component of another sort of key" in operator.puts_in(cards[0])
    assert operator.outcome() == "NO"


def test_components_of_two_kms_form_none(operator: Operator) -> None:
    first, second = operator.holders("ANN", "BEN"), operator.holders("CAT", "DAN")
    for cards in (first, second):
        operator.types("GKM", "KM", "2", "2")
        operator.puts_in(*cards)
    operator.types("LKM", "", "2", "2", "C")
    operator.puts_in(first[0])
    operator.types("Y")
    assert "of another key" in operator.puts_in(second[1])


def test_one_person_is_one_custodian(operator: Operator) -> None:
    ann, again = operator.holders("ANN", "ANN")
    operator.types("LKM", "", "2", "2", "K")
    operator.puts_in(ann)
    operator.types(FIRST, "Y")
    assert "this takes another person" in operator.types(again.serial)
    assert not loaded(operator)


@pytest.mark.parametrize(
    ("components", "reason"),
    [
        ((FIRST, FIRST), "weak DES key"),
        ((FIRST, SECOND, FIRST), "Two components are equal"),
        ((FIRST, summed(FIRST, "01" * 16)), "weak DES key"),
    ],
)
def test_kms_refused(operator: Operator, components: tuple[str, ...], reason: str) -> None:
    assert reason in typed(operator, *components)
    assert operator.outcome() == "NO"
    assert not loaded(operator)


def test_a_component_of_zeros_is_none(operator: Operator) -> None:
    (ann,) = operator.holders("ANN")
    operator.types("LKM", "", "2", "2", "K")
    operator.puts_in(ann)
    assert "all zero" in operator.types("01" * 16)


def test_nothing_is_loaded_before_the_last_answer(operator: Operator) -> None:
    for end in ("N", ""):
        typed(operator, FIRST, SECOND)
        assert "Not loaded." in operator.types(end)
        assert not loaded(operator)
    typed(operator, FIRST, SECOND)
    operator.shell.interrupt()
    assert operator.outcome() == "GU"
    assert not loaded(operator)


def test_a_km_is_not_replaced(operator: Operator) -> None:
    typed(operator, FIRST, SECOND)
    operator.types("Y")
    assert "A KM is loaded: delete it first (DKM)." in operator.types("LKM")


def test_test_and_live_are_not_together(operator: Operator) -> None:
    beside = Operator(make_speaker())
    typed(beside, FIRST, SECOND)
    assert "A test LMK is loaded: no live KM is loaded beside it." in beside.types("Y")
    assert not loaded(beside)
    allowed = Operator(make_speaker({"test-and-live-lmks": "yes"}))
    typed(allowed, FIRST, SECOND)
    assert "The KM is loaded." in allowed.types("Y")
    typed(operator, *PUBLISHED_PAIR)
    operator.types("Y")
    cards = operator.holders("ANN", "BEN")
    operator.types("LK", "00", "", "K", "4", "2", "L")
    for card, component in zip(cards, ("11" * 32, "23" * 32), strict=True):
        operator.puts_in(card)
        shown = operator.types(component, "Y")
    assert "The KM is a test key: no live LMK is loaded beside it." in shown


def test_deleting_takes_two_officers_and_a_word(operator: Operator) -> None:
    assert "No KM is loaded." in operator.types("DKM")
    typed(operator, FIRST, SECOND)
    operator.types("Y")
    (ann,) = operator.holders("OLGA", role=Role.OFFICER)
    operator.types("DKM")
    operator.puts_in(ann)
    assert "this takes another person" in operator.types(ann.serial)
    assert loaded(operator)
    operator.types("DKM")
    assert f"check value: {kvc(summed(FIRST, SECOND))}, our KM\nStored keys: 0\n" in officers(operator)
    assert "Not deleted." in operator.types("")
    assert loaded(operator)
    operator.types("DKM")
    officers(operator)
    assert "Deleted." in operator.types("Y")
    assert not loaded(operator)


@pytest.mark.parametrize("name", ["GKM", "LKM", "DKM"])
def test_ceremonies_need_the_secure_state(operator: Operator, name: str) -> None:
    for position in (Position.ONLINE, Position.OFFLINE):
        operator.appliance.move(position)
        assert f"{name} needs the secure state." in operator.types(name)


def test_comments_are_bounded(operator: Operator) -> None:
    assert "printable characters" in operator.types("LKM", "x" * 100)


def test_a_card_says_what_it_is_for(operator: Operator) -> None:
    from hsm.console import cards as _cards  # noqa: F401  (declares VC)

    cards = operator.holders("ANN", "BEN")
    operator.types("GKM", "KM", "3", "2")
    operator.puts_in(*cards)
    operator.types("VC")
    assert "Key component 2 of 2 for KM" in operator.puts_in(cards[1])
