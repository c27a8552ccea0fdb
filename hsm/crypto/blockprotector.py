"""Wrapping keys into key blocks and taking them out, for every version."""

from __future__ import annotations

import re
from collections.abc import Callable

from hsm.crypto import thalesblock, tr31
from hsm.crypto.blockcipher import Cipher, cipher
from hsm.crypto.keyblock import Header, HeaderInvalid, LengthInvalid, OptionalBlockInvalid, ProtectionKeyUnsuitable
from hsm.crypto.keyblock import parse as _parse

KEY_BYTES_MAX = 4096
"""More than any private key in a block of 9999 characters can have."""

VERSIONS = tr31.VERSIONS | thalesblock.VERSIONS
_HEX = re.compile("[0-9A-F]*")


class BlockProtector:
    """A key block protection key with the keys derived from it ready, so that many blocks are opened quickly.

    *kbpk*: 8, 16, 24 or 32 bytes, as its versions allow.  *versions*: the version letters and digits that may be
    wrapped or opened with it, since nothing else tells a triple DES key from an AES key of the same length.
    """

    __slots__ = ("_ciphers", "_kbpk", "_versions")

    def __init__(self, kbpk: bytes, versions: str) -> None:
        self._kbpk = kbpk
        self._versions = versions
        self._ciphers: dict[str, tuple[Cipher, Cipher]] = {}

    def __repr__(self) -> str:
        return f"<block protector for versions {self._versions}>"

    def __reduce__(self) -> tuple[object, ...]:
        raise TypeError("a key does not leave the process")

    def wrap(self, header: Header, key: bytes, random: Callable[[int], bytes], mask_length: int = 0) -> str:
        """The key block that holds *key* under *header*.

        Padding is drawn from *random*; a *mask_length* in bytes above the key's length hides it.  Raises
        KeyBlockError's subclasses: HeaderInvalid, OptionalBlockInvalid, LengthInvalid, ProtectionKeyUnsuitable.
        """
        version = self._version(header.version)
        if not 0 < len(key) <= KEY_BYTES_MAX or not 0 <= mask_length <= KEY_BYTES_MAX:
            raise LengthInvalid
        enc, mac = self._derived(header.version)
        field = (len(key) * 8).to_bytes(2, "big") + key
        shown = 2 + max(len(key), mask_length)
        field += random(shown + -shown % version.field_multiple - len(field))
        text = header.build(version.block_bytes, 2 * (len(field) + version.authenticator_bytes))
        ciphertext, authenticator = version.seal(enc, mac, text.encode("ascii"), field)
        return text + (ciphertext + authenticator).hex().upper()

    def unwrap(self, block: str) -> tuple[Header, bytes]:
        """The header and the key of *block*.

        Raises KeyBlockError's subclasses: HeaderInvalid, OptionalBlockInvalid, LengthInvalid, ProtectionKeyUnsuitable,
        AuthenticationFailed.
        """
        parsed = _parse(block)
        version = self._version(parsed.header.version)
        if (len(parsed.header_text) - 16) % (version.block_bytes if version.field_multiple > 1 else 1):
            raise OptionalBlockInvalid
        field_characters = len(parsed.rest) - 2 * version.authenticator_bytes
        if field_characters < 6 or field_characters % (2 * version.field_multiple) or not _HEX.fullmatch(parsed.rest):
            raise LengthInvalid
        sealed = bytes.fromhex(parsed.rest)
        enc, mac = self._derived(parsed.header.version)
        cut = field_characters // 2
        field = version.open(enc, mac, parsed.header_text.encode("ascii"), sealed[:cut], sealed[cut:])
        length, odd_bits = divmod(int.from_bytes(field[:2], "big"), 8)
        if odd_bits or not 0 < length <= len(field) - 2:
            raise LengthInvalid
        return parsed.header, field[2 : 2 + length]

    def _version(self, name: str) -> tr31.Version:
        if name not in self._versions or name not in VERSIONS:
            raise HeaderInvalid
        version = VERSIONS[name]
        if len(self._kbpk) not in version.kbpk_bytes:
            raise ProtectionKeyUnsuitable
        return version

    def _derived(self, name: str) -> tuple[Cipher, Cipher]:
        if name not in self._ciphers:
            version = VERSIONS[name]
            enc, mac = version.derive(self._kbpk)
            self._ciphers[name] = cipher(enc, version.algorithm), cipher(mac, version.algorithm)
        return self._ciphers[name]


def wrap(kbpk: bytes, header: Header, key: bytes, random: Callable[[int], bytes], mask_length: int = 0) -> str:
    """The key block of *key* under *header*, by the version that the header names; see ``BlockProtector.wrap``."""
    return BlockProtector(kbpk, header.version).wrap(header, key, random, mask_length)


def unwrap(kbpk: bytes, block: str) -> tuple[Header, bytes]:
    """The header and key of *block*, of whatever version it is; see ``BlockProtector.unwrap``."""
    return BlockProtector(kbpk, "".join(VERSIONS)).unwrap(block)
