"""Keys on their way between zones: under a ZMK, TMK or other key-encrypting key, in any scheme.

Variant (U, T) and X9.17 (X, Y, untagged) forms carry no type and no authenticator; a Thales block (S) or a TR-31 block
(R) carries both.  Construction of U and T: as under an LMK, with the KEK in place of the pair (protocol-spec/thales/
keys.json).  A double-length KEK protects a Thales block as K1 K2 K1.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from types import MappingProxyType

from hsm.crypto.blockcipher import Algorithm, Cipher, cipher
from hsm.crypto.blockprotector import BlockProtector
from hsm.crypto.parity import is_odd, with_odd
from hsm.keys.blocklmk import TRANSPORT_ID, header_of, read_block, write_block
from hsm.keys.lmk import Random
from hsm.keys.secret import BlockAttributes, ClearKey
from hsm.keys.usage import INITIAL_KEY
from hsm.keys.variant import decipher, encipher, varied
from hsm.refusal import (
    InputInvalid,
    KeyBlockAlgorithmInvalid,
    KeyBlockExportabilityInvalid,
    KeyBlockHeaderInvalid,
    KeySchemeInvalid,
)

X9143_USAGE = MappingProxyType(
    {"71": "P0", "72": "P0", "73": "P0", "51": "K0", "52": "K0", "54": "K0", "21": "D0", "22": "D0", "23": "D0"}
    | {"11": "C0", "12": "C0", "13": "C0", "41": "B0", "42": "B0", "43": "B0"}
    | dict.fromkeys(("61", "62", "63", "64", "65"), "M7")
)
_VERSIONS = MappingProxyType({("S", False): "0", ("S", True): "1", ("R", False): "BAC", ("R", True): "DE"})


@dataclass(frozen=True)
class Imported:
    """A key out of a zone; *parity_was_odd* is False when a DES key's parity had to be made odd (advice 01)."""

    key: ClearKey
    parity_was_odd: bool


def atalla_byte(variant: str) -> int:
    """What an Atalla variant of no, 1 or 2 digits (0-9, 10-31) puts into byte 0 of each part of the KEK: 8 times it.

    Raises InputInvalid.  Source: vectors for 1 and 5; the two-digit values are presumed to follow the same rule.

    >>> atalla_byte(""), atalla_byte("1"), atalla_byte("31")
    (0, 8, 248)
    """
    if not variant:
        return 0
    if not (variant.isascii() and variant.isdecimal() and len(variant) <= 2):
        raise InputInvalid
    number = int(variant)
    if number > 31 or (len(variant) == 2 and number < 10):
        raise InputInvalid
    return 8 * number


def _variants(kek: bytes, atalla: int, length_variant: int) -> Cipher:
    shifted = b"".join(bytes((kek[at] ^ atalla,)) + kek[at + 1 : at + 8] for at in range(0, len(kek), 8))
    # The length variant goes into the second part; a single-length KEK is first doubled, which is the same cipher.
    return cipher(varied(shifted if len(kek) > 8 else 2 * shifted, 0, length_variant))


def _part_by_part(kek: ClearKey, atalla: str) -> partial[Cipher]:
    if kek.algorithm not in (Algorithm.DES, Algorithm.TDES):
        raise KeySchemeInvalid
    return partial(_variants, kek.reveal(), atalla_byte(atalla))


def unwrap(kek: ClearKey, token: str, atalla: str = "", *, odd_parity: bool = True) -> Imported:
    """The key in *token* under *kek*: untagged, U, T, X, Y, S or R.

    DES keys come out with odd parity, unless *odd_parity* is not asked for or a block says that it is a DUKPT initial
    key.  Raises InputInvalid, KeySchemeInvalid (also for a scheme without block under an
    AES KEK), and the KeyBlock refusals; an Atalla variant goes with no block.
    """
    if token[:1] in ("S", "R"):
        if atalla_byte(atalla):
            raise InputInvalid
        key = _unwrap_block(kek, token)
    else:
        key = ClearKey(decipher(token, _part_by_part(kek, atalla)))
    derived = not odd_parity or (key.attributes is not None and key.attributes.usage == INITIAL_KEY)
    if derived or key.algorithm not in (Algorithm.DES, Algorithm.TDES) or is_odd(key.reveal()):
        return Imported(key, True)
    return Imported(ClearKey(with_odd(key.reveal()), key.algorithm, key.attributes), False)


def _versions(kek: ClearKey, scheme: str) -> str:
    """The key block versions that may be under *kek*, the one to write first."""
    if kek.algorithm is None:
        raise KeySchemeInvalid
    return _VERSIONS[scheme, kek.algorithm is Algorithm.AES]


def _unwrap_block(kek: ClearKey, token: str) -> ClearKey:
    scheme, version = token[0], token[1:2]
    versions = _versions(kek, scheme)
    if version and version not in versions and version in _VERSIONS[scheme, kek.algorithm is not Algorithm.AES]:
        raise KeyBlockAlgorithmInvalid
    return read_block(BlockProtector(kek.reveal(), versions), token[1:])


def wrap(
    kek: ClearKey,
    key: ClearKey,
    scheme: str,
    random: Random,
    *,
    atalla: str = "",
    attributes: BlockAttributes | None = None,
    version: str = "",
    mask_bytes: int = 0,
) -> str:
    """*key* under *kek* as a token of *scheme*: U, T, X, Y, S, R, or empty, Z or 0 for no tag.

    *attributes* are for S and R, the key's own when None; a Thales usage becomes that of ANSI X9.143 in R.  *version*
    is the block's version, for R else B under a DES KEK and D under an AES KEK; *mask_bytes* pads shorter keys in blocks
    so far.  Exportability and strength are the caller's to
    check.  Raises KeySchemeInvalid, KeyLengthInvalid, InputInvalid, KeyBlockHeaderInvalid and, for an AES key under a
    DES KEK, KeyBlockAlgorithmInvalid.
    """
    if scheme not in ("S", "R"):
        under = _part_by_part(kek, atalla)
        if key.algorithm not in (Algorithm.DES, Algorithm.TDES):
            raise KeySchemeInvalid
        return encipher(key.reveal(), scheme, under)
    if atalla_byte(atalla):
        raise InputInvalid
    attributes = attributes or key.attributes
    if attributes is None:
        raise KeyBlockHeaderInvalid
    if key.algorithm is Algorithm.AES and kek.algorithm is not Algorithm.AES:
        raise KeyBlockAlgorithmInvalid
    versions = _versions(kek, scheme)
    version = version or versions[0]
    if version not in versions:
        raise KeySchemeInvalid
    protector = BlockProtector(kek.reveal(), versions)
    if scheme == "S":
        return "S" + write_block(protector, header_of(attributes, version, TRANSPORT_ID), key, random, mask_bytes)
    usage = X9143_USAGE.get(attributes.usage, attributes.usage)
    header = header_of(replace(attributes, usage=usage), version, "00")
    return "R" + write_block(protector, header, key, random, mask_bytes)


def tightened(attributes: BlockAttributes, exportability: str) -> BlockAttributes:
    """*attributes* with another exportability, which may only be stricter: S, then E, then N (X9.143 clause 6.6).

    S lets a key out in any form, E in key blocks only.  Raises KeyBlockExportabilityInvalid for no such letter and for a
    looser one.
    """
    order = ("S", "E", "N")
    if exportability not in order or attributes.exportability not in order[: order.index(exportability) + 1]:
        raise KeyBlockExportabilityInvalid
    return replace(attributes, exportability=exportability)
