"""Part-by-part encipherment, held against one written out by hand from the description, with the other library."""

from __future__ import annotations

import pytest
from Crypto.Cipher import DES
from hypothesis import given
from hypothesis import strategies as st

from hsm.crypto.blockcipher import Cipher, cipher
from hsm.keys.variant import KEY_VARIANTS, decipher, encipher, varied
from hsm.refusal import InputInvalid, KeyLengthInvalid, KeySchemeInvalid

WRAPPING = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")


def under(length_variant: int) -> Cipher:
    return cipher(varied(WRAPPING, 0x5A, length_variant))


def by_hand(part: bytes, ninth: int) -> bytes:
    left = bytes([WRAPPING[0] ^ 0x5A]) + WRAPPING[1:8]
    right = bytes([WRAPPING[8] ^ ninth]) + WRAPPING[9:]
    once = DES.new(left, DES.MODE_ECB).encrypt(part)
    return bytes(DES.new(left, DES.MODE_ECB).encrypt(DES.new(right, DES.MODE_ECB).decrypt(once)))


@pytest.mark.parametrize(
    ("scheme", "ninths"),
    [
        ("U", (0xA6, 0x5A)),
        ("T", (0x6A, 0xDE, 0x2B)),
        ("X", (0, 0)),
        ("Y", (0, 0, 0)),
        ("", (0,)),
        ("Z", (0, 0)),
        ("0", (0, 0, 0)),
    ],
)
@given(st.data())
def test_every_scheme_is_what_the_description_says(scheme: str, ninths: tuple[int, ...], data: st.DataObject) -> None:
    parts = data.draw(st.lists(st.binary(min_size=8, max_size=8), min_size=len(ninths), max_size=len(ninths)))
    token = encipher(b"".join(parts), scheme, under)
    expected = b"".join(by_hand(part, ninth) for part, ninth in zip(parts, ninths, strict=True)).hex().upper()
    assert token == (scheme if scheme in "UTXY" else "") + expected
    assert decipher(token, under) == b"".join(parts)


@pytest.mark.parametrize(("scheme", "length"), [("U", 8), ("U", 24), ("X", 24), ("T", 16), ("Y", 16), ("T", 8)])
def test_a_scheme_is_for_one_length(scheme: str, length: int) -> None:
    with pytest.raises(KeyLengthInvalid):
        encipher(bytes(length), scheme, under)


@pytest.mark.parametrize("scheme", ["S", "R", "V", "u", "UU", "1", " "])
def test_other_schemes_are_refused(scheme: str) -> None:
    with pytest.raises(KeySchemeInvalid):
        encipher(bytes(16), scheme, under)


@pytest.mark.parametrize("token", ["V" + "0" * 32, "u" + "0" * 32, "é" + "0" * 32, "Z" + "0" * 16, "S" + "0" * 32])
def test_tokens_of_other_schemes_are_refused(token: str) -> None:
    with pytest.raises(KeySchemeInvalid):
        decipher(token, under)


@pytest.mark.parametrize(
    "token",
    ["", "0" * 15, "0" * 24, "U" + "0" * 31, "T" + "0" * 32, "U" + "0 " * 16, "U" + "00  " * 8, "0G" * 8],
)
def test_malformed_tokens_are_refused(token: str) -> None:
    with pytest.raises(InputInvalid):
        decipher(token, under)


def test_key_variants_are_those_of_the_description_and_keep_the_parity_of_a_byte() -> None:
    # protocol-spec/thales/key-schemes.md; witnessed values exist for 0, 2 and 4, the others are from two emulators.
    assert bytes(KEY_VARIANTS).hex().upper() == "00A65A6ADE2B50749CFA"
    assert all(variant.bit_count() % 2 == 0 for variant in KEY_VARIANTS)
