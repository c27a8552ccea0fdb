"""PINs under the Domain Master Key: EE0640, EE0642, EE0643.

How devices encipher them is not public; see the decision on PINs under the Domain Master Key.
"""

from __future__ import annotations

from typing import Annotated

from hsm.appliance import Hsm
from hsm.audit.record import Category
from hsm.dialects.eracom.codes import eracom
from hsm.dialects.eracom.fields import Anb, PinBlock, PinFormat, PinLength, Ppk, Request, block_format, pin_digits
from hsm.keys.domaintypes import PPK
from hsm.operations import issuing, kmpin
from hsm.operations.pins import PresentedPin
from hsm.wire.kinds import Binary
from hsm.wire.message import Empty, Message

CATEGORY = Category.PIN

KmPin = Annotated[bytes, Binary(8)]


class GenerateKmPin(Request):
    pin_length: PinLength
    account: Anb


class KeepPin(Request):
    block: PinBlock
    key: Ppk
    block_format: PinFormat
    account: Anb


class VerifyKmPin(KeepPin):
    """A PIN block and the PIN under the KM that it is compared with."""

    kept: KmPin


class PinKept(Message):
    kept: KmPin


def _presented(ask: KeepPin, hsm: Hsm) -> PresentedPin:
    return PresentedPin(hsm.domain_key(ask.key, PPK), ask.block, block_format(ask.block_format), ask.account)


@eracom.command("EE0640")
def generate_km_pin(ask: GenerateKmPin, hsm: Hsm) -> PinKept:
    """Make a random PIN under the KM.

    With the weak PIN check on, no excluded PIN is made.  A PIN length of 0 is F0, one below 4 is 07 (both inferred).
    """
    return PinKept(kept=kmpin.seal(hsm, issuing.random_pin(hsm, pin_digits(ask.pin_length)), ask.account))


@eracom.command("EE0642")
def verify_km_pin(ask: VerifyKmPin, hsm: Hsm) -> Empty:
    """Verify a PIN by comparison with one under the KM, which is 07 when it is none for this account."""
    kmpin.compare(hsm, _presented(ask, hsm), ask.kept)
    return Empty()


@eracom.command("EE0643")
def keep_pin(ask: KeepPin, hsm: Hsm) -> PinKept:
    """Bring a PIN from under a PPK under the KM."""
    return PinKept(kept=kmpin.seal(hsm, _presented(ask, hsm).open(hsm), ask.account))
