"""The digests of "abc": FIPS 180-4's examples and RFC 1321's test suite."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives import hashes
from hypothesis import given
from hypothesis import strategies as st

from hsm.crypto.digest import Digest, digest

ABC = {
    Digest.MD5: "900150983cd24fb0d6963f7d28e17f72",
    Digest.SHA_1: "a9993e364706816aba3e25717850c26c9cd0d89d",
    Digest.SHA_224: "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7",
    Digest.SHA_256: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    Digest.SHA_384: "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7",
    Digest.SHA_512: "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
    "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
}


@pytest.mark.parametrize("algorithm", Digest)
def test_abc(algorithm: Digest) -> None:
    assert digest(algorithm, b"abc").hex() == ABC[algorithm]


@given(st.binary(max_size=300))
def test_agrees_with_the_library(data: bytes) -> None:
    other = hashes.Hash(hashes.SHA256())
    other.update(data)
    assert digest(Digest.SHA_256, data) == other.finalize()
