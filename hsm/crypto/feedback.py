"""Cipher feedback (NIST SP 800-38A clause 6.3, ISO/IEC 10116) in segments of whole bytes.

A segment may be anything from one byte (CFB8) to the cipher's block (CFB64 with DES); with AES, CFB64 takes half a block
at a time.  ``openssl enc -des-ede-cfb`` and ``-des-ede3-cfb8`` do the same.
"""

from __future__ import annotations

from hsm.crypto.blockcipher import Cipher
from hsm.crypto.parity import xor


def encrypt_cfb(cipher: Cipher, data: bytes, iv: bytes, segment_bytes: int) -> bytes:
    """*data*, whole segments, enciphered from *iv*, one block.  Raises ValueError otherwise."""
    _check(cipher, data, iv, segment_bytes)
    register, out = iv, bytearray()
    for at in range(0, len(data), segment_bytes):
        segment = xor(cipher.encrypt(register)[:segment_bytes], data[at : at + segment_bytes])
        register = register[segment_bytes:] + segment
        out += segment
    return bytes(out)


def decrypt_cfb(cipher: Cipher, data: bytes, iv: bytes, segment_bytes: int) -> bytes:
    """*data*, whole segments, deciphered from *iv*, one block.  Raises ValueError otherwise."""
    _check(cipher, data, iv, segment_bytes)
    # Every register is known beforehand, so that one call enciphers them all.
    size, run = len(iv), iv + data
    registers = b"".join([run[at : at + size] for at in range(0, len(data), segment_bytes)])
    stream = cipher.encrypt(registers) if registers else b""
    kept = b"".join([stream[at : at + segment_bytes] for at in range(0, len(stream), size)])
    return xor(kept, data)


def _check(cipher: Cipher, data: bytes, iv: bytes, segment_bytes: int) -> None:
    if len(iv) != cipher.block_bytes or not 0 < segment_bytes <= len(iv) or len(data) % segment_bytes:
        raise ValueError("IV, segment or data of the wrong length")
