"""What an Eracom host is told: the return code, one byte, of each refusal.

Sources: the code tables of four public clients; where they differ, what two of them agree on.  Which code goes with a
fault that those tables do not name is inferred: the nearest one.
"""

from __future__ import annotations

from types import MappingProxyType

from hsm import refusal as r
from hsm.dialects.dialect import Dialect

REFUSALS = MappingProxyType(
    {
        r.Refusal: "10",
        r.InternalFault: "10",
        r.CommandDisabled: "02",
        r.CommandUnlicensed: "02",
        r.MessageLengthInvalid: "03",
        r.DataLengthInvalid: "03",
        r.DigitsInvalid: "04",
        r.InputInvalid: "04",
        r.DataFormatInvalid: "04",
        r.CommandSpecific: "04",
        r.AccountInvalid: "04",
        r.SourceKeyParity: "04",
        r.DestinationKeyParity: "04",
        r.IndexInvalid: "05",
        r.PinFormatInvalid: "06",
        r.PinBlockInvalid: "07",
        r.PinLengthInvalid: "07",
        r.PinLengthMismatch: "07",
        r.LmkPinInvalid: "07",
        r.WeakPin: "07",
        r.VerificationFailed: "08",
        r.DomainUnavailable: "09",
        r.LmkInvalid: "09",
        r.KeyNotStored: "0A",
        r.StorageUnavailable: "0A",
        r.DecimalisationTableInvalid: "0A",
        r.CheckLengthInvalid: "0B",
        r.FieldsInconsistent: "0C",
        r.PvkIndexInvalid: "0F",
        r.LogEmpty: "11",
        r.LogFileInvalid: "14",
        r.LogIndexInvalid: "15",
        r.LogTimeInvalid: "16",
        r.LogDirectionInvalid: "17",
        r.KeyTypeInvalid: "19",
        r.KeyTypeCodeInvalid: "19",
        r.KeySpecLengthInvalid: "20",
        r.KeySpecUnsupported: "21",
        r.KeySpecContentInvalid: "22",
        r.KeySpecForbidden: "23",
        r.FunctionModifierInvalid: "24",
        r.KeyLengthInvalid: "28",
        r.KeyMasquerades: "28",
        r.NotAuthorised: "32",
        r.KeySchemeInvalid: "50",
        r.HashInvalid: "51",
        r.AlgorithmInvalid: "52",
        r.PinFormatDisabled: "78",
        r.PrinterUnavailable: "90",
        r.KeyBlockHeaderInvalid: "9D",
        r.KeyBlockComponentsInvalid: "9D",
        r.KeyBlockLmkIdsIncompatible: "9D",
        r.KeyBlockAuthenticationFailed: "92",
        r.KeyBlockUsageInvalid: "93",
        r.KeyBlockAlgorithmInvalid: "94",
        r.KeyBlockModeInvalid: "95",
        r.KeyBlockVersionInvalid: "96",
        r.KeyBlockExportabilityInvalid: "97",
        r.KeyBlockLengthInvalid: "98",
        r.KeyBlockOptionalCountInvalid: "9A",
        r.KeyBlockOptionalInvalid: "9B",
        r.KeyFunctionForbidden: "9F",
        r.MigrationForbidden: "9F",
        r.FraudDetected: "A0",
        r.PinEmpty: "F0",
    }
)

UNKNOWN_FUNCTION = "02"
SUCCESS = "00"
LONG_CODES = frozenset("\xee\xef\xff")
"""First bytes of function codes of three bytes; others are of one."""


def own_code(code: str) -> str:
    """The code that a reply bears: the request's."""
    return code


class Octets:
    """Codes as bytes, which are declared in hexadecimal: function codes of one byte or three, return codes of one."""

    hexadecimal = True

    def code_at(self, text: str) -> tuple[str, int]:
        size = 3 if text[:1] in LONG_CODES else 1
        return text[:size].encode("latin-1").hex().upper(), size

    def outcome_at(self, text: str, at: int) -> tuple[str, int]:
        return text[at : at + 1].encode("latin-1").hex().upper(), at + 1

    def wire(self, code: str) -> str:
        return bytes.fromhex(code).decode("latin-1")


eracom = Dialect("eracom", own_code, REFUSALS, Octets(), (r.MessageLengthInvalid, r.CommandDisabled, r.InputInvalid))
"""The functions, declared by codes in hexadecimal of 2 or 6 digits; importing the family modules fills it."""
