"""PINs that a cardholder may not choose."""

from __future__ import annotations

from dataclasses import dataclass

from hsm.appliance import Hsm
from hsm.refusal import PinLengthMismatch, WeakPin


@dataclass(frozen=True, slots=True)
class ExcludedPins:
    """A table that a request brings along: *pins*, each of *digits* digits."""

    digits: int
    pins: frozenset[str]


def refuse_weak(hsm: Hsm, pin: str, excluded: ExcludedPins | None = None) -> None:
    """Nothing, if *pin* may be chosen.

    The appliance's table counts while the weak PIN check is on, the request's always.  Raises WeakPin, and
    PinLengthMismatch when the request's table is of PINs of another length.
    """
    if excluded is not None:
        if excluded.digits != len(pin):
            raise PinLengthMismatch
        if pin in excluded.pins:
            raise WeakPin
    if is_weak(hsm, pin):
        raise WeakPin


def is_weak(hsm: Hsm, pin: str) -> bool:
    """Does the appliance's own table exclude *pin*?"""
    return hsm.settings.weak_pin_check and pin in hsm.settings.excluded_pins
