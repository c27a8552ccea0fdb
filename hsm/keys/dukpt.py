"""Keys of one transaction (DUKPT, ANSI X9.24-1) as clear keys."""

from __future__ import annotations

from hsm.crypto import dukpt
from hsm.crypto.blockcipher import Algorithm
from hsm.crypto.dukpt import Variant
from hsm.crypto.parity import with_odd
from hsm.keys.secret import ClearKey
from hsm.keys.usage import Deed, require
from hsm.refusal import InputInvalid, KeyBlockAlgorithmInvalid, KeyLengthInvalid

COUNTER_BITS = 21
COUNTER_ONES_MAX = 10
"""Terminals skip counters with more ones (X9.24-1:2009 A.3), so no transaction has such a key."""


def transaction_key(bdk: ClearKey, ksn: bytes, variant: Variant) -> ClearKey:
    """The double-length key that a terminal used at *ksn* (10 bytes) for one purpose, from the base derivation key.

    Raises InputInvalid for a counter of more than 10 ones, KeyBlockAlgorithmInvalid for a base key that is no triple
    DES key, KeyLengthInvalid for one that is not double-length, KeyBlockModeInvalid.  A counter of zero is taken, as a
    captured device takes it.
    """
    require(bdk, Deed.DERIVE)
    if bdk.algorithm is not Algorithm.TDES:
        raise KeyBlockAlgorithmInvalid if bdk.attributes else KeyLengthInvalid
    if bdk.key_bytes != 16:
        raise KeyLengthInvalid
    counter = int.from_bytes(ksn, "big") & (1 << COUNTER_BITS) - 1
    if len(ksn) != dukpt.KSN_BYTES or counter.bit_count() > COUNTER_ONES_MAX:
        raise InputInvalid
    key = dukpt.transaction_key(dukpt.initial_key(bdk.reveal(), ksn), ksn)
    return ClearKey(with_odd(dukpt.working_key(key, variant)))
