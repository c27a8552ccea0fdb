"""DUKPT initial keys against the examples of ANSI X9.24-1 and X9.24-3, and other implementations' values."""

from __future__ import annotations

import pytest

from hsm.crypto.blockcipher import Algorithm
from hsm.keys.initialkey import initial_key
from hsm.keys.secret import ClearKey
from hsm.refusal import InputInvalid, KeyBlockAlgorithmInvalid, KeyLengthInvalid

AES_BDK = "FEDCBA9876543210F1F1F1F1F1F1F1F1"


@pytest.mark.parametrize(
    ("bdk", "serial", "expected"),
    [
        # ANSI X9.24-1:2009 A.4, and pydukpt for the BDK of a payShield capture; both recomputed by openemv/dukpt.
        ("0123456789ABCDEFFEDCBA9876543210", "FFFF9876543210E", "6AC292FAA1315B4D858AB3A3D7D5933A"),
        ("0123456789ABCDEFFEDCBA9876543210", "FFFF9876543210FF", "6AC292FAA1315B4D858AB3A3D7D5933A"),
        ("C8A16DABB957C1761652C1A49E836294", "FFFF000001315240", "F087E31F02E66CF424C48ED3F252D46A"),
    ],
)
def test_tdes(bdk: str, serial: str, expected: str) -> None:
    key = initial_key(ClearKey(bytes.fromhex(bdk)), serial, 16)
    assert key.reveal().hex().upper() == expected


@pytest.mark.parametrize(
    ("bdk", "expected"),
    [  # ANSI X9.24-3:2017 supplement, through openemv/dukpt
        (AES_BDK, "1273671EA26AC29AFA4D1084127652A1"),
        (2 * AES_BDK, "CE9CE0C101D1138F97FB6CAD4DF045A7083D4EAE2D35A31789D01CCF0949550F"),
    ],
)
def test_aes(bdk: str, expected: str) -> None:
    key = initial_key(ClearKey(bytes.fromhex(bdk), Algorithm.AES), "1234567890123456", len(bdk) // 2)
    assert key.reveal().hex().upper() == expected


def test_what_is_refused() -> None:
    tdes, aes = ClearKey(bytes(range(16))), ClearKey(bytes(range(16)), Algorithm.AES)
    with pytest.raises(InputInvalid):
        initial_key(tdes, "FFFF98765432", 16)
    with pytest.raises(InputInvalid):
        initial_key(aes, "FFFF9876543210E", 16)
    with pytest.raises(KeyLengthInvalid):
        initial_key(tdes, "FFFF9876543210E", 24)
    with pytest.raises(KeyLengthInvalid):
        initial_key(aes, "1234567890123456", 32)
    with pytest.raises(KeyBlockAlgorithmInvalid):
        initial_key(ClearKey(bytes(range(8))), "FFFF9876543210E", 16)
