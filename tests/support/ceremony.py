"""Custodians, their cards, and appliances for which they form LMKs."""

from __future__ import annotations

import os

from support.appliances import make_speaker
from support.playbook import PIN, Operator

from hsm.keys.components import CardComponent, card_set, split
from hsm.keys.masters import LmkForm, lmk_of_material, material_of
from hsm.operations.lmks import Store, load
from hsm.policy.authority import Authority, parse_activities
from hsm.storage.cards import Card

NAMES = ("ANN", "BEN", "CAT", "DAN", "EVE", "FAY", "GUS", "HAL", "IVY")
CHOICE = {form: str(place) for place, form in enumerate(LmkForm, 1)}


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


def on_cards(operator: Operator, cards: list[Card]) -> list[CardComponent]:
    """The components that *cards* hold."""
    return [CardComponent.read(operator.rack.read(card.serial, PIN)) for card in cards]
