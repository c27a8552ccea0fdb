"""Decimalisation tables as hosts give them: in the clear, or under the LMK so that nobody can choose one."""

from __future__ import annotations

from hsm.appliance import Hsm
from hsm.crypto.pin import table_is_sound
from hsm.keys.lmk import LmkUse
from hsm.refusal import DecimalisationTableInvalid

TABLE_DIGITS = 16


def open_table(hsm: Hsm, given: str, beside: str = "") -> str:
    """The 16 digits of the table *given*: 16H, 32H under an AES LMK, or ``K`` and the address of one in user storage.

    With the setting "encrypted decimalisation tables" on it is under the LMK of the key *beside* it; when off, 16
    decimal digits are the table itself and anything else is under the LMK.  Raises DecimalisationTableInvalid, which
    counts as a sign of attack, and StorageUnavailable.
    """
    text = hsm.stored(given)
    if hsm.settings.encrypted_decimalisation_tables or not _is_plain(text):
        text = _decipher(hsm, text, beside)
    return admitted_table(hsm, text)


def admitted_table(hsm: Hsm, table: str) -> str:
    """*table* itself, if it is one that the settings let be used; raises as ``open_table``."""
    if not _is_plain(table) or (hsm.settings.decimalisation_table_checks and not table_is_sound(table)):
        hsm.fraud.attacked()
        raise DecimalisationTableInvalid
    return table


def seal_table(hsm: Hsm, table: str, beside: str = "") -> str:
    """*table* (16 digits) under the LMK.

    Two captures witness the 3DES key-block LMK; the pair of a variant LMK is from an emulator's documentation; that an
    AES LMK fills the 8 bytes with zeros to its block is our choice.  Raises DecimalisationTableInvalid for a table that
    the settings refuse.
    """
    if not _is_plain(table) or (hsm.settings.decimalisation_table_checks and not table_is_sound(table)):
        raise DecimalisationTableInvalid
    lmk = hsm.lmk_cipher(LmkUse.DECIMALISATION_TABLE, beside)
    return lmk.encrypt(bytes.fromhex(table).ljust(lmk.block_bytes, b"\0")).hex().upper()


def _is_plain(text: str) -> bool:
    return len(text) == TABLE_DIGITS and text.isascii() and text.isdigit()


def _decipher(hsm: Hsm, text: str, beside: str) -> str:
    """What *text* is under the LMK, or nothing when it can't be a table."""
    lmk = hsm.lmk_cipher(LmkUse.DECIMALISATION_TABLE, beside)
    try:
        block = bytes.fromhex(text)
    except ValueError:
        return ""
    if len(block) != lmk.block_bytes:
        return ""
    clear = lmk.decrypt(block)
    return clear[:8].hex() if not any(clear[8:]) else ""
