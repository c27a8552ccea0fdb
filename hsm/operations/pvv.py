"""The Visa PIN verification value: made of a PIN, and verified."""

from __future__ import annotations

from dataclasses import dataclass

from hsm.appliance import Hsm
from hsm.crypto.pin import pvv_verifies, transformed_security_parameter, visa_pvv
from hsm.keys.secret import ClearKey
from hsm.keys.usage import Deed, require
from hsm.operations.pins import PresentedPin, refuted
from hsm.operations.weakpins import ExcludedPins, refuse_weak
from hsm.refusal import KeyBlockAlgorithmInvalid, KeyLengthInvalid

PVK_PAIR_BYTES = 16


@dataclass(frozen=True, slots=True)
class PvvRule:
    """How PVVs of an account are made: the pair *pvk*, *account* (12 digits without check digit), *index* (1 digit).

    Raises KeyLengthInvalid (27, "PVK not double length") and KeyBlockAlgorithmInvalid.
    """

    pvk: ClearKey
    account: str
    index: str

    def __post_init__(self) -> None:
        if self.pvk.key_bytes != PVK_PAIR_BYTES:
            raise KeyLengthInvalid
        if self.pvk.cipher.block_bytes != 8:
            raise KeyBlockAlgorithmInvalid

    def pvv(self, pin: str) -> str:
        """The 4 digits of *pin*."""
        return visa_pvv(self.pvk.cipher, transformed_security_parameter(self.account, self.index, pin))

    def verifies(self, pin: str, pvv: str) -> bool:
        """Whether *pvv* is that of *pin*, in constant time."""
        return pvv_verifies(self.pvk.cipher, transformed_security_parameter(self.account, self.index, pin), pvv)


def verify(hsm: Hsm, presented: PresentedPin, rule: PvvRule, pvv: str) -> None:
    """Nothing, if *pvv* is that of the presented PIN.  Raises FraudDetected, VerificationFailed and ``open``'s."""
    hsm.fraud.admit()
    require(rule.pvk, Deed.VERIFY)
    if not rule.verifies(presented.open(hsm), pvv):
        raise refuted(hsm)


def make(hsm: Hsm, pin: str, rule: PvvRule, excluded: ExcludedPins | None = None) -> str:
    """The PVV of *pin*, 4 digits.  Raises WeakPin, PinLengthMismatch, KeyBlockModeInvalid."""
    require(rule.pvk, Deed.GENERATE)
    refuse_weak(hsm, pin, excluded)
    return rule.pvv(pin)


def change(
    hsm: Hsm, presented: PresentedPin, chosen: PresentedPin, rule: PvvRule, pvv: str, excluded: ExcludedPins | None
) -> str:
    """The PVV of the *chosen* PIN, once *pvv* has verified the *presented* one.

    The chosen PIN is looked at last, so that what is wrong with it tells nothing to who does not know the current one.
    """
    verify(hsm, presented, rule, pvv)
    return make(hsm, chosen.open(hsm), rule, excluded)
