"""What an issuer does with a chip card; values against pyemv are in the dialect's tests."""

from __future__ import annotations

import pytest

from hsm.crypto.blockcipher import cipher
from hsm.keys.secret import ClearKey
from hsm.operations import emv
from hsm.operations.emv import Tree
from hsm.operations.encipher import CipherMode
from hsm.refusal import DataLengthInvalid, IndexInvalid, InputInvalid, VerificationFailed

SECRET = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")
KEY = ClearKey(SECRET)


def test_a_mixed_block_is_enciphered_as_it_is() -> None:
    cryptogram, code = bytes(range(8)), b"\x30\x31"
    mixed = bytes(a ^ b for a, b in zip(cryptogram, code + bytes(6), strict=True))
    assert emv.response_cryptogram(KEY, cryptogram, code) == emv.response_cryptogram_of(KEY, mixed)
    assert emv.response_cryptogram_of(KEY, mixed) == cipher(SECRET).encrypt(mixed)


def test_the_text_stands_in_the_script_at_its_offset() -> None:
    assert emv.script_mac_of(KEY, b"abef", 2, b"cd") == emv.script_mac_of(KEY, b"abcdef", 0, b"")
    assert emv.script_mac_of(KEY, b"ab", 2, b"cd") == emv.script_mac_of(KEY, b"abcd", 4, b"")


def test_refusals() -> None:
    with pytest.raises(VerificationFailed):
        emv.check_cryptogram(KEY, b"1", bytes(8), padded=False)
    with pytest.raises(DataLengthInvalid):
        emv.check_cryptogram(KEY, b"1", bytes(8), padded=True)
    with pytest.raises(DataLengthInvalid):
        emv.check_cryptogram(KEY, b"", bytes(8), padded=False)
    with pytest.raises(InputInvalid):
        emv.response_cryptogram(KEY, bytes(8), b"1")
    with pytest.raises(InputInvalid):
        emv.counter_session_key(KEY, bytes(8))
    with pytest.raises(InputInvalid):
        Tree(bytes(2), 8, 2, bytes(16)).key(KEY)
    with pytest.raises(DataLengthInvalid):
        emv.script_text(KEY, CipherMode.CBC, b"")
    with pytest.raises(IndexInvalid):
        emv.script_mac_of(KEY, b"ab", 3, b"")
    with pytest.raises(DataLengthInvalid):
        emv.script_mac_of(KEY, b"", 0, b"")
