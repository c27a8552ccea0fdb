"""Key-block LMKs: 3DES (Thales key block version 0) and AES-256 (version 1).

The block binds usage, algorithm, mode of use and exportability to its key, so a key of one sort never opens as another.
The order of checks is fixed: form, authenticator, then what the authenticated header says.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from hmac import compare_digest
from types import MappingProxyType

from hsm.crypto import keyblock
from hsm.crypto.blockcipher import Algorithm, Cipher, cipher
from hsm.crypto.blockprotector import BlockProtector
from hsm.crypto.mac import cmac
from hsm.crypto.parity import check_value, is_odd
from hsm.keys.lmk import LmkUse, ParityWrong, Random
from hsm.keys.published import PUBLISHED_3DES_BLOCK, PUBLISHED_AES_BLOCK
from hsm.keys.secret import BlockAttributes, ClearKey
from hsm.keys.usage import ANY_IN_BLOCK, INITIAL_KEY, KeyType, Wanted, wanted
from hsm.refusal import (
    KeyBlockAlgorithmInvalid,
    KeyBlockAuthenticationFailed,
    KeyBlockExportabilityInvalid,
    KeyBlockHeaderInvalid,
    KeyBlockLengthInvalid,
    KeyBlockModeInvalid,
    KeyBlockOptionalInvalid,
    KeyBlockUsageInvalid,
    KeyBlockVersionInvalid,
    KeyLengthInvalid,
    KeySchemeInvalid,
    LmkSchemesIncompatible,
    Refusal,
)

TRANSPORT_ID = "FF"
"""Stands for the LMK identifier in a block that a zone master key protects."""

_ALGORITHMS: Mapping[str, Algorithm | None] = MappingProxyType(
    {"D": Algorithm.DES, "T": Algorithm.TDES, "A": Algorithm.AES, "H": None}
)
_LENGTHS = MappingProxyType({"D": (8,), "T": (16, 24), "A": (16, 24, 32)})
_KEY_VERSION = re.compile("[0-9]{2}|c[1-9]")
_REASONS: tuple[tuple[type[keyblock.KeyBlockError], type[Refusal]], ...] = (
    (keyblock.AuthenticationFailed, KeyBlockAuthenticationFailed),
    (keyblock.LengthInvalid, KeyBlockLengthInvalid),
    (keyblock.OptionalBlockInvalid, KeyBlockOptionalInvalid),
    (keyblock.HeaderInvalid, KeyBlockHeaderInvalid),
    (keyblock.ProtectionKeyUnsuitable, KeyLengthInvalid),
)


def refusal_for(error: keyblock.KeyBlockError) -> Refusal:
    """The refusal that a key block's *error* comes to."""
    for kind, reason in _REASONS:
        if isinstance(error, kind):
            return reason()
    return KeyBlockHeaderInvalid()


def letter_of(key: ClearKey) -> str:
    """The algorithm letter of a key-block header (ANSI X9.143 clause 6.4) for *key*."""
    if key.algorithm is None:
        return "H"
    return {Algorithm.DES: "D", Algorithm.TDES: "T", Algorithm.AES: "A"}[key.algorithm]


def default_attributes(row: KeyType, key: ClearKey, mode: str = "N", exportability: str = "E") -> BlockAttributes:
    """Attributes for a key of type *row* when the message gives none: the type's own usage, no limit on the mode."""
    if not row.block_usages:
        raise KeyBlockUsageInvalid
    return BlockAttributes(row.block_usages[0], letter_of(key), mode, "00", exportability)


def clear_key(header: keyblock.Header, key: bytes) -> ClearKey:
    """The key of an opened block with its attributes.

    Raises KeyBlockAlgorithmInvalid for what is no symmetric key, KeyBlockLengthInvalid.
    """
    if header.algorithm not in _ALGORITHMS:
        raise KeyBlockAlgorithmInvalid
    if len(key) not in _LENGTHS.get(header.algorithm, (len(key),)):
        raise KeyBlockLengthInvalid
    attributes = BlockAttributes(
        header.usage, header.algorithm, header.mode, header.key_version, header.exportability, header.optional
    )
    return ClearKey(key, _ALGORITHMS[header.algorithm], attributes)


def header_of(attributes: BlockAttributes, version: str, last: str) -> keyblock.Header:
    """The header that says *attributes*; *last* is its last field, the LMK identifier in a Thales block."""
    return keyblock.Header(
        version,
        attributes.usage,
        attributes.algorithm,
        attributes.mode,
        attributes.key_version,
        attributes.exportability,
        attributes.optional,
        last,
    )


def write_block(
    protector: BlockProtector, header: keyblock.Header, key: ClearKey, random: Random, mask_bytes: int = 0
) -> str:
    """The block of *key*, without scheme letter; raises the refusals of a malformed header."""
    try:
        return protector.wrap(header, key.reveal(), random, mask_bytes)
    except keyblock.KeyBlockError as error:
        raise refusal_for(error) from None


def read_block(protector: BlockProtector, block: str) -> ClearKey:
    """The key in *block*, without scheme letter, and its attributes; parity is as it comes.

    Raises the KeyBlock refusals; KeyBlockAlgorithmInvalid for what is no symmetric key.
    """
    try:
        header, content = protector.unwrap(block)
    except keyblock.KeyBlockError as error:
        raise refusal_for(error) from None
    return clear_key(header, content)


