"""A PIN as an Eracom host may keep it: 8 bytes under the Domain Master Key (KM), bound to an account.

The devices' own scheme is not public.  Ours is a tweakable block cipher after Liskov, Rivest and Wagner (CRYPTO 2002,
theorem 2): the PIN field of ISO 9564-1 format 2 is masked with a value made of the account, enciphered, and masked again.
One PIN gives different bytes for different accounts, and bytes moved to another account decipher to something that is a
PIN field once in a million times at the most.  See protocol-spec/decisions/0007-km-pin.md.
"""

from __future__ import annotations

from hmac import compare_digest

from hsm.appliance import Hsm
from hsm.crypto.blockcipher import Cipher, cipher
from hsm.crypto.mac import cmac
from hsm.crypto.pinblock import PinBlockError, PinBlockFormat, decode, encode
from hsm.operations.pins import PresentedPin, refuted
from hsm.refusal import LmkPinInvalid

_LABEL = b"zonekey KM PIN  "


def seal(hsm: Hsm, pin: str, account: str) -> bytes:
    """*pin*, 4 to 12 digits, under the KM, 8 bytes, bound to *account* (12 digits).  Raises DomainUnavailable."""
    under, mask = _under(hsm, account)
    return _masked(under.encrypt(_masked(encode(PinBlockFormat.ISO_2, pin, account, hsm.random.bytes), mask)), mask)


def unseal(hsm: Hsm, sealed: bytes, account: str) -> str:
    """The PIN in *sealed*.  Raises LmkPinInvalid when it is none under this KM for *account*, DomainUnavailable."""
    under, mask = _under(hsm, account)
    try:
        return decode(PinBlockFormat.ISO_2, _masked(under.decrypt(_masked(sealed, mask)), mask), account)
    except PinBlockError:
        raise LmkPinInvalid from None


def compare(hsm: Hsm, presented: PresentedPin, sealed: bytes) -> None:
    """Nothing, if the presented PIN is the one *sealed* under the KM for the same account.

    Raises FraudDetected, VerificationFailed, LmkPinInvalid and what opening the block raises.
    """
    hsm.fraud.admit()
    pin = presented.open(hsm)
    if not compare_digest(pin, unseal(hsm, sealed, presented.account_12)):
        raise refuted(hsm)


def _under(hsm: Hsm, account: str) -> tuple[Cipher, bytes]:
    """The key of the fields, and the mask for *account*: both from the KM's variant for PINs."""
    km = hsm.domain.domain.km.pin_cipher()
    of_fields, of_masks = (
        cipher(cmac(km, bytes((first,)) + _LABEL) + cmac(km, bytes((first + 1,)) + _LABEL)) for first in (1, 3)
    )
    return of_fields, cmac(of_masks, account.encode("ascii"))


def _masked(block: bytes, mask: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(block, mask, strict=True))
