"""MACs in parts, and which keys may make which."""

from __future__ import annotations

from typing import Any

import pytest

from hsm.crypto.blockcipher import Algorithm
from hsm.crypto.mac import Padding
from hsm.keys.secret import BlockAttributes, ClearKey
from hsm.operations.macs import MacAlgorithm, Part, advance, des_key, generate, running_value, verify
from hsm.refusal import (
    DataLengthInvalid,
    InputInvalid,
    KeyBlockAlgorithmInvalid,
    KeyBlockModeInvalid,
    KeyBlockUsageInvalid,
    PaddingInvalid,
    Refusal,
    VerificationFailed,
)

PAIR = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")
MESSAGE = b"Now is the time for all "


def key(usage: str = "", mode: str = "N", algorithm: Algorithm = Algorithm.TDES, secret: bytes = PAIR) -> ClearKey:
    return ClearKey(secret, algorithm, BlockAttributes(usage, "T", mode) if usage else None)


@pytest.mark.parametrize(
    ("padding", "expected"), [(Padding.ZEROS, "A1C72E74EA3FA9B6"), (Padding.BIT, "E9086230CA3BE796")]
)
def test_iso_9797_1_annex_b(padding: Padding, expected: str) -> None:
    assert generate(key(), MacAlgorithm.RETAIL, MESSAGE, padding=padding).hex().upper() == expected
    running = generate(key(), MacAlgorithm.RETAIL, MESSAGE[:16], part=Part.FIRST)
    last = generate(key(), MacAlgorithm.RETAIL, MESSAGE[16:], padding=padding, part=Part.LAST, running=running)
    assert last.hex().upper() == expected
    assert running_value(key(), MacAlgorithm.RETAIL, MESSAGE[:16], Part.FIRST, None) == running


@pytest.mark.parametrize("kept", range(1, 9))
def test_any_wrong_bit_fails(kept: int) -> None:
    mac = bytes.fromhex("A1C72E74EA3FA9B6")[:kept]
    verify(key(), MacAlgorithm.RETAIL, MESSAGE, mac)
    for bit in range(8 * kept):
        wrong = (int.from_bytes(mac, "big") ^ 1 << bit).to_bytes(kept, "big")
        with pytest.raises(VerificationFailed):
            verify(key(), MacAlgorithm.RETAIL, MESSAGE, wrong)


def test_an_empty_mac_verifies_nothing() -> None:
    with pytest.raises(VerificationFailed):
        verify(key(), MacAlgorithm.RETAIL, MESSAGE, b"")


@pytest.mark.parametrize(
    ("refusal", "given", "algorithm", "data", "how"),
    [
        (DataLengthInvalid, key(), MacAlgorithm.CBC, b"", {}),
        (DataLengthInvalid, key(), MacAlgorithm.CBC, b"1234567", {"part": Part.FIRST}),
        (DataLengthInvalid, key(), MacAlgorithm.CMAC, b"", {"part": Part.LAST, "running": bytes(8)}),
        (InputInvalid, key(), MacAlgorithm.CBC, b"1", {"part": Part.LAST}),
        (InputInvalid, key(), MacAlgorithm.CBC, b"1", {"running": bytes(8)}),
        (InputInvalid, key(), MacAlgorithm.CBC, b"1", {"part": Part.LAST, "running": bytes(16)}),
        (PaddingInvalid, key(), MacAlgorithm.CBC, MESSAGE, {"part": Part.FIRST, "padding": Padding.LENGTH}),
        (KeyBlockUsageInvalid, key("M3"), MacAlgorithm.CBC, MESSAGE, {}),
        (KeyBlockUsageInvalid, key("M1"), MacAlgorithm.RETAIL, MESSAGE, {}),
        (KeyBlockUsageInvalid, key("M0"), MacAlgorithm.CMAC, MESSAGE, {}),
        (KeyBlockModeInvalid, key("M3", "V"), MacAlgorithm.RETAIL, MESSAGE, {}),
        (KeyBlockAlgorithmInvalid, key(algorithm=Algorithm.AES), MacAlgorithm.RETAIL, MESSAGE, {}),
    ],
)
def test_refusals(
    refusal: type[Refusal], given: ClearKey, algorithm: MacAlgorithm, data: bytes, how: dict[str, Any]
) -> None:
    with pytest.raises(refusal):
        generate(given, algorithm, data, **how)


def test_only_des_keys_are_des_keys() -> None:
    assert des_key(key()).key_bytes == 16
    for other in (ClearKey(PAIR, Algorithm.AES), ClearKey(PAIR, None)):
        with pytest.raises(KeyBlockAlgorithmInvalid):
            des_key(other)


def test_a_single_length_key_does_either_algorithm() -> None:
    """FIPS 113: X9.9 with DES."""
    single = key("M1", secret=PAIR[:8])
    for algorithm in (MacAlgorithm.CBC, MacAlgorithm.RETAIL):
        mac = generate(single, algorithm, b"7654321 Now is the time for ")
        assert mac.hex().upper() == "F1D30F6849312CA4"


def test_a_part_in_the_middle_needs_a_key_for_either_purpose() -> None:
    running = generate(key(), MacAlgorithm.RETAIL, MESSAGE[:16], part=Part.FIRST)
    for mode in ("", "C", "G", "V", "N"):
        given = key("M3", mode) if mode else key()
        assert advance(given, MacAlgorithm.RETAIL, MESSAGE[:16], bytes(8)) == running
    with pytest.raises(KeyBlockModeInvalid):
        advance(key("M3", "D"), MacAlgorithm.RETAIL, MESSAGE[:16], bytes(8))
    with pytest.raises(DataLengthInvalid):
        advance(key(), MacAlgorithm.RETAIL, MESSAGE[:15], bytes(8))
