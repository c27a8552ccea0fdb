"""The Eracom messages that card personalisation asks its HSMs with, and the refusals it tells apart.

For programs that must not reach into the appliance.
"""

from __future__ import annotations

from hsm.dialects.eracom.card import CvvMade, MakeCvv
from hsm.dialects.eracom.cardkey import CardKeyDerived, DeriveCardKey
from hsm.dialects.eracom.cipherdata import ApplyCipher, ApplyCipherOpen, CipherApplied, CipherAppliedOpen
from hsm.dialects.eracom.emv import CheckCryptogram, CryptogramChecked
from hsm.dialects.eracom.extension import BindKey, BlocksTranslated, KeyBound, TranslateBlocks
from hsm.dialects.eracom.issuersigning import CardSigned, GenerateSigningKey, SignCard, SigningKeyGenerated
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
from hsm.dialects.eracom.mac import MacMade, MacUpdated, MakeMac, UpdateMac, VerifyMac
from hsm.dialects.eracom.mailer import Placed, PrintPin
from hsm.dialects.eracom.pin import GeneratePin, PinEnciphered, PinTranslated, TranslatePin
from hsm.dialects.eracom.pinvalues import MakeOffset, MakePvv, OffsetMade, PvvMade
from hsm.refusal import PrinterUnavailable, VerificationFailed
from hsm.wire.message import Empty

__all__ = [
    "ApplyCipher",
    "ApplyCipherOpen",
    "AskDetails",
    "BindKey",
    "BlocksTranslated",
    "CardKeyDerived",
    "CardSigned",
    "CheckCryptogram",
    "CipherApplied",
    "CipherAppliedOpen",
    "CryptogramChecked",
    "CvvMade",
    "DeriveCardKey",
    "Details",
    "Empty",
    "ExportKey",
    "GenerateKey",
    "GeneratePin",
    "GenerateSigningKey",
    "ImportKey",
    "KeyBound",
    "KeyExported",
    "KeyGenerated",
    "KeyImported",
    "MacMade",
    "MacUpdated",
    "MakeCvv",
    "MakeMac",
    "MakeOffset",
    "MakePvv",
    "OffsetMade",
    "PinEnciphered",
    "PinTranslated",
    "Placed",
    "PrintPin",
    "PrinterUnavailable",
    "PvvMade",
    "SignCard",
    "SigningKeyGenerated",
    "TranslateBlocks",
    "TranslatePin",
    "UpdateMac",
    "VerificationFailed",
    "VerifyMac",
]