def check_attributes(attributes: BlockAttributes, key: ClearKey, asked: Wanted) -> None:
    """Nothing, if a block may be written with *attributes* for *key* as *asked*; else raises the fault's refusal."""
    if asked.block_usages is not None and attributes.usage not in asked.block_usages:
        raise KeyBlockUsageInvalid
    if attributes.algorithm != letter_of(key) or attributes.algorithm not in asked.algorithms:
        raise KeyBlockAlgorithmInvalid
    if attributes.mode not in asked.modes:
        raise KeyBlockModeInvalid
    if _KEY_VERSION.fullmatch(attributes.key_version) is None:
        raise KeyBlockVersionInvalid
    if attributes.exportability not in ("E", "N", "S"):
        raise KeyBlockExportabilityInvalid
    if key.algorithm in (Algorithm.DES, Algorithm.TDES) and key.key_bytes not in asked.des_bytes:
        raise KeyBlockLengthInvalid


class KeyBlockLmk:
    """A key-block LMK: *key* is 24 bytes for TDES, 32 for AES."""

    def __init__(self, lmk_id: str, key: bytes, algorithm: Algorithm, name: str = "", *, mask_bytes: int = 0) -> None:
        """Raises ValueError for another length or algorithm; *lmk_id* is 2 digits.

        Keys shorter than *mask_bytes* are padded so far, to disguise their length.
        """
        if (algorithm, len(key)) not in ((Algorithm.TDES, 24), (Algorithm.AES, 32)):
            raise ValueError("a key-block LMK is a triple-length DES or an AES-256 key")
        self.lmk_id = lmk_id
        self.name = name
        self.algorithm = algorithm
        self.key_bytes = len(key)
        self.kind = "aes-block" if algorithm is Algorithm.AES else "3des-block"
        self.version = "1" if algorithm is Algorithm.AES else "0"
        self._key = key
        self.mask_bytes = mask_bytes
        self._protector = BlockProtector(key, self.version)
        # One entry a use, at most as many as LmkUse has members.
        self._ciphers: dict[LmkUse, Cipher] = {}

    def __repr__(self) -> str:
        return f"<{self.kind} LMK {self.lmk_id} {self.name}>"

    @property
    def is_test(self) -> bool:
        """Is this one of the LMKs that Thales publishes for tests?"""
        return compare_digest(self._key, PUBLISHED_3DES_BLOCK) | compare_digest(self._key, PUBLISHED_AES_BLOCK)

    @property
    def check_value(self) -> str:
        """16H: the LMK's own check value in 6 digits (zeros enciphered; AES: CMAC of zeros) and ten zeros."""
        return check_value(cipher(self._key, self.algorithm)).hex().upper()[:6] + "0000000000"

    def material(self) -> bytes:
        """The key, 24 or 32 bytes, for the vault to seal."""
        return self._key

    def unwrap(self, token: str, asked: Wanted) -> ClearKey:
        """The key in the block *token*, with its attributes.

        Raises LmkSchemesIncompatible for a key in a variant scheme or under the other kind of key-block LMK,
        KeySchemeInvalid for a TR-31 block, the KeyBlock refusals, and ParityWrong for a DES key of wrong parity.
        """
        if token[:1] != "S":
            raise KeySchemeInvalid if token[:1] == "R" else LmkSchemesIncompatible
        if token[1:2] in ("0", "1") and token[1:2] != self.version:
            raise LmkSchemesIncompatible
        key = read_block(self._protector, token[1:])
        header = key.attributes
        assert header is not None  # what comes in a block has attributes
        if asked.block_usages is not None and header.usage not in asked.block_usages:
            raise KeyBlockUsageInvalid
        if header.algorithm not in asked.algorithms:
            raise KeyBlockAlgorithmInvalid
        if header.mode not in asked.modes:
            raise KeyBlockModeInvalid
        if header.key_version[:1] == "c" and not asked.components:
            raise KeyBlockVersionInvalid
        if key.algorithm in (Algorithm.DES, Algorithm.TDES):
            if key.key_bytes not in asked.des_bytes:
                raise KeyBlockLengthInvalid
            if header.usage != INITIAL_KEY and not is_odd(key.reveal()):
                raise ParityWrong
        return key

    def wrap(
        self,
        key: ClearKey,
        row: KeyType | None,
        scheme: str,
        attributes: BlockAttributes | None,
        random: Random,
    ) -> str:
        """*key* in a block under this LMK; *scheme* must be S; *row* None leaves the usage to *attributes*.

        Raises KeySchemeInvalid, KeyBlockHeaderInvalid when there are no attributes, and the refusal of the attribute
        that does not go with the key or its type.  An AES key is not put under a 3DES LMK (KeyBlockAlgorithmInvalid).
        """
        if scheme != "S":
            raise KeySchemeInvalid
        if attributes is None:
            raise KeyBlockHeaderInvalid
        if self.algorithm is Algorithm.TDES and key.algorithm is Algorithm.AES:
            raise KeyBlockAlgorithmInvalid
        check_attributes(attributes, key, ANY_IN_BLOCK if row is None else wanted(row))
        return "S" + write_block(
            self._protector, header_of(attributes, self.version, self.lmk_id), key, random, self.mask_bytes
        )

    def cipher_for(self, use: LmkUse) -> Cipher:
        """A cipher derived from the LMK for this sort of thing.

        3DES: the LMK with the use's letter in every byte, as captures show for decimalisation tables.  AES, Zonekey's
        own: derived as the keys of a version 1 block are, with key usage indicator 80 and the letter.
        """
        ready = self._ciphers.get(use)
        if ready is None:
            letter = use.value[2].encode()
            if self.algorithm is Algorithm.TDES:
                ready = cipher(bytes(byte ^ letter[0] for byte in self._key))
            else:
                root = cipher(self._key, Algorithm.AES)
                parts = (bytes((count, 0x80)) + letter + bytes.fromhex("0000040100") for count in (1, 2))
                ready = cipher(b"".join(cmac(root, part) for part in parts), Algorithm.AES)
            self._ciphers[use] = ready
        return ready
