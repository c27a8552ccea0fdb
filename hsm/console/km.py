"""GKM, LKM, VKM, DKM: the Domain Master Key, under which Eracom hosts keep their keys.

A KM comes from the components of two to nine custodians, as LMKs do.  Components on cards are of one key each, and form
no other.  Nothing is changed before the last question is answered, and the KM is at rest before it is in force.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from hsm.console.declaration import SECURE, console
from hsm.console.desk import Desk
from hsm.console.dialogue import Abandoned, Ask, Dialogue, Say, asked, chosen, confirmed, number
from hsm.console.keycards import blank_cards, components_on_cards, onto_cards
from hsm.console.keyquestions import typed_component
from hsm.console.lmkcomponents import TEST_WORDS
from hsm.console.people import Holder, custodian, two_officers
from hsm.crypto.blockcipher import Algorithm
from hsm.keys.checkvalue import check_value
from hsm.keys.domaintypes import DomainKeyType, domain_key_type
from hsm.keys.generate import COMPONENTS_MAX, COMPONENTS_MIN, random_key
from hsm.keys.km import Km
from hsm.keys.secret import ClearKey
from hsm.operations import domains
from hsm.operations.domains import DomainRefused
from hsm.operations.lmks import LmkRefused, check_comment
from hsm.ports import SystemRandom
from hsm.refusal import KeyTypeInvalid

KM = "KM"
"""What components of a KM on cards are for."""
BYTES_OF = {"1": 8, "2": 16, "3": 24}
LENGTH_WORDS = {8: "single", 16: "double", 24: "triple"}


@contextmanager
def refusals_told() -> Iterator[None]:
    """What KMs and stored keys are refused for ends the dialogue, in its own words."""
    try:
        yield
    except (DomainRefused, LmkRefused) as why:
        raise Abandoned(str(why)) from None


def purpose_of(row: DomainKeyType) -> str:
    """What components of a stored key of type *row* on cards are for."""
    return f"type {row.code}"


def algorithm_of(key_bytes: int) -> Algorithm:
    """DES or triple DES."""
    return Algorithm.DES if key_bytes == BYTES_OF["1"] else Algorithm.TDES


def asked_type(prompt: str, *, or_km: bool = False) -> Dialogue[DomainKeyType | None]:
    """A key type by its two digits; None for the KM, where that may be the answer."""

    def read(answer: str) -> DomainKeyType | None:
        if or_km and answer.upper() in ("", KM):
            return None
        try:
            return domain_key_type(answer)
        except KeyTypeInvalid:
            raise ValueError from None

    return (yield from asked(Ask(prompt), read, "two digits such as 01 (PPK)" + (f", or {KM}" if or_km else "")))


def key_length(*, single: bool) -> Dialogue[int]:
    """The length of a key in bytes: 1 single, 2 double, 3 triple."""
    return BYTES_OF[(yield from chosen("Enter key length", ("1", "2", "3") if single else ("2", "3")))]


def components(desk: Desk, purposes: set[str], key_bytes: int) -> Dialogue[list[ClearKey]]:
    """The components of a key from two to nine custodians: on cards, made for one of *purposes*, or typed by each."""
    count = yield from number("Enter number of components", COMPONENTS_MIN, COMPONENTS_MAX)
    algorithm = algorithm_of(key_bytes)
    if (yield from chosen("Components from cards or keyboard", ("C", "K"), "C")) == "C":
        return (yield from components_on_cards(desk, purposes, algorithm, key_bytes, count))
    holders: list[Holder] = []
    found: list[ClearKey] = []
    for place in range(1, count + 1):
        holders.append((yield from custodian(desk, place, holders)))
        found.append((yield from typed_component(f"component {place}", algorithm, key_bytes)))
    return found


@console.command("GKM", SECURE, ceremony=True)
def generate_components(desk: Desk, words: tuple[str, ...]) -> Dialogue[None]:
    """Make the components of a KM, or of a key to be stored under it, on the cards of 2 to 9 custodians.

    Asks what for (the KM, or a key type), the length and the number of components, and a blank card of each custodian.
    Nothing is made until all cards are there; if one can't be written, the others form nothing.  Shows the check value
    of each component and of the key, which is not loaded: LKM and LSK do that.
    """
    row = yield from asked_type(f"For the KM, or key type [{KM}]: ", or_km=True)
    key_bytes = yield from key_length(single=row is not None)
    count = yield from number("Enter number of components", COMPONENTS_MIN, COMPONENTS_MAX)
    holders = yield from blank_cards(desk, count)
    # Never from a seed: these keys outlive the run that made them.
    random = SystemRandom().bytes
    key = random_key(algorithm_of(key_bytes), key_bytes, random)
    yield from onto_cards(desk, holders, key, KM if row is None else purpose_of(row), random)
    yield Say(f"Key check value: {check_value(key)}")


@console.command("LKM", SECURE, ceremony=True)
def load_km(desk: Desk, words: tuple[str, ...]) -> Dialogue[None]:
    """Load the KM from the components of its custodians, on cards or typed.

    Asks for comments, the length (2 double, 3 triple), the number of components, and each custodian's card.  Typed
    components are never echoed.  The check value of each component, and the KM's before it is loaded, must be confirmed.
    A published KM is recognised as a test key and not loaded beside live LMKs, nor a live one beside test LMKs, unless a
    setting allows it.
    """
    with refusals_told():
        domains.check_vacant(desk.appliance)
    comment = (yield Ask("Enter comments: ")).strip()
    with refusals_told():
        check_comment(comment)
    key_bytes = yield from key_length(single=False)
    km = domains.form_km((yield from components(desk, {KM}, key_bytes)), comment)
    yield Say(f"KM check value: {km.check_value}, {TEST_WORDS[km.is_test].lower()}")
    if not (yield from confirmed("Load this KM?")):
        raise Abandoned("Not loaded.")
    with refusals_told():
        domains.load_km(desk.appliance, km)
    yield Say("The KM is loaded.")


def _words(km: Km) -> str:
    named = f", {km.name}" if km.name else ""
    return (
        f"{LENGTH_WORDS[km.key_bytes]} length, {TEST_WORDS[km.is_test].lower()}, check value: {km.check_value}{named}"
    )


@console.command("VKM")
def view_km(desk: Desk, words: tuple[str, ...]) -> Dialogue[None]:
    """Show the KM's length, status, check value and comments, and how many keys are stored under it."""
    with refusals_told():
        domain = domains.loaded(desk.appliance)
    yield Say(f"KM: {_words(domain.km)}\nStored keys: {len(domain.stored)}")


@console.command("DKM", SECURE, ceremony=True)
def delete_km(desk: Desk, words: tuple[str, ...]) -> Dialogue[None]:
    """Delete the KM and every key stored under it; takes two officers."""
    with refusals_told():
        domain = domains.loaded(desk.appliance)
    yield from two_officers(desk)
    yield Say(f"KM: {_words(domain.km)}\nStored keys: {len(domain.stored)}")
    if not (yield from confirmed("Delete it, with all stored keys?")):
        raise Abandoned("Not deleted.")
    with refusals_told():
        domains.delete_km(desk.appliance)
    yield Say("Deleted.")
