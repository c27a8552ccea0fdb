"""RSA for cards: signatures recovered as a terminal does it, and what is refused."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable

import pytest
from Crypto.PublicKey import RSA

from hsm.crypto.rsasign import PrivateKey, RsaInputError, generate, packed, sign_static_data, unpacked

STATIC = bytes.fromhex("5A0847617390010100105F2403281231")


@pytest.fixture(scope="module")
def key() -> PrivateKey:
    return generate(1152, 3, os.urandom)


def test_a_terminal_recovers_what_was_signed(key: PrivateKey) -> None:
    """EMV 4.3 Book 2 section 5.4, step by step."""
    signature = sign_static_data(key, b"\xda\xc0", STATIC)
    recovered = pow(int.from_bytes(signature, "big"), 3, key.modulus).to_bytes(key.modulus_bytes, "big")
    assert len(signature) == key.modulus_bytes == 144
    assert recovered[:5] == bytes.fromhex("6A0301DAC0")
    assert recovered[-1:] == b"\xbc"
    assert set(recovered[5:-21]) == {0xBB}
    assert recovered[-21:-1] == hashlib.sha1(recovered[1:-21] + STATIC, usedforsecurity=False).digest()


@pytest.mark.parametrize(("bits", "exponent"), [(1024, 65_537), (1408, 3)])
def test_the_private_function_is_that_of_another_implementation(bits: int, exponent: int) -> None:
    key = unpacked(packed(generate(bits, exponent, os.urandom)))
    other = RSA.construct((key.modulus, exponent, pow(exponent, -1, (key.p - 1) * (key.q - 1))))
    block = bytes(1) + os.urandom(bits // 8 - 1)
    assert key.apply(block) == pow(int.from_bytes(block, "big"), other.d, other.n).to_bytes(bits // 8, "big")


def test_a_key_with_a_wrong_prime_signs_nothing(key: PrivateKey) -> None:
    """A fault in one half would give the other prime away."""
    with pytest.raises(RsaInputError):
        PrivateKey(key.p, key.q + 2, 3).apply(b"\1" * key.modulus_bytes)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda key: generate(1008, 3, os.urandom),
        lambda key: generate(1153, 3, os.urandom),
        lambda key: generate(1024, 5, os.urandom),
        lambda key: unpacked(packed(key)[:-1]),
        lambda key: unpacked(bytes(147)),
        lambda key: key.apply(b"\xff" * key.modulus_bytes),
        lambda key: key.apply(b"\1"),
        lambda key: sign_static_data(key, b"\1", STATIC),
    ],
)
def test_what_is_none_is_refused(key: PrivateKey, wrong: Callable[[PrivateKey], object]) -> None:
    with pytest.raises(RsaInputError):
        wrong(key)


def test_nothing_shows_the_primes(key: PrivateKey) -> None:
    assert str(key.p) not in repr(key)
    assert f"{key.q:x}" not in repr(key)
