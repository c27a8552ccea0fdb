"""The two engines agree, and a cipher keeps its key to itself."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hsm.crypto.blockcipher import Algorithm, Engine, OpenSslCipher, PycryptodomeCipher
from hsm.crypto.parity import is_weak

PARTS = st.binary(min_size=8, max_size=8).filter(lambda part: not is_weak(part))
KEYS = st.one_of(
    st.tuples(st.just(Algorithm.DES), st.lists(PARTS, min_size=1, max_size=1)),
    st.tuples(st.just(Algorithm.TDES), st.lists(PARTS, min_size=2, max_size=3)),
    st.tuples(st.just(Algorithm.AES), st.lists(PARTS, min_size=2, max_size=4)),
)


@given(KEYS, st.binary(min_size=64, max_size=64), st.binary(min_size=16, max_size=16))
def test_engines_agree(key: tuple[Algorithm, list[bytes]], data: bytes, iv: bytes) -> None:
    algorithm, parts = key
    one, two = (engine(b"".join(parts), algorithm) for engine in (OpenSslCipher, PycryptodomeCipher))
    iv = iv[: one.block_bytes]
    assert one.encrypt(data) == two.encrypt(data)
    assert one.decrypt(data) == two.decrypt(data)
    assert one.encrypt_cbc(data, iv) == two.encrypt_cbc(data, iv)
    assert one.decrypt_cbc(data, iv) == two.decrypt_cbc(data, iv)
    assert one.decrypt_cbc(one.encrypt_cbc(data, iv), iv) == data


@given(PARTS, PARTS, st.sampled_from(["aa", "aaa", "aab", "abb", "aba"]), st.binary(min_size=8, max_size=8))
def test_engines_agree_on_keys_with_equal_parts(a: bytes, b: bytes, shape: str, block: bytes) -> None:
    key = b"".join({"a": a, "b": b}[letter] for letter in shape)
    one, two = (engine(key, Algorithm.TDES) for engine in (OpenSslCipher, PycryptodomeCipher))
    assert one.encrypt(block) == two.encrypt(block)
    assert one.encrypt_cbc(block * 3, block) == two.encrypt_cbc(block * 3, block)


def test_a_cipher_has_no_text_no_equality_and_no_copy(engine: Engine) -> None:
    key = bytes(range(16))
    cipher = engine(key, Algorithm.AES)
    assert repr(cipher) == "<AES-128 cipher>"
    assert key.hex() not in str(vars(type(cipher)))
    with pytest.raises(TypeError):
        cipher == cipher  # noqa: B015  # the comparison is what must fail
    with pytest.raises(TypeError):
        hash(cipher)
    with pytest.raises(TypeError):
        pickle.dumps(cipher)


@pytest.mark.parametrize(("length", "algorithm"), [(16, Algorithm.DES), (8, Algorithm.TDES), (8, Algorithm.AES)])
def test_lengths_are_checked(engine: Engine, length: int, algorithm: Algorithm) -> None:
    with pytest.raises(ValueError, match="key of"):
        engine(bytes(length), algorithm)


def test_an_aes_key_has_no_parts(engine: Engine) -> None:
    with pytest.raises(ValueError, match="no DES parts"):
        _ = engine(bytes(16), Algorithm.AES).parts
