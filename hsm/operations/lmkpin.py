"""A PIN as a host may keep it: under the LMK.

The devices' own algorithm is not published.  Ours, under a DES LMK: the PIN becomes one number among all PINs of 4 to
L-1 digits, that number is written in L digits (the setting "encrypted PIN length"), and FF1 (NIST SP 800-38G) enciphers
it.  The tweak is the account number, so one PIN gives different text for different accounts, and text moved to another
account either fails or gives another PIN.  Under an AES LMK there is room: ``J`` and one block, which holds the PIN and
a MAC over PIN and account, so that text moved to another account always fails.  No digit of the clear PIN ever shows.
See protocol-spec/decisions/0003-lmk-pin.md.
"""

from __future__ import annotations

from hmac import compare_digest

from hsm.appliance import Hsm
from hsm.crypto.blockcipher import Algorithm, Cipher, cipher
from hsm.crypto.ff1 import decrypt, encrypt
from hsm.crypto.mac import cmac
from hsm.crypto.pinblock import PIN_DIGITS_MAX, PIN_DIGITS_MIN
from hsm.keys.lmk import LmkUse
from hsm.operations.accounts import ACCOUNT_DIGITS
from hsm.refusal import LmkPinInvalid, PinLengthInvalid

AES_TAG = "J"
"""Begins a PIN under an AES LMK, as payShield 10K clients expect (33 characters in all)."""
_LABEL = b"zonekey LMK PIN "
_REFERENCE_LABEL = b"zonekey PIN ref "
_FIELD_CHARS = 16
_CHECK_BYTES = 8


def pin_digits_max(hsm: Hsm, beside: str = "") -> int:
    """The longest PIN that can be kept: one digit less than L under a DES LMK, 12 under an AES LMK."""
    if hsm.lmk_cipher(LmkUse.PIN, beside).block_bytes == 16:
        return PIN_DIGITS_MAX
    return hsm.settings.encrypted_pin_length - 1


def seal_pin(hsm: Hsm, pin: str, account: str, beside: str = "") -> str:
    """*pin* (4 digits to ``pin_digits_max``) under the LMK, L digits or ``J`` and 32H, bound to *account* (12 digits).

    *beside* is a key of the request, whose LMK is the one to use.  Raises PinLengthInvalid for a PIN that is too long.
    """
    if not PIN_DIGITS_MIN <= len(pin) <= pin_digits_max(hsm, beside):
        raise PinLengthInvalid
    lmk = hsm.lmk_cipher(LmkUse.PIN, beside)
    if lmk.block_bytes == 16:
        return AES_TAG + _seal_block(lmk, pin, account)
    width = hsm.settings.encrypted_pin_length
    number = int(pin) + sum(10**n for n in range(PIN_DIGITS_MIN, len(pin)))
    return encrypt(_digits_cipher(lmk, _LABEL), f"{number:0{width}d}", account.encode("ascii"))


def open_pin(hsm: Hsm, sealed: str, account: str, beside: str = "") -> str:
    """The PIN in *sealed*.  Raises LmkPinInvalid when it is no PIN under this LMK for this account."""
    width = hsm.settings.encrypted_pin_length
    lmk = hsm.lmk_cipher(LmkUse.PIN, beside)
    if lmk.block_bytes == 8 and len(sealed) != width:
        raise LmkPinInvalid
    return _open(lmk, sealed, account)


def pin_to_new_lmk(hsm: Hsm, sealed: str, account: str) -> str:
    """The PIN in *sealed* under the old LMK, whatever its length was then, under the new one.

    Raises LmkInvalid, LmkPinInvalid, PinLengthInvalid.
    """
    pin = _open(hsm.old_lmk_cipher(LmkUse.PIN), sealed, account)
    return seal_pin(hsm.changing_to(), pin, account)


def reference_number(hsm: Hsm, account: str) -> str:
    """The 12 digits by which a PIN mailer names *account* (12 digits) without showing it.

    The devices' own algorithm is not published; ours is FF1 under a key derived from the LMK's reference number key.
    """
    lmk = hsm.lmk_cipher(LmkUse.REFERENCE_NUMBER)
    derived = _aes(lmk, b"", _REFERENCE_LABEL) if lmk.block_bytes == 16 else _digits_cipher(lmk, _REFERENCE_LABEL)
    return encrypt(derived, account, b"")


def _open(lmk: Cipher, sealed: str, account: str) -> str:
    if lmk.block_bytes == 16:
        return _open_block(lmk, sealed, account)
    if not (sealed.isascii() and sealed.isdigit()):
        raise LmkPinInvalid
    number = int(decrypt(_digits_cipher(lmk, _LABEL), sealed, account.encode("ascii")))
    for digits in range(PIN_DIGITS_MIN, len(sealed)):
        if number < 10**digits:
            return f"{number:0{digits}d}"
        number -= 10**digits
    raise LmkPinInvalid


def _digits_cipher(lmk: Cipher, label: bytes) -> Cipher:
    """The FF1 key: the 16 bytes that CMAC under a DES LMK gives of *label* with the counts 1 and 2 before it."""
    return cipher(cmac(lmk, b"\x01" + label) + cmac(lmk, b"\x02" + label), Algorithm.AES)


def _aes(lmk: Cipher, count: bytes, label: bytes) -> Cipher:
    return cipher(cmac(lmk, count + label), Algorithm.AES)


def _seal_block(lmk: Cipher, pin: str, account: str) -> str:
    """The PIN field of ISO 9564-1 format 4 (8 bytes) and the left half of its CMAC with the account, one AES block."""
    field = bytes.fromhex(f"4{len(pin):X}{pin}".ljust(_FIELD_CHARS, "A"))
    check = cmac(_aes(lmk, b"\x02", _LABEL), field + account.encode("ascii"))[:_CHECK_BYTES]
    return _aes(lmk, b"\x01", _LABEL).encrypt(field + check).hex().upper()


def _open_block(lmk: Cipher, sealed: str, account: str) -> str:
    if len(sealed) != 33 or sealed[0] != AES_TAG or len(account) != ACCOUNT_DIGITS:
        raise LmkPinInvalid
    clear = _aes(lmk, b"\x01", _LABEL).decrypt(bytes.fromhex(sealed[1:]))
    check = cmac(_aes(lmk, b"\x02", _LABEL), clear[:-_CHECK_BYTES] + account.encode("ascii"))[:_CHECK_BYTES]
    if not compare_digest(clear[-_CHECK_BYTES:], check):
        raise LmkPinInvalid
    field = clear.hex()[:_FIELD_CHARS]
    return field[2 : 2 + int(field[1], 16)]
