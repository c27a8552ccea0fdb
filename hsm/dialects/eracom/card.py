"""Card verification values: EE0802, EE0803, 9B, 9C."""

from __future__ import annotations

from typing import Annotated

from hsm.appliance import Hsm
from hsm.audit.record import Category
from hsm.dialects.eracom.codes import eracom
from hsm.dialects.eracom.fields import CardVerificationValue, Kcvv, Request, StoredIndex, stored
from hsm.keys.domaintypes import KCVV
from hsm.operations import cards
from hsm.refusal import DigitsInvalid
from hsm.wire.message import Empty, Message
from hsm.wire.packed import Packed

CATEGORY = Category.CARD

CvvText = Annotated[str, Packed(32, hidden=True, wrong=DigitsInvalid)]
"""PAN, date and service code, and zeros."""


class MakeCvv(Request):
    key: Kcvv
    text: CvvText


class CvvMade(Message):
    value: CardVerificationValue


@eracom.command("EE0802")
def make_cvv(ask: MakeCvv, hsm: Hsm) -> CvvMade:
    """Generate a card verification value (CVV, CVC) under a KCVV of double length.

    The host puts the 32 digits together: PAN, date as the issuer orders it, service code (000 for a CVV2, 999 for an
    iCVV), zeros.  The answer is three digits and F.
    """
    return CvvMade(value=cards.cvv_of_text(hsm.domain_key(ask.key, KCVV), ask.text))


class VerifyCvv(Request):
    key: Kcvv
    text: CvvText
    value: CardVerificationValue


@eracom.command("EE0803")
def verify_cvv(ask: VerifyCvv, hsm: Hsm) -> Empty:
    """Verify a card verification value (CVV, CVC).

    With PIN fraud detection on, wrong values count towards its limits: there are only a thousand to try.
    """
    cards.verify_cvv_of_text(hsm, hsm.domain_key(ask.key, KCVV), ask.value, ask.text)
    return Empty()


class MakeCvvAt(Message):
    key_index: StoredIndex
    text: CvvText


@eracom.command("9B")
def make_cvv_at(ask: MakeCvvAt, hsm: Hsm) -> CvvMade:
    """Generate a card verification value as EE0802 does, under a stored KCVV."""
    return CvvMade(value=cards.cvv_of_text(hsm.domain_key(stored(ask.key_index), KCVV), ask.text))


class VerifyCvvAt(Message):
    key_index: StoredIndex
    text: CvvText
    value: CardVerificationValue


@eracom.command("9C")
def verify_cvv_at(ask: VerifyCvvAt, hsm: Hsm) -> Empty:
    """Verify a card verification value as EE0803 does, under a stored KCVV."""
    cards.verify_cvv_of_text(hsm, hsm.domain_key(stored(ask.key_index), KCVV), ask.value, ask.text)
    return Empty()
