"""The Domain Master Key (KM): keys under it for hosts to keep, and keys under transport keys.

A key under the KM, formats 10 to 14, is enciphered under the KM's variant for its type: ECB, or CBC with a zero vector.
What it deciphers to is not checked: devices take any parity.  In a TR-31 block, format 17, the KM is the block protection
key itself and the header says the type (one client's layout; what the header must hold is inferred).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from hmac import compare_digest
from types import MappingProxyType
from typing import ClassVar

from hsm.crypto.blockcipher import Algorithm, Cipher, cipher
from hsm.crypto.blockprotector import BlockProtector
from hsm.crypto.parity import is_odd, masquerades, with_odd
from hsm.keys.blocklmk import check_attributes, header_of, letter_of, read_block, write_block
from hsm.keys.domaintypes import DOMAIN_KEY_TYPES, PIN_VARIANT, PVK, DomainKeyType
from hsm.keys.published import PUBLISHED_KMS
from hsm.keys.secret import BlockAttributes, ClearKey
from hsm.keys.signing import SigningKey, open_signing_key
from hsm.keys.specifier import BLOCK, CBC, KEY_BYTES
from hsm.keys.usage import Deed, Wanted
from hsm.refusal import (
    DecimalisationTableInvalid,
    KeyLengthInvalid,
    KeySpecForbidden,
    VariantSchemeInvalid,
)

Random = Callable[[int], bytes]
NO_VARIANTS: Mapping[str, int] = MappingProxyType({})
CHECK_VALUE_BYTES = 3
TABLE_BYTES = 8
KEY_LENGTHS = (8, 16, 24)
_ZERO = bytes(8)
_MODES = frozenset().union(*(deed.value for deed in Deed))


def varied(key: bytes, variant: int) -> bytes:
    """The wrapping *key* with the byte *variant* over each of its bytes."""
    return bytes(byte ^ variant for byte in key)


def check_value(key: ClearKey) -> bytes:
    """3 bytes: a zero block enciphered under *key*, its left end (KVC type 00)."""
    return key.cipher.encrypt(_ZERO)[:CHECK_VALUE_BYTES]


def has_odd_parity(key: ClearKey) -> bool:
    """Has every byte of *key* odd parity?"""
    return is_odd(key.reveal())


@dataclass(frozen=True)
class KeyAndTable:
    """A PIN verification key of type PVK, and the decimalisation table, 16 digits, that lies under the KM with it."""

    key: ClearKey
    table: str


Held = ClearKey | KeyAndTable
"""What lies under a wrapping key in one piece."""


class Km:
    """A KM: *key* of 16 or 24 bytes; *variants* are bytes by key type code where others than the defaults."""

    kind: ClassVar[str] = "km"
    algorithm: ClassVar[Algorithm] = Algorithm.TDES

    def __init__(self, key: bytes, name: str = "", variants: Mapping[str, int] = NO_VARIANTS) -> None:
        """Raises ValueError when *key* is of another length."""
        if len(key) not in (16, 24):
            raise ValueError("a Domain Master Key has 16 or 24 bytes")
        self.name = name
        self.key_bytes = len(key)
        self._key = key
        self._variants = {
            row: row.variant if row.proven else variants.get(row.code, row.variant) for row in DOMAIN_KEY_TYPES.values()
        }
        # One a variant, of which there are 256 at most.
        self._ciphers: dict[int, Cipher] = {}
        self._protector = BlockProtector(key, "BAC")

    def __repr__(self) -> str:
        return f"<KM {self.name}>"

    @property
    def published_name(self) -> str | None:
        """The name of this one among the KMs that public traces betray, parity apart; None for any other."""
        bare = with_odd(self._key)
        return next((name for name, known in PUBLISHED_KMS.items() if compare_digest(bare, with_odd(known))), None)

    @property
    def is_test(self) -> bool:
        """Is this one of those KMs?"""
        return self.published_name is not None

    @property
    def masquerades(self) -> bool:
        """Are two parts of it equal, so that it is as weak as a shorter one?"""
        return masquerades(self._key)

    @property
    def check_value(self) -> str:
        """6 hexadecimal digits: a zero block enciphered."""
        return cipher(self._key).encrypt(_ZERO)[:CHECK_VALUE_BYTES].hex().upper()

    def material(self) -> bytes:
        """The key, for the vault to seal."""
        return self._key

    def with_variants(self, variants: Mapping[str, int]) -> Km:
        """This KM with other *variants*."""
        return Km(self._key, self.name, variants)

    def variant_of(self, row: DomainKeyType) -> int:
        """The byte for keys of type *row*, under this KM and under transport keys of the Eracom scheme."""
        return self._variants[row]

    def cipher_for(self, row: DomainKeyType) -> Cipher:
        """The KM's variant for keys of type *row*."""
        return self._cipher(self._variants[row])

    def pin_cipher(self) -> Cipher:
        """The KM's variant for PINs."""
        return self._cipher(PIN_VARIANT)

    def _cipher(self, variant: int) -> Cipher:
        ready = self._ciphers.get(variant)
        if ready is None:
            ready = self._ciphers[variant] = cipher(varied(self._key, variant))
        return ready

    def open(self, form: int, content: bytes, row: DomainKeyType) -> ClearKey:
        """The key of type *row* that *content* of format *form* (10 to 14, 17) is.

        Raises the KeyBlock refusals; a block of another usage is KeyBlockUsageInvalid.
        """
        if form == BLOCK:
            return self._from_block(content.decode("ascii"), row)
        return ClearKey(_deciphered(self.cipher_for(row), content, form))

    def open_with_table(self, form: int, content: bytes) -> KeyAndTable:
        """The PVK and table in *content*: format 12 or 14 holds a double-length key before it, 11 or 13 a single one.

        Raises DecimalisationTableInvalid when there is none, or what is there is no table.
        """
        if form not in (0x11, 0x12, 0x13, 0x14):
            raise DecimalisationTableInvalid
        return with_table(_deciphered(self.cipher_for(PVK), content, form))

    def _from_block(self, block: str, row: DomainKeyType) -> ClearKey:
        key = read_block(self._protector, block)
        assert key.attributes is not None  # what comes in a block has attributes
        check_attributes(key.attributes, key, Wanted(None, frozenset({row.block_usage}), _MODES, "DT"))
        return key

    @staticmethod
    def usual_attributes(key: ClearKey, row: DomainKeyType) -> BlockAttributes:
        """What a block says of *key*, of type *row*, unless something else is asked for."""
        return BlockAttributes(row.block_usage, letter_of(key), row.mode, "00", "E")

    def wrap(self, held: Held, row: DomainKeyType, form: int, random: Random) -> bytes:
        """Format byte and content of the specifier, of format *form*, of *held* as a key of type *row*.

        In a block, *held* keeps the attributes it has.  Raises KeySpecForbidden for a format that keys are not wrapped in,
        KeyLengthInvalid for one of another length.
        """
        if form == BLOCK and isinstance(held, ClearKey):
            attributes = held.attributes or self.usual_attributes(held, row)
            block = write_block(self._protector, header_of(attributes, "B", "00"), held, random)
            return bytes((form, 0)) + block.encode("ascii")
        if form not in KEY_BYTES:
            raise KeySpecForbidden
        content = _content(held)
        if len(content) != KEY_BYTES[form]:
            raise KeyLengthInvalid
        under = self.cipher_for(row)
        return bytes((form,)) + (under.encrypt_cbc(content, _ZERO) if form in CBC else under.encrypt(content))

    def wrap_signing_key(self, key: SigningKey, random: Random) -> str:
        """The TR-31 block of an RSA *key*, as of any key in format 17."""
        return key.wrapped(self._protector, random)

    def open_signing_key(self, block: str) -> SigningKey:
        """The RSA key in *block*.  Raises the KeyBlock refusals."""
        return open_signing_key(self._protector, block)


