"""Transaction keys out of base derivation keys."""

from __future__ import annotations

import pytest

from hsm.crypto.blockcipher import Algorithm
from hsm.crypto.dukpt import Variant
from hsm.crypto.mac import Padding, algorithm_3, pad
from hsm.keys.dukpt import transaction_key
from hsm.keys.secret import BlockAttributes, ClearKey
from hsm.refusal import InputInvalid, KeyBlockAlgorithmInvalid, KeyBlockModeInvalid, KeyLengthInvalid

BDK = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")
KSN = bytes.fromhex("FFFF9876543210E00003")
DATA = b"4012345678909D987"


def test_the_standard_examples() -> None:
    """ANSI X9.24-1:2009 A.4.2: data by CBC from a zero IV, MACs by X9.19, both filled with zeros."""
    data = transaction_key(ClearKey(BDK), KSN, Variant.DATA_REQUEST)
    filled = DATA + bytes(7)
    expected = "BD751E65F10E75B6C1D5B1D283496A36C2DE21D993C387A7"
    assert data.cipher.encrypt_cbc(filled, bytes(8)).hex().upper() == expected
    for variant, expected in ((Variant.MAC_REQUEST, "20B59A4F"), (Variant.MAC_RESPONSE, "BAD4CC9C")):
        key = transaction_key(ClearKey(BDK), KSN, variant)
        assert algorithm_3(key.cipher, pad(DATA, Padding.ZEROS))[:4].hex().upper() == expected


@pytest.mark.parametrize("ksn", [KSN[:9], KSN + b"\x00", bytes.fromhex("FFFF9876543210EFFF80")])
def test_serial_numbers_of_no_transaction(ksn: bytes) -> None:
    with pytest.raises(InputInvalid):
        transaction_key(ClearKey(BDK), ksn, Variant.PIN)


def test_base_keys_that_are_none() -> None:
    aes = BlockAttributes("B0", "A", "X")
    for key, refusal in (
        (ClearKey(BDK[:8]), KeyLengthInvalid),
        (ClearKey(BDK + BDK[:8]), KeyLengthInvalid),
        (ClearKey(BDK, Algorithm.AES, aes), KeyBlockAlgorithmInvalid),
        (ClearKey(BDK, Algorithm.TDES, BlockAttributes("B0", "T", "E")), KeyBlockModeInvalid),
    ):
        with pytest.raises(refusal):
            transaction_key(key, KSN, Variant.PIN)
