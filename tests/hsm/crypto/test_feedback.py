"""Cipher feedback."""

from __future__ import annotations

import pytest
from Crypto.Cipher import AES, DES3
from hypothesis import given
from hypothesis import strategies as st

from hsm.crypto.blockcipher import Algorithm, cipher
from hsm.crypto.feedback import decrypt_cfb, encrypt_cfb

KEY = bytes.fromhex("2B7E151628AED2A6ABF7158809CF4F3C")
IV = bytes(range(16))
CLEAR = bytes.fromhex("6BC1BEE22E409F96E93D7E117393172AAE2D")


@pytest.mark.parametrize(
    ("segment_bytes", "clear", "expected"),
    [
        (1, CLEAR, "3B79424C9C0DD436BACE9E0ED4586A4F32B9"),
        (16, CLEAR[:16], "3B3FD92EB72DAD20333449F8E83CFB4A"),
    ],
    ids=["SP 800-38A F.3.7", "SP 800-38A F.3.13"],
)
def test_published(segment_bytes: int, clear: bytes, expected: str) -> None:
    key = cipher(KEY, Algorithm.AES)
    assert encrypt_cfb(key, clear, IV, segment_bytes).hex().upper() == expected
    assert decrypt_cfb(key, bytes.fromhex(expected), IV, segment_bytes) == clear


@given(data=st.binary(max_size=64), segment_bytes=st.sampled_from([1, 8]), triple=st.booleans())
def test_equals_the_other_engine(data: bytes, segment_bytes: int, triple: bool) -> None:
    data = data[: len(data) // segment_bytes * segment_bytes]
    if triple:
        wide = bytes.fromhex("0123456789ABCDEFFEDCBA98765432101122334455667788")
        ours, iv = cipher(wide), IV[:8]
        theirs = DES3.new(wide, DES3.MODE_CFB, iv=iv, segment_size=8 * segment_bytes)
    else:
        ours, iv = cipher(KEY, Algorithm.AES), IV
        theirs = AES.new(KEY, AES.MODE_CFB, iv=iv, segment_size=8 * segment_bytes)
    enciphered = theirs.encrypt(data)
    assert encrypt_cfb(ours, data, iv, segment_bytes) == enciphered
    assert decrypt_cfb(ours, enciphered, iv, segment_bytes) == data


@pytest.mark.parametrize(
    ("data", "iv", "segment_bytes"), [(b"", IV[:8], 1), (b"123", IV, 2), (b"12", IV, 0), (b"", IV, 17)]
)
def test_wrong_lengths(data: bytes, iv: bytes, segment_bytes: int) -> None:
    with pytest.raises(ValueError, match="wrong length"):
        encrypt_cfb(cipher(KEY, Algorithm.AES), data, iv, segment_bytes)
    with pytest.raises(ValueError, match="wrong length"):
        decrypt_cfb(cipher(KEY, Algorithm.AES), data, iv, segment_bytes)
