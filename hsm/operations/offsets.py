"""IBM 3624 offsets: made of a PIN, verified, and turned back into a PIN."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from hsm.appliance import Hsm
from hsm.crypto.pin import ibm_offset, ibm_pin, ibm_verifies
from hsm.keys.secret import ClearKey
from hsm.keys.usage import Deed, require
from hsm.operations.pins import PresentedPin, admit_length, fault_in_block, refuted
from hsm.operations.weakpins import ExcludedPins, refuse_weak
from hsm.refusal import CheckLengthInvalid, FieldsInconsistent, InputInvalid, KeyBlockAlgorithmInvalid, PinLengthInvalid

CHECK_DIGITS_MIN = 4
CHECK_DIGITS_MAX = 12


@dataclass(frozen=True, slots=True)
class OffsetRule:
    """How natural PINs of an account are made.

    *check_digits* are compared at least; *validation_data* are the 16 hexadecimal digits that are enciphered, and
    *of_account* says whether they are the account's; *table* gives the 16 digits of the decimalisation table when it
    comes to that, and may refuse (DecimalisationTableInvalid, StorageUnavailable).
    """

    pvk: ClearKey
    check_digits: int
    validation_data: str
    of_account: bool
    table: Callable[[], str]

    def admit(self, hsm: Hsm, *deeds: Deed) -> None:
        """Nothing, if the fields go together.

        A check length below 4 would let few tries find a PIN (attack catalogue A08).  In restricted mode the validation
        data must be the account's.  Raises CheckLengthInvalid, FieldsInconsistent, KeyBlockModeInvalid,
        KeyBlockAlgorithmInvalid.
        """
        if not CHECK_DIGITS_MIN <= self.check_digits <= CHECK_DIGITS_MAX:
            raise CheckLengthInvalid
        if hsm.settings.restrict_pin_block_usage and not self.of_account:
            raise FieldsInconsistent
        if self.pvk.cipher.block_bytes != 8:
            raise KeyBlockAlgorithmInvalid
        for deed in deeds:
            require(self.pvk, deed)


def verify(hsm: Hsm, presented: PresentedPin, rule: OffsetRule, offset: str, pin_digits_max: int = 12) -> None:
    """Nothing, if the presented PIN is the natural one plus *offset*.

    Compared are as many digits as the offset has: the check length or, with variable length offsets on, more.  Raises
    FraudDetected, VerificationFailed, CheckLengthInvalid, InputInvalid, DecimalisationTableInvalid and what opening the
    block raises.
    """
    hsm.fraud.admit()
    rule.admit(hsm, Deed.VERIFY)
    _admit_offset(hsm, rule, offset)
    table = rule.table()
    pin = presented.open(hsm)
    admit_length(hsm, pin, pin_digits_max)
    if len(pin) < rule.check_digits:
        raise fault_in_block(hsm, CheckLengthInvalid)
    compared = len(offset)
    if compared > len(pin) or not ibm_verifies(rule.pvk.cipher, rule.validation_data, table, pin[:compared], offset):
        raise refuted(hsm)


def verify_whole(hsm: Hsm, presented: PresentedPin, rule: OffsetRule, offset: str) -> None:
    """As ``verify``, of all digits that the PIN has; behind as many of *offset* may stand what fills it."""
    hsm.fraud.admit()
    rule.admit(hsm, Deed.VERIFY)
    table = rule.table()
    pin = presented.open(hsm)
    given = offset[: len(pin)]
    if not given.isdecimal() or not ibm_verifies(rule.pvk.cipher, rule.validation_data, table, pin, given):
        raise refuted(hsm)


def make(hsm: Hsm, pin: str, rule: OffsetRule, excluded: ExcludedPins | None = None) -> str:
    """The offset of *pin*: as long as the PIN with variable length offsets on, else as the check length.

    Raises WeakPin, PinLengthMismatch, DecimalisationTableInvalid, and CheckLengthInvalid when the check length is longer
    than the PIN.
    """
    rule.admit(hsm, Deed.GENERATE)
    table = rule.table()
    refuse_weak(hsm, pin, excluded)
    if len(pin) < rule.check_digits:
        raise CheckLengthInvalid
    digits = len(pin) if hsm.settings.variable_length_offset else rule.check_digits
    return ibm_offset(rule.pvk.cipher, rule.validation_data, table, pin[:digits])


def make_chosen(hsm: Hsm, chosen: PresentedPin, rule: OffsetRule, excluded: ExcludedPins | None = None) -> str:
    """As ``make``, of a PIN in a block, where a PIN that is too short is a fault of the block."""
    pin = chosen.open(hsm)
    if len(pin) < rule.check_digits:
        raise fault_in_block(hsm, CheckLengthInvalid)
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


def derive(
    hsm: Hsm, rule: OffsetRule, offset: str, pin_digits_max: int = 12, excluded: ExcludedPins | None = None
) -> str:
    """The PIN that *offset* stands for, as long as the offset.  Raises PinLengthInvalid, and as ``make`` does."""
    rule.admit(hsm, Deed.GENERATE)
    _admit_offset(hsm, rule, offset)
    if len(offset) > pin_digits_max:
        raise PinLengthInvalid
    pin = ibm_pin(rule.pvk.cipher, rule.validation_data, rule.table(), offset)
    refuse_weak(hsm, pin, excluded)
    return pin


def _admit_offset(hsm: Hsm, rule: OffsetRule, offset: str) -> None:
    """Nothing, if *offset* is as long as the settings let it be.  Raises InputInvalid."""
    longer = len(offset) > rule.check_digits
    if len(offset) < rule.check_digits or (longer and not hsm.settings.variable_length_offset):
        raise InputInvalid
