"""What holds whichever way a key crosses the border between this appliance's LMK and a key-encrypting key."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

from hsm.appliance import Hsm
from hsm.keys.blocklmk import default_attributes, letter_of
from hsm.keys.scheme import is_block
from hsm.keys.secret import BlockAttributes, ClearKey
from hsm.keys.strength import stronger_or_equal
from hsm.keys.transport import X9143_USAGE, tightened
from hsm.keys.usage import KeyType
from hsm.refusal import (
    InputInvalid,
    KeyBlockHeaderInvalid,
    KeyBlockLmkIdsIncompatible,
    KeyBlockModeInvalid,
    KeyBlockUsageInvalid,
    KeyBlockVersionInvalid,
    KeyLengthInvalid,
    KeySchemeInvalid,
    LmkSchemesIncompatible,
)

ATALLA_TYPES = MappingProxyType(
    {
        0: ("000", "100", "300", "400", "107"),
        1: ("001", "002", "70D", "90D"),
        2: ("00A", "00B", "30B"),
        3: ("003", "008", "402"),
        4: ("002",),
        5: ("002", "80D"),
        8: ("009", "609", "809", "909", "302"),
    }
)
"""Key types by Atalla variant: key exchange, PIN encryption, data, MAC and card values, PIN verification, ATM master,
derivation.  Inferred from what the variants are used for; Thales publishes no table of the match."""

_NARROWER = MappingProxyType({"N": "BCDEGNSTVXY", "B": "BDE", "C": "CGV", "T": "STV"})
"""Modes of use that allow no more than another does (ANSI X9.143 clause 6.5)."""


def check_scheme(hsm: Hsm, token: str, *, enabled_x917: bool) -> None:
    """Nothing, if a cryptogram like *token* (or of the scheme *token*) may be on the border; else KeySchemeInvalid.

    A double- or triple-length key without a tag is made as X9.17 makes it, and counts as such.
    """
    if is_block(token):
        if hsm.settings.trusted_format_only and token[:2] == "RA":
            raise KeySchemeInvalid
        return
    if hsm.settings.trusted_format_only:
        raise KeySchemeInvalid
    if not enabled_x917 and (token[:1] in ("X", "Y") or len(token) in (32, 48)):
        raise KeySchemeInvalid


def check_atalla(hsm: Hsm, variant: str, key_type: KeyType | None) -> None:
    """Nothing, if the Atalla *variant* (none, 1 or 2 digits) may be used with *key_type*; else InputInvalid."""
    if not variant:
        return
    settings = hsm.settings
    if not settings.atalla_variants:
        raise InputInvalid
    if settings.atalla_variant_match and (key_type is None or key_type.code not in ATALLA_TYPES.get(int(variant), ())):
        raise InputInvalid


def check_bare(hsm: Hsm) -> None:
    """Nothing, if bare cryptograms, which bind nothing to a key, may cross the border; else KeySchemeInvalid."""
    if hsm.settings.trusted_format_only:
        raise KeySchemeInvalid


def check_strength(hsm: Hsm, kek: ClearKey, key: ClearKey) -> None:
    """Nothing, if *key* may travel under *kek*; else KeyLengthInvalid (PCI PIN Security requirement 6, annex C)."""
    if not hsm.settings.weaker_kek_allowed and not stronger_or_equal(kek, key):
        raise KeyLengthInvalid


def check_one_lmk(hsm: Hsm, *tokens: str) -> None:
    """Nothing, if all of *tokens* lie under one LMK; else LmkSchemesIncompatible or KeyBlockLmkIdsIncompatible."""
    lmks = [hsm.lmk_for(token) for token in tokens]
    if any(lmk is not lmks[0] for lmk in lmks):
        raise LmkSchemesIncompatible if len({lmk.kind for lmk in lmks}) > 1 else KeyBlockLmkIdsIncompatible


def activity_of(key: ClearKey, key_type: KeyType | None) -> str:
    """The sub-category of activities with *key*: its usage in a key block, else the code of its type, FFF for none."""
    if key.attributes is not None:
        return key.attributes.usage
    return "FFF" if key_type is None else key_type.code


def attributes_of(
    key: ClearKey, key_type: KeyType | None, asked: BlockAttributes | None, exportability: str = ""
) -> BlockAttributes:
    """What a key block is to say of *key*.

    *asked* is what the request says, of which the algorithm is left to the key; it may narrow what a key from a block
    has already, not widen it.  Without it the key's own attributes stand, else those usual for *key_type*.
    *exportability*, when given, may only be stricter.  Raises KeyBlockHeaderInvalid when nothing says what the key is
    for, and the refusal of the attribute at fault.
    """
    own = key.attributes
    if asked is not None:
        asked = replace(asked, algorithm=letter_of(key))
    if own is not None:
        found = own if asked is None else narrowed(own, asked)
    elif asked is not None:
        found = asked
    elif key_type is None:
        raise KeyBlockHeaderInvalid
    else:
        found = default_attributes(key_type, key)
    return tightened(found, exportability) if exportability else found


def narrowed(own: BlockAttributes, asked: BlockAttributes) -> BlockAttributes:
    """*own* with the usage, mode, version and exportability of *asked*, none of which may allow more.

    A usage of ANSI X9.143 may become one of Thales's that stands for it (P0: 71, 72, 73).  Raises KeyBlockUsageInvalid,
    KeyBlockModeInvalid, KeyBlockVersionInvalid and KeyBlockExportabilityInvalid.
    """
    if own.usage not in (asked.usage, X9143_USAGE.get(asked.usage)):
        raise KeyBlockUsageInvalid
    if asked.mode not in _NARROWER.get(own.mode, own.mode):
        raise KeyBlockModeInvalid
    if own.key_version not in ("00", asked.key_version):
        raise KeyBlockVersionInvalid
    kept = tightened(own, asked.exportability)
    return replace(
        kept,
        usage=asked.usage,
        mode=asked.mode,
        key_version=asked.key_version,
        optional=own.optional + asked.optional,
    )
