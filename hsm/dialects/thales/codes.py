"""What a Thales host is told: reply codes and the two-character code of each refusal.

Sources: error tables of the HSM 8000 help, the payShield 9000 list and a payShield 10K client; where one manual says
less, the fuller one stands.
"""

from __future__ import annotations

from types import MappingProxyType

from hsm import refusal as r
from hsm.dialects.dialect import Dialect

REFUSALS = MappingProxyType(
    {
        r.Refusal: "41",
        r.VerificationFailed: "01",
        r.ParityForced: "01",
        r.KeyLengthUnsuitable: "02",
        r.ComponentCountInvalid: "03",
        r.KeyTypeCodeInvalid: "04",
        r.KeyLengthFlagInvalid: "05",
        r.SourceKeyParity: "10",
        r.DestinationKeyParity: "11",
        r.StorageUnavailable: "12",
        r.LmkInvalid: "13",
        r.LmkPinInvalid: "14",
        r.InputInvalid: "15",
        r.CommandSpecific: "15",
        r.NotAuthorised: "17",
        r.DieboldTableInvalid: "19",
        r.PinBlockInvalid: "20",
        r.IndexInvalid: "21",
        r.AccountInvalid: "22",
        r.PinFormatInvalid: "23",
        r.PinLengthInvalid: "24",
        r.DecimalisationTableInvalid: "25",
        r.KeySchemeInvalid: "26",
        r.KeyLengthInvalid: "27",
        r.KeyTypeInvalid: "28",
        r.KeyFunctionForbidden: "29",
        r.ReferenceNumberInvalid: "30",
        r.KeyChangeStorageInvalid: "33",
        r.DataFormatInvalid: "35",
        r.FraudDetected: "39",
        r.InternalFault: "41",
        r.MigrationForbidden: "44",
        r.MigrationTargetInvalid: "45",
        r.ChainFlagInvalid: "51",
        r.ChainCountInvalid: "52",
        r.CommandUnlicensed: "67",
        r.CommandDisabled: "68",
        r.PinFormatDisabled: "69",
        r.KeyMasquerades: "75",
        r.DataLengthInvalid: "80",
        r.PinLengthMismatch: "81",
        r.CheckValueLengthInvalid: "82",
        r.WeakPin: "86",
        r.LmkSchemesIncompatible: "A1",
        r.LmkIdsIncompatible: "A2",
        r.KeyBlockLmkIdsIncompatible: "A3",
        r.KeyBlockAuthenticationFailed: "A4",
        r.KeyBlockLengthInvalid: "A5",
        r.KeyBlockUsageInvalid: "A6",
        r.KeyBlockAlgorithmInvalid: "A7",
        r.KeyBlockModeInvalid: "A8",
        r.KeyBlockVersionInvalid: "A9",
        r.KeyBlockExportabilityInvalid: "AA",
        r.KeyBlockOptionalCountInvalid: "AB",
        r.KeyBlockOptionalInvalid: "AC",
        r.KeyBlockComponentsInvalid: "B5",
        r.KeyBlockHeaderInvalid: "83",
    }
)


def reply_code(code: str) -> str:
    """The reply code of a command code: its second character, one higher.

    >>> reply_code("CA"), reply_code("NO"), reply_code("A0")
    ('CB', 'NP', 'A1')
    """
    return code[0] + chr(min(ord(code[1]) + 1, 0xFF))


thales = Dialect("thales", reply_code, REFUSALS)
"""The commands; importing the family modules fills it."""
