"""Keys on their way in: from under a ZMK or another key-encrypting key to under the LMK."""

from __future__ import annotations

from hsm.appliance import Hsm
from hsm.keys import transport
from hsm.keys.blocklmk import check_attributes
from hsm.keys.scheme import is_block
from hsm.keys.secret import BlockAttributes, ClearKey
from hsm.keys.strength import is_weak_key
from hsm.keys.transport import Imported
from hsm.keys.usage import ANY_IN_BLOCK, Deed, KeyType, Usage, is_kek, require, wanted
from hsm.operations.border import activity_of, attributes_of, check_atalla, check_scheme, check_strength
from hsm.operations.generate import under_lmk
from hsm.refusal import DestinationKeyParity, InputInvalid, KeyBlockExportabilityInvalid

NOT_EXPORTABLE = "N"
_DATA_TYPES = ("00A", "00B", "30B")
_DATA_USAGES = ("21", "22", "23", "D0")


def import_to_keep(
    hsm: Hsm,
    zmk: str,
    token: str,
    key_type: KeyType | None,
    scheme: str,
    *,
    atalla: str = "",
    asked: BlockAttributes | None = None,
    exportability: str = "",
) -> tuple[Imported, str]:
    """The key in *token* under *zmk*, which is a token under the LMK, and that key under the LMK in *scheme*.

    A ZMK needs the activity import.000, and a data key that comes in no block the one of its type, or usage, since the
    same cryptogram might be a PIN key's (Clayton and Bond, 2001).  Raises what ``import_key`` and ``under_lmk`` raise.
    """
    kek = hsm.key(zmk, Usage.ZMK)
    loose = not is_block(token)
    if key_type is not None and (is_kek(key_type, None) or (loose and key_type.code in _DATA_TYPES)):
        hsm.authorise(f"import.{key_type.code}", zmk)
    came = import_key(hsm, kek, token, key_type, atalla=atalla, asked=asked, exportability=exportability, beside=zmk)
    if is_kek(None, came.key.attributes):
        hsm.authorise("import.000", zmk)
    elif loose and key_type is None and activity_of(came.key, None) in _DATA_USAGES:
        hsm.authorise(f"import.{activity_of(came.key, None)}", zmk)
    return came, under_lmk(hsm, came.key, key_type, scheme, zmk)


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
