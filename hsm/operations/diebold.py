"""The Diebold number table: 256 different byte values, kept in user storage under the LMK.

The HSM 8000 help describes the table's size, its place in consecutive blocks of user storage and what makes it invalid
(duplicate or missing values).  How it is enciphered is not published: here in ECB mode under the LMK as a cipher for
this use alone, so a table made by another appliance does not verify.
"""

from __future__ import annotations

from hsm.appliance import Hsm
from hsm.keys.lmk import LmkUse
from hsm.refusal import DieboldTableInvalid

TABLE_BYTES = 256
TABLE_CHARS = 2 * TABLE_BYTES


def is_table(table: bytes) -> bool:
    """Does every byte value stand in *table* once?"""
    return len(table) == TABLE_BYTES and len(set(table)) == TABLE_BYTES


def protect(hsm: Hsm, table: bytes) -> str:
    """*table* under the LMK, 512H for user storage.  Raises DieboldTableInvalid."""
    if not is_table(table):
        raise DieboldTableInvalid
    return hsm.lmk_cipher(LmkUse.DIEBOLD_TABLE).encrypt(table).hex().upper()


def verify(hsm: Hsm, address: str) -> None:
    """Nothing, if a table stands in user storage from *address* (3H) on.

    Raises IndexInvalid when it would run over the end, StorageUnavailable, and DieboldTableInvalid.
    """
    value_chars = hsm.settings.user_storage_length.value_chars
    slots = 1 if value_chars is None else -(-TABLE_CHARS // value_chars)
    found = b"".join(hsm.appliance.storage.read(address, slots))[:TABLE_CHARS]
    try:
        enciphered = bytes.fromhex(found.decode("ascii"))
    except ValueError:
        raise DieboldTableInvalid from None
    if len(enciphered) != TABLE_BYTES or not is_table(hsm.lmk_cipher(LmkUse.DIEBOLD_TABLE).decrypt(enciphered)):
        raise DieboldTableInvalid
