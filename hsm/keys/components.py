"""An LMK as components: 2 to 9 shares of its full length, any of which but all says nothing of it.

A component is as long as the LMK's whole material, and the LMK is the exclusive or of all of them (PCI PIN Security
requirement 6-1: full-length components, never halves).  In DES material every byte of every component has odd parity
and so has every byte of the LMK: what parity the exclusive or of an even number of components has is set right.

A component's check value is what would be the check value of an LMK that is this component: 6 digits, by the
definitions at ``VariantLmk.check_value`` and ``KeyBlockLmk.check_value``.

Components made together are a *set*.  Its label goes with every one of them: an identity drawn at random, how many
belong to it, and the check value of the LMK, so that whoever joins them can tell that nothing is missing, foreign or
changed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hmac import compare_digest
from itertools import combinations

from hsm.crypto.blockcipher import Algorithm
from hsm.crypto.parity import combine, is_weak, masquerades, with_odd
from hsm.keys.generate import COMPONENTS_MAX, COMPONENTS_MIN
from hsm.keys.masters import Lmk, LmkForm, lmk_of_material
from hsm.keys.secret import Secret

CARD_CONTENT = "LMK component"
CHECK_DIGITS = 6
_SET_ID_BYTES = 4


class ComponentError(ValueError):
    """Components that do not make an LMK; the message says why, and holds nothing secret."""


class LmkComponent(Secret):
    """One component of an LMK of *form*; see the chapter."""

    __slots__ = ("_share", "check_value", "form")

    _share: bytes
    form: LmkForm
    check_value: str

    def __init__(self, form: LmkForm, share: bytes) -> None:
        """*share* has the length of the LMK's material.  Raises ComponentError for another length or for all zeros."""
        if len(share) != form.material_bytes:
            raise ComponentError(f"A component of this LMK has {form.material_bytes} bytes.")
        share = _parity_set(form, share)
        if compare_digest(share, _parity_set(form, bytes(len(share)))):
            raise ComponentError("A component of zeros is none: the others would be the whole LMK.")
        keep = object.__setattr__
        keep(self, "_share", share)
        keep(self, "form", form)
        keep(self, "check_value", lmk_of_material(form.kind, "00", share).check_value[:CHECK_DIGITS])

    def reveal(self) -> bytes:
        """The component itself; for ``hsm.crypto`` and ``hsm.keys`` alone."""
        return self._share

    def __repr__(self) -> str:
        return f"<LMK component of {self.form.name}>"


@dataclass(frozen=True, slots=True)
class SetLabel:
    """What a set of components is: *set_id* 8H, *count* components, the LMK's *check_value* 6H."""

    form: LmkForm
    set_id: str
    count: int
    check_value: str


@dataclass(frozen=True, slots=True, eq=False)
class CardComponent:
    """Component *number* (from 1) of the set *label*, as a custodian's card holds it."""

    label: SetLabel
    number: int
    component: LmkComponent

    def content(self) -> bytes:
        """What is written to the card."""
        written: dict[str, str | int] = {
            "what": CARD_CONTENT,
            "form": self.label.form.name,
            "set": self.label.set_id,
            "count": self.label.count,
            "lmk": self.label.check_value,
            "number": self.number,
            "share": self.component.reveal().hex().upper(),
        }
        return json.dumps(written).encode("ascii")

    @classmethod
    def read(cls, content: bytes) -> CardComponent:
        """The component in a card's *content*.  Raises ComponentError for whatever else is there."""
        if not content:
            raise ComponentError("The card is blank.")
        try:
            found = json.loads(content)
            what = found.pop("what")
            if what != CARD_CONTENT:
                named = f"a {what}, " if isinstance(what, str) and re.fullmatch("[A-Za-z ]{1,30}", what) else ""
                raise ComponentError(f"The card holds {named}no LMK component.")
            label = SetLabel(LmkForm[found.pop("form")], found.pop("set"), found.pop("count"), found.pop("lmk"))
            number, share = found.pop("number"), bytes.fromhex(found.pop("share"))
        except ComponentError:
            raise
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            raise ComponentError("The card holds a damaged LMK component.") from None
        well_formed = (
            not found
            and isinstance(label.set_id, str)
            and re.fullmatch("[0-9A-F]{8}", label.set_id)
            and isinstance(label.check_value, str)
            and re.fullmatch("[0-9A-F]{6}", label.check_value)
            and type(label.count) is int
            and COMPONENTS_MIN <= label.count <= COMPONENTS_MAX
            and type(number) is int
            and 1 <= number <= label.count
        )
        if not well_formed:
            raise ComponentError("The card holds a damaged LMK component.")
        return cls(label, number, LmkComponent(label.form, share))


