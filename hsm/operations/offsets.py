"""IBM 3624 offsets: made of a PIN, verified, and turned back into a PIN."""

from __future__ import annotations

from dataclasses import dataclass

from hsm.appliance import Hsm
from hsm.crypto.pin import add, ibm_offset, ibm_verifies, natural_pin
from hsm.keys.secret import ClearKey
from hsm.keys.usage import Deed, require
from hsm.operations.decimalisation import open_table
from hsm.operations.lmkpin import pin_digits_max
from hsm.operations.pins import PresentedPin, admit_length, fault_in_block, refuted
from hsm.operations.weakpins import ExcludedPins, refuse_weak
from hsm.refusal import InputInvalid, KeyBlockAlgorithmInvalid, PinLengthInvalid

CHECK_DIGITS_MIN = 4
CHECK_DIGITS_MAX = 12
ACCOUNT_DIGITS_IN_DATA = 5
VALIDATION_DIGITS = 11


@dataclass(frozen=True, slots=True)
class OffsetRule:
    """How natural PINs of an account are made.

    *check_digits* are compared at least; *account* is 12 digits without check digit; *table* is as the host gives it,
    under the LMK of the key *beside* it or in the clear; *validation_data* is 11 hexadecimal digits and an ``N``, which
    stands for the last 5 digits of the account.
    """

    pvk: ClearKey
    check_digits: int
    account: str
    table: str
    validation_data: str
    beside: str

    def admit(self, hsm: Hsm, *deeds: Deed) -> None:
        """Nothing, if the fields go together.  Raises InputInvalid, KeyBlockModeInvalid, KeyBlockAlgorithmInvalid.

        A check length below 4 would let few tries find a PIN (attack catalogue A08).  In restricted mode the validation
        data must be the account's.
        """
        if not CHECK_DIGITS_MIN <= self.check_digits <= CHECK_DIGITS_MAX or self.validation_data.count("N") != 1:
            raise InputInvalid
        if hsm.settings.restrict_pin_block_usage:
            own = self.validation_data.replace("N", "")
            if own not in (self.account[:VALIDATION_DIGITS], self.account[-VALIDATION_DIGITS:]):
                raise InputInvalid
        if self.pvk.cipher.block_bytes != 8:
            raise KeyBlockAlgorithmInvalid
        for deed in deeds:
            require(self.pvk, deed)

    def expanded(self) -> str:
        """The 16 hexadecimal digits that are enciphered."""
        return self.validation_data.replace("N", self.account[-ACCOUNT_DIGITS_IN_DATA:])

    def natural(self, hsm: Hsm) -> str:
        """The 16 digits whose left-most ones are the natural PIN.  Raises DecimalisationTableInvalid."""
        return natural_pin(self.pvk.cipher, self.expanded(), open_table(hsm, self.table, self.beside))


def verify(hsm: Hsm, presented: PresentedPin, rule: OffsetRule, offset: str, pin_digits_max: int = 12) -> None:
    """Nothing, if the presented PIN is the natural one plus *offset*.

    Compared are as many digits as the offset has: the check length or, with variable length offsets on, more.  Raises
    FraudDetected, VerificationFailed, InputInvalid, DecimalisationTableInvalid and what opening the block raises.
    """
    hsm.fraud.admit()
    rule.admit(hsm, Deed.VERIFY)
    _admit_offset(hsm, rule, offset)
    table = open_table(hsm, rule.table, rule.beside)
    pin = presented.open(hsm)
    admit_length(hsm, pin, pin_digits_max)
    if len(pin) < rule.check_digits:
        raise fault_in_block(hsm, InputInvalid)
    compared = len(offset)
    if compared > len(pin) or not ibm_verifies(rule.pvk.cipher, rule.expanded(), table, pin[:compared], offset):
        raise refuted(hsm)


def make(hsm: Hsm, pin: str, rule: OffsetRule, excluded: ExcludedPins | None = None) -> str:
    """The offset of *pin*: as long as the PIN with variable length offsets on, else as the check length.

    Raises WeakPin, PinLengthMismatch, DecimalisationTableInvalid, and InputInvalid when the check length is longer than
    the PIN.
    """
    rule.admit(hsm, Deed.GENERATE)
    table = open_table(hsm, rule.table, rule.beside)
    refuse_weak(hsm, pin, excluded)
    if len(pin) < rule.check_digits:
        raise InputInvalid
    digits = len(pin) if hsm.settings.variable_length_offset else rule.check_digits
    return ibm_offset(rule.pvk.cipher, rule.expanded(), table, pin[:digits])


def make_chosen(hsm: Hsm, chosen: PresentedPin, rule: OffsetRule, excluded: ExcludedPins | None = None) -> str:
    """As ``make``, of a PIN in a block, where a PIN that is too short is a fault of the block."""
    pin = chosen.open(hsm)
    if len(pin) < rule.check_digits:
        raise fault_in_block(hsm, InputInvalid)
    return make(hsm, pin, rule, excluded)


def change(
    hsm: Hsm,
    presented: PresentedPin,
    chosen: PresentedPin,
    rule: OffsetRule,
    offset: str,
    excluded: ExcludedPins | None,
) -> str:
    """The offset of the *chosen* PIN, once *offset* has verified the *presented* one.

    The chosen PIN is looked at last, so that what is wrong with it tells nothing to who does not know the current one.
    """
    verify(hsm, presented, rule, offset)
    return make_chosen(hsm, chosen, rule, excluded)


def derive(hsm: Hsm, rule: OffsetRule, offset: str, excluded: ExcludedPins | None = None) -> str:
    """The PIN that *offset* stands for, as long as the offset.  Raises as ``make`` does."""
    rule.admit(hsm, Deed.GENERATE)
    _admit_offset(hsm, rule, offset)
    if len(offset) > pin_digits_max(hsm, rule.beside):
        raise PinLengthInvalid
    pin = add(rule.natural(hsm), offset)
    refuse_weak(hsm, pin, excluded)
    return pin


def _admit_offset(hsm: Hsm, rule: OffsetRule, offset: str) -> None:
    """Nothing, if *offset* is as long as the settings let it be.  Raises InputInvalid."""
    longer = len(offset) > rule.check_digits
    if len(offset) < rule.check_digits or (longer and not hsm.settings.variable_length_offset):
        raise InputInvalid
