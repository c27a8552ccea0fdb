"""PINs that the appliance itself makes."""

from __future__ import annotations

from hsm.appliance import Hsm
from hsm.crypto.pinblock import PIN_DIGITS_MAX
from hsm.operations.weakpins import is_weak
from hsm.refusal import PinLengthInvalid, WeakPin

PIN_DIGITS_USUAL = 4
DRAWS_MAX = 1_000


def random_pin(hsm: Hsm, digits: int, pin_digits_max: int = PIN_DIGITS_MAX) -> str:
    """A PIN of *digits* digits, each PIN that the weak PIN check lets pass as likely as any other.

    Raises PinLengthInvalid when a PIN can't be so long, WeakPin when the table excludes (nearly) all.
    """
    if digits > pin_digits_max:
        raise PinLengthInvalid
    for _ in range(DRAWS_MAX):
        pin = hsm.random.digits(digits)
        if not is_weak(hsm, pin):
            return pin
    raise WeakPin
