"""The Eracom messages that switches and card personalisation ask their HSMs with, and the refusals they tell apart.

For programs that must not reach into the appliance.
"""

from __future__ import annotations

from hsm.dialects.eracom.card import CvvMade, MakeCvv, VerifyCvv
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
from hsm.dialects.eracom.pinverify import VerifyByOffset, VerifyByPvv
from hsm.dialects.eracom.sessionkey import (
    KeysMade,
    KeysReceived,
    MakeForInterchange,
    MakeForTerminal,
    ReceiveFromInterchange,
)
from hsm.refusal import InputInvalid, PrinterUnavailable, VerificationFailed
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
    "InputInvalid",
    "KeyBound",
    "KeyExported",
    "KeyGenerated",
    "KeyImported",
    "KeysMade",
    "KeysReceived",
    "MacMade",
    "MacUpdated",
    "MakeCvv",
    "MakeForInterchange",
    "MakeForTerminal",
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
    "ReceiveFromInterchange",
    "SignCard",
    "SigningKeyGenerated",
    "TranslateBlocks",
    "TranslatePin",
    "UpdateMac",
    "VerificationFailed",
    "VerifyByOffset",
    "VerifyByPvv",
    "VerifyCvv",
    "VerifyMac",
]
