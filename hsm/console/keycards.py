"""Components of keys on custodians' cards: GS, and what FK reads of them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from hsm.console.declaration import console
from hsm.console.desk import Desk
from hsm.console.dialogue import Abandoned, Dialogue, Say, confirmed, number
from hsm.console.keyquestions import Sort, chosen_lmk, key_sort, under_lmk
from hsm.console.people import Holder, check_blank, custodian, write_all
from hsm.crypto.blockcipher import Algorithm
from hsm.keys import keyparts
from hsm.keys.checkvalue import check_value
from hsm.keys.generate import COMPONENTS_MAX, COMPONENTS_MIN
from hsm.keys.keyparts import Share
from hsm.keys.secret import ClearKey
from hsm.operations import generate
from hsm.refusal import InputInvalid
from hsm.storage.cards import CardError


@console.command("GS", ceremony=True)
def generate_on_cards(desk: Desk, words: tuple[str, ...]) -> Dialogue[None]:
    """Generate a key and write its components onto the cards of two to nine custodians.

    Asks for the LMK, the number of components, what GC asks for, and a blank card of each custodian.
    Nothing is made until all cards are there; if one can't be written, the others form nothing.  Shows the check value of
    each component, and the key under the LMK with its check value.  Runs in any state; needs the activity component for
    the key type or usage.
    """
    hsm = yield from chosen_lmk(desk)
    count = yield from number("Enter number of components", COMPONENTS_MIN, COMPONENTS_MAX)
    sort = yield from key_sort(hsm)
    hsm.authorise(f"component.{sort.purpose}")
    holders = yield from blank_cards(desk, count)
    hsm = desk.hsm(sort.lmk_id)
    key = generate.new_key(hsm, sort.algorithm, sort.key_bytes)
    kept = under_lmk(desk, sort, key)
    yield from onto_cards(desk, holders, key, sort.purpose, hsm.random.bytes)
    yield Say(f"Encrypted key: {kept}\nKey check value: {check_value(key)}")


def blank_cards(desk: Desk, count: int) -> Dialogue[list[Holder]]:
    """*count* custodians with a blank card each.  Raises CardError, CardLocked."""
    holders: list[Holder] = []
    for place in range(1, count + 1):
        holder = yield from custodian(desk, place, holders)
        check_blank(holder)
        holders.append(holder)
    return holders


def onto_cards(
    desk: Desk, holders: Sequence[Holder], key: ClearKey, purpose: str, random: Callable[[int], bytes]
) -> Dialogue[None]:
    """Write the components of *key*, split for *purpose*, onto the cards of *holders* and show their check values."""
    series, count = random(8).hex(), len(holders)
    parts = keyparts.split(key, count, random)
    shares = [Share(series, place, count, purpose, part) for place, part in enumerate(parts, start=1)]
    write_all(desk, holders, [keyparts.to_card(share) for share in shares])
    for share in shares:
        yield Say(f"Component {share.number} check value: {check_value(share.component)}")


def from_cards(desk: Desk, sort: Sort, count: int) -> Dialogue[list[ClearKey]]:
    """The components on the cards of *count* custodians, which must be all of one key."""
    return (yield from components_on_cards(desk, {sort.purpose}, sort.algorithm, sort.key_bytes, count))


def components_on_cards(
    desk: Desk, purposes: Collection[str], algorithm: Algorithm, key_bytes: int, count: int
) -> Dialogue[list[ClearKey]]:
    """As ``from_cards``, of a key that was split for one of *purposes*."""
    holders: list[Holder] = []
    shares: list[Share] = []
    for place in range(1, count + 1):
        holder = yield from custodian(desk, place, holders)
        serial = holder.card.serial
        try:
            share = keyparts.from_card(holder.content)
        except InputInvalid:
            raise CardError(f"Card {serial} holds no key component.") from None
        made_of = (share.component.algorithm, share.component.key_bytes)
        if share.purpose not in purposes or made_of != (algorithm, key_bytes):
            raise CardError(f"Card {serial} holds a component of another sort of key.")
        if share.count != count or any(other.series != share.series for other in shares):
            raise CardError(f"Card {serial} holds a component of another key, or of one with other components too.")
        if any(other.number == share.number for other in shares):
            raise CardError(f"Component {share.number} has been read already.")
        yield Say(f"Component {share.number} check value: {check_value(share.component)}")
        if not (yield from confirmed("Is that correct?")):
            raise Abandoned("Not confirmed: no key has been formed.")
        holders.append(holder)
        shares.append(share)
    return [share.component for share in shares]


def share_words(content: bytes) -> str:
    """What a card's *content* is, if it is a key component: all but the component; empty when it is something else."""
    try:
        share = keyparts.from_card(content)
    except InputInvalid:
        return ""
    return (
        f"Key component {share.number} of {share.count} for {share.purpose}, series {share.series}\n"
        f"Component check value: {check_value(share.component)}"
    )
