"""PIN blocks from one key to another (ISO 9564-1)."""

from __future__ import annotations

from dataclasses import dataclass
from hmac import compare_digest

from hsm.appliance import Hsm
from hsm.crypto.pinblock import PIN_DIGITS_MAX, AccountError, PinBlockError, PinBlockFormat, carry_iso0, read, write
from hsm.keys.secret import ClearKey
from hsm.keys.usage import Deed, require
from hsm.operations.accounts import ACCOUNT_DIGITS, in_block, right_twelve
from hsm.operations.lmkpin import open_pin, seal_pin
from hsm.refusal import AccountInvalid, InputInvalid, PinBlockInvalid, PinLengthInvalid, Refusal, VerificationFailed


@dataclass(frozen=True, slots=True)
class PresentedPin:
    """A PIN block as a host presents it: *block*, 8 or 16 bytes under *key*, of the format with code *format_code*.

    *account* is 12 digits, 18 for format 04, the whole PAN for format 48.  *for_card*: the key is one that only PINs on
    their way to cards and mailers lie under.
    """

    key: ClearKey
    block: bytes
    format_code: str
    account: str
    for_card: bool = False

    @property
    def account_12(self) -> str:
        """The 12 right-most digits of the account without check digit."""
        return right_twelve(self.account, whole=self.format_code == PinBlockFormat.ISO_4.value)

    def open(self, hsm: Hsm) -> str:
        """The PIN.  Raises PinFormatInvalid, PinFormatDisabled, and what ``read_pin`` raises."""
        fmt = hsm.formats.entering(self.format_code, for_card=self.for_card)
        return read_pin(hsm, self.key, self.block, fmt, in_block(self.account, fmt, whole=fmt is PinBlockFormat.ISO_4))


def read_pin(hsm: Hsm, key: ClearKey, block: bytes, fmt: PinBlockFormat, account: str) -> str:
    """The PIN in *block* under *key*; *account* as *fmt* binds it.

    Raises PinBlockInvalid, AccountInvalid, KeyBlockModeInvalid; each fault counts as a sign of attack, and
    after too many of them nothing is opened any more (FraudDetected).
    """
    hsm.fraud.admit_block()
    require(key, Deed.DECRYPT)
    try:
        return read(fmt, key.cipher, block, account)
    except PinBlockError:
        hsm.fraud.attacked()
        raise PinBlockInvalid from None
    except AccountError:
        raise AccountInvalid from None


def write_pin(hsm: Hsm, key: ClearKey, pin: str, fmt: PinBlockFormat, account: str) -> bytes:
    """*pin* as a block of format *fmt* under *key*; *account* as *fmt* binds it.

    Raises PinLengthInvalid, AccountInvalid, KeyBlockModeInvalid, and PinBlockInvalid for a key of another block length.
    """
    require(key, Deed.ENCRYPT)
    if key.cipher.block_bytes != (16 if fmt is PinBlockFormat.ISO_4 else 8):
        raise PinBlockInvalid
    try:
        return write(fmt, key.cipher, pin, account, hsm.random.bytes)
    except PinBlockError:
        raise PinLengthInvalid from None
    except AccountError:
        raise AccountInvalid from None


def admit_length(hsm: Hsm, pin: str, pin_digits_max: int) -> None:
    """Nothing, if *pin* is as short as the host wants it.

    Where PIN block faults are all one answer, a host may ask for nothing but 12, so that no length is told (attack
    catalogue A09).  Raises PinLengthInvalid, InputInvalid.
    """
    if hsm.settings.restrict_pin_block_usage and pin_digits_max != PIN_DIGITS_MAX:
        raise InputInvalid
    if len(pin) > pin_digits_max:
        raise PinLengthInvalid


def fault_in_block(hsm: Hsm, otherwise: type[Refusal]) -> Refusal:
    """The refusal for a PIN whose length does not suit: *otherwise*, or the one answer of all PIN block faults."""
    hsm.fraud.attacked()
    return PinBlockInvalid() if hsm.settings.restrict_pin_block_usage else otherwise()


def translate(
    hsm: Hsm,
    source: ClearKey,
    destination: ClearKey,
    block: bytes,
    formats: tuple[str, str],
    account: str,
    pin_digits_max: int,
    *,
    to_card: bool = False,
) -> tuple[int, bytes]:
    """The PIN's length, and *block* re-enciphered from *source* to *destination* and from format to format.

    *formats* are the codes of both; *account* the 12 digits (18 or a PAN, by format) that both blocks are bound to.
    """
    came, goes = hsm.formats.translation(*formats, to_card=to_card)
    into = outof = account
    if len(account) != ACCOUNT_DIGITS or goes is PinBlockFormat.ISO_4 or came is PinBlockFormat.ISO_4:
        whole = PinBlockFormat.ISO_4 in (came, goes)
        outof, into = in_block(account, came, whole=whole), in_block(account, goes, whole=whole)
    if came is goes is PinBlockFormat.ISO_0:
        pin, made = _carried(hsm, source, destination, block, account)
        admit_length(hsm, pin, pin_digits_max)
        return len(pin), made
    pin = read_pin(hsm, source, block, came, outof)
    admit_length(hsm, pin, pin_digits_max)
    return len(pin), write_pin(hsm, destination, pin, goes, into)


def _carried(hsm: Hsm, source: ClearKey, destination: ClearKey, block: bytes, account: str) -> tuple[str, bytes]:
    """``read_pin`` and ``write_pin`` in one, for the translation that hosts ask for most: format 0 to format 0."""
    hsm.fraud.admit_block()
    require(source, Deed.DECRYPT)
    require(destination, Deed.ENCRYPT)
    try:
        return carry_iso0(source.cipher, destination.cipher, block, account)
    except PinBlockError:
        hsm.fraud.attacked()
        raise PinBlockInvalid from None
    except AccountError:
        raise AccountInvalid from None


def keep(hsm: Hsm, presented: PresentedPin, beside: str) -> str:
    """The presented PIN under the LMK of the key *beside* it."""
    return seal_pin(hsm, presented.open(hsm), presented.account_12, beside)


def release(hsm: Hsm, sealed: str, key: ClearKey, format_code: str, account: str, beside: str) -> bytes:
    """The block, under *key*, of the PIN that is *sealed* under the LMK; *account* as in ``PresentedPin``."""
    fmt = hsm.formats.leaving(format_code)
    whole = fmt is PinBlockFormat.ISO_4
    pin = open_pin(hsm, sealed, right_twelve(account, whole=whole), beside)
    return write_pin(hsm, key, pin, fmt, in_block(account, fmt, whole=whole))


def compare(hsm: Hsm, presented: PresentedPin, sealed: str, beside: str) -> None:
    """Nothing, if the presented PIN is the one *sealed* under the LMK for the same account.

    Raises FraudDetected, VerificationFailed, LmkPinInvalid and what opening the block raises.
    """
    hsm.fraud.admit()
    pin = presented.open(hsm)
    if not compare_digest(pin, open_pin(hsm, sealed, presented.account_12, beside)):
        raise refuted(hsm)


def refuted(hsm: Hsm) -> VerificationFailed:
    """The refusal for a PIN that does not verify, counted."""
    hsm.fraud.failed()
    return VerificationFailed()