def km_of(key: ClearKey, name: str) -> Km:
    """*key*, formed by custodians, as a KM.  Raises ValueError for one of another length."""
    return Km(key.reveal(), name)


def _deciphered(under: Cipher, content: bytes, form: int) -> bytes:
    return under.decrypt_cbc(content, _ZERO) if form in CBC else under.decrypt(content)


def with_table(content: bytes, *, odd: bool = False) -> KeyAndTable:
    """*content*, a PVK of 8 or 16 bytes and its table, taken apart; raises DecimalisationTableInvalid.

    *odd* gives the key, but not the table, odd parity.
    """
    key, table = content[:-TABLE_BYTES], content[-TABLE_BYTES:].hex()
    if len(key) not in (8, 16) or not table.isdecimal():
        raise DecimalisationTableInvalid
    return KeyAndTable(ClearKey(with_odd(key) if odd else key), table)


class VariantScheme(Enum):
    """How a transport key is changed by the type of the key under it; the values are those of key specifier format 15."""

    NONE = 0
    ERACOM = 1
    ATALLA = 2
    AS2805 = 3


_AS2805 = MappingProxyType({"00": "22C0", "01": "28C0", "02": "24C0"})
"""AS 2805.6.1: data, PIN and MAC keys."""


@dataclass(frozen=True)
class TransportKey:
    """A key that other keys travel under, and how it is changed for each; *km* has the bytes of the Eracom scheme."""

    key: ClearKey
    scheme: VariantScheme
    km: Km

    def cipher_for(self, row: DomainKeyType) -> Cipher:
        """The key as it enciphers keys of type *row*.  Raises VariantSchemeInvalid for a type the scheme does not know.

        The Atalla scheme changes the first byte of each part, the AS 2805 scheme all bytes by turns of two.
        """
        if self.scheme is VariantScheme.NONE:
            return self.key.cipher
        content = self.key.reveal()
        if self.scheme is VariantScheme.ERACOM:
            return cipher(varied(content, self.km.variant_of(row)))
        if self.scheme is VariantScheme.ATALLA and row.atalla is not None:
            part = bytes((8 * row.atalla,)) + bytes(7)
        elif self.scheme is VariantScheme.AS2805 and row.code in _AS2805:
            part = bytes.fromhex(_AS2805[row.code]) * 4
        else:
            raise VariantSchemeInvalid
        mask = part * (len(content) // 8)
        return cipher(bytes(a ^ b for a, b in zip(content, mask, strict=True)))

    def unwrap(self, content: bytes, row: DomainKeyType, *, cbc: bool) -> Held:
        """The key of type *row* in *content*, made odd; a PVK with its table.

        Raises KeyLengthInvalid, VariantSchemeInvalid and DecimalisationTableInvalid.
        """
        if len(content) not in KEY_LENGTHS:
            raise KeyLengthInvalid
        under = self.cipher_for(row)
        clear = under.decrypt_cbc(content, _ZERO) if cbc else under.decrypt(content)
        return with_table(clear, odd=True) if row is PVK else ClearKey(with_odd(clear))

    def wrap(self, held: Held, row: DomainKeyType, *, cbc: bool) -> bytes:
        """*held*, of type *row*, under this key.  Raises VariantSchemeInvalid."""
        under, content = self.cipher_for(row), _content(held)
        return under.encrypt_cbc(content, _ZERO) if cbc else under.encrypt(content)


def _content(held: Held) -> bytes:
    if isinstance(held, KeyAndTable):
        return held.key.reveal() + bytes.fromhex(held.table)
    return held.reveal()
