"""Parts of the X9.143 versions that no published block reaches."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CTR
from hypothesis import given
from hypothesis import strategies as st

from hsm.crypto import tr31
from hsm.crypto.blockcipher import Algorithm, cipher
from hsm.crypto.keyblock import AuthenticationFailed

KEY = bytes(range(16))
NEAR_THE_END = st.integers(0, 3).map(lambda n: (2**128 - 1 - n).to_bytes(16, "big"))


@given(st.one_of(st.binary(min_size=16, max_size=16), NEAR_THE_END), st.binary(min_size=1, max_size=100))
def test_counter_mode_is_the_library_s(start: bytes, text: bytes) -> None:
    """Also where the counter runs over."""
    expected = Cipher(AES(KEY), CTR(start)).encryptor().update(text)
    assert tr31._counter_mode(cipher(KEY, Algorithm.AES), start, text) == expected


@pytest.mark.parametrize("name", "ABCDE")
def test_what_is_sealed_opens_and_nothing_else(name: str) -> None:
    version = tr31.VERSIONS[name]
    enc, mac = (cipher(key, version.algorithm) for key in version.derive(KEY))
    header, field = b"X0096P0TE00N0000", bytes(range(32))
    ciphertext, authenticator = version.seal(enc, mac, header, field)
    assert len(authenticator) == version.authenticator_bytes
    assert version.open(enc, mac, header, ciphertext, authenticator) == field
    for damaged in (
        (header[:-1] + b"1", ciphertext, authenticator),
        (header, ciphertext[:-1] + bytes([ciphertext[-1] ^ 1]), authenticator),
        (header, ciphertext, authenticator[:-1] + bytes([authenticator[-1] ^ 1])),
    ):
        with pytest.raises(AuthenticationFailed):
            version.open(enc, mac, *damaged)
