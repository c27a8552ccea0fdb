"""Keys on their way out: from under the LMK to under a ZMK or another key-encrypting key."""

from __future__ import annotations

from hsm.appliance import Hsm
from hsm.keys import transport
from hsm.keys.blocklmk import check_attributes
from hsm.keys.secret import BlockAttributes, ClearKey
from hsm.keys.usage import Deed, KeyType, Usage, require, wanted
from hsm.operations.border import (
    activity_of,
    attributes_of,
    check_atalla,
    check_one_lmk,
    check_scheme,
    check_strength,
)
from hsm.refusal import (
    DestinationKeyParity,
    InputInvalid,
    KeyBlockExportabilityInvalid,
    KeyFunctionForbidden,
    KeySchemeInvalid,
)

LONGEST_KEY_BYTES = {"D": 24, "T": 24, "A": 32}
"""What keys in blocks are padded to when their length is disguised."""


def export_key(
    hsm: Hsm,
    kek: ClearKey,
    key: ClearKey,
    key_type: KeyType | None,
    scheme: str,
    *,
    atalla: str = "",
    asked: BlockAttributes | None = None,
    exportability: str = "",
    version: str = "",
    freshly_derived: bool = False,
) -> str:
    """*key* of *key_type* under *kek*, as a token of *scheme*: U, T, X, Y, S, R, or Z or 0 for no tag.

    *asked*, *exportability* and *version* are for blocks: attributes, a stricter exportability, and the version (A to E)
    of a TR-31 block.  A key from a block that is exportable in blocks only (E) or not at all (N) stays so.  A DUKPT initial
    key goes out *freshly_derived* or from a key block alone, since under a variant LMK it has not its own parity bits.
    Raises KeyFunctionForbidden for that, KeySchemeInvalid, InputInvalid, KeyLengthInvalid and the KeyBlock refusals.
    """
    _check_way(hsm, kek, key, key_type, scheme, atalla)
    own = key.attributes
    if own is None and key_type is not None and not (key_type.odd_parity or freshly_derived):
        raise KeyFunctionForbidden
    if own is not None and own.exportability == "N":
        raise KeyBlockExportabilityInvalid
    if scheme not in ("S", "R"):
        if asked is not None or exportability or version:
            raise InputInvalid
        if own is not None and own.exportability != "S":
            raise KeyBlockExportabilityInvalid
        return transport.wrap(kek, key, scheme, hsm.random.bytes, atalla=atalla)
    if version and (scheme != "R" or (hsm.settings.trusted_format_only and version in ("A", "C"))):
        raise KeySchemeInvalid
    attributes = attributes_of(key, key_type, asked, exportability)
    if key_type is not None:
        check_attributes(attributes, key, wanted(key_type, hsm.settings.enforce_key_type_002_separation))
    mask_bytes = LONGEST_KEY_BYTES.get(attributes.algorithm, 0) if hsm.settings.disguise_key_length else 0
    return transport.wrap(
        kek,
        key,
        scheme,
        hsm.random.bytes,
        atalla=atalla,
        attributes=attributes,
        version=version,
        mask_bytes=mask_bytes,
    )


def export_kept(
    hsm: Hsm,
    zmk: str,
    token: str,
    key_type: KeyType | None,
    scheme: str,
    *,
    atalla: str = "",
    asked: BlockAttributes | None = None,
    exportability: str = "",
    version: str = "",
) -> tuple[ClearKey, str]:
    """The key in *token* under the LMK, and that key under *zmk*, which is a token too; the rest as for ``export_key``.

    Needs the activity export for the key's type, or usage.  Raises what ``export_key`` raises, and the refusals of keys
    that do not open.
    """
    check_one_lmk(hsm, zmk, token)
    kek = hsm.key(zmk, Usage.ZMK)
    key = hsm.typed(token, key_type, parity=DestinationKeyParity)
    hsm.authorise(f"export.{activity_of(key, key_type)}", zmk)
    exported = export_key(
        hsm,
        kek,
        key,
        key_type,
        scheme,
        atalla=atalla,
        asked=asked,
        exportability=exportability,
        version=version,
    )
    return key, exported


def _check_way(hsm: Hsm, kek: ClearKey, key: ClearKey, key_type: KeyType | None, scheme: str, atalla: str) -> None:
    """Nothing, if *kek* and *scheme* may carry *key*, whatever its own attributes say."""
    untagged = scheme in ("", "Z", "0") and key.key_bytes > 8
    check_scheme(hsm, "X" if untagged else scheme, enabled_x917=hsm.settings.x917_export)
    check_atalla(hsm, atalla, key_type)
    check_strength(hsm, kek, key)
    require(kek, Deed.ENCRYPT)
