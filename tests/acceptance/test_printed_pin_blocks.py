"""The PIN blocks that the thesis prints, section 1.3.2.a."""

from __future__ import annotations

import pytest

from hsm.crypto import pinblock
from hsm.crypto.pinblock import PinBlockFormat

CARD = "4000001234562"
"""As printed: 4000 0012 3456 2, whose last digit is the check digit."""
ACCOUNT = CARD[:-1]

PRINTED = {
    # The text says OR; the printed result is the exclusive or.
    "A38": (PinBlockFormat.ISO_0, "92389", "0592789FFFEDCBA9"),
    "A40": (PinBlockFormat.DIEBOLD, "92389", "92389FFFFFFFFFFF"),
    "A41": (PinBlockFormat.ISO_2, "34567", "2534567FFFFFFFFF"),
}


def no_fill(count: int) -> bytes:
    raise AssertionError("these formats draw nothing")


@pytest.mark.parametrize("row", PRINTED)
def test_a_printed_block(row: str) -> None:
    fmt, pin, block = PRINTED[row]
    assert pinblock.encode(fmt, pin, ACCOUNT, no_fill).hex().upper() == block
    assert pinblock.decode(fmt, bytes.fromhex(block), ACCOUNT) == pin


def test_the_printed_block_of_format_02() -> None:
    """Its fill is the terminal's own, so what is printed can be read, and what is written differs in the fill alone."""
    printed = "5923890987654321"
    assert pinblock.decode(PinBlockFormat.DOCUTEL, bytes.fromhex(printed), ACCOUNT) == "92389"
    drawn = bytes.fromhex("0987654321")
    made = pinblock.encode(PinBlockFormat.DOCUTEL, "92389", ACCOUNT, lambda count: (drawn * count)[:count])
    assert made.hex().upper()[:7] == printed[:7]
