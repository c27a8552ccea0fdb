"""A PIN as a host may keep it: as many decimal digits as the setting "encrypted PIN length" says, under the LMK.

The devices' own algorithm is not published.  Ours: the PIN becomes one number among all PINs of 4 to L-1 digits, that
number is written in L digits, and FF1 (NIST SP 800-38G) enciphers it.  The FF1 key is an AES-128 key that CMAC derives
from the LMK's PIN key; the tweak is the account number, so one PIN gives different text for different accounts, and text
moved to another account either fails or gives another PIN.  No digit of the clear PIN ever shows.
See protocol-spec/decisions/0003-lmk-pin.md.
"""

from __future__ import annotations

from hsm.appliance import Hsm
from hsm.crypto.blockcipher import Algorithm, Cipher, cipher
from hsm.crypto.ff1 import decrypt, encrypt
from hsm.crypto.mac import cmac
from hsm.keys.lmk import LmkUse
from hsm.refusal import LmkPinInvalid, PinLengthInvalid

PIN_DIGITS_MIN = 4
_LABEL = b"zonekey LMK PIN "


def seal_pin(hsm: Hsm, pin: str, account: str, beside: str = "") -> str:
    """*pin* (4 digits to one less than L) under the LMK, L digits, bound to *account*.

    *beside* is a key of the request, whose LMK is the one to use.  Raises PinLengthInvalid for a PIN that is too long.
    """
    width = hsm.settings.encrypted_pin_length
    if not PIN_DIGITS_MIN <= len(pin) < width:
        raise PinLengthInvalid
    number = int(pin) + sum(10**n for n in range(PIN_DIGITS_MIN, len(pin)))
    return encrypt(_pin_cipher(hsm.lmk_cipher(LmkUse.PIN, beside)), f"{number:0{width}d}", account.encode("ascii"))


def open_pin(hsm: Hsm, sealed: str, account: str, beside: str = "") -> str:
    """The PIN in *sealed*.  Raises LmkPinInvalid when it is no PIN under this LMK for this account."""
    width = hsm.settings.encrypted_pin_length
    if len(sealed) != width or not (sealed.isascii() and sealed.isdigit()):
        raise LmkPinInvalid
    number = int(decrypt(_pin_cipher(hsm.lmk_cipher(LmkUse.PIN, beside)), sealed, account.encode("ascii")))
    for digits in range(PIN_DIGITS_MIN, width):
        if number < 10**digits:
            return f"{number:0{digits}d}"
        number -= 10**digits
    raise LmkPinInvalid


def _pin_cipher(lmk: Cipher) -> Cipher:
    """The FF1 key: the 16 bytes that CMAC under the LMK's PIN key gives of our label (and of it with a count)."""
    if lmk.block_bytes == 16:
        return cipher(cmac(lmk, _LABEL), Algorithm.AES)
    return cipher(cmac(lmk, b"\x01" + _LABEL) + cmac(lmk, b"\x02" + _LABEL), Algorithm.AES)
