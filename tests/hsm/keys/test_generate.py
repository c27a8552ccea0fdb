"""New keys are sound, whatever the source of randomness says."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from hsm.crypto.blockcipher import Algorithm
from hsm.crypto.parity import is_odd, is_weak, masquerades
from hsm.keys.checkvalue import CheckValue, check_value
from hsm.keys.generate import form, random_key
from hsm.keys.ring import KeyRing
from hsm.keys.secret import BlockAttributes, ClearKey
from hsm.keys.usage import key_type
from hsm.refusal import (
    ComponentCountInvalid,
    DestinationKeyParity,
    InputInvalid,
    InternalFault,
    KeyBlockAlgorithmInvalid,
    KeyLengthInvalid,
)

Random = Callable[[int], bytes]
A = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")
B = bytes.fromhex("1C587F1C13924FEF57A1B6D3209E4C8A")


@pytest.mark.parametrize("key_bytes", [8, 16, 24])
def test_des_keys_are_odd_and_sound_and_never_the_same(key_bytes: int, random: Random) -> None:
    seen = {random_key(Algorithm.TDES, key_bytes, random).reveal() for _ in range(200)}
    assert len(seen) == 200
    for key in seen:
        assert is_odd(key)
        assert not masquerades(key)
        assert not any(is_weak(key[at : at + 8]) for at in range(0, key_bytes, 8))


def test_weak_and_equal_draws_are_drawn_again() -> None:
    draws = iter([bytes(16), A[:8] * 2, A[:8] + bytes([A[0] ^ 1]) + A[1:8], A[:8] + b"\xfe" * 8, A])
    assert random_key(Algorithm.TDES, 16, lambda _: next(draws)).reveal() == A


def test_a_broken_source_is_not_asked_for_ever() -> None:
    with pytest.raises(InternalFault):
        random_key(Algorithm.TDES, 16, bytes)


def test_aes_and_hmac_keys_are_as_drawn(random: Random) -> None:
    for length in (16, 24, 32):
        key = random_key(Algorithm.AES, length, random)
        assert (key.algorithm, key.key_bytes) == (Algorithm.AES, length)
    attributes = BlockAttributes("62", "H", "C")
    key = random_key(None, 20, lambda count: b"\x07" * count, attributes)
    assert (key.algorithm, key.reveal(), key.attributes) == (None, b"\x07" * 20, attributes)


@pytest.mark.parametrize(("algorithm", "length"), [(Algorithm.TDES, 7), (Algorithm.TDES, 32), (Algorithm.AES, 8)])
def test_lengths_that_an_algorithm_has_not(algorithm: Algorithm, length: int, random: Random) -> None:
    with pytest.raises(KeyLengthInvalid):
        random_key(algorithm, length, random)


def test_witnessed_components_form_the_witnessed_key(
    witnessed: Mapping[str, list[dict[str, str]]], ring: KeyRing, random: Random
) -> None:
    for vector in witnessed["formed"]:
        row = key_type(vector["key_type"])
        key = form([ring.typed(component, row) for component in vector["components"]], distinct=True)
        assert ring.lmk("00").wrap(key, row, vector["scheme"], None, random) == vector["token"], vector["id"]
        assert check_value(key, CheckValue.FULL).startswith(vector["check_value"]), vector["id"]


def test_equal_components_cancel_and_are_refused() -> None:
    with pytest.raises(DestinationKeyParity):
        form([ClearKey(A), ClearKey(A)], distinct=False)
    aes = ClearKey(A, Algorithm.AES)
    with pytest.raises(DestinationKeyParity):
        form([aes, aes], distinct=True)
    assert form([ClearKey(A), ClearKey(A), ClearKey(B)], distinct=False).reveal() == B
    with pytest.raises(InputInvalid):
        form([ClearKey(A), ClearKey(A), ClearKey(B)], distinct=True)


def test_a_weak_result_is_refused() -> None:
    weak = bytes.fromhex("01FE01FE01FE01FE")
    share = bytes(a ^ b for a, b in zip(A, A[:8] + weak, strict=True))
    with pytest.raises(DestinationKeyParity):
        form([ClearKey(A), ClearKey(share)], distinct=True)


@pytest.mark.parametrize("count", [0, 1, 10])
def test_too_few_or_too_many_components(count: int) -> None:
    with pytest.raises(ComponentCountInvalid):
        form([ClearKey(A)] * count, distinct=False)


def test_components_of_different_sorts() -> None:
    with pytest.raises(KeyLengthInvalid):
        form([ClearKey(A), ClearKey(A[:8])], distinct=True)
    with pytest.raises(KeyLengthInvalid):
        form([ClearKey(A), ClearKey(A + A[:8])], distinct=True)
    block = BlockAttributes("K0", "T", "N")
    with pytest.raises(KeyBlockAlgorithmInvalid):
        form([ClearKey(A, Algorithm.TDES, block), ClearKey(B, Algorithm.AES, block)], distinct=True)
