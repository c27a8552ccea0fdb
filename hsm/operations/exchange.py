"""Keys made for exchange and keys translated, in the schemes that a short request leaves open.

The older host commands name no length: the schemes that are asked for say it, or the key that the new one travels under.
A key under a variant LMK is untagged, U or T there; X and Y are for the way between zones alone.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from hsm.appliance import Hsm
from hsm.crypto.blockcipher import Algorithm
from hsm.keys.blocklmk import default_attributes
from hsm.keys.scheme import is_block
from hsm.keys.secret import ClearKey
from hsm.keys.usage import KeyType
from hsm.operations.generate import des_bytes_for, new_key, under_lmk
from hsm.operations.keyexport import export_key
from hsm.operations.keyimport import import_key
from hsm.refusal import KeyLengthInvalid, KeySchemeInvalid, LmkSchemesIncompatible

NOT_SAID = "0"
"""The scheme of a request that names none."""
_AES_USAGE = {"M3": "M6"}
"""ISO 9797-1 algorithm 3 is of DES alone; an AES key makes CMACs (ANSI X9.143 clause 6.3)."""
_UNTAGGED = ("Z", NOT_SAID)
_UNDER_LMK = {"X": "U", "Y": "T", "S": "U", "R": "U"}
_TAGGED = {8: NOT_SAID, 16: "U", 24: "T"}


@dataclass(frozen=True)
class Made:
    """A new key: itself, *under_kek* as it travels, *under_lmk* as its host keeps it."""

    key: ClearKey
    under_kek: str
    under_lmk: str


@dataclass(frozen=True)
class Received:
    """A key that came in, and its token *under_lmk*; *parity_was_odd* as for ``transport.Imported``."""

    key: ClearKey
    under_lmk: str
    parity_was_odd: bool


def make(
    hsm: Hsm,
    kek: ClearKey,
    key_type: KeyType,
    schemes: tuple[str, str],
    *,
    atalla: str = "",
    beside: str = "",
    block_usage: str = "",
    mode: str = "N",
) -> Made:
    """A new key of *key_type* under *kek* and under the LMK.

    *schemes* are the one under *kek* and the one under the LMK.  Where one is 0 the other says the length; where both
    are, the key is a plain single-length key under a variant LMK, and of *kek*'s algorithm and length in key blocks.
    *block_usage* and *mode* go into key blocks, the type's first usage when empty.  *beside* is the token of *kek*.
    Raises KeySchemeInvalid, KeyLengthInvalid for schemes of two lengths, and what ``export_key`` raises.
    """
    in_variant = hsm.lmk_for(beside).kind == "variant"
    travels, kept = _schemes_of_new(hsm, schemes, key_type) if in_variant else _schemes_in_block(schemes)
    algorithm, key_bytes = Algorithm.TDES, des_bytes_for(hsm, kept, key_type)
    if not in_variant and is_block(travels) and kek.algorithm is not None:
        algorithm, key_bytes = kek.algorithm, kek.key_bytes
    elif not in_variant:
        key_bytes = des_bytes_for(hsm, travels, key_type)
    key = new_key(hsm, Algorithm.TDES if algorithm is Algorithm.DES else algorithm, key_bytes)
    if is_block(travels) or not in_variant:
        attributes = default_attributes(key_type, key, mode)
        usual = (
            _AES_USAGE.get(attributes.usage, attributes.usage) if key.algorithm is Algorithm.AES else attributes.usage
        )
        key = key.with_attributes(replace(attributes, usage=block_usage or usual))
    return Made(
        key,
        _out(hsm, kek, key, key_type, travels, atalla),
        under_lmk(hsm, key, key_type, kept, beside),
    )


def make_for_lmk(hsm: Hsm, key_type: KeyType, scheme: str) -> tuple[ClearKey, str]:
    """A new DES key of *key_type*, and its token under the LMK; *scheme* 0 is the shortest that the type knows."""
    if hsm.lmk_for().kind == "variant":
        if scheme in _UNDER_LMK:
            raise KeySchemeInvalid
    else:
        scheme = _schemes_in_block((NOT_SAID, scheme))[1]
    key = new_key(hsm, Algorithm.TDES, des_bytes_for(hsm, scheme, key_type))
    return key, under_lmk(hsm, key, key_type, scheme)


def receive(
    hsm: Hsm, kek: ClearKey, token: str, key_type: KeyType, scheme: str, *, atalla: str = "", beside: str = ""
) -> Received:
    """The key in *token* under *kek*, now under the LMK in *scheme*; 0 follows the scheme it came in.

    A key-block LMK takes keys from key blocks alone, since nothing else in these requests says what the key may do:
    LmkSchemesIncompatible.  Otherwise raises what ``import_key`` raises, KeySchemeInvalid and KeyLengthInvalid.
    """
    in_variant = hsm.lmk_for(beside).kind == "variant"
    if not in_variant:
        scheme = _schemes_in_block((NOT_SAID, scheme))[1]
        if not is_block(token):
            raise LmkSchemesIncompatible
    came = import_key(hsm, kek, token, key_type, atalla=atalla, beside=beside)
    if in_variant:
        scheme = _kept(hsm, scheme, token, came.key, key_type)
    return Received(came.key, under_lmk(hsm, came.key, key_type, scheme, beside), came.parity_was_odd)


def keep(hsm: Hsm, key: ClearKey, token: str, key_type: KeyType, scheme: str) -> str:
    """*key* under the LMK in *scheme*; 0 follows *token*, which lies under the LMK and of which *key* was made."""
    if hsm.lmk_for(token).kind == "variant":
        scheme = _kept(hsm, scheme, token, key, key_type)
    else:
        scheme = _schemes_in_block((NOT_SAID, scheme))[1]
    return under_lmk(hsm, key, key_type, scheme, token)


def send(
    hsm: Hsm, kek: ClearKey, token: str, key: ClearKey, key_type: KeyType, scheme: str, *, atalla: str = ""
) -> str:
    """*key*, which lies under the LMK as *token*, under *kek* in *scheme*; 0 follows *token*.

    Raises what ``export_key`` raises, and KeyLengthInvalid for a scheme of another length.
    """
    if scheme == NOT_SAID and token[0] in "UTXYS":
        scheme = token[0]
    return _out(hsm, kek, key, key_type, scheme, atalla)


def _out(hsm: Hsm, kek: ClearKey, key: ClearKey, key_type: KeyType, scheme: str, atalla: str) -> str:
    if scheme in _UNTAGGED and key.algorithm is not Algorithm.AES:
        _check_untagged(hsm, key, key_type)
        # Without its tag a key of two parts is enciphered as X9.17 says, which may be switched off.
        if key.key_bytes > 8 and not hsm.settings.x917_export:
            raise KeySchemeInvalid
    return export_key(hsm, kek, key, key_type, scheme, atalla=atalla)


def _kept(hsm: Hsm, scheme: str, token: str, key: ClearKey, key_type: KeyType) -> str:
    """The scheme under a variant LMK of *key*, which came as *token*."""
    if scheme == NOT_SAID:
        tag = token[0]
        scheme = _TAGGED.get(key.key_bytes, tag) if is_block(token) else {"X": "U", "Y": "T"}.get(tag, tag)
        if scheme not in ("U", "T"):
            scheme = NOT_SAID
    if scheme in _UNDER_LMK:
        raise KeySchemeInvalid
    if scheme in _UNTAGGED:
        _check_untagged(hsm, key, key_type)
    return scheme


def _check_untagged(hsm: Hsm, key: ClearKey, key_type: KeyType) -> None:
    """Nothing, if a host can tell the length of *key* without a tag."""
    if key.key_bytes != des_bytes_for(hsm, NOT_SAID, key_type):
        raise KeyLengthInvalid


def _schemes_of_new(hsm: Hsm, schemes: tuple[str, str], key_type: KeyType) -> tuple[str, str]:
    travels, kept = schemes
    if travels == NOT_SAID:
        travels = kept
    if kept == NOT_SAID:
        kept = _UNDER_LMK.get(travels, travels)
    if kept in _UNDER_LMK:
        raise KeySchemeInvalid
    if not is_block(travels) and des_bytes_for(hsm, travels, key_type) != des_bytes_for(hsm, kept, key_type):
        raise KeyLengthInvalid
    return travels, kept


def _schemes_in_block(schemes: tuple[str, str]) -> tuple[str, str]:
    travels, kept = schemes
    if kept not in (NOT_SAID, "S"):
        raise KeySchemeInvalid
    return ("S" if travels == NOT_SAID else travels), "S"
