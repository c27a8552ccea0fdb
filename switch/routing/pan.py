"""The primary account number: issuer's prefix, serial, check digit (ISO/IEC 7812-1; 13 to 19 digits at the switch)."""

from __future__ import annotations

from dataclasses import dataclass, field

from switch.codec.privacy import masked_pan

DIGITS_LEAST, DIGITS_MOST = 13, 19


class PanError(Exception):
    """No PAN; the text doesn't show it."""


def check_digit(digits: str) -> str:
    """The Luhn digit (ISO/IEC 7812-1, annex B) that belongs behind *digits*.

    >>> check_digit("7992739871"), check_digit("400000123456")
    ('3', '2')
    """
    doubled = (sum(divmod(2 * int(digit), 10)) for digit in digits[::-2])
    return str(-(sum(doubled) + sum(int(digit) for digit in digits[-2::-2])) % 10)


@dataclass(frozen=True)
class Pan:
    """A PAN with a right check digit; shown masked.

    >>> Pan("9704050000000013")
    970405******0013
    """

    digits: str = field(repr=False)

    def __post_init__(self) -> None:
        """Raises PanError."""
        if not (DIGITS_LEAST <= len(self.digits) <= DIGITS_MOST and self.digits.isascii() and self.digits.isdecimal()):
            raise PanError(f"a PAN has {DIGITS_LEAST} to {DIGITS_MOST} digits")
        if check_digit(self.digits[:-1]) != self.digits[-1]:
            raise PanError("a PAN's last digit is its check digit")

    def __repr__(self) -> str:
        return masked_pan(self.digits)

    def split(self, prefix_digits: int) -> tuple[str, str, str]:
        """The issuer's prefix of so many digits, the serial and the check digit.

        >>> Pan("9704050000000013").split(6)
        ('970405', '000000001', '3')
        """
        return self.digits[:prefix_digits], self.digits[prefix_digits:-1], self.digits[-1]
