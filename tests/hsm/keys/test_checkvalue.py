"""Check values against published ones, in every length."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from hsm.crypto.blockcipher import Algorithm
from hsm.keys.checkvalue import CheckValue, check_value, pair_check_values
from hsm.keys.masters import Lmk
from hsm.keys.secret import ClearKey
from hsm.refusal import KeyBlockAlgorithmInvalid, KeyLengthInvalid

Vectors = Mapping[str, list[dict[str, str]]]


@pytest.mark.usefixtures("lmks")
def test_published_check_values(witnessed: Vectors) -> None:
    for vector in witnessed["check_value_primitives"]:
        key = ClearKey(bytes.fromhex(vector["key"]), Algorithm(vector["algorithm"]))
        shown = vector["check_value"]
        full = check_value(key, CheckValue.FULL)
        assert full.startswith(shown), vector["id"]
        assert check_value(key) == shown[:6], vector["id"]
        assert check_value(key, CheckValue.BDK)[:6] == shown[:6], vector["id"]


def test_restricted_check_values_keep_six_digits_and_their_field(lmks: dict[str, Lmk]) -> None:
    key = ClearKey(bytes.fromhex("0123456789ABCDEF"))
    assert check_value(key, CheckValue.FULL, restricted=True) == "D5D44F0000000000"
    assert check_value(key, CheckValue.BDK, restricted=True) == "D5D44F00"
    assert check_value(key, CheckValue.BDK) == "D5D44FF7"
    assert check_value(key, CheckValue.SHORT, restricted=True) == "D5D44F"
    aes = ClearKey(lmks["02"].material(), Algorithm.AES)
    assert check_value(aes, CheckValue.FULL) == "DB3FB60000000000"


def test_a_pair_shows_six_digits_of_each_half() -> None:
    # v038 of the witnessed transports; here from two keys whose check values are published by themselves.
    pair = ClearKey(bytes.fromhex("0123456789ABCDEF" * 2))
    assert pair_check_values(pair) == "D5D44FD5D44F"
    for other in (ClearKey(bytes(8)), ClearKey(bytes(24)), ClearKey(bytes(16), Algorithm.AES)):
        with pytest.raises(KeyLengthInvalid):
            pair_check_values(other)


def test_an_hmac_key_has_no_such_check_value() -> None:
    with pytest.raises(KeyBlockAlgorithmInvalid):
        check_value(ClearKey(bytes(20), None))
