"""FF1 against a plain transcription of the standard; NIST's samples are among the vectors of ``test_vectors``."""

from __future__ import annotations

import pytest
from Crypto.Cipher import AES
from hypothesis import given
from hypothesis import strategies as st

from hsm.crypto import ff1
from hsm.crypto.blockcipher import Algorithm, cipher

DIGITS = st.text("0123456789", min_size=2, max_size=ff1.DIGITS_MAX)
KEYS = st.binary(min_size=16, max_size=16)


def transcribed(key: bytes, numerals: list[int], tweak: bytes) -> list[int]:
    """SP 800-38G algorithm 7, step by step, for radix 10: slow, and written without a look at the product's."""
    n, t = len(numerals), len(tweak)
    u = n // 2
    v = n - u
    a, b = numerals[:u], numerals[u:]
    bits = 0
    while 2**bits < 10**v:
        bits += 1
    b_bytes = -(-bits // 8)
    d = 4 * -(-b_bytes // 4) + 4
    p = b"\x01\x02\x01" + (10).to_bytes(3, "big") + b"\x0a" + bytes([u % 256])
    p += n.to_bytes(4, "big") + t.to_bytes(4, "big")

    def number(digits: list[int]) -> int:
        total = 0
        for digit in digits:
            total = total * 10 + digit
        return total

    aes = AES.new(key, AES.MODE_ECB)
    for i in range(10):
        q = tweak + bytes((-t - b_bytes - 1) % 16) + bytes([i]) + number(b).to_bytes(b_bytes, "big")
        r = bytes(16)
        for at in range(0, len(p + q), 16):
            r = aes.encrypt(bytes(x ^ y for x, y in zip(r, (p + q)[at : at + 16], strict=True)))
        s = r
        for j in range(1, -(-d // 16)):
            s += aes.encrypt(bytes(x ^ y for x, y in zip(r, j.to_bytes(16, "big"), strict=True)))
        m = u if i % 2 == 0 else v
        c = (number(a) + int.from_bytes(s[:d], "big")) % 10**m
        a, b = b, [int(x) for x in str(c).rjust(m, "0")]
    return a + b


@given(key=KEYS, digits=DIGITS, tweak=st.binary(max_size=40))
def test_it_is_what_the_standard_says(key: bytes, digits: str, tweak: bytes) -> None:
    expected = "".join(map(str, transcribed(key, [int(x) for x in digits], tweak)))
    ready = cipher(key, Algorithm.AES)
    assert ff1.encrypt(ready, digits, tweak) == expected
    assert ff1.decrypt(ready, expected, tweak) == digits


@pytest.mark.parametrize("digits", ["", "1", "12a4", "1²", "0" * 57])
def test_what_is_no_digit_string_is_refused(digits: str) -> None:
    with pytest.raises(ValueError, match="FF1"):
        ff1.encrypt(cipher(bytes(16), Algorithm.AES), digits, b"")


def test_des_is_refused() -> None:
    with pytest.raises(ValueError, match="FF1"):
        ff1.encrypt(cipher(bytes(range(16))), "1234", b"")
