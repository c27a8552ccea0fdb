"""Triple DES DUKPT beyond the published transactions: short serial numbers, a device's counterpart, refusals."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hsm.crypto import dukpt
from hsm.crypto.dukpt import DukptError, Variant

BDK = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")


@given(st.binary(min_size=10, max_size=10), st.integers(0, 0x1FFFFF))
def test_the_initial_key_ignores_the_counter(ksn: bytes, counter: int) -> None:
    value = int.from_bytes(ksn, "big") & ~0x1FFFFF
    assert dukpt.initial_key(BDK, ksn) == dukpt.initial_key(BDK, (value | counter).to_bytes(10, "big"))


@pytest.mark.parametrize("length", [8, 9])
def test_short_serial_numbers_mean_filling_in_front(length: int) -> None:
    full = b"\xff" * (10 - length) + bytes.fromhex("FFFF9876543210E00003")[10 - length :]
    initial = dukpt.initial_key(BDK, full)
    assert dukpt.initial_key(BDK, full[10 - length :]) == initial
    assert dukpt.transaction_key(initial, full[10 - length :]) == dukpt.transaction_key(initial, full)


def test_before_the_first_transaction_the_key_is_the_initial_one() -> None:
    ksn = bytes.fromhex("FFFF9876543210E00000")
    initial = dukpt.initial_key(BDK, ksn)
    assert dukpt.transaction_key(initial, ksn) == initial


def test_each_use_has_its_key() -> None:
    assert len({dukpt.working_key(BDK, variant) for variant in Variant}) == len(Variant)


@pytest.mark.parametrize("ksn_bytes", [0, 7, 11])
def test_what_is_refused(ksn_bytes: int) -> None:
    with pytest.raises(DukptError):
        dukpt.initial_key(BDK, bytes(ksn_bytes))
    with pytest.raises(DukptError):
        dukpt.transaction_key(BDK, bytes(ksn_bytes))
    for key in (b"", bytes(8), bytes(24)):
        with pytest.raises(DukptError):
            dukpt.initial_key(key, bytes(10))
        with pytest.raises(DukptError):
            dukpt.transaction_key(key, bytes(10))
