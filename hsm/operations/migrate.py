"""Keys from an old LMK to a new one, of which one is in force and the other in key change storage.

Usually that is the old one, which LO loads; LN loads a new one, and then the one in force is the old (payShield 10K
Installation and User Guide, 9.8 and 9.15).
"""

from __future__ import annotations

from hsm.appliance import Hsm
from hsm.keys.scheme import is_block
from hsm.keys.secret import BlockAttributes, ClearKey
from hsm.keys.usage import KeyType
from hsm.operations.border import attributes_of
from hsm.operations.generate import under_lmk
from hsm.refusal import (
    KeyTypeInvalid,
    LmkIdsIncompatible,
    LmkSchemesIncompatible,
    MigrationForbidden,
    MigrationTargetInvalid,
)

SEPARATED_TYPES = ("70D", "80D", "90D")
"""TPK, TMK and TKR under pair 36-37: where keys of type 002 may go when that type is separated."""

_KEEP = ("", "0")


def open_under_old(hsm: Hsm, token: str, key_type: KeyType | None) -> ClearKey:
    """The key in *token* under the old LMK.

    Raises LmkInvalid when there is none, and LmkIdsIncompatible when one of old and new is a published test LMK and the
    other is not: test keys and live keys never mix (PCI PIN Security requirement 19-3).
    """
    old, new = hsm.old_lmk_for(token), hsm.changing_to(token).lmk_for(token)
    if old.is_test is not new.is_test:
        raise LmkIdsIncompatible
    if old.kind != "variant" and new.kind == "variant":
        raise LmkSchemesIncompatible
    if old.kind == "aes-block" and new.kind == "3des-block":
        raise MigrationForbidden
    return hsm.old_key(token, key_type)


def to_new_lmk(
    hsm: Hsm,
    token: str,
    key: ClearKey,
    key_type: KeyType | None,
    scheme: str = "",
    asked: BlockAttributes | None = None,
) -> tuple[str, ClearKey]:
    """*key*, which came in *token*, under the new LMK as a key of *key_type*, and the key with its attributes.

    *scheme* empty or 0 keeps the scheme that *token* has.  A key that goes under a key-block LMK gets the attributes
    *asked*, which for a key from a block may only narrow its own.  Raises MigrationForbidden for a DUKPT initial key
    from a variant LMK, which has not its own parity bits any more, and the refusals of ``under_lmk``.
    """
    hsm.allow(key)
    hsm = hsm.changing_to(token)
    if hsm.lmk_for(token).kind != "variant":
        if not is_block(token) and key_type is not None and not key_type.odd_parity:
            raise MigrationForbidden
        key = key.with_attributes(attributes_of(key, key_type, asked))
        return under_lmk(
            hsm, key, None if is_block(token) else key_type, "S" if scheme in _KEEP else scheme, token
        ), key
    if asked is not None:
        raise LmkSchemesIncompatible
    tag = token[:1] if len(token) % 2 else ""
    return under_lmk(hsm, key, key_type, tag if scheme in _KEEP else scheme, token), key


def check_separation(hsm: Hsm, token: str, target: KeyType | None) -> None:
    """Nothing, if *token*, a key of type 002, may become one of type *target*.

    Raises KeyTypeInvalid when there is no target, MigrationForbidden for a key block, which has no such type, and unless
    type 002 is separated, and MigrationTargetInvalid for a type that 002 does not divide into.
    """
    if target is None:
        raise KeyTypeInvalid
    if is_block(token) or not hsm.settings.enforce_key_type_002_separation:
        raise MigrationForbidden
    if target.code not in SEPARATED_TYPES:
        raise MigrationTargetInvalid
