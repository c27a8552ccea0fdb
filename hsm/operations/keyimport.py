"""Keys on their way in: from under a ZMK or another key-encrypting key to under the LMK."""

from __future__ import annotations

from hsm.appliance import Hsm
from hsm.keys import transport
from hsm.keys.blocklmk import check_attributes
from hsm.keys.scheme import is_block
from hsm.keys.secret import BlockAttributes, ClearKey
from hsm.keys.strength import is_weak_key
from hsm.keys.transport import Imported
from hsm.keys.usage import ANY_IN_BLOCK, Deed, KeyType, require, wanted
from hsm.operations.border import attributes_of, check_atalla, check_scheme, check_strength
from hsm.refusal import DestinationKeyParity, InputInvalid, KeyBlockExportabilityInvalid

NOT_EXPORTABLE = "N"


def import_key(
    hsm: Hsm,
    kek: ClearKey,
    token: str,
    key_type: KeyType | None,
    *,
    atalla: str = "",
    asked: BlockAttributes | None = None,
    exportability: str = "",
    beside: str = "",
) -> Imported:
    """The key in *token* under *kek* as a key of *key_type*, and whether its parity was odd.

    Its attributes are those that it shall have under a key-block LMK: of the block it came in, narrowed by *asked* and
    *exportability*, else *asked*, else usual for the type.  *beside* is a token under the LMK that the key will lie
    under.  Raises KeySchemeInvalid, InputInvalid, KeyLengthInvalid, KeyMasquerades, DestinationKeyParity for a weak or
    zero key, and the KeyBlock refusals.
    """
    check_scheme(hsm, token, enabled_x917=hsm.settings.x917_import)
    check_atalla(hsm, atalla, key_type)
    require(kek, Deed.DECRYPT)
    in_variant = hsm.lmk_for(beside).kind == "variant"
    came = transport.unwrap(kek, token, atalla, odd_parity=in_variant or key_type is None or key_type.odd_parity)
    check_strength(hsm, kek, came.key)
    if is_weak_key(came.key):
        raise DestinationKeyParity
    key = _with_attributes(hsm, came.key, token, key_type, asked, exportability, beside)
    hsm.allow(key)
    return Imported(key, came.parity_was_odd)


def _with_attributes(
    hsm: Hsm,
    key: ClearKey,
    token: str,
    key_type: KeyType | None,
    asked: BlockAttributes | None,
    exportability: str,
    beside: str,
) -> ClearKey:
    in_variant = hsm.lmk_for(beside).kind == "variant"
    if is_block(token):
        attributes = attributes_of(key, key_type, asked, exportability)
        separated = hsm.settings.enforce_key_type_002_separation
        check_attributes(attributes, key, ANY_IN_BLOCK if key_type is None else wanted(key_type, separated))
        # A variant LMK keeps no attributes: there a key that must not leave again would lose that.
        if in_variant and hsm.settings.trusted_format_only and attributes.exportability == NOT_EXPORTABLE:
            raise KeyBlockExportabilityInvalid
    elif in_variant:
        if asked is not None or exportability:
            raise InputInvalid
        return key
    else:
        attributes = attributes_of(key, key_type, asked, exportability)
    return key.with_attributes(None if in_variant else attributes)
