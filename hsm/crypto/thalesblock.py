"""How Thales key blocks are protected: version 0 under triple DES keys, version 1 under AES keys.

Both encipher first and authenticate header and ciphertext after, where X9.143 B and D do it the other way round.
Version 0 is built like X9.143 version A.  Version 1 derives its keys as X9.143 D does, takes the whole 16-character
header as IV, and keeps 8 bytes of the CMAC.  Source: constructions found by opening blocks of real devices under the
published test keys; protocol-spec/crypto/vectors/keyblock.json has them.
"""

from __future__ import annotations

from dataclasses import replace
from hmac import compare_digest

from hsm.crypto.blockcipher import Algorithm, Cipher
from hsm.crypto.keyblock import AuthenticationFailed
from hsm.crypto.mac import cmac
from hsm.crypto.tr31 import VARIANT_BINDING, Version, by_aes_cmac


def _seal(enc: Cipher, mac: Cipher, header: bytes, clear: bytes) -> tuple[bytes, bytes]:
    ciphertext = enc.encrypt_cbc(clear, header[:16])
    return ciphertext, cmac(mac, header + ciphertext)[:8]


def _open(enc: Cipher, mac: Cipher, header: bytes, ciphertext: bytes, authenticator: bytes) -> bytes:
    if not compare_digest(cmac(mac, header + ciphertext)[:8], authenticator):
        raise AuthenticationFailed
    return enc.decrypt_cbc(ciphertext, header[:16])


VERSIONS = {
    "0": replace(VARIANT_BINDING, kbpk_bytes=(16, 24)),
    "1": Version(Algorithm.AES, (16, 24, 32), by_aes_cmac, _seal, _open, 16, 8),
}
