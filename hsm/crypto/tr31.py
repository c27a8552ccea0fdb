"""How X9.143 (TR-31) versions A to E protect a key block.

A and C: variants of the protection key, triple DES CBC, then a CBC-MAC over header and ciphertext.  B (triple DES)
and D (AES): derived keys, a CMAC over header and clear key, which is also the IV of CBC.  E (AES, ISO 20038): the
same with CTR, so that nothing is padded.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from hmac import compare_digest

from hsm.crypto.blockcipher import Algorithm, Cipher, cipher
from hsm.crypto.keyblock import AuthenticationFailed
from hsm.crypto.mac import chain, cmac

Keys = tuple[bytes, bytes]
"""The encryption key and the authentication key that come of a protection key."""


@dataclass(frozen=True)
class Version:
    """How one version of key block is protected.

    *seal* takes the two ciphers, the header text and the clear key field, and gives ciphertext and authenticator;
    *open* takes those back and gives the clear key field, or raises AuthenticationFailed.
    """

    algorithm: Algorithm
    kbpk_bytes: tuple[int, ...]
    derive: Callable[[bytes], Keys]
    seal: Callable[[Cipher, Cipher, bytes, bytes], tuple[bytes, bytes]]
    open: Callable[[Cipher, Cipher, bytes, bytes, bytes], bytes]
    field_multiple: int
    """The clear key field is padded to a multiple of so many bytes."""
    authenticator_bytes: int

    @property
    def block_bytes(self) -> int:
        return 16 if self.algorithm is Algorithm.AES else 8


def by_variants(kbpk: bytes) -> Keys:
    """Versions A, C and Thales 0: every byte xor 45 for encryption, xor 4D for authentication (X9.143 7.2.1)."""
    return bytes(b ^ 0x45 for b in kbpk), bytes(b ^ 0x4D for b in kbpk)


def _by_cmac(kbpk: bytes, algorithm: Algorithm, indicator: int, encryption_usage: int) -> Keys:
    # X9.143 7.2.2: CMAC of counter, usage, separator 00, algorithm, length in bits; 8 bytes, whatever the cipher's
    # block.
    source = cipher(kbpk, algorithm)

    def key(usage: int) -> bytes:
        tail = usage.to_bytes(2, "big") + b"\x00" + indicator.to_bytes(2, "big") + (len(kbpk) * 8).to_bytes(2, "big")
        rounds = -(-len(kbpk) // source.block_bytes)
        return b"".join([cmac(source, bytes([n]) + tail) for n in range(1, rounds + 1)])[: len(kbpk)]

    return key(encryption_usage), key(1)


def by_tdes_cmac(kbpk: bytes) -> Keys:
    """Version B."""
    return _by_cmac(kbpk, Algorithm.TDES, 0 if len(kbpk) == 16 else 1, 0)


def by_aes_cmac(kbpk: bytes) -> Keys:
    """Version D and Thales 1."""
    return _by_cmac(kbpk, Algorithm.AES, len(kbpk) // 8, 0)


def by_aes_cmac_ctr(kbpk: bytes) -> Keys:
    """Version E: the usage of the encryption key says CTR."""
    return _by_cmac(kbpk, Algorithm.AES, len(kbpk) // 8, 2)


def _seal_a(enc: Cipher, mac: Cipher, header: bytes, clear: bytes) -> tuple[bytes, bytes]:
    ciphertext = enc.encrypt_cbc(clear, header[:8])
    return ciphertext, chain(mac, header + ciphertext)[:4]


def _open_a(enc: Cipher, mac: Cipher, header: bytes, ciphertext: bytes, authenticator: bytes) -> bytes:
    if not compare_digest(chain(mac, header + ciphertext)[:4], authenticator):
        raise AuthenticationFailed
    return enc.decrypt_cbc(ciphertext, header[:8])


def _seal_b(enc: Cipher, mac: Cipher, header: bytes, clear: bytes) -> tuple[bytes, bytes]:
    authenticator = cmac(mac, header + clear)
    return enc.encrypt_cbc(clear, authenticator), authenticator


def _open_b(enc: Cipher, mac: Cipher, header: bytes, ciphertext: bytes, authenticator: bytes) -> bytes:
    clear = enc.decrypt_cbc(ciphertext, authenticator)
    if not compare_digest(cmac(mac, header + clear), authenticator):
        raise AuthenticationFailed
    return clear


def _counter_mode(enc: Cipher, start: bytes, text: bytes) -> bytes:
    # NIST SP 800-38A 6.5 with the whole block as the counter.
    first = int.from_bytes(start, "big")
    blocks = range(-(-len(text) // 16))
    stream = enc.encrypt(b"".join([((first + n) % (1 << 128)).to_bytes(16, "big") for n in blocks]))[: len(text)]
    return (int.from_bytes(text, "big") ^ int.from_bytes(stream, "big")).to_bytes(len(text), "big")


def _seal_e(enc: Cipher, mac: Cipher, header: bytes, clear: bytes) -> tuple[bytes, bytes]:
    authenticator = cmac(mac, header + clear)
    return _counter_mode(enc, authenticator, clear), authenticator


def _open_e(enc: Cipher, mac: Cipher, header: bytes, ciphertext: bytes, authenticator: bytes) -> bytes:
    clear = _counter_mode(enc, authenticator, ciphertext)
    if not compare_digest(cmac(mac, header + clear), authenticator):
        raise AuthenticationFailed
    return clear


_TDES, _AES = Algorithm.TDES, Algorithm.AES
VARIANT_BINDING = Version(_TDES, (8, 16, 24), by_variants, _seal_a, _open_a, 8, 4)
VERSIONS = {
    "A": VARIANT_BINDING,
    "B": Version(_TDES, (16, 24), by_tdes_cmac, _seal_b, _open_b, 8, 8),
    "C": VARIANT_BINDING,
    "D": Version(_AES, (16, 24, 32), by_aes_cmac, _seal_b, _open_b, 16, 16),
    "E": Version(_AES, (16, 24, 32), by_aes_cmac_ctr, _seal_e, _open_e, 1, 16),
}
