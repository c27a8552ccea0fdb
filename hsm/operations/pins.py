"""PIN blocks from one key to another (ISO 9564-1)."""

from __future__ import annotations

from hsm.appliance import Hsm
from hsm.crypto.pinblock import AccountError, PinBlockError, PinBlockFormat, read, write
from hsm.keys.secret import ClearKey
from hsm.refusal import AccountInvalid, PinBlockInvalid, PinLengthInvalid


def read_pin(hsm: Hsm, key: ClearKey, block: bytes, fmt: PinBlockFormat, account: str) -> str:
    """The PIN in *block* under *key*.  Raises PinBlockInvalid, AccountInvalid; each fault counts as a sign of attack."""
    try:
        return read(fmt, key.cipher, block, account)
    except PinBlockError:
        hsm.fraud.attacked()
        raise PinBlockInvalid from None
    except AccountError:
        raise AccountInvalid from None


def write_pin(hsm: Hsm, key: ClearKey, pin: str, fmt: PinBlockFormat, account: str) -> bytes:
    """*pin* as a block of format *fmt* under *key*."""
    try:
        return write(fmt, key.cipher, pin, account, hsm.random.bytes)
    except PinBlockError:
        raise PinLengthInvalid from None
    except AccountError:
        raise AccountInvalid from None


def translate(
    hsm: Hsm,
    source: ClearKey,
    destination: ClearKey,
    block: bytes,
    formats: tuple[str, str],
    account: str,
    pin_digits_max: int,
) -> tuple[int, bytes]:
    """The PIN's length, and *block* re-enciphered from *source* to *destination* and from format to format.

    *formats* are the codes of both; *account* the 12 digits (or PAN, by format) that both blocks are bound to.
    """
    came, goes = hsm.formats.translation(*formats)
    pin = read_pin(hsm, source, block, came, account)
    if len(pin) > pin_digits_max:
        raise PinLengthInvalid
    return len(pin), write_pin(hsm, destination, pin, goes, account)
