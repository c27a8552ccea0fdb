"""PIN blocks: ISO 9564-1 formats 0 to 4 and the vendors' own, by the Thales codes.

A clear block of 8 bytes is made and read by ``encode`` and ``decode``; format 4, whose two passes need the
cipher between them, by ``encipher_iso4`` and ``decipher_iso4``; ``write`` and ``read`` do either and the enciphering.
Whatever is wrong in a block gives one error, ``PinBlockError``, so that the answer does not tell an attacker where.

The account field is hexadecimal digits here: 12 digits, the right-most of the PAN without its check digit.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum

from hsm.crypto.blockcipher import Cipher

PIN_DIGITS_MIN = 4
PIN_DIGITS_MAX = 12

Random = Callable[[int], bytes]
"""A source of random bytes, so many at a time."""


class PinBlockError(ValueError):
    """The block does not hold a PIN of this format and account; or the PIN cannot go into a block of this format."""


class AccountError(ValueError):
    """The account number is not digits, or not as many as the format takes."""


class PinBlockFormat(Enum):
    """The formats; each value is the code that Thales hosts give it."""

    ISO_0 = "01"
    """ISO 9564-1 format 0, ANSI X9.8: length, PIN, F fill, under the account."""
    DOCUTEL = "02"
    """Length digit, PIN of 4 to 6 digits with zeros on its right up to 6, nine digits of padding."""
    DIEBOLD = "03"
    """Diebold and IBM ATM: PIN, F fill."""
    PLUS = "04"
    """Format 0 under the 12 left-most digits of the account."""
    ISO_1 = "05"
    """ISO 9564-1 format 1: length, PIN, random fill; no account."""
    ISO_2 = "34"
    """ISO 9564-1 format 2, for integrated circuit cards: length, PIN, F fill; no account."""
    MASTERCARD_PAY_NOW = "35"
    """Mastercard Pay Now & Pay Later: format 2 under the account."""
    ISO_3 = "47"
    """ISO 9564-1 format 3: length, PIN, random fill of A to F, under the account."""
    ISO_4 = "48"
    """ISO 9564-1 format 4: 16 bytes, AES, under the PAN."""

    # Enum makes its hash in Python from the name; identity serves as well and is several times quicker.
    __hash__ = object.__hash__


def decode(fmt: PinBlockFormat, clear_block: bytes, account: str) -> str:
    """The PIN, 4 to 12 digits, in the 8 bytes *clear_block*.

    *account*: 12 digits; for PLUS the 12 left-most or more that begin with them; ignored by formats without an account.
    Raises PinBlockError, AccountError, and ValueError for ISO_4.

    >>> decode(PinBlockFormat.ISO_0, bytes.fromhex("041274EDCBA9876F"), "401234567890")
    '1234'
    """
    if len(clear_block) != 8:
        raise PinBlockError
    return _DECODERS[fmt](clear_block, account)


def encode(fmt: PinBlockFormat, pin: str, account: str, random: Random) -> bytes:
    """The clear block, 8 bytes, that holds *pin* (4 to 12 digits; DOCUTEL 4 to 6).

    *account* as for ``decode``.  Raises PinBlockError for a PIN that the format cannot hold, AccountError, and
    ValueError for ISO_4.

    >>> encode(PinBlockFormat.ISO_0, "1234", "401234567890", bytes).hex()
    '041274edcba9876f'
    """
    if not (PIN_DIGITS_MIN <= len(pin) <= PIN_DIGITS_MAX and pin.isdecimal() and pin.isascii()):
        raise PinBlockError
    return _ENCODERS[fmt](pin, account, random)


def read(fmt: PinBlockFormat, cipher: Cipher, block: bytes, account: str) -> str:
    """The PIN in the enciphered *block*; *account* as for ``decode``, but the PAN for ISO_4.

    Raises PinBlockError (also when block, cipher and format do not go together) and AccountError.
    """
    if len(block) != cipher.block_bytes:
        raise PinBlockError
    if fmt is PinBlockFormat.ISO_4:
        return decipher_iso4(cipher, block, account)
    if cipher.block_bytes != 8:
        raise PinBlockError
    return _DECODERS[fmt](cipher.decrypt(block), account)


def write(fmt: PinBlockFormat, cipher: Cipher, pin: str, account: str, random: Random) -> bytes:
    """The enciphered block, as long as the cipher's, that holds *pin*; *account* as for ``read``.

    Raises PinBlockError (also when cipher and format do not go together) and AccountError.
    """
    if fmt is PinBlockFormat.ISO_4:
        return encipher_iso4(cipher, pin, account, random)
    if cipher.block_bytes != 8:
        raise PinBlockError
    return cipher.encrypt(encode(fmt, pin, account, random))


def carry_iso0(source: Cipher, destination: Cipher, block: bytes, account: str) -> tuple[str, bytes]:
    """The PIN in the format 0 *block* under *source*, and the block under *destination*.

    One PIN and account make one clear block of format 0, so the one that was read need not be made again.  *account* is
    12 digits.  Raises PinBlockError and AccountError as ``read`` and ``write`` do.
    """
    if len(block) != source.block_bytes or source.block_bytes != 8 or destination.block_bytes != 8:
        raise PinBlockError
    clear = source.decrypt(block)
    return _decode_iso0(clear, account), destination.encrypt(clear)


def decipher_iso4(cipher: Cipher, block: bytes, pan: str) -> str:
    """The PIN in the format 4 *block*, 16 bytes under an AES *cipher*; *pan* is 1 to 19 digits.

    ISO 9564-1:2017, 9.4.2.3.  Raises PinBlockError and AccountError.
    """
    if cipher.block_bytes != 16 or len(block) != 16:
        raise PinBlockError
    inner = int.from_bytes(cipher.decrypt(block), "big") ^ int(pan_field_iso4(pan), 16)
    field = cipher.decrypt(inner.to_bytes(16, "big"))[:8].hex()
    return _cut(field, _CONTROL_4)


def encipher_iso4(cipher: Cipher, pin: str, pan: str, random: Random) -> bytes:
    """The format 4 block, 16 bytes, that holds *pin* under an AES *cipher*; *pan* is 1 to 19 digits.

    ISO 9564-1:2017, 9.4.2.2.  Raises PinBlockError and AccountError.
    """
    if cipher.block_bytes != 16 or not (
        PIN_DIGITS_MIN <= len(pin) <= PIN_DIGITS_MAX and pin.isdecimal() and pin.isascii()
    ):
        raise PinBlockError
    pan_field = int(pan_field_iso4(pan), 16)
    front, fill = _CONTROL_4_OF[len(pin)]
    inner = cipher.encrypt(bytes.fromhex(front + pin + fill) + random(8))
    return cipher.encrypt((int.from_bytes(inner, "big") ^ pan_field).to_bytes(16, "big"))


def pan_field_iso4(pan: str) -> str:
    """The PAN field of format 4, 32 hex digits: how much longer than 12 the PAN is, the PAN, zeros.

    A PAN of fewer than 12 digits gets zeros in front (ISO 9564-1:2017, 9.4.2.2.2).  AccountError unless 1 to 19 digits.

    >>> pan_field_iso4("4111111111111111")
    '44111111111111111000000000000000'
    """
    if not (1 <= len(pan) <= 19 and pan.isdecimal() and pan.isascii()):
        raise AccountError("PAN")
    padded = pan.rjust(12, "0")
    return f"{len(padded) - 12}{padded}".ljust(32, "0")


# What follows works on the block as hex text and integers: slices and look-ups only, because a PIN translation has a
# budget of microseconds.  A front is the control nibble with the length nibble; it tells where the PIN ends.


def _fronts(control: str, fill: str) -> dict[str, tuple[int, str]]:
    lengths = range(PIN_DIGITS_MIN, PIN_DIGITS_MAX + 1)
    return {f"{control}{n:x}": (2 + n, fill * (14 - n)) for n in lengths}


def _fronts_by_length(control: str, fill: str) -> dict[int, tuple[str, str]]:
    return {end - 2: (front, rest) for front, (end, rest) in _fronts(control, fill).items()}


_CONTROL_0, _CONTROL_0_OF = _fronts("0", "f"), _fronts_by_length("0", "f")
_CONTROL_1, _CONTROL_1_OF = _fronts("1", ""), _fronts_by_length("1", "")
_CONTROL_2, _CONTROL_2_OF = _fronts("2", "f"), _fronts_by_length("2", "f")
_CONTROL_3, _CONTROL_3_OF = _fronts("3", ""), _fronts_by_length("3", "")
_CONTROL_4, _CONTROL_4_OF = _fronts("4", "a"), _fronts_by_length("4", "a")
_NO_END = (0, "")


def _account(account: str) -> int:
    if len(account) != 12 or not account.isdecimal():
        raise AccountError("account")
    return int(account, 16)


def _cut(field: str, fronts: dict[str, tuple[int, str]]) -> str:
    end, fill = fronts.get(field[:2], _NO_END)
    pin = field[2:end]
    if field[end:] != fill or not pin.isdecimal():
        raise PinBlockError
    return pin


def _decode_iso0(block: bytes, account: str) -> str:
    # The commonest format has ``_account`` and ``_cut`` written out: the calls would be a third of its cost.
    if len(account) != 12 or not account.isdecimal():
        raise AccountError("account")
    field = (int.from_bytes(block, "big") ^ int(account, 16)).to_bytes(8, "big").hex()
    end, fill = _CONTROL_0.get(field[:2], _NO_END)
    pin = field[2:end]
    if field[end:] != fill or not pin.isdecimal():
        raise PinBlockError
    return pin


def _encode_iso0(pin: str, account: str, random: Random) -> bytes:
    if len(account) != 12 or not account.isdecimal():
        raise AccountError("account")
    front, fill = _CONTROL_0_OF[len(pin)]
    return (int(front + pin + fill, 16) ^ int(account, 16)).to_bytes(8, "big")


def _decode_plus(block: bytes, account: str) -> str:
    return _decode_iso0(block, account[:12])


def _encode_plus(pin: str, account: str, random: Random) -> bytes:
    return _encode_iso0(pin, account[:12], random)


def _decode_iso1(block: bytes, account: str) -> str:
    field = block.hex()
    end, _ = _CONTROL_1.get(field[:2], _NO_END)
    pin = field[2:end]
    if not pin.isdecimal():
        raise PinBlockError
    return pin


def _encode_iso1(pin: str, account: str, random: Random) -> bytes:
    return bytes.fromhex((_CONTROL_1_OF[len(pin)][0] + pin + random(5).hex())[:16])


def _decode_iso2(block: bytes, account: str) -> str:
    return _cut(block.hex(), _CONTROL_2)


def _encode_iso2(pin: str, account: str, random: Random) -> bytes:
    front, fill = _CONTROL_2_OF[len(pin)]
    return bytes.fromhex(front + pin + fill)


def _decode_pay_now(block: bytes, account: str) -> str:
    return _cut((int.from_bytes(block, "big") ^ _account(account)).to_bytes(8, "big").hex(), _CONTROL_2)


def _encode_pay_now(pin: str, account: str, random: Random) -> bytes:
    front, fill = _CONTROL_2_OF[len(pin)]
    return (int(front + pin + fill, 16) ^ _account(account)).to_bytes(8, "big")


# Bytes from 252 on are dropped, so that every letter is as likely as any other (252 = 42 x 6, likewise 250 = 25 x 10).
_LETTERS = bytes(b"abcdef"[b % 6] for b in range(256))
_DIGITS = bytes(b"0123456789"[b % 10] for b in range(256))


def _drawn(random: Random, table: bytes, dropped: bytes, count: int) -> str:
    drawn = random(count + 6).translate(table, dropped)
    while len(drawn) < count:
        drawn += random(count).translate(table, dropped)
    return drawn[:count].decode("ascii")


def _decode_iso3(block: bytes, account: str) -> str:
    field = (int.from_bytes(block, "big") ^ _account(account)).to_bytes(8, "big").hex()
    end, _ = _CONTROL_3.get(field[:2], _NO_END)
    pin = field[2:end]
    if not pin.isdecimal() or field[end:].strip("abcdef"):
        raise PinBlockError
    return pin


def _encode_iso3(pin: str, account: str, random: Random) -> bytes:
    fill = _drawn(random, _LETTERS, b"\xfc\xfd\xfe\xff", 14 - len(pin))
    return (int(_CONTROL_3_OF[len(pin)][0] + pin + fill, 16) ^ _account(account)).to_bytes(8, "big")


_DOCUTEL_ENDS = {"4": (5, "00"), "5": (6, "0"), "6": (7, "")}


def _decode_docutel(block: bytes, account: str) -> str:
    # Public sources disagree on the side of the zeros; an emulator pads on the left, captures and tools on the right.
    field = block.hex()
    end, zeros = _DOCUTEL_ENDS.get(field[0], _NO_END)
    pin = field[1:end]
    if not field.isdigit() or not pin or field[end:7] != zeros:
        raise PinBlockError
    return pin


def _encode_docutel(pin: str, account: str, random: Random) -> bytes:
    if len(pin) > 6:
        raise PinBlockError
    padding = _drawn(random, _DIGITS, bytes(range(250, 256)), 9)
    return bytes.fromhex(f"{len(pin)}{pin:0<6}{padding}")


def _decode_diebold(block: bytes, account: str) -> str:
    pin = block.hex().rstrip("f")
    if not (PIN_DIGITS_MIN <= len(pin) <= PIN_DIGITS_MAX and pin.isdecimal()):
        raise PinBlockError
    return pin


def _encode_diebold(pin: str, account: str, random: Random) -> bytes:
    return bytes.fromhex(f"{pin:f<16}")


def _decode_iso4(block: bytes, account: str) -> str:
    raise ValueError("format 4 is read with its cipher")


def _encode_iso4(pin: str, account: str, random: Random) -> bytes:
    raise ValueError("format 4 is written with its cipher")


_DECODERS: dict[PinBlockFormat, Callable[[bytes, str], str]] = {
    PinBlockFormat.ISO_0: _decode_iso0,
    PinBlockFormat.DOCUTEL: _decode_docutel,
    PinBlockFormat.DIEBOLD: _decode_diebold,
    PinBlockFormat.PLUS: _decode_plus,
    PinBlockFormat.ISO_1: _decode_iso1,
    PinBlockFormat.ISO_2: _decode_iso2,
    PinBlockFormat.MASTERCARD_PAY_NOW: _decode_pay_now,
    PinBlockFormat.ISO_3: _decode_iso3,
    PinBlockFormat.ISO_4: _decode_iso4,
}
_ENCODERS: dict[PinBlockFormat, Callable[[str, str, Random], bytes]] = {
    PinBlockFormat.ISO_0: _encode_iso0,
    PinBlockFormat.DOCUTEL: _encode_docutel,
    PinBlockFormat.DIEBOLD: _encode_diebold,
    PinBlockFormat.PLUS: _encode_plus,
    PinBlockFormat.ISO_1: _encode_iso1,
    PinBlockFormat.ISO_2: _encode_iso2,
    PinBlockFormat.MASTERCARD_PAY_NOW: _encode_pay_now,
    PinBlockFormat.ISO_3: _encode_iso3,
    PinBlockFormat.ISO_4: _encode_iso4,
}
