"""AES DUKPT beyond the published transactions: lengths of keys, refusals."""

from __future__ import annotations

import itertools

import pytest

from hsm.crypto import aesdukpt
from hsm.crypto.aesdukpt import AesDukptError, KeyType, KeyUsage

KSN = bytes.fromhex("123456789012345600000001")


@pytest.mark.parametrize("length", [16, 24, 32])
def test_keys_of_the_derivation_keep_its_length(length: int) -> None:
    initial = aesdukpt.initial_key(bytes(length), KSN[:8])
    assert len(initial) == length
    assert len(aesdukpt.transaction_key(initial, KSN)) == length


def test_working_keys_have_their_own_lengths_and_are_all_different() -> None:
    key = bytes(range(32))
    lengths = {KeyType.TDES_2: 16, KeyType.TDES_3: 24, KeyType.AES_128: 16, KeyType.AES_192: 24, KeyType.AES_256: 32}
    made = {pair: aesdukpt.working_key(key, KSN, *pair) for pair in itertools.product(KeyUsage, KeyType)}
    assert all(len(value) == lengths[kind] for (_, kind), value in made.items())
    assert len(set(made.values())) == len(made)


def test_the_counter_makes_the_key() -> None:
    initial = bytes(range(16))
    ksns = [KSN[:8] + counter.to_bytes(4, "big") for counter in (0, 1, 2, 3, 0x80000000)]
    assert len({aesdukpt.transaction_key(initial, ksn) for ksn in ksns}) == len(ksns)
    assert aesdukpt.transaction_key(initial, ksns[0]) == initial


def test_what_is_refused() -> None:
    for length in (0, 8, 17, 33):
        with pytest.raises(AesDukptError):
            aesdukpt.initial_key(bytes(length), KSN[:8])
        with pytest.raises(AesDukptError):
            aesdukpt.transaction_key(bytes(length), KSN)
        with pytest.raises(AesDukptError):
            aesdukpt.working_key(bytes(length), KSN, KeyUsage.PIN_ENCRYPTION, KeyType.AES_128)
    for ksn in (b"", KSN[:8], KSN + b"\x00"):
        with pytest.raises(AesDukptError):
            aesdukpt.transaction_key(bytes(16), ksn)
        with pytest.raises(AesDukptError):
            aesdukpt.working_key(bytes(16), ksn, KeyUsage.PIN_ENCRYPTION, KeyType.AES_128)
    with pytest.raises(AesDukptError):
        aesdukpt.initial_key(bytes(16), KSN)
