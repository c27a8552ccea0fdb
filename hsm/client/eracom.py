"""The Eracom messages that card personalisation asks its HSMs with, and the refusals it tells apart.

For programs that must not reach into the appliance.
"""

from __future__ import annotations

from hsm.dialects.eracom.cipherdata import ApplyCipherOpen, CipherAppliedOpen
from hsm.dialects.eracom.extension import BindKey, BlocksTranslated, KeyBound, TranslateBlocks
from hsm.dialects.eracom.key import (
    AskDetails,
    Details,
    ExportKey,
    GenerateKey,
    ImportKey,
    KeyExported,
    KeyGenerated,
    KeyImported,
)
from hsm.dialects.eracom.mac import MacMade, MakeMac, VerifyMac
from hsm.dialects.eracom.pin import PinTranslated, TranslatePin
from hsm.refusal import VerificationFailed
from hsm.wire.message import Empty

__all__ = [
    "ApplyCipherOpen",
    "AskDetails",
    "BindKey",
    "BlocksTranslated",
    "CipherAppliedOpen",
    "Details",
    "Empty",
    "ExportKey",
    "GenerateKey",
    "ImportKey",
    "KeyBound",
    "KeyExported",
    "KeyGenerated",
    "KeyImported",
    "MacMade",
    "MakeMac",
    "PinTranslated",
    "TranslateBlocks",
    "TranslatePin",
    "VerificationFailed",
    "VerifyMac",
]
