"""Components of keys, and keys formed of them: GC EC FK."""

from __future__ import annotations

from hsm.appliance import Hsm
from hsm.console.declaration import console
from hsm.console.desk import Desk
from hsm.console.dialogue import CLEAR_SCREEN, Abandoned, Ask, Dialogue, Say, chosen, confirmed, number
from hsm.console.keycards import from_cards
from hsm.console.keyquestions import (
    Sort,
    chosen_lmk,
    in_blocks,
    key_sort,
    token,
    typed_component,
    under_lmk,
)
from hsm.crypto.blockcipher import Algorithm
from hsm.keys import keyparts
from hsm.keys.checkvalue import check_value
from hsm.keys.generate import COMPONENTS_MAX, COMPONENTS_MIN
from hsm.keys.secret import ClearKey
from hsm.operations import generate
from hsm.refusal import KeyBlockComponentsInvalid, KeyLengthInvalid

XOR, HALVES, ENCRYPTED, CARDS = "X", "H", "E", "S"


@console.command("GC", ceremony=True)
def generate_component(desk: Desk, words: tuple[str, ...]) -> Dialogue[None]:
    """Generate a key component and show it, once, for its custodian to write down.

    Asks for the LMK, key length (1 single, 2 double, 3 triple; under an AES LMK 128, 192 or 256 bits), key type and key
    scheme; under a key-block LMK usage, mode of use, exportability and the component's number in place of the type.
    Shows the clear component, and when the custodian has it, clears the screen; then the component under the LMK and
    its check value.  Runs in any state; needs the activity component for the key type or usage.
    """
    hsm = yield from chosen_lmk(desk)
    sort = yield from _component_sort(hsm)
    component = generate.new_key(hsm, sort.algorithm, sort.key_bytes)
    kept = under_lmk(desk, sort, component)
    yield Say(f"Clear component: {keyparts.on_paper(component)}")
    yield Ask("Write it down, then press return to clear the screen: ")
    yield Say(CLEAR_SCREEN)
    yield Say(f"Encrypted component: {kept}\nKey check value: {check_value(component)}")


@console.command("EC", ceremony=True)
def encrypt_component(desk: Desk, words: tuple[str, ...]) -> Dialogue[None]:
    """Put a typed key component under the LMK.

    Asks for the LMK, key type, key scheme and the component, which is not echoed and made odd if it is a DES component
    of another parity; its check value must be confirmed.  Under a key-block LMK asks as GC does.  Shows the component
    under the LMK and its check value.  Runs in any state; needs the activity component for the key type or usage.
    """
    hsm = yield from chosen_lmk(desk)
    sort = yield from _component_sort(hsm, sized=False)
    component = yield from typed_component("component", sort.algorithm, sort.key_bytes)
    desk.hsm(sort.lmk_id).allow(component)
    kept = under_lmk(desk, sort, component)
    yield Say(f"Encrypted component: {kept}\nKey check value: {check_value(component)}")


@console.command("FK", ceremony=True)
def form_key(desk: Desk, words: tuple[str, ...]) -> Dialogue[None]:
    """Form a key from components.

    Asks for the LMK, what GC asks for (a key-block LMK's key version in place of the component's number), the component
    type and the number of components.  Types: X, typed components that are combined by exclusive or; H, typed halves or
    thirds; E, components under the LMK; S, components on cards that GS wrote, each of another custodian.  Typed ones are
    not echoed.  The check value of each component, and of the key before it is shown, must be confirmed.

    A single component of type X or E, and type H, are for settings without "Enforce Multiple Key Components".  A zero
    or weak key is refused, and with "Enforce distinct key components" two components that are equal.  Runs in any
    state; needs the activity component for the key type or usage.
    """
    hsm = yield from chosen_lmk(desk)
    sort = yield from key_sort(hsm)
    hsm.authorise(f"component.{sort.purpose}")
    single = not hsm.settings.enforce_multiple_components
    kinds = (XOR, HALVES, ENCRYPTED, CARDS) if single else (XOR, ENCRYPTED, CARDS)
    kind = yield from chosen("Enter component type", kinds)
    least = 1 if single and kind in (XOR, ENCRYPTED) else COMPONENTS_MIN
    if kind == HALVES:
        least, components = 1, (yield from _halves(sort))
    else:
        count = yield from number("Enter number of components", least, COMPONENTS_MAX)
        components = yield from _components(desk, hsm, sort, kind, count)
    hsm = desk.hsm(sort.lmk_id)
    version = sort.attributes.key_version if sort.attributes is not None else "00"
    key = generate.form_key(hsm, components, version, least=least)
    if key.attributes is not None and key.attributes != sort.attributes:
        raise KeyBlockComponentsInvalid
    if (key.algorithm, key.key_bytes) != (sort.algorithm, sort.key_bytes):
        raise KeyLengthInvalid
    yield Say(f"Key check value: {check_value(key)}")
    if not (yield from confirmed("Is that correct?")):
        raise Abandoned("Not confirmed: no key has been formed.")
    yield Say(f"Encrypted key: {under_lmk(desk, sort, key)}")


def _component_sort(hsm: Hsm, *, sized: bool = True) -> Dialogue[Sort]:
    """The sort of a component; it may be handled."""
    sort = yield from key_sort(hsm, sized=sized, versioned=False)
    if in_blocks(hsm):
        sort = sort.component((yield from number("Enter component number", 1, COMPONENTS_MAX)))
    hsm.authorise(f"component.{sort.purpose}")
    return sort


def _halves(sort: Sort) -> Dialogue[list[ClearKey]]:
    """The whole key, of two halves or three thirds."""
    count = sort.key_bytes // keyparts.PART_BYTES
    if sort.algorithm is Algorithm.AES or count < COMPONENTS_MIN:
        raise KeyLengthInvalid
    what = "half" if count == 2 else "third"
    parts = []
    for place in range(1, count + 1):
        parts.append((yield from typed_component(f"{what} {place}", Algorithm.DES, keyparts.PART_BYTES)))
    return [keyparts.joined(parts)]


def _components(desk: Desk, hsm: Hsm, sort: Sort, kind: str, count: int) -> Dialogue[list[ClearKey]]:
    if kind == CARDS:
        return (yield from from_cards(desk, sort, count))
    found = []
    for place in range(1, count + 1):
        if kind == ENCRYPTED:
            found.append((yield from _under_lmk(hsm, sort, place)))
        else:
            found.append((yield from typed_component(f"component {place}", sort.algorithm, sort.key_bytes)))
    return found


def _under_lmk(hsm: Hsm, sort: Sort, place: int) -> Dialogue[ClearKey]:
    component = hsm.typed((yield from token(f"Enter component {place}: ")), sort.key_type)
    yield Say(f"Check value: {check_value(component)}")
    if not (yield from confirmed("Is that correct?")):
        raise Abandoned("Not confirmed: no key has been formed.")
    return component