def _parity_set(form: LmkForm, material: bytes) -> bytes:
    return with_odd(material) if form.algorithm is Algorithm.TDES else material


def split(form: LmkForm, material: bytes, count: int, random: Callable[[int], bytes]) -> tuple[LmkComponent, ...]:
    """*material* of an LMK of *form* as *count* components, all but the last drawn from *random*.

    Raises ComponentError for a count other than 2 to 9 or material of another length.
    """
    _check_count(count)
    drawn = [LmkComponent(form, random(form.material_bytes)) for _ in range(count - 1)]
    if len(material) != form.material_bytes:
        raise ComponentError(f"This LMK has {form.material_bytes} bytes.")
    return (*drawn, LmkComponent(form, combine([material, *(each.reveal() for each in drawn)])))


def join(components: Sequence[LmkComponent], lmk_id: str, name: str = "") -> Lmk:
    """The LMK *lmk_id* (2 digits) of *components*, its exclusive or.

    Raises ComponentError unless they are 2 to 9 of one form, no two alike, and when the LMK comes out zero or, unless it
    is a published test LMK, with a weak DES key or one with two parts alike.
    """
    _check_count(len(components))
    form = components[0].form
    if any(component.form is not form for component in components):
        raise ComponentError("The components are of different LMK schemes.")
    shares = [component.reveal() for component in components]
    if any(compare_digest(one, other) for one, other in combinations(shares, 2)):
        raise ComponentError("Two components are alike.")
    material = _parity_set(form, combine(shares))
    lmk = lmk_of_material(form.kind, lmk_id, material, name)
    if not lmk.is_test and not _is_sound(form, material):
        raise ComponentError("The LMK would be weak.")
    return lmk


def _check_count(count: int) -> None:
    if not COMPONENTS_MIN <= count <= COMPONENTS_MAX:
        raise ComponentError(f"An LMK has {COMPONENTS_MIN} to {COMPONENTS_MAX} components.")


def _is_sound(form: LmkForm, material: bytes) -> bool:
    if form.algorithm is Algorithm.AES:
        return not compare_digest(material, bytes(len(material)))
    keys = [material[at : at + form.key_bytes] for at in range(0, len(material), form.key_bytes)]
    weak = [is_weak(material[at : at + 8]) for at in range(0, len(material), 8)]
    return not any(weak) and not any(masquerades(key) for key in keys)


def card_set(components: Sequence[LmkComponent], random: Callable[[int], bytes]) -> tuple[CardComponent, ...]:
    """*components* as a new set, in order, for one card each.  Raises as ``join``."""
    check_value = join(components, "00").check_value[:CHECK_DIGITS]
    label = SetLabel(components[0].form, random(_SET_ID_BYTES).hex().upper(), len(components), check_value)
    return tuple(CardComponent(label, number, component) for number, component in enumerate(components, 1))


def check_belongs(card: CardComponent, others: Sequence[CardComponent]) -> None:
    """Nothing, if *card* is a further component of the set that *others* are of; else raises ComponentError."""
    if any(other.label != card.label for other in others):
        raise ComponentError("This component is of another set.")
    if any(other.number == card.number for other in others):
        raise ComponentError(f"Component {card.number} is there already.")


def join_set(cards: Sequence[CardComponent], lmk_id: str, name: str = "") -> Lmk:
    """The LMK of *cards*, which must be a whole set, in any order.

    Raises ComponentError as ``join``, and when one is missing, foreign, there twice or not as it was made.
    """
    for place, card in enumerate(cards):
        check_belongs(card, cards[:place])
    if not cards or len(cards) != cards[0].label.count:
        raise ComponentError("Components of the set are missing.")
    lmk = join([card.component for card in cards], lmk_id, name)
    if lmk.check_value[:CHECK_DIGITS] != cards[0].label.check_value:
        raise ComponentError("The components do not make the LMK that the set was made of.")
    return lmk
