"""PINs and what is derived from them: IBM 3624 natural PINs and offsets, the Visa PVV, decimalisation tables.

A decimalisation table is 16 digits: the digit at place *n* stands for the hex digit *n* of a cryptogram.
"""

from __future__ import annotations

from collections import Counter
from hmac import compare_digest

from hsm.crypto.blockcipher import Cipher

_HEX = "0123456789abcdef"
_ADDITION = tuple(str(n % 10) for n in range(20))


class PinDerivationError(ValueError):
    """A PIN, an offset, validation data or a decimalisation table is not of the form that the algorithm takes."""


def _digits(text: str, least: int, most: int, what: str) -> str:
    if not (least <= len(text) <= most and text.isdecimal() and text.isascii()):
        raise PinDerivationError(what)
    return text


def add(pin: str, offset: str) -> str:
    """Digit by digit sum modulo 10 over the length of *offset*; *pin* must be as long or longer.

    >>> add("5775", "6569")
    '1234'
    """
    if len(pin) < len(offset):
        raise PinDerivationError("length")
    return "".join([_ADDITION[int(a) + int(b)] for a, b in zip(pin, offset, strict=False)])


def subtract(pin: str, natural: str) -> str:
    """Digit by digit difference modulo 10 over the length of *pin*; *natural* must be as long or longer.

    >>> subtract("1234", "5775")
    '6569'
    """
    if len(natural) < len(pin):
        raise PinDerivationError("length")
    return "".join([_ADDITION[int(a) + 10 - int(b)] for a, b in zip(pin, natural, strict=False)])


def decimalise(block: bytes, table: str) -> str:
    """The hex digits of *block* through the decimalisation *table* (16 digits), one for one."""
    return block.hex().translate(str.maketrans(_HEX, _digits(table, 16, 16, "decimalisation table")))


def natural_pin(cipher: Cipher, validation_data: str, table: str) -> str:
    """The 16-digit IBM 3624 intermediate PIN, whose left-most digits are the natural PIN.

    *cipher* is of the PIN verification key (DES or triple DES), *validation_data* 16 hex digits, *table* a
    decimalisation table.  Source: IBM 3624 PIN generation, as in IBM CCA "PIN-calculation methods".

    >>> from hsm.crypto.blockcipher import cipher
    >>> key = cipher(bytes.fromhex("0123456789ABCDEFFEDCBA9876543210"))
    >>> natural_pin(key, "0000111111111111", "0123456789012345")[:4]
    '5775'
    """
    try:
        block = bytes.fromhex(validation_data)
    except ValueError:
        block = b""
    if len(block) != 8 or cipher.block_bytes != 8:
        raise PinDerivationError("validation data")
    return decimalise(cipher.encrypt(block), table)


def ibm_pin(cipher: Cipher, validation_data: str, table: str, offset: str) -> str:
    """The customer's PIN for *offset* (1 to 16 digits, as many as the PIN has)."""
    return add(natural_pin(cipher, validation_data, table), _digits(offset, 1, 16, "offset"))


def ibm_offset(cipher: Cipher, validation_data: str, table: str, pin: str) -> str:
    """The offset of *pin* (1 to 16 digits), as long as the PIN.

    With a check length shorter than the PIN, Thales hosts take the left-most digits: give those.  (IBM CCA takes the
    right-most of the offset.)

    >>> from hsm.crypto.blockcipher import cipher
    >>> key = cipher(bytes.fromhex("0123456789ABCDEFFEDCBA9876543210"))
    >>> ibm_offset(key, "0000111111111111", "0123456789012345", "1234")
    '6569'
    """
    return subtract(_digits(pin, 1, 16, "PIN"), natural_pin(cipher, validation_data, table))


def ibm_verifies(cipher: Cipher, validation_data: str, table: str, pin: str, offset: str) -> bool:
    """Whether *offset* is that of *pin*, both of one length (else PinDerivationError), in constant time."""
    given = _digits(offset, len(pin), len(pin), "offset")
    return compare_digest(ibm_offset(cipher, validation_data, table, pin), given)


def visa_pvv(cipher: Cipher, transformed_parameter: str) -> str:
    """The 4-digit PIN verification value of the 16 digits *transformed_parameter* under the PVK pair.

    The transformed security parameter is the 11 right-most digits of the PAN without its check digit, the PVK index and
    the 4 left-most digits of the PIN; ``transformed_security_parameter`` makes it.  The cryptogram is scanned for
    decimal digits, then again for the others less 10 (Visa PVV, as in IBM CCA "PIN-calculation methods").

    >>> from hsm.crypto.blockcipher import cipher
    >>> key = cipher(bytes.fromhex("0123456789ABCDEFFEDCBA9876543210"))
    >>> visa_pvv(key, transformed_security_parameter("112233445566778", "1", "4524"))
    '8523'
    """
    _digits(transformed_parameter, 16, 16, "transformed security parameter")
    if cipher.block_bytes != 8:
        raise PinDerivationError("cipher")
    return two_scans(cipher.encrypt(bytes.fromhex(transformed_parameter)))[:4]


def transformed_security_parameter(account: str, index: str, pin: str) -> str:
    """16 digits from *account* (11 digits or more, without the check digit), PVK *index* (1 digit) and *pin* (4 to 12).

    >>> transformed_security_parameter("444433332222111", "1", "1234")
    '3333222211111234'
    """
    _digits(account, 11, 19, "account")
    return account[-11:] + _digits(index, 1, 1, "PVK index") + _digits(pin, 4, 12, "PIN")[:4]


def pvv_verifies(cipher: Cipher, transformed_parameter: str, pvv: str) -> bool:
    """Whether *pvv* is the PIN verification value, in constant time."""
    return compare_digest(visa_pvv(cipher, transformed_parameter), _digits(pvv, 4, 4, "PVV"))


_LESS_TEN = str.maketrans("abcdef", "012345", "0123456789")
_DECIMALS = str.maketrans("", "", "abcdef")


def two_scans(block: bytes) -> str:
    """As many digits as *block* has hex digits: its decimal ones in order, then the others less 10.

    >>> two_scans(bytes.fromhex("0F1E2D3C"))
    '01235432'
    """
    text = block.hex()
    return text.translate(_DECIMALS) + text.translate(_LESS_TEN)


TABLE_DIFFERENT_DIGITS_MIN = 8
TABLE_SAME_DIGIT_MAX = 4


def table_is_sound(table: str) -> bool:
    """Whether the decimalisation *table* has at least 8 different digits and none more than 4 times.

    This is the check that payShields make against the decimalisation table attack (Bond and Zielinski, 2003).

    >>> table_is_sound("0123456789012345"), table_is_sound("0000000000000001")
    (True, False)
    """
    if not (len(table) == 16 and table.isdecimal() and table.isascii()):
        return False
    counts = Counter(table)
    return len(counts) >= TABLE_DIFFERENT_DIGITS_MIN and max(counts.values()) <= TABLE_SAME_DIGIT_MAX
