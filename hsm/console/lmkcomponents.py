"""GK, DC: components of LMKs on custodians' cards; and how any ceremony comes by an LMK's components.

One run of GK makes all components of a set: every custodian's card is in, and every PIN accepted, before the first
component is written, so that a ceremony given up leaves nothing on any card.  Should writing itself be cut short, what
was written is of a set that is never whole, and no LMK is formed of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from hsm.console.declaration import SECURE, console
from hsm.console.desk import Desk
from hsm.console.dialogue import TRIES_MAX, Abandoned, Dialogue, Say, chosen, confirmed, matching, number
from hsm.console.people import Holder, check_blank, custodian, present, write_all
from hsm.keys.components import (
    CardComponent,
    ComponentError,
    LmkComponent,
    card_set,
    check_belongs,
    join,
    join_set,
    split,
)
from hsm.keys.generate import COMPONENTS_MAX, COMPONENTS_MIN
from hsm.keys.masters import Lmk, LmkForm, material_of
from hsm.operations.lmks import LmkRefused
from hsm.ports import SystemRandom
from hsm.storage.cards import CardError, Role

SCHEME_WORDS = {
    LmkForm.VARIANT_2KEY: ("Variant", "3DES(2key)"),
    LmkForm.VARIANT_3KEY: ("Variant", "3DES(3key)"),
    LmkForm.BLOCK_3DES: ("Key block", "3DES(3key)"),
    LmkForm.BLOCK_AES: ("Key block", "AES-256"),
}
TEST_WORDS = {True: "Test", False: "Live"}


@contextmanager
def refusals_told() -> Iterator[None]:
    """What components and LMKs are refused for ends the dialogue, in its own words."""
    try:
        yield
    except (ComponentError, LmkRefused) as why:
        raise Abandoned(str(why)) from None


def words_of(form: LmkForm) -> str:
    """``variant, 3DES(2key)`` and the like."""
    scheme, algorithm = SCHEME_WORDS[form]
    return f"{scheme.lower()}, {algorithm}"


def _form() -> Dialogue[LmkForm]:
    forms = {str(place): form for place, form in enumerate(LmkForm, 1)}
    yield Say("\n".join(f"  {place}  {words_of(form)}" for place, form in forms.items()))
    return forms[(yield from chosen("LMK scheme", tuple(forms)))]


def _count() -> Dialogue[int]:
    return (yield from number("Number of components", COMPONENTS_MIN, COMPONENTS_MAX))


def check_declared(lmk: Lmk, is_test: bool) -> None:
    """Nothing, if *lmk* has the status that was declared for it.  Raises Abandoned.

    Of test status are the LMKs that are published for tests, and no others.
    """
    if lmk.is_test and not is_test:
        raise Abandoned("Test key cannot be live: this LMK is published.")
    if is_test and not lmk.is_test:
        raise Abandoned("This is no published test LMK, so it cannot be a test key.")


def _typed_component(form: LmkForm) -> Dialogue[LmkComponent]:
    digits = 2 * form.key_bytes
    for _ in range(TRIES_MAX):
        typed = ""
        for place in range(form.keys_count):
            which = f", LMK pair {2 * place:02d}-{2 * place + 1:02d}" if form.keys_count > 1 else ""
            asked = f"Enter component{which}: "
            typed += yield from matching(asked, f"[0-9A-F]{{{digits}}}", f"{digits} hex digits", secret=True)
        with refusals_told():
            component = LmkComponent(form, bytes.fromhex(typed))
        if (yield from confirmed(f"Check value: {component.check_value}, correct?")):
            return component
    raise Abandoned("No component with the check value expected: given up.")


def lmk_from_cards(desk: Desk, lmk_id: str, name: str) -> Dialogue[Lmk]:
    """The LMK of a whole set of cards, each of another custodian.  Raises Abandoned, CardError."""
    holders: list[Holder] = []
    cards: list[CardComponent] = []
    while True:
        holder = yield from custodian(desk, len(cards) + 1, holders)
        with refusals_told():
            card = CardComponent.read(holder.content)
            check_belongs(card, cards)
        holders.append(holder)
        cards.append(card)
        count = card.label.count
        yield Say(f"LMK component {card.number} of {count}, check value: {card.component.check_value}")
        if len(cards) == count:
            break
        if not (yield from confirmed("Load more components?")):
            raise Abandoned(f"{count - len(cards)} of {count} components are missing: no LMK is formed.")
    with refusals_told():
        return join_set(cards, lmk_id, name)


def lmk_typed(desk: Desk, lmk_id: str, name: str) -> Dialogue[Lmk]:
    """The LMK of components that custodians type, each after its card and PIN.  Raises Abandoned, CardError."""
    form = yield from _form()
    count = yield from _count()
    is_test = yield from _declared_test()
    holders: list[Holder] = []
    components: list[LmkComponent] = []
    for place in range(1, count + 1):
        holders.append((yield from custodian(desk, place, holders)))
        components.append((yield from _typed_component(form)))
    with refusals_told():
        lmk = join(components, lmk_id, name)
    check_declared(lmk, is_test)
    return lmk


def _declared_test() -> Dialogue[bool]:
    return (yield from chosen("Key status, live or test", ("L", "T"), "L")) == "T"


@console.command("GK", SECURE, ceremony=True)
def generate_lmk_components(desk: Desk, words: tuple[str, ...]) -> Dialogue[None]:
    """Make an LMK's components on the cards of 2 to 9 custodians, drawn at random or typed.

    All of a set are made in one run: each custodian puts in a blank card and types its PIN, and once all have, every
    component is written.  A typed component is never echoed; its check value is shown to be confirmed.  The check value
    of each component and of the LMK are shown at the end.  The LMK itself is not loaded: LK does that.
    """
    form = yield from _form()
    count = yield from _count()
    typed = (yield from chosen("Components generated or typed", ("G", "T"), "G")) == "T"
    is_test = typed and (yield from _declared_test())
    holders: list[Holder] = []
    components: list[LmkComponent] = []
    for place in range(1, count + 1):
        holder = yield from custodian(desk, place, holders)
        check_blank(holder)
        holders.append(holder)
        if typed:
            components.append((yield from _typed_component(form)))
    # Never from a seed: LMKs outlive the run that made them.
    random = SystemRandom().bytes
    with refusals_told():
        shares = components or split(form, material_of(form, random), count, random)
        check_declared(join(shares, "00"), is_test)
        made = card_set(shares, random)
    write_all(desk, holders, [card.content() for card in made])
    for holder, card in zip(holders, made, strict=True):
        yield Say(
            f"Component {card.number} of {count} is on card {holder.card.serial} of {holder.name}, "
            f"check value: {card.component.check_value}"
        )
    yield Say(f"Set {made[0].label.set_id}, LMK check value: {made[0].label.check_value}")


@console.command("DC", SECURE, ceremony=True)
def duplicate_component_card(desk: Desk, words: tuple[str, ...]) -> Dialogue[None]:
    """Copy an LMK component to another, blank card of the same custodian."""
    source = yield from present(desk, "Custodian", Role.CUSTODIAN)
    with refusals_told():
        card = CardComponent.read(source.content)
    yield Say(f"LMK component {card.number} of {card.label.count}, check value: {card.component.check_value}")
    target = yield from present(desk, "Same custodian", Role.CUSTODIAN)
    if target.name != source.name:
        raise CardError(f"Card {target.card.serial} is not {source.name}'s.")
    check_blank(target)
    target.write(desk, source.content)
    yield Say(f"Card {target.card.serial} holds it too.")


def component_words(content: bytes) -> str:
    """What a card's *content* is, in words that tell nothing of a component but its check value."""
    try:
        card = CardComponent.read(content)
    except ComponentError as why:
        return str(why)
    label = card.label
    return (
        f"LMK component {card.number} of {label.count}, {words_of(label.form)}, set {label.set_id}\n"
        f"Component check value: {card.component.check_value}\n"
        f"LMK check value: {label.check_value}"
    )
