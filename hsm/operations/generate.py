"""New keys: drawn at random, formed from components, derived; and how any key is put under the LMK."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from hsm.appliance import Hsm
from hsm.crypto.blockcipher import Algorithm
from hsm.keys import generate
from hsm.keys.blocklmk import default_attributes
from hsm.keys.initialkey import initial_key
from hsm.keys.secret import BlockAttributes, ClearKey
from hsm.keys.usage import Deed, KeyType, is_kek, require
from hsm.policy.choices import ZmkLength
from hsm.refusal import KeyBlockComponentsInvalid, KeySchemeInvalid

DES_BYTES_OF_SCHEME = {"U": 16, "X": 16, "T": 24, "Y": 24, "S": 16}
_ZMK_CODES = ("000", "100")


def des_bytes_for(hsm: Hsm, scheme: str, key_type: KeyType | None) -> int:
    """Bytes of a DES key that *scheme* alone describes.

    U and X are double, T and Y triple length; Z and 0 are single, but double for types that know no other length and
    for ZMKs unless those are single.  S says nothing of the length: double.  Raises KeySchemeInvalid.
    """
    if scheme in DES_BYTES_OF_SCHEME:
        return DES_BYTES_OF_SCHEME[scheme]
    if scheme not in ("Z", "0"):
        raise KeySchemeInvalid
    if key_type is not None:
        if key_type.code in _ZMK_CODES and hsm.settings.zmk_length is ZmkLength.DOUBLE:
            return 16
        if key_type.des_bytes and 8 not in key_type.des_bytes:
            return key_type.des_bytes[0]
    return 8


def authorise_new(hsm: Hsm, key_type: KeyType | None, attributes: BlockAttributes | None, beside: str = "") -> None:
    """Nothing, if a new key of *key_type*, or with *attributes*, may be made; a ZMK needs the activity generate.000."""
    if is_kek(key_type, attributes):
        hsm.authorise("generate.000", beside)


def new_key(
    hsm: Hsm, algorithm: Algorithm | None, key_bytes: int, attributes: BlockAttributes | None = None
) -> ClearKey:
    """A random key of *algorithm* and *key_bytes*.  Raises KeyLengthInvalid, also for a length that is switched off."""
    key = generate.random_key(algorithm, key_bytes, hsm.random.bytes, attributes)
    hsm.allow(key)
    return key


def new_initial_key(
    hsm: Hsm, bdk: ClearKey, serial: str, key_bytes: int, attributes: BlockAttributes | None = None
) -> ClearKey:
    """The DUKPT initial key of terminal *serial* under *bdk*; see ``hsm.keys.initialkey``."""
    require(bdk, Deed.DERIVE)
    key = initial_key(bdk, serial, key_bytes, attributes)
    hsm.allow(key)
    return key


def form_key(
    hsm: Hsm, components: Sequence[ClearKey], key_version: str = "00", *, least: int = generate.COMPONENTS_MIN
) -> ClearKey:
    """The key of *components* (*least* to 9).

    Components from key blocks carry the key versions c1, c2, ... each once and are otherwise alike; the key has their
    attributes with *key_version*.  Raises ComponentCountInvalid, KeyBlockComponentsInvalid, KeyLengthInvalid,
    KeyMasquerades, KeyUnsound for a key that comes out zero or weak, and ComponentsEqual when two components are equal
    and that is not allowed.
    """
    attributes = _attributes_of_components([component.attributes for component in components], key_version)
    distinct = hsm.settings.distinct_components
    key = generate.form(components, distinct=distinct, attributes=attributes, least=least)
    hsm.allow(key)
    return key


def _attributes_of_components(found: Sequence[BlockAttributes | None], key_version: str) -> BlockAttributes | None:
    first = found[0]
    if first is None:
        return None
    places = {f"c{place}" for place in range(1, len(found) + 1)}
    if {component.key_version for component in found if component is not None} != places:
        raise KeyBlockComponentsInvalid
    formed = replace(first, key_version=key_version)
    if any(component is None or replace(component, key_version=key_version) != formed for component in found):
        raise KeyBlockComponentsInvalid
    return formed


def under_lmk(
    hsm: Hsm,
    key: ClearKey,
    key_type: KeyType | None,
    scheme: str,
    beside: str = "",
) -> str:
    """*key* under the LMK (that of the token *beside* it, if the request names none) as a token of *scheme*.

    In a key block it has its own attributes, else those usual for *key_type*.  Schemes X and Y bind the parts of a key
    to nothing, so they need the switch for X9.17 export here too.  Raises KeySchemeInvalid, KeyTypeInvalid,
    KeyLengthInvalid and the KeyBlock refusals.
    """
    if scheme in ("X", "Y") and not hsm.settings.x917_export:
        raise KeySchemeInvalid
    attributes = key.attributes
    if attributes is None and scheme == "S" and key_type is not None and hsm.lmk_for(beside).kind != "variant":
        attributes = default_attributes(key_type, key)
    return hsm.wrap(key, key_type, scheme, attributes, beside)
