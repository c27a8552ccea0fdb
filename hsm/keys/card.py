"""Keys of one card and of one of its transactions (EMV 4.3 Book 2 A1.3, A1.4) as clear keys."""

from __future__ import annotations

from hsm.crypto import emv
from hsm.crypto.emv import EmvInputError
from hsm.keys.secret import ClearKey
from hsm.keys.usage import Deed, require
from hsm.refusal import InputInvalid, KeyLengthInvalid


def card_key(issuer: ClearKey, block: bytes) -> ClearKey:
    """The master key of the card with the 8 bytes *block*, Y in Book 2 A1.4, from an issuer's double-length key.

    Raises KeyLengthInvalid, KeyBlockModeInvalid.
    """
    require(issuer, Deed.DERIVE)
    if issuer.key_bytes != 16:
        raise KeyLengthInvalid
    return ClearKey(emv.key_of_card(issuer.reveal(), block))


def common_session_key(card: ClearKey, diversification: bytes) -> ClearKey:
    """The common session key (Book 2 A1.3.1); *diversification* is 8 bytes, of which the third is replaced."""
    return ClearKey(emv.session_key(card.reveal(), diversification))


def tree_session_key(card: ClearKey, atc: bytes, height: int, branch: int, iv: bytes) -> ClearKey:
    """The EMV2000 session key of the counter *atc*, 2 bytes; *iv* 16 bytes.

    *height* and *branch* are 8 and 4 or 16 and 2; raises InputInvalid for others.
    """
    try:
        return ClearKey(emv.tree_session_key(card.reveal(), atc, height, branch, iv))
    except EmvInputError:
        raise InputInvalid from None
