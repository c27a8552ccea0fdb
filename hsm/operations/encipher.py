"""Data of the host enciphered, deciphered and moved from key to key (NIST SP 800-38A).

The setting "ZEK/TEK encryption of ASCII data or binary data or none" (S15) rules all three: clear data that is no text can
be a PIN block or a key, so that with ``ascii`` nothing but printable text goes in or comes out.
"""

from __future__ import annotations

from enum import Enum

from hsm.appliance import Hsm
from hsm.crypto.feedback import decrypt_cfb, encrypt_cfb
from hsm.keys.secret import ClearKey
from hsm.keys.usage import Deed, require
from hsm.policy.choices import DataEncryption
from hsm.refusal import CommandDisabled, DataFormatInvalid, DataLengthInvalid, InputInvalid

DES_BLOCK_BYTES = 8


class CipherMode(Enum):
    """Modes of operation; values are bytes of feedback, 0 where there is none."""

    ECB = 0
    CBC = -1
    CFB8 = 1
    CFB64 = 8

    @property
    def needs_iv(self) -> bool:
        return self is not CipherMode.ECB


def encipher(hsm: Hsm, key: ClearKey, mode: CipherMode, clear: bytes, iv: bytes | None) -> tuple[bytes, bytes | None]:
    """*clear* under *key*, and the IV with which more of the message would go on (None for ECB).

    *iv* is one block, None for ECB.  Raises CommandDisabled, DataFormatInvalid, DataLengthInvalid for what is not whole
    blocks (8 bytes in the feedback modes), InputInvalid for an IV of the wrong length, KeyBlockModeInvalid.
    """
    _admit(hsm, clear)
    return _enciphered(key, mode, clear, iv)


def decipher(hsm: Hsm, key: ClearKey, mode: CipherMode, data: bytes, iv: bytes | None) -> tuple[bytes, bytes | None]:
    """The clear text of *data*, and the IV for what follows; otherwise as ``encipher``."""
    _admit(hsm, b"")
    clear, following = _deciphered(key, mode, data, iv)
    _admit(hsm, clear)
    return clear, following


def reencipher(
    hsm: Hsm,
    source: tuple[ClearKey, CipherMode, bytes | None],
    destination: tuple[ClearKey, CipherMode, bytes | None],
    data: bytes,
) -> bytes:
    """*data* moved from the *source* (key, mode, IV) to the *destination*; the clear text must be allowed as well."""
    clear, _ = decipher(hsm, source[0], source[1], data, source[2])
    return _enciphered(destination[0], destination[1], clear, destination[2])[0]


def translate(
    source: tuple[ClearKey, CipherMode, bytes | None],
    destination: tuple[ClearKey, CipherMode, bytes | None],
    data: bytes,
) -> tuple[bytes, bytes | None]:
    """*data* moved from the *source* to the *destination* (key, mode, IV), and the IV for what follows there.

    The clear text stays inside, so that the setting has no say.  Raises as ``encipher``.
    """
    clear, _ = _deciphered(*source[:2], data, source[2])
    return _enciphered(*destination[:2], clear, destination[2])


def _admit(hsm: Hsm, clear: bytes) -> None:
    """Nothing, if the setting lets *clear* pass; else CommandDisabled or DataFormatInvalid."""
    allowed = hsm.settings.data_encryption
    if allowed is DataEncryption.NONE:
        raise CommandDisabled
    if allowed is DataEncryption.ASCII and not all(0x20 <= byte <= 0x7E for byte in clear):
        raise DataFormatInvalid


def _enciphered(key: ClearKey, mode: CipherMode, clear: bytes, iv: bytes | None) -> tuple[bytes, bytes | None]:
    require(key, Deed.ENCRYPT)
    start = _start(key, mode, clear, iv)
    if mode is CipherMode.ECB:
        return key.cipher.encrypt(clear), None
    if mode is CipherMode.CBC:
        result = key.cipher.encrypt_cbc(clear, start)
    else:
        result = encrypt_cfb(key.cipher, clear, start, mode.value)
    return result, (start + result)[-len(start) :]


def _deciphered(key: ClearKey, mode: CipherMode, data: bytes, iv: bytes | None) -> tuple[bytes, bytes | None]:
    require(key, Deed.DECRYPT)
    start = _start(key, mode, data, iv)
    if mode is CipherMode.ECB:
        return key.cipher.decrypt(data), None
    if mode is CipherMode.CBC:
        result = key.cipher.decrypt_cbc(data, start)
    else:
        result = decrypt_cfb(key.cipher, data, start, mode.value)
    return result, (start + data)[-len(start) :]


def _start(key: ClearKey, mode: CipherMode, data: bytes, iv: bytes | None) -> bytes:
    """The IV, empty for ECB.  Raises DataLengthInvalid, InputInvalid."""
    block = key.cipher.block_bytes
    if not data or len(data) % (block if mode in (CipherMode.ECB, CipherMode.CBC) else DES_BLOCK_BYTES):
        raise DataLengthInvalid
    if mode.needs_iv and (iv is None or len(iv) != block):
        raise InputInvalid
    return iv or b""
