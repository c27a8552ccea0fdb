"""The Thales messages that a switch asks its HSMs with, and the refusals it tells apart.

For programs that must not reach into the appliance.
"""

from __future__ import annotations

from hsm.dialects.thales.card import VerifyCvv
from hsm.dialects.thales.chipcard import CheckCommonCryptogram, CheckCryptogram, CryptogramChecked
from hsm.dialects.thales.key import GenerateKey, KeyGenerated
from hsm.dialects.thales.keyexchange import ImportKey, KeyImported
from hsm.dialects.thales.macblock import GenerateMac, MacGenerated, MacVerified, VerifyMac
from hsm.dialects.thales.pinpvv import ChangePinAndPvv, PvvMade
from hsm.dialects.thales.pinverify import (
    VerifyTerminalPinByOffset,
    VerifyTerminalPinByPvv,
    VerifyZonePinByOffset,
    VerifyZonePinByPvv,
)
from hsm.dialects.thales.translate import PinTranslated, TranslatePinBetweenZones, TranslatePinFromTerminal
from hsm.refusal import InputInvalid, VerificationFailed
from hsm.wire.message import Empty

__all__ = [
    "ChangePinAndPvv",
    "CheckCommonCryptogram",
    "CheckCryptogram",
    "CryptogramChecked",
    "Empty",
    "GenerateKey",
    "GenerateMac",
    "ImportKey",
    "InputInvalid",
    "KeyGenerated",
    "KeyImported",
    "MacGenerated",
    "MacVerified",
    "PinTranslated",
    "PvvMade",
    "TranslatePinBetweenZones",
    "TranslatePinFromTerminal",
    "VerificationFailed",
    "VerifyCvv",
    "VerifyMac",
    "VerifyTerminalPinByOffset",
    "VerifyTerminalPinByPvv",
    "VerifyZonePinByOffset",
    "VerifyZonePinByPvv",
]
